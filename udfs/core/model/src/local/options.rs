//! How a local model works.

use chrono::NaiveDateTime;

use super::dtype::WeightDtype;
use crate::{Error, Kind, Result, device::DeviceChoice};

/// How a local model works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalOptions {
    /// How many completions run side by side. At least 1; default 32.
    pub max_batch: usize,
    /// How many tokens of prompts a step reads beside the completions. At least 1; default 64, at which a
    /// step takes about as long as one of a full batch without prompts.
    pub prefill_tokens: usize,
    /// Where it runs; default the CPU.
    pub device: DeviceChoice,
    /// The type that weights are rounded to; `None`, the default, leaves them what the file holds.
    pub dtype: Option<WeightDtype>,
    /// The time that a chat template may write into a prompt (`strftime_now`). `None`, the default, gives templates no
    /// clock: those that can do without take a date of their own.
    pub now: Option<NaiveDateTime>,
    /// SHA-256 of a GGUF file, or the digest of a folder that a former load's identity names, in hexadecimal, where
    /// the caller has it already; else it is computed.
    pub sha256: Option<String>,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self { max_batch: 32, prefill_tokens: 64, device: DeviceChoice::Cpu, dtype: None, now: None, sha256: None }
    }
}

impl LocalOptions {
    /// An error that names the first option that lies outside its range.
    pub(super) fn check(&self) -> Result<()> {
        for (name, value) in [("max_batch", self.max_batch), ("prefill_tokens", self.prefill_tokens)] {
            if value == 0 {
                return Err(Error::new(Kind::Parameter, format!("parameter {name} must be 1 or more, got 0")));
            }
        }
        Ok(())
    }
}
