//! One layer: attention, then a feed-forward layer, each normalized after it was added to its input.

use candle_core::Tensor;

use super::{
    super::{
        super::{cpu::Cpu, rows::Rows},
        Config,
        read::LayerParts,
    },
    attention::{Attention, Room},
    linear::Linear,
    norm::Norm,
};
use crate::Result;

/// What a thread writes its intermediate results to, kept from pass to pass.
#[derive(Default)]
pub(super) struct Workspace {
    /// Each token's state, `[tokens, hidden]`.
    pub(super) x: Rows,
    /// What comes out of a linear map.
    pub(super) output: Rows,
    /// What comes out of attention, or lies inside the feed-forward layer.
    pub(super) inner: Rows,
    pub(super) qkv: Rows,
    pub(super) room: Room,
}

pub(super) struct Layer {
    attention: Attention,
    attention_norm: Norm,
    intermediate: Linear,
    output: Linear,
    output_norm: Norm,
}

impl Layer {
    pub(super) fn new(parts: &LayerParts, config: &Config, distances: Option<&Tensor>) -> Result<Self> {
        let eps = config.layer_norm_eps;
        Ok(Self {
            attention: Attention::new(parts, config, distances)?,
            attention_norm: Norm::new(&parts.attention_norm, eps)?,
            intermediate: Linear::new(&[&parts.intermediate])?,
            output: Linear::new(&[&parts.output])?,
            output_norm: Norm::new(&parts.output_norm, eps)?,
        })
    }

    /// Tokens of texts of these lengths, one text after the other.
    pub(super) fn forward(&self, cpu: &Cpu, lengths: &[usize], work: &mut Workspace) {
        self.attention.forward(cpu, lengths, work);
        self.attention_norm.forward(cpu, &mut work.x, Some(&work.output));
        self.intermediate.forward_gelu(cpu, &work.x, &mut work.inner);
        self.output.forward(cpu, &work.inner, &mut work.output);
        self.output_norm.forward(cpu, &mut work.x, Some(&work.output));
    }
}
