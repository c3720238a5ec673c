//! A decoder in safetensors files, which are mapped into memory rather than read.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use candle_core::{DType, Device, Tensor, safetensors::MmapedSafetensors};

use super::Weights;
use crate::{Error, Kind, Result};

/// The tensors of one or several safetensors files.
pub struct SafeTensors {
    files: Vec<(PathBuf, MmapedSafetensors)>,
    /// In which file a tensor lies.
    places: HashMap<String, usize>,
}

impl SafeTensors {
    /// Maps the files and reads their heads.
    ///
    /// # Errors
    /// A file that cannot be mapped, or whose head does not fit its content.
    pub fn open(paths: &[PathBuf]) -> Result<Self> {
        let files = paths.iter().map(|path| Ok((path.clone(), map(path)?))).collect::<Result<Vec<_>>>()?;
        let tensors = files.iter().enumerate();
        let places = tensors.flat_map(|(i, (_, file))| file.tensors().into_iter().map(move |(name, _)| (name, i)));
        Ok(Self { places: places.collect(), files })
    }

    /// Where a tensor lies, for an error.
    fn all(&self) -> String {
        let folder = |path: &Path| path.parent().unwrap_or(path).display().to_string();
        match self.files.as_slice() {
            [(path, _)] => path.display().to_string(),
            [(path, _), ..] => format!("the {} safetensors files of {}", self.files.len(), folder(path)),
            [] => "no safetensors file".into(),
        }
    }
}

fn map(path: &Path) -> Result<MmapedSafetensors> {
    // An empty file cannot be mapped everywhere, and a missing one is no damaged one.
    std::fs::File::open(path).map_err(|e| Error::io(path, &e))?;
    #[expect(
        unsafe_code,
        reason = "mapping a file is sound as long as nobody changes it meanwhile; checkpoints are \
        written once, and a reader cannot keep a writer away in any other way than by copying gigabytes"
    )]
    // SAFETY: the mapping is only read. A file that another process cuts short while it is read would end this one.
    let mapped = unsafe { MmapedSafetensors::new(path) };
    mapped.map_err(|e| {
        let reason = e.to_string();
        let reason = reason.lines().next().unwrap_or_default();
        Error::new(Kind::Model, format!("{} is not a readable safetensors file: {reason}", path.display()))
            .with_hint("an interrupted download looks like this: fetch the file again")
    })
}

impl Weights for SafeTensors {
    fn holds(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    fn tensor(&mut self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor> {
        let Some((path, file)) = self.places.get(name).and_then(|&i| self.files.get(i)) else {
            return Err(Error::new(Kind::Model, format!("{}: tensor {name} is missing", self.all())));
        };
        let invalid = |what: String| Error::new(Kind::Model, format!("{}: tensor {name} {what}", path.display()));
        let unreadable = |e: candle_core::Error| invalid(format!("cannot be read: {e}"));
        let view = file.get(name).map_err(unreadable)?;
        if view.shape() != shape {
            return Err(invalid(format!("must be {shape:?}, got {:?}", view.shape())));
        }
        let tensor = file.load(name, device).map_err(unreadable)?;
        match tensor.dtype() {
            DType::F32 | DType::F16 | DType::BF16 | DType::F64 => tensor.to_dtype(DType::F32).map_err(unreadable),
            other => Err(invalid(format!("is stored as {}, which is not built", other.as_str()))
                .with_hint("built are F32, F16 and BF16")),
        }
    }
}
