//! Attention that looks both ways.

use candle_core::Tensor;

use super::{linear::Linear, relative::Terms};
use crate::Result;

pub(super) struct Attention {
    pub(super) qkv: Linear, // hidden → 3 × heads × head_dim
    pub(super) output: Linear,
    pub(super) terms: Option<Terms>,
    pub(super) heads: usize,
    /// What scores are multiplied by.
    pub(super) scale: f64,
}

impl Attention {
    /// `x` is `[texts, tokens, hidden]`.
    pub(super) fn forward(&self, x: &Tensor, mask: Option<&Tensor>, rows: Option<&Tensor>) -> Result<Tensor> {
        let (texts, tokens, hidden) = x.dims3()?;
        let qkv = self.qkv.forward(x)?.reshape((texts, tokens, 3, self.heads, hidden / self.heads))?;
        let part = |i: usize| -> Result<Tensor> { Ok(qkv.narrow(2, i, 1)?.squeeze(2)?.transpose(1, 2)?.contiguous()?) };
        let (q, k, v) = ((part(0)? * self.scale)?, part(1)?, part(2)?);
        let mut scores = q.matmul(&k.transpose(2, 3)?)?; // [texts, heads, tokens, tokens]
        if let (Some(terms), Some(rows)) = (&self.terms, rows) {
            // Queries are scaled already, and keys are where they meet the distances.
            scores = terms.add(scores, &q, &(&k * self.scale)?, rows)?;
        }
        if let Some(mask) = mask {
            scores = scores.broadcast_add(mask)?;
        }
        let weights = candle_nn::ops::softmax_last_dim(&scores.contiguous()?)?;
        let mixed = weights.matmul(&v)?.transpose(1, 2)?.reshape((texts, tokens, hidden))?;
        self.output.forward(&mixed)
    }
}
