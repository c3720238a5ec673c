//! Weights in a file that PyTorch wrote: a ZIP archive with a pickle, of which only tensors are read and nothing is run.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, pickle::PthTensors};

use super::Weights;
use crate::{Error, Kind, Result};

/// The tensors of a PyTorch file.
pub struct Checkpoint {
    path: PathBuf,
    tensors: PthTensors,
}

impl Checkpoint {
    /// Reads the list of tensors in the file at `path`, which stand under `key` where one is given (`state_dict` in the checkpoints
    /// of Lightning).
    ///
    /// # Errors
    /// A file that is missing, no such archive, or holds something that is no tensor where tensors are expected.
    pub fn open(path: &Path, key: Option<&str>) -> Result<Self> {
        std::fs::File::open(path).map_err(|e| Error::io(path, &e))?;
        let unreadable = |what: String| {
            Error::new(Kind::Model, format!("{} is not a readable PyTorch file: {what}", path.display()))
                .with_hint("an interrupted download looks like this; a file that is whole can be saved as safetensors")
        };
        let first_line = |e: candle_core::Error| e.to_string().lines().next().unwrap_or_default().to_owned();
        let tensors = PthTensors::new(path, key).map_err(|e| unreadable(first_line(e)))?;
        if tensors.tensor_infos().is_empty() {
            return Err(unreadable("it holds no tensor".into()));
        }
        Ok(Self { path: path.to_owned(), tensors })
    }
}

impl Weights for Checkpoint {
    fn holds(&self, name: &str) -> bool {
        self.tensors.tensor_infos().contains_key(name)
    }

    fn tensor(&mut self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor> {
        let invalid = |what: String| Error::new(Kind::Model, format!("{}: tensor {name} {what}", self.path.display()));
        let unreadable = |e: candle_core::Error| invalid(format!("cannot be read: {e}"));
        let Some(tensor) = self.tensors.get(name).map_err(unreadable)? else {
            return Err(invalid("is missing".into()));
        };
        if tensor.dims() != shape {
            return Err(invalid(format!("must be {shape:?}, got {:?}", tensor.dims())));
        }
        match tensor.dtype() {
            DType::F32 | DType::F16 | DType::BF16 | DType::F64 => {
                tensor.to_dtype(DType::F32).and_then(|tensor| tensor.to_device(device)).map_err(unreadable)
            }
            other => Err(invalid(format!("is stored as {}, which is not built", other.as_str()))),
        }
    }
}
