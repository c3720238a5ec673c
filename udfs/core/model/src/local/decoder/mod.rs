//! A decoder: Llama's (Touvron et al., arXiv 2302.13971; grouped queries from 2307.09288), with what other architectures
//! add to it switched on by [`Config`].
//!
//! A forward pass takes any number of sequences at once, each with any number of new tokens: what is linear
//! in a token runs over all of them as one matrix `[tokens, …]`, and attention runs by sequence, over that
//! sequence's own cache. A prompt is then a sequence with many new tokens and a decoding step is many
//! sequences with one, and both can share a pass.
//!
//! Shapes: `tokens` counts the new tokens of all sequences together.
//!
//! It runs in one of two ways with the same numbers but for rounding: on the CPU ([`host`]), with kernels of its own over pages
//! of keys and values, and on any device that candle has ([`tensors`]), with candle's.

mod config;
mod host;
mod rotary;
mod tensors;

use std::{fmt, str::FromStr};

use candle_core::Device;

pub(super) use self::tensors::KvCache;
pub use self::{
    config::{Biases, Config},
    rotary::{Rope, RopeScaling},
};
use super::{
    cpu::Cpu,
    dtype::WeightDtype,
    kernel::{Level, pointwise::Largest},
    pages::{Pages, Sequence},
    rows::Rows,
    weights::Weights,
};
use crate::{Error, Kind, Result};

/// New tokens of one sequence, and what it has seen before them.
pub struct Span<'a> {
    /// At least one token.
    pub tokens: &'a [u32],
    /// Takes in the tokens; there is room for them ([`Pages::grow`]).
    pub sequence: &'a mut Sequence,
}

/// In which numbers products are computed whose weights are in blocks of 4 or 8 bits. Others are computed in f32, with
/// weights as the file has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precision {
    /// f32.
    F32,
    /// Whole numbers: weights as the file has them, activations rounded to 16 bits in blocks of 32, 1.5e-5 of the block's
    /// largest at most. Log-probabilities differ from those of f32 by some 1e-4, and by 2.5e-3 at most in 410 tokens of
    /// SmolLM2, whose most probable tokens stay what they are.
    #[default]
    Int16,
    /// Whole numbers: activations rounded to 8 bits in blocks of 32, as llama.cpp does, and weights that the file does not
    /// hold in blocks, too.
    Int8,
}

impl FromStr for Precision {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "f32" => Ok(Self::F32),
            "int16" => Ok(Self::Int16),
            "int8" => Ok(Self::Int8),
            other => Err(Error::new(
                Kind::Parameter,
                format!("parameter precision must be f32, int16 or int8, got '{other}'"),
            )
            .with_hint("int16 agrees with f32 to 0.003 in a log-probability, and int8, which is faster, to 0.5")),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Int16 => "int16",
            Self::Int8 => "int8",
        })
    }
}

/// Where a decoder runs.
pub enum Place {
    /// On the CPU, with weights packed for passes in this precision. [`Precision::F32`] is always possible.
    Host(Cpu, Precision),
    /// On a device of candle's, in f32.
    Tensors(Device),
}

/// The decoder.
pub struct Decoder {
    config: Config,
    precision: Precision,
    runner: Runner,
}

enum Runner {
    Host(Box<host::Runner>),
    Tensors(tensors::Runner),
}

impl Decoder {
    /// Reads the decoder of `config` from `weights`, its matrices rounded to `dtype` where one is given.
    ///
    /// # Errors
    /// A tensor that is missing, has another shape than `config` says, or cannot be read.
    pub fn read(config: Config, weights: &mut dyn Weights, dtype: Option<WeightDtype>, place: Place) -> Result<Self> {
        let (precision, runner) = match place {
            Place::Host(cpu, precision) => {
                (precision, Runner::Host(Box::new(host::read(&config, weights, dtype, cpu, precision)?)))
            }
            Place::Tensors(device) => {
                (Precision::F32, Runner::Tensors(tensors::read(&config, weights, dtype, &device)?))
            }
        };
        Ok(Self { config, precision, runner })
    }

    /// Sizes and constants.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// In which it is to complete texts.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// The processor, where that is the CPU.
    pub fn cpu(&self) -> Option<&Cpu> {
        match &self.runner {
            Runner::Host(host) => Some(host.cpu()),
            Runner::Tensors(_) => None,
        }
    }

    /// Bytes that its matrices take on the CPU.
    pub fn size(&self) -> usize {
        match &self.runner {
            Runner::Host(host) => host.size(),
            Runner::Tensors(_) => 0,
        }
    }

    /// Pages for this decoder's keys and values, in at most `bytes` bytes.
    pub fn pages(&self, bytes: usize) -> Pages {
        let Config { num_hidden_layers: layers, num_key_value_heads: heads, head_dim, .. } = self.config;
        Pages::new(layers, heads, head_dim, bytes, matches!(self.runner, Runner::Host(_)))
    }

    /// Runs the new tokens of all `spans`, whose sequences take them in, and gives the logits of those rows that `wanted`
    /// names, in its order. Rows are the tokens of all spans, one span after the other. Tokens lie below `vocab_size`.
    ///
    /// On the CPU products are computed in `precision`, and a row's logits depend on it and on its own sequence's tokens
    /// alone, to the last bit: neither on other sequences nor on the pieces in which it was read.
    ///
    /// # Errors
    /// A device that fails; the sequences of the spans are of no use then.
    pub fn forward(
        &self,
        pages: &mut Pages,
        spans: &mut [Span<'_>],
        wanted: &[usize],
        precision: Precision,
        logits: &mut Logits,
    ) -> Result<()> {
        logits.vocab = self.config.vocab_size;
        match &self.runner {
            Runner::Host(host) => {
                logits.held = Held::Panels(host.cpu().level());
                host.forward(pages, spans, wanted, precision, &mut logits.rows);
            }
            Runner::Tensors(tensors) => logits.held = Held::Flat(tensors.forward(spans, wanted)?),
        }
        for span in spans {
            Pages::advance(span.sequence, span.tokens.len());
        }
        Ok(())
    }
}

/// Logits of some rows; kept from pass to pass.
#[derive(Default)]
pub struct Logits {
    vocab: usize,
    held: Held,
    rows: Rows,
}

#[derive(Default)]
enum Held {
    #[default]
    Nothing,
    /// In `rows`.
    Panels(Level),
    /// `[rows, vocab]`
    Flat(Vec<f32>),
}

impl Logits {
    /// All logits of row `row`, `[vocab]`.
    pub fn row(&self, row: usize) -> Vec<f32> {
        match &self.held {
            Held::Nothing => Vec::new(),
            Held::Panels(_) => {
                let mut values = vec![0.0; self.vocab];
                self.rows.read(row, 0, &mut values);
                values
            }
            Held::Flat(all) => all[row * self.vocab..][..self.vocab].to_vec(),
        }
    }

    /// The most probable token of row `row`, the first of several. `None` where no logit is a number.
    pub fn most_probable(&self, row: usize) -> Option<u32> {
        match &self.held {
            Held::Nothing => None,
            Held::Panels(level) => {
                level.run(Largest { x: self.rows.panels(), row, rows: self.rows.rows(), width: self.vocab })
            }
            Held::Flat(all) => super::sample::most_probable(&all[row * self.vocab..][..self.vocab]),
        }
    }
}
