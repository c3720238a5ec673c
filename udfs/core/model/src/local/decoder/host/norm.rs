//! Root mean square layer normalization (Zhang and Sennrich, arXiv 1910.07467) over the last dimension.

use super::super::super::{
    cpu::Cpu,
    kernel::{
        LANES, Panel,
        attend::Line,
        pointwise::{Normalize, NormalizeHead},
    },
    rows::{Rows, in_panels},
};

pub(super) struct RmsNorm {
    width: usize,
    weight: Vec<Panel>,
    eps: f32,
}

impl RmsNorm {
    pub(super) fn new(weight: &[f32], eps: f32) -> Self {
        Self { width: weight.len(), weight: in_panels(weight), eps }
    }

    pub(super) fn forward(&self, cpu: &Cpu, x: &Rows, out: &mut Rows) {
        out.reshape(x.rows(), self.weight.len());
        let out = out.panels_mut();
        let (x, rows) = (x.panels(), x.rows());
        cpu.level().run(Normalize { x, rows, width: self.width, weight: &self.weight, eps: self.eps, out });
    }
}

/// The same over each head.
pub(super) struct HeadNorm {
    width: usize,
    weight: Vec<Line>,
    eps: f32,
}

impl HeadNorm {
    pub(super) fn new(weight: &[f32], eps: f32) -> Self {
        let mut lines = vec![Line::ZERO; weight.len().div_ceil(LANES)];
        for (line, weight) in lines.iter_mut().zip(weight.chunks(LANES)) {
            line.0[..weight.len()].copy_from_slice(weight);
        }
        Self { width: weight.len(), weight: lines, eps }
    }

    pub(super) fn forward(&self, cpu: &Cpu, x: &mut [Line]) {
        cpu.level().run(NormalizeHead { x, width: self.width, weight: &self.weight, eps: self.eps });
    }
}
