//! y = x Wᵀ + b.

use super::super::{
    super::{
        cpu::Cpu,
        kernel::{
            Panel,
            pointwise::{Fill, Gelu},
            product::Product,
        },
        matrix::Matrix,
        rows::{Rows, in_panels},
        weight::Weight,
    },
    read::Affine,
};
use crate::Result;

/// Several linear maps of one input, whose outputs lie side by side, each from a multiple of sixty-four columns on.
pub(super) struct Linear {
    weights: Vec<Weight>,
    bias: Vec<Panel>, // of all maps
}

impl Linear {
    pub(super) fn new(parts: &[&Affine]) -> Result<Self> {
        let mut linear = Self { weights: Vec::new(), bias: Vec::new() };
        for part in parts {
            linear.weights.push(Weight::new(&Matrix::from_tensor(&part.weight)?, false));
            linear.bias.extend(in_panels(&part.bias.to_vec1()?));
        }
        Ok(linear)
    }

    pub(super) fn forward(&self, cpu: &Cpu, x: &Rows, out: &mut Rows) {
        self.run(cpu, x, out, |_| {});
    }

    /// The same, and then x Φ(x) of it.
    pub(super) fn forward_gelu(&self, cpu: &Cpu, x: &Rows, out: &mut Rows) {
        // While the panel is still in the cache.
        self.run(cpu, x, out, |y| cpu.level().run(Gelu(y)));
    }

    fn run(&self, cpu: &Cpu, x: &Rows, out: &mut Rows, then: impl Fn(&mut [Panel])) {
        let rows = x.rows();
        out.reshape(rows, self.bias.len());
        let panels = self.weights.iter().flat_map(|w| (0..w.panels()).map(move |p| w.panel(p)));
        for ((weights, bias), y) in panels.zip(&self.bias).zip(out.panels_mut().chunks_exact_mut(rows)) {
            cpu.level().run(Fill { x: y, y: bias });
            cpu.level().run(Product { x: x.panels(), rows, first: 0, weights, y });
            then(y);
        }
    }
}
