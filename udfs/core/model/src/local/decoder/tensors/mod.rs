//! The decoder on a device of candle's, in f32, each sequence with a cache of its own. It serves GPUs; on the CPU it is
//! slower than its twin, and a second witness of what is right.

mod attention;
mod cache;
mod layer;
mod linear;
mod norm;
mod read;

use candle_core::{Device, Tensor};

pub(in crate::local) use self::cache::KvCache;
pub(super) use self::read::read;
use self::{layer::Layer, linear::Linear, norm::RmsNorm};
use super::{Span, rotary::Rotary};
use crate::Result;

pub(super) struct Runner {
    embedding: Tensor, // [vocab, hidden]
    layers: Vec<Layer>,
    norm: RmsNorm,
    head: Linear,
    rotary: Rotary,
    kv_heads: usize,
    head_dim: usize,
    device: Device,
}

/// New tokens of one sequence, and its keys and values.
struct Stretch<'a> {
    tokens: &'a [u32],
    cache: &'a mut KvCache,
}

impl Runner {
    /// The logits of rows `wanted`, `[rows, vocab]`; see [`Decoder::forward`](super::Decoder::forward).
    pub(super) fn forward(&self, spans: &mut [Span<'_>], wanted: &[usize]) -> Result<Vec<f32>> {
        let (mut ids, mut positions) = (Vec::new(), Vec::new());
        let mut stretches = Vec::with_capacity(spans.len());
        for Span { tokens, sequence } in spans {
            ids.extend_from_slice(tokens);
            positions.extend((sequence.len()..).take(tokens.len()));
            let new = || KvCache::new(self.layers.len(), self.kv_heads, self.head_dim, tokens.len(), &self.device);
            let cache = sequence.cache(new)?;
            cache.reserve(tokens.len())?;
            stretches.push(Stretch { tokens, cache });
        }
        let angles = self.rotary.angles(&positions).tensors(&self.device)?;
        let mut x = self.embedding.index_select(&Tensor::new(ids, &self.device)?, 0)?;
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(i, &x, &angles, &mut stretches)?;
        }
        for stretch in stretches {
            stretch.cache.advance(stretch.tokens.len());
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<u32> = wanted.iter().map(|&row| row as u32).collect();
        let hidden = self.norm.forward(&x.index_select(&Tensor::new(rows, &self.device)?, 0)?)?;
        Ok(self.head.forward(&hidden)?.flatten_all()?.to_vec1()?)
    }
}
