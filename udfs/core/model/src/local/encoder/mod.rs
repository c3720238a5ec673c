//! An encoder: BERT's (Devlin et al., arXiv 1810.04805), with what other architectures change in it stated by [`arch`].
//!
//! A forward pass takes any number of texts and gives the state of each token of each of them, of one layer or of a weighted sum
//! of all. What is made of states stands in `head`.
//!
//! It runs in one of two ways with the same numbers but for rounding: on the CPU ([`host`]), with packed weights and kernels of
//! its own and no padding, so that a text's numbers do not depend on the others to the last bit; and on any device that
//! candle has ([`tensors`]), where texts are padded to the longest and numbers depend on the others by rounding alone, 1e-5
//! at most in what the tests compare.

pub mod arch;
mod config;
mod host;
mod read;
mod relative;
mod tensors;

use self::{arch::Architecture, read::Reader};
pub use self::{config::Config, relative::Relative};
use super::{decoder::Place, dtype::WeightDtype, weights::Weights};
use crate::{Cancel, Error, Kind, Result};

/// A text, or several put together, as the encoder reads it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Input {
    /// At least one token, each below `vocab_size`.
    pub ids: Vec<u32>,
    /// The segment of each token; read only where the model has segments.
    pub segments: Vec<u32>,
}

/// Which states are wanted. State 0 is the embeddings', state i that behind layer i.
#[derive(Debug, Clone, PartialEq)]
pub enum Take {
    /// One state.
    Layer(usize),
    /// The sum of all states, each times its weight.
    Mix {
        /// One for each state. [layers + 1]
        weights: Vec<f32>,
        /// Each state is normalized before, over all tokens and dimensions of a text.
        normalize: bool,
    },
}

impl Take {
    /// How many layers have to run.
    fn depth(&self) -> usize {
        match self {
            Self::Layer(i) => *i,
            Self::Mix { weights, .. } => weights.len().saturating_sub(1),
        }
    }

    /// By which factor state `i` enters the result.
    fn weight(&self, i: usize) -> f32 {
        match self {
            Self::Layer(wanted) => f32::from(u8::from(*wanted == i)),
            Self::Mix { weights, .. } => weights.get(i).copied().unwrap_or(0.0),
        }
    }

    fn normalizes(&self) -> bool {
        matches!(self, Self::Mix { normalize: true, .. })
    }
}

/// Added to the variance where states are normalized before they are mixed.
const MIX_EPS: f32 = 1e-12;

/// The encoder.
pub struct Encoder {
    architecture: &'static Architecture,
    config: Config,
    runner: Runner,
}

enum Runner {
    Host(Box<host::Runner>),
    Tensors(Box<tensors::Runner>),
}

impl Encoder {
    /// Reads the encoder of `config` from `weights`, where names of its tensors begin with one of `prefixes`, its matrices
    /// rounded to `dtype` where one is given.
    ///
    /// # Errors
    /// A tensor that is missing, has another shape than `config` says, or cannot be read.
    pub fn read(
        (architecture, config): (&'static Architecture, Config),
        weights: &mut dyn Weights,
        prefixes: &[&str],
        dtype: Option<WeightDtype>,
        place: Place,
    ) -> Result<Self> {
        let reader = Reader::new(architecture, &config, weights, prefixes, dtype);
        let runner = match place {
            Place::Host(cpu, _) => Runner::Host(Box::new(host::Runner::read(reader, cpu)?)),
            Place::Tensors(device) => Runner::Tensors(Box::new(tensors::Runner::read(reader, &device)?)),
        };
        Ok(Self { architecture, config, runner })
    }

    /// Its architecture.
    pub fn architecture(&self) -> &'static Architecture {
        self.architecture
    }

    /// Sizes and constants.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The states of all tokens of each of `inputs`, [tokens × hidden_size], in the order of the inputs.
    ///
    /// # Errors
    /// [`Kind::Cancelled`] within one small batch after `cancel` is raised; [`Kind::Truncated`] for an input that is longer than
    /// the model's positions; [`Kind::Parameter`] for one that is empty or holds a token that the model does not have, or
    /// a layer that it does not have; or a device that fails.
    pub fn forward(&self, inputs: &[&Input], take: &Take, cancel: &Cancel) -> Result<Vec<Vec<f32>>> {
        if take.depth() > self.config.num_hidden_layers {
            let message = format!("layer {} of {} is wanted", take.depth(), self.config.num_hidden_layers);
            return Err(Error::new(Kind::Parameter, message));
        }
        inputs.iter().try_for_each(|input| self.check(input))?;
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        match &self.runner {
            Runner::Host(host) => host.forward(inputs, take, cancel),
            Runner::Tensors(tensors) => tensors.forward(inputs, take, cancel),
        }
    }

    /// Whether `input` can be read.
    pub(super) fn check(&self, Input { ids, segments }: &Input) -> Result<()> {
        let Config { vocab_size, type_vocab_size, .. } = self.config;
        let wrong = |what: String| Err(Error::new(Kind::Parameter, what));
        if let Some(limit) = self.config.limit().filter(|&limit| ids.len() > limit) {
            let message = format!("{} tokens do not fit into the model's {limit} positions", ids.len());
            return Err(Error::new(Kind::Truncated, message));
        }
        if ids.is_empty() {
            return wrong("a text without a token cannot be encoded".into());
        }
        if let Some(id) = ids.iter().find(|&&id| id as usize >= vocab_size) {
            return wrong(format!("token {id} lies outside the vocabulary of {vocab_size}"));
        }
        if type_vocab_size > 0 {
            if segments.len() != ids.len() {
                return wrong(format!("{} segments for {} tokens", segments.len(), ids.len()));
            }
            if let Some(segment) = segments.iter().find(|&&segment| segment as usize >= type_vocab_size) {
                return wrong(format!("segment {segment} of a model that has {type_vocab_size}"));
            }
        }
        Ok(())
    }

    /// How many tokens, padding included where there is any, `inputs` take together.
    pub(super) fn cost(&self, inputs: usize, longest: usize, tokens: usize) -> usize {
        match self.runner {
            Runner::Host(_) => tokens,
            Runner::Tensors(_) => inputs * longest,
        }
    }
}
