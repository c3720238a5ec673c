//! Where weights come from, under one naming: that of the Hugging Face checkpoints.

pub mod gguf;

use candle_core::{Device, Tensor};

use crate::Result;

/// A file, or several, with the weights of a decoder.
pub trait Weights {
    /// Whether there is a tensor of this name (`model.layers.0.self_attn.q_proj.weight`).
    fn holds(&self, name: &str) -> bool;

    /// The tensor of this name in f32, with rotary pairs half a head apart.
    ///
    /// # Errors
    /// A tensor that is missing, has another shape than `shape`, or cannot be read, under the name that its file gives it.
    fn tensor(&mut self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor>;
}
