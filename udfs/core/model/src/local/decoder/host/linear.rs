//! y = x Wᵀ + b.

use super::super::super::{
    cpu::Scratch,
    kernel::{PANEL, Panel},
    matrix::Matrix,
    rows::{Rows, in_panels},
    weight::Weight,
};

use super::layer::Pass;

/// Several linear maps of one input, with or without a bias, whose outputs lie side by side, each from a multiple
/// of sixty-four columns on.
pub(super) struct Linear {
    weights: Vec<Weight>,
    /// `[panels]` of all maps, where any has a bias.
    bias: Option<Vec<Panel>>,
}

/// A weight `[outputs, inputs]` and its bias `[outputs]`.
pub(super) type Part = (Matrix, Option<Vec<f32>>);

impl Linear {
    /// The maps `parts`, their weights rounded to bytes where `in_bytes`.
    pub(super) fn new(parts: &[Part], in_bytes: bool) -> Self {
        let bias = parts.iter().any(|(_, bias)| bias.is_some()).then(|| {
            let zeros = |n| vec![0.0; n];
            parts.iter().flat_map(|(w, b)| in_panels(&b.clone().unwrap_or_else(|| zeros(w.outputs)))).collect()
        });
        Self { weights: parts.iter().map(|(w, _)| Weight::new(w, in_bytes)).collect(), bias }
    }

    /// The column at which each map's outputs begin.
    pub(super) fn starts(&self) -> Vec<usize> {
        let starts = self.weights.iter().scan(0, |at, weight| {
            let start = *at;
            *at += weight.panels() * PANEL;
            Some(start)
        });
        starts.collect()
    }

    /// The first map's weight.
    pub(super) fn weight(&self) -> &Weight {
        &self.weights[0]
    }

    /// Bytes in memory.
    pub(super) fn size(&self) -> usize {
        self.weights.iter().map(Weight::size).sum()
    }

    pub(super) fn forward(&self, pass: &Pass<'_, '_>, x: &Rows, scratch: &mut Scratch, out: &mut Rows) {
        pass.cpu.multiply(&self.weights, x, pass.precision, scratch, out);
        if let Some(bias) = &self.bias {
            pass.cpu.add_each(out, bias);
        }
    }

    /// silu(first map) · second map.
    pub(super) fn forward_gated(&self, pass: &Pass<'_, '_>, x: &Rows, scratch: &mut Scratch, out: &mut Rows) {
        if let [gate, up] = &self.weights[..] {
            let (gate_bias, up_bias) = match &self.bias {
                Some(bias) => (Some(&bias[..gate.panels()]), Some(&bias[gate.panels()..])),
                None => (None, None),
            };
            pass.cpu.multiply_gated([(gate, gate_bias), (up, up_bias)], x, pass.precision, scratch, out);
        }
    }
}
