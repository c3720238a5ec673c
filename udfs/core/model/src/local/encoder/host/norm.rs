//! Layer normalization (Ba et al., arXiv 1607.06450) over the last dimension.

use super::super::{
    super::{
        cpu::Cpu,
        kernel::{Panel, pointwise::AddCenter},
        rows::{Rows, in_panels},
    },
    read::Affine,
};
use crate::Result;

pub(super) struct Norm {
    width: usize,
    weight: Vec<Panel>,
    bias: Vec<Panel>,
    eps: f32,
}

impl Norm {
    pub(super) fn new(part: &Affine, eps: f32) -> Result<Self> {
        let weight: Vec<f32> = part.weight.to_vec1()?;
        Ok(Self { width: weight.len(), weight: in_panels(&weight), bias: in_panels(&part.bias.to_vec1()?), eps })
    }

    /// x = norm(x + y).
    pub(super) fn forward(&self, cpu: &Cpu, x: &mut Rows, y: Option<&Rows>) {
        let rows = x.rows();
        cpu.level().run(AddCenter {
            x: x.panels_mut(),
            y: y.map(Rows::panels),
            rows,
            width: self.width,
            weight: &self.weight,
            bias: &self.bias,
            eps: self.eps,
        });
    }
}
