//! A decoder: Llama's (Touvron et al., arXiv 2302.13971; grouped queries from 2307.09288), with what other architectures
//! add to it switched on by [`Config`].
//!
//! A forward pass takes any number of sequences at once, each with any number of new tokens: what is linear
//! in a token runs over all of them as one matrix `[tokens, …]`, and attention runs by sequence, over that
//! sequence's own cache. A prompt is then a sequence with many new tokens and a decoding step is many
//! sequences with one, and both can share a pass.
//!
//! Shapes: `tokens` counts the new tokens of all sequences together.

mod config;
mod layer;
mod linear;
mod norm;
mod read;
mod rotary;

use candle_core::{Device, IndexOp, Result, Tensor};

pub use self::{
    config::{Biases, Config},
    rotary::{Rope, RopeScaling},
};
use self::{layer::Layer, linear::Linear, norm::RmsNorm, rotary::Rotary};
use super::{cache::KvCache, weights::Weights};

/// New tokens of one sequence, and what it has seen before them.
pub struct Span<'a> {
    /// At least one token.
    pub tokens: &'a [u32],
    /// Takes in the tokens.
    pub cache: &'a mut KvCache,
}

/// The decoder.
pub struct Decoder {
    embedding: Tensor, // [vocab, hidden]
    layers: Vec<Layer>,
    norm: RmsNorm,
    head: Linear,
    rotary: Rotary,
    config: Config,
    device: Device,
}

impl Decoder {
    /// Reads the decoder of `config` from `weights`.
    pub fn read(config: Config, weights: &mut dyn Weights, device: &Device) -> crate::Result<Self> {
        read::read(config, weights, device)
    }

    /// Sizes and constants.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// An empty cache with room for `tokens` tokens before it grows.
    pub fn cache(&self, tokens: usize) -> Result<KvCache> {
        let Config { num_hidden_layers: layers, num_key_value_heads: heads, head_dim, .. } = self.config;
        KvCache::new(layers, heads, head_dim, tokens, &self.device)
    }

    /// Runs the new tokens of all `spans`, whose caches take them in, and gives the last layer's normalized
    /// state of each, `[tokens, hidden]`, in the order of the spans. Tokens lie below `vocab_size`.
    pub fn forward(&self, spans: &mut [Span<'_>]) -> Result<Tensor> {
        let mut ids = Vec::new();
        let mut positions = Vec::new();
        for span in &mut *spans {
            ids.extend_from_slice(span.tokens);
            positions.extend((span.cache.len()..).take(span.tokens.len()));
            span.cache.reserve(span.tokens.len())?;
        }
        let angles = self.rotary.angles(&positions, &self.device)?;
        let mut x = self.embedding.index_select(&Tensor::new(ids, &self.device)?, 0)?;
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(i, &x, &angles, spans)?;
        }
        for span in spans {
            span.cache.advance(span.tokens.len());
        }
        self.norm.forward(&x)
    }

    /// The logits `[rows, vocab]` of rows of [`forward`](Self::forward)'s result.
    pub fn logits(&self, hidden: &Tensor, rows: &[u32]) -> Result<Tensor> {
        // All rows in order need no copy.
        let all = rows.len() == hidden.dim(0)?;
        let hidden = match all {
            true => hidden.i(..)?,
            false => hidden.index_select(&Tensor::new(rows, &self.device)?, 0)?,
        };
        self.head.forward(&hidden)
    }
}
