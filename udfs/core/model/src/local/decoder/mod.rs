//! A decoder: Llama's (Touvron et al., arXiv 2302.13971; grouped queries from 2307.09288), with what other architectures
//! add to it switched on by [`Config`].
//!
//! A forward pass takes any number of sequences at once, each with any number of new tokens: what is linear
//! in a token runs over all of them as one matrix `[tokens, …]`, and attention runs by sequence, over that
//! sequence's own cache. A prompt is then a sequence with many new tokens and a decoding step is many
//! sequences with one, and both can share a pass.
//!
//! Shapes: `tokens` counts the new tokens of all sequences together.

mod config;
mod layer;
mod linear;
mod norm;
mod read;
mod rotary;

use std::sync::{Mutex, PoisonError};

pub use self::{
    config::{Biases, Config},
    rotary::{Rope, RopeScaling},
};
use self::{
    layer::{Layer, Pass, Workspace},
    linear::Linear,
    norm::RmsNorm,
    rotary::Rotary,
};
use super::{
    cpu::Cpu,
    kernel::{PANEL, pointwise::Largest},
    pages::{Pages, Sequence},
    rows::Rows,
    weights::Weights,
};

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
    /// largest at most. Log-probabilities differ from those of f32 in the fourth digit after the point.
    #[default]
    Int16,
    /// Whole numbers: activations rounded to 8 bits in blocks of 32, as llama.cpp does, and weights that the file does not
    /// hold in blocks, too.
    Int8,
}

/// The decoder.
pub struct Decoder {
    layers: Vec<Layer>,
    norm: RmsNorm,
    /// The input's embedding where the output has another one.
    embedding: Option<Linear>,
    head: Linear,
    rotary: Rotary,
    config: Config,
    cpu: Cpu,
    work: Mutex<Workspace>,
}

impl Decoder {
    /// Reads the decoder of `config` from `weights`.
    pub fn read(config: Config, weights: &mut dyn Weights, cpu: Cpu, precision: Precision) -> crate::Result<Self> {
        read::read(config, weights, cpu, precision)
    }

    /// Sizes and constants.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The processor that it runs on.
    pub fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    /// Bytes of its matrices.
    pub fn size(&self) -> usize {
        let layers: usize = self.layers.iter().map(Layer::size).sum();
        layers + self.head.size() + self.embedding.as_ref().map_or(0, Linear::size)
    }

    /// Pages for this decoder's keys and values, in at most `bytes` bytes.
    pub fn pages(&self, bytes: usize) -> Pages {
        let Config { num_hidden_layers: layers, num_key_value_heads: heads, head_dim, .. } = self.config;
        Pages::new(layers, heads, head_dim, bytes)
    }

    /// Runs the new tokens of all `spans`, whose sequences take them in, and gives the logits of those rows that `wanted`
    /// names, in its order. Rows are the tokens of all spans, one span after the other. Tokens lie below `vocab_size`.
    ///
    /// A row's logits depend on its own sequence's tokens alone, to the last bit: neither on other sequences nor
    /// on the pieces in which it was read.
    pub fn forward(&self, pages: &mut Pages, spans: &mut [Span<'_>], wanted: &[usize], logits: &mut Logits) {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        self.cpu.session(|| self.pass(pages, spans, wanted, &mut work, logits));
        for span in spans {
            Pages::advance(span.sequence, span.tokens.len());
        }
    }

    fn pass(
        &self,
        pages: &mut Pages,
        spans: &[Span<'_>],
        wanted: &[usize],
        work: &mut Workspace,
        logits: &mut Logits,
    ) {
        let positions: Vec<usize> =
            spans.iter().flat_map(|s| (s.sequence.len()..).take(s.tokens.len())).collect();
        let angles = self.rotary.angles(&positions);
        let pass = Pass { cpu: &self.cpu, angles: &angles, spans };

        let hidden = self.config.hidden_size;
        let embedding = self.embedding.as_ref().unwrap_or(&self.head).weight();
        work.x.reshape(positions.len(), hidden.div_ceil(PANEL));
        // Only the last panel may reach beyond the width.
        let mut padded = vec![0.0; hidden.next_multiple_of(PANEL)];
        for (row, &id) in spans.iter().flat_map(|span| span.tokens).enumerate() {
            embedding.row(id as usize, &mut padded[..hidden]);
            work.x.write(row, 0, &padded);
        }
        for (i, layer) in self.layers.iter().enumerate() {
            layer.forward(i, &pass, pages, work);
        }
        if wanted.is_empty() {
            return;
        }
        // Nobody asks for the others' states.
        work.output.select(&work.x, wanted);
        self.norm.forward(&self.cpu, &work.output, &mut work.input);
        self.head.forward(&self.cpu, &work.input, &mut work.scratch, &mut logits.rows);
        logits.vocab = self.config.vocab_size;
        logits.level = Some(self.cpu.level());
    }
}

/// Logits of some rows; kept from pass to pass.
#[derive(Default)]
pub struct Logits {
    rows: Rows,
    vocab: usize,
    level: Option<super::kernel::Level>,
}

impl Logits {
    /// All logits of row `row`, `[vocab]`.
    pub fn row(&self, row: usize) -> Vec<f32> {
        let mut values = vec![0.0; self.vocab];
        self.rows.read(row, 0, &mut values);
        values
    }

    /// The most probable token of row `row`, the first of several. `None` where no logit is a number.
    pub fn most_probable(&self, row: usize) -> Option<u32> {
        let level = self.level?;
        level.run(Largest { x: self.rows.panels(), row, rows: self.rows.rows(), width: self.vocab })
    }
}
