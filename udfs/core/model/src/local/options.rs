//! How a local model works.

use chrono::NaiveDateTime;

use super::{
    cpu::Cpu,
    decoder::{Place, Precision},
    dtype::WeightDtype,
    encoder_model::EncoderOptions,
    kernel::Level,
};
use crate::{Error, Kind, Result, device::DeviceChoice};

/// How a local model works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalOptions {
    /// How many completions run side by side. At least 1; default 64.
    pub max_batch: usize,
    /// How many tokens of prompts a step reads beside the completions. At least 1; default 128.
    pub prefill_tokens: usize,
    /// Megabytes (2^20 bytes) that keys and values of tokens may take. At least 1; default 2,048.
    pub kv_cache_mb: usize,
    /// In which numbers a completion's products are computed on the CPU. Default [`Precision::Int16`]. Scores are
    /// computed in [`Precision::F32`] whatever it is.
    pub precision: Precision,
    /// Threads of the CPU; `None`, the default, takes one for each physical core.
    pub threads: Option<usize>,
    /// Completions go on past the end of their turn, up to `max_tokens`: for measurements. Default false.
    pub ignore_eos: bool,
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
    /// What concerns encoders alone.
    pub encoder: EncoderOptions,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self {
            max_batch: 64,
            prefill_tokens: 128,
            kv_cache_mb: 2048,
            precision: Precision::default(),
            threads: None,
            ignore_eos: false,
            device: DeviceChoice::Cpu,
            dtype: None,
            now: None,
            sha256: None,
            encoder: EncoderOptions::default(),
        }
    }
}

impl LocalOptions {
    /// An error that names the first option that lies outside its range.
    pub(super) fn check(&self) -> Result<()> {
        for (name, value) in [
            ("max_batch", self.max_batch),
            ("prefill_tokens", self.prefill_tokens),
            ("kv_cache_mb", self.kv_cache_mb),
            ("threads", self.threads.unwrap_or(1)),
        ] {
            if value == 0 {
                return Err(Error::new(Kind::Parameter, format!("parameter {name} must be 1 or more, got 0")));
            }
        }
        Ok(())
    }

    /// Where the decoder is to run.
    ///
    /// # Errors
    /// A device that is not there.
    pub(super) fn place(&self) -> Result<Place> {
        Ok(match (self.device, self.threads) {
            (DeviceChoice::Cpu, None) => Place::Host(Cpu::new()?, self.precision),
            (DeviceChoice::Cpu, Some(threads)) => Place::Host(Cpu::with(Level::best(), threads)?, self.precision),
            (gpu, _) => Place::Tensors(gpu.open()?),
        })
    }
}
