//! The numbers that weights are rounded to.

use std::{fmt, str::FromStr};

use candle_core::{DType, Result, Tensor};

use crate::{Error, Kind};

/// The type of a weight matrix. Norms and biases, which are small, keep the type they are stored in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WeightDtype {
    /// 4 bytes, 24 bits of precision.
    F32,
    /// 2 bytes, the range of f32 and 8 bits of precision.
    Bf16,
    /// 2 bytes, 11 bits of precision up to 65,504.
    F16,
}

impl WeightDtype {
    /// The weights that `weights`, in f32, are in this type, again as f32.
    pub(super) fn round(self, weights: &Tensor) -> Result<Tensor> {
        match self {
            Self::F32 => Ok(weights.clone()),
            Self::Bf16 => weights.to_dtype(DType::BF16)?.to_dtype(DType::F32),
            Self::F16 => weights.to_dtype(DType::F16)?.to_dtype(DType::F32),
        }
    }
}

impl FromStr for WeightDtype {
    type Err = Error;

    fn from_str(text: &str) -> crate::Result<Self> {
        match text {
            "f32" | "float32" => Ok(Self::F32),
            "bf16" | "bfloat16" => Ok(Self::Bf16),
            "f16" | "float16" => Ok(Self::F16),
            other => {
                Err(Error::new(Kind::Parameter, format!("parameter dtype must be f32, bf16 or f16, got '{other}'"))
                    .with_hint("without it, weights are what the file holds"))
            }
        }
    }
}

impl fmt::Display for WeightDtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::F16 => "f16",
        })
    }
}
