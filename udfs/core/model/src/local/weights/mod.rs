//! Where weights come from, under one naming: that of the Hugging Face checkpoints.

pub mod checkpoint;
pub mod gguf;
pub mod safetensors;

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};

use super::{folder::shards, matrix::Matrix};
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

    /// The matrix of this name, in the form in which the file has it where that is one that products are fast in.
    ///
    /// # Errors
    /// As above.
    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Matrix> {
        Matrix::from_tensor(&self.tensor(name, &[outputs, inputs], &Device::Cpu)?)
    }
}

/// The weights in `folder`, and the files that hold them: safetensors, or what PyTorch wrote where there are none.
pub(super) fn open(folder: &Path) -> Result<(Box<dyn Weights>, Vec<PathBuf>)> {
    match shards::shards(folder) {
        Ok(shards) => Ok((Box::new(safetensors::SafeTensors::open(&shards)?), shards)),
        Err(error) => {
            let path = folder.join("pytorch_model.bin");
            match path.is_file() {
                true => Ok((Box::new(checkpoint::Checkpoint::open(&path, None)?), vec![path])),
                false => Err(error),
            }
        }
    }
}
