//! Reading a GGUF file: typed metadata and dequantized tensors.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use candle_core::{
    DType, Device, Tensor,
    quantized::{
        GgmlDType,
        gguf_file::{Content, Value},
    },
};

use super::matrix::BlockKind;
use crate::{Error, Kind, Result};

/// An open GGUF file.
pub struct Gguf {
    path: PathBuf,
    reader: BufReader<File>,
    content: Content,
    architecture: String,
}

impl Gguf {
    /// Reads the head of the file at `path`: metadata and the list of tensors, but no tensor.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| Error::io(path, &e))?;
        let mut reader = BufReader::new(file);
        let content = Content::read(&mut reader).map_err(|e| {
            // candle's errors may go on with a backtrace.
            let reason = e.to_string();
            let reason = reason.lines().next().unwrap_or_default();
            let message = format!("{} is not a readable GGUF file: {reason}", path.display());
            Error::new(Kind::Model, message).with_hint("an interrupted download looks like this: fetch the file again")
        })?;
        let mut gguf = Self { path: path.to_owned(), reader, content, architecture: String::new() };
        gguf.architecture = gguf.require("general.architecture", Self::text)?.to_owned();
        Ok(gguf)
    }

    /// `general.architecture`, which is also the prefix of the architecture's own keys.
    pub fn architecture(&self) -> &str {
        &self.architecture
    }

    /// The key of the architecture's own metadata `name`.
    pub fn own(&self, name: &str) -> String {
        format!("{}.{name}", self.architecture)
    }

    /// What `get` finds under `key`, or an error that names the key.
    pub fn require<'a, T>(&'a self, key: &str, get: impl FnOnce(&'a Self, &str) -> Result<Option<T>>) -> Result<T> {
        get(self, key)?.ok_or_else(|| self.invalid(format!("metadata {key} is missing")))
    }

    /// The text under `key`, `None` where there is no such key.
    pub fn text(&self, key: &str) -> Result<Option<&str>> {
        self.get(key, "text", |v| match v {
            Value::String(s) => Some(s.as_str()),
            _ => None,
        })
    }

    /// The truth value under `key`.
    pub fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.get(key, "a boolean", |v| match v {
            Value::Bool(b) => Some(*b),
            _ => None,
        })
    }

    /// The whole number, 0 or more, under `key`, of whatever width it was written in.
    pub fn count(&self, key: &str) -> Result<Option<usize>> {
        self.get(key, "a whole number, 0 or more", whole)
    }

    /// The number under `key`.
    pub fn number(&self, key: &str) -> Result<Option<f64>> {
        self.get(key, "a number", real)
    }

    /// The list of texts under `key`.
    pub fn texts(&self, key: &str) -> Result<Option<Vec<&str>>> {
        self.get(key, "a list of texts", |v| {
            list(v)?
                .iter()
                .map(|v| match v {
                    Value::String(s) => Some(s.as_str()),
                    _ => None,
                })
                .collect()
        })
    }

    /// The list of whole numbers under `key`.
    pub fn counts(&self, key: &str) -> Result<Option<Vec<usize>>> {
        self.get(key, "a list of whole numbers, 0 or more", |v| list(v)?.iter().map(whole).collect())
    }

    /// The list of numbers under `key`.
    pub fn numbers(&self, key: &str) -> Result<Option<Vec<f64>>> {
        self.get(key, "a list of numbers", |v| list(v)?.iter().map(real).collect())
    }

    /// Whether the file holds a tensor of this name.
    pub fn holds(&self, name: &str) -> bool {
        self.content.tensor_infos.contains_key(name)
    }

    /// The tensor `name`, dequantized to f32, which has to have `shape` (rows first, as in the Hugging Face
    /// checkpoints).
    pub fn tensor(&mut self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor> {
        let Some(info) = self.content.tensor_infos.get(name) else {
            return Err(self.invalid(format!("tensor {name} is missing")));
        };
        if info.shape.dims() != shape {
            let got = info.shape.dims();
            return Err(self.invalid(format!("tensor {name} must be {shape:?}, got {got:?}")));
        }
        let read = self.content.tensor(&mut self.reader, name, device);
        read.and_then(|quantized| quantized.dequantize(device)?.to_dtype(DType::F32))
            .map_err(|e| self.invalid(format!("tensor {name} cannot be read: {e}")))
    }

    /// The tensor `name` as it stands in the file, where it is of a kind of blocks that products are fast in; it has to
    /// have `shape`.
    pub fn blocks(&mut self, name: &str, shape: &[usize; 2]) -> Result<Option<(BlockKind, Vec<u8>)>> {
        let Some(info) = self.content.tensor_infos.get(name).filter(|info| info.shape.dims() == shape) else {
            // What `tensor` says of it.
            return Ok(None);
        };
        let kind = match info.ggml_dtype {
            GgmlDType::Q8_0 => BlockKind::Q8_0,
            GgmlDType::Q4_0 => BlockKind::Q4_0,
            GgmlDType::Q4_1 => BlockKind::Q4_1,
            _ => return Ok(None),
        };
        let read = self.content.tensor(&mut self.reader, name, &Device::Cpu);
        let blocks = read.and_then(|quantized| Ok(quantized.data()?.into_owned()));
        blocks
            .map(|blocks| Some((kind, blocks)))
            .map_err(|e| self.invalid(format!("tensor {name} cannot be read: {e}")))
    }

    /// Shape of the tensor `name`.
    pub fn shape(&self, name: &str) -> Result<&[usize]> {
        self.content
            .tensor_infos
            .get(name)
            .map(|info| info.shape.dims())
            .ok_or_else(|| self.invalid(format!("tensor {name} is missing")))
    }

    /// An error about this file.
    pub fn invalid(&self, what: impl std::fmt::Display) -> Error {
        Error::new(Kind::Model, format!("{}: {what}", self.path.display()))
    }

    fn get<'a, T>(&'a self, key: &str, expected: &str, read: impl FnOnce(&'a Value) -> Option<T>) -> Result<Option<T>> {
        let Some(value) = self.content.metadata.get(key) else {
            return Ok(None);
        };
        match read(value) {
            Some(read) => Ok(Some(read)),
            None => Err(self.invalid(format!("metadata {key} must be {expected}, got {:?}", value.value_type()))),
        }
    }
}

fn list(value: &Value) -> Option<&[Value]> {
    match value {
        Value::Array(values) => Some(values),
        _ => None,
    }
}

fn real(value: &Value) -> Option<f64> {
    match value {
        Value::F32(x) => Some(f64::from(*x)),
        Value::F64(x) => Some(*x),
        other => whole(other).map(|n| n as f64),
    }
}

fn whole(value: &Value) -> Option<usize> {
    match *value {
        Value::U8(n) => Some(n.into()),
        Value::U16(n) => Some(n.into()),
        Value::U32(n) => n.try_into().ok(),
        Value::U64(n) => n.try_into().ok(),
        Value::I8(n) => n.try_into().ok(),
        Value::I16(n) => n.try_into().ok(),
        Value::I32(n) => n.try_into().ok(),
        Value::I64(n) => n.try_into().ok(),
        _ => None,
    }
}
