//! The decoder on the CPU: packed weights, whole-number or f32 products, attention over pages.

mod layer;
mod linear;
mod norm;
mod read;

use std::sync::{Mutex, PoisonError};

pub(super) use self::read::read;
use self::{
    layer::{Layer, Pass, Workspace},
    linear::Linear,
    norm::RmsNorm,
};
use super::{
    super::{cpu::Cpu, kernel::PANEL, pages::Pages, rows::Rows},
    Precision, Span,
    rotary::Rotary,
};

pub(super) struct Runner {
    layers: Vec<Layer>,
    norm: RmsNorm,
    /// The input's embedding where the output has another one.
    embedding: Option<Linear>,
    head: Linear,
    rotary: Rotary,
    hidden: usize,
    cpu: Cpu,
    work: Mutex<Workspace>,
}

impl Runner {
    pub(super) fn cpu(&self) -> &Cpu {
        &self.cpu
    }

    /// Bytes of its matrices.
    pub(super) fn size(&self) -> usize {
        let layers: usize = self.layers.iter().map(Layer::size).sum();
        layers + self.head.size() + self.embedding.as_ref().map_or(0, Linear::size)
    }

    /// See [`Decoder::forward`](super::Decoder::forward).
    pub(super) fn forward(
        &self,
        pages: &mut Pages,
        spans: &[Span<'_>],
        wanted: &[usize],
        precision: Precision,
        logits: &mut Rows,
    ) {
        let mut work = self.work.lock().unwrap_or_else(PoisonError::into_inner);
        self.cpu.session(|| self.pass(pages, spans, wanted, precision, &mut work, logits));
    }

    fn pass(
        &self,
        pages: &mut Pages,
        spans: &[Span<'_>],
        wanted: &[usize],
        precision: Precision,
        work: &mut Workspace,
        logits: &mut Rows,
    ) {
        let positions: Vec<usize> = spans.iter().flat_map(|s| (s.sequence.len()..).take(s.tokens.len())).collect();
        let angles = self.rotary.angles(&positions);
        let pass = Pass { cpu: &self.cpu, precision, angles: &angles, spans };

        let hidden = self.hidden;
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
        self.head.forward(&pass, &work.input, &mut work.scratch, logits);
    }
}
