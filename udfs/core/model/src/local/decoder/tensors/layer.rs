//! One layer: attention over each sequence's own cache, then a gated feed-forward layer, each added to its normalized
//! input.

use super::{Stretch, attention::attend, linear::Linear, norm::RmsNorm};
use candle_core::{Result, Tensor};
use candle_nn::ops::swiglu;

pub(super) struct Attention {
    pub(super) qkv: Linear, // hidden → (heads + 2 × kv_heads) × head_dim
    pub(super) output: Linear,
    pub(super) q_norm: Option<RmsNorm>, // [head_dim]
    pub(super) k_norm: Option<RmsNorm>,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) head_dim: usize,
    /// How far tokens look back; `None` is all the way.
    pub(super) window: Option<usize>,
}

impl Attention {
    fn forward(&self, layer: usize, x: &Tensor, angles: &[Tensor; 2], stretches: &mut [Stretch<'_>]) -> Result<Tensor> {
        let qkv = self.qkv.forward(x)?;
        let mut at = 0;
        let mut split = |heads: usize| -> Result<Tensor> {
            let width = heads * self.head_dim;
            let part = qkv.narrow(1, at, width)?.contiguous()?;
            at += width;
            part.reshape(((), heads, self.head_dim))
        };
        let (mut q, mut k, v) = (split(self.heads)?, split(self.kv_heads)?, split(self.kv_heads)?);
        if let (Some(q_norm), Some(k_norm)) = (&self.q_norm, &self.k_norm) {
            (q, k) = (q_norm.forward(&q)?, k_norm.forward(&k)?);
        }
        let rotate = |x: &Tensor| {
            let [cos, sin] = angles;
            candle_nn::rotary_emb::rope_thd(&x.unsqueeze(0)?, cos, sin)?.squeeze(0)
        };
        let q = (rotate(&q)? * (self.head_dim as f64).powf(-0.5))?;
        let k = rotate(&k)?;

        let mut mixed = Vec::with_capacity(stretches.len());
        let mut start = 0;
        for stretch in stretches {
            let n = stretch.tokens.len();
            let own = |x: &Tensor| x.narrow(0, start, n);
            let heads_first = |x: &Tensor| own(x)?.transpose(0, 1)?.contiguous();
            let (keys, values) = stretch.cache.write(layer, &heads_first(&k)?, &heads_first(&v)?)?;
            mixed.push(attend(&own(&q)?, &keys, &values, self.window)?);
            start += n;
        }
        self.output.forward(&Tensor::cat(&mixed, 0)?)
    }
}

/// Gated feed-forward layer (Shazeer, arXiv 2002.05202): down(silu(gate(x)) · up(x)).
pub(super) struct Mlp {
    pub(super) gate_up: Linear, // hidden → 2 × intermediate
    pub(super) down: Linear,
}

impl Mlp {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.down.forward(&swiglu(&self.gate_up.forward(x)?)?)
    }
}

pub(super) struct Layer {
    pub(super) attention_norm: RmsNorm,
    pub(super) attention: Attention,
    pub(super) mlp_norm: RmsNorm,
    pub(super) mlp: Mlp,
}

impl Layer {
    pub(super) fn forward(
        &self,
        layer: usize,
        x: &Tensor,
        angles: &[Tensor; 2],
        stretches: &mut [Stretch<'_>],
    ) -> Result<Tensor> {
        let attended = self.attention.forward(layer, &self.attention_norm.forward(x)?, angles, stretches)?;
        let x = (x + attended)?;
        &x + self.mlp.forward(&self.mlp_norm.forward(&x)?)?
    }
}
