//! f(W x + b) of one row, for the few rows that heads have.

use candle_core::{Device, Tensor};

use super::super::weights::Weights;
use crate::Result;

/// What goes over each number of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::local) enum Activation {
    Identity,
    Tanh,
    /// x Φ(x), by the error function.
    Gelu,
    Relu,
    Sigmoid,
}

impl Activation {
    /// By the name that PyTorch's modules (`Tanh`) or `transformers` (`tanh`) give it.
    pub(in crate::local) fn named(name: &str) -> Option<Self> {
        match name.to_lowercase().as_str() {
            "identity" | "linear" => Some(Self::Identity),
            "tanh" => Some(Self::Tanh),
            "gelu" => Some(Self::Gelu),
            "relu" => Some(Self::Relu),
            "sigmoid" => Some(Self::Sigmoid),
            _ => None,
        }
    }

    fn apply(self, x: &mut [f32]) {
        let f: fn(f32) -> f32 = match self {
            Self::Identity => return,
            Self::Tanh => f32::tanh,
            Self::Gelu => gelu,
            Self::Relu => |x| x.max(0.0),
            Self::Sigmoid => |x| 1.0 / (1.0 + (-x).exp()),
        };
        x.iter_mut().for_each(|x| *x = f(*x));
    }
}

fn gelu(x: f32) -> f32 {
    let x = f64::from(x);
    (0.5 * x * (1.0 + candle_core::cpu::erf::erf_f64(x * std::f64::consts::FRAC_1_SQRT_2))) as f32
}

/// f(W x + b).
pub(in crate::local) struct Dense {
    weight: Vec<f32>, // [outputs, inputs]
    bias: Vec<f32>,   // [outputs], or none
    inputs: usize,
    activation: Activation,
}

impl Dense {
    /// The map `name` of `weights`.
    pub(in crate::local) fn read(
        weights: &mut dyn Weights,
        name: &str,
        [outputs, inputs]: [usize; 2],
        biased: bool,
        activation: Activation,
    ) -> Result<Self> {
        let numbers = |tensor: Tensor| -> Result<Vec<f32>> { Ok(tensor.flatten_all()?.to_vec1()?) };
        let weight = numbers(weights.tensor(&format!("{name}.weight"), &[outputs, inputs], &Device::Cpu)?)?;
        let bias = match biased {
            true => numbers(weights.tensor(&format!("{name}.bias"), &[outputs], &Device::Cpu)?)?,
            false => Vec::new(),
        };
        Ok(Self { weight, bias, inputs, activation })
    }

    /// How many numbers come out.
    pub(in crate::local) fn outputs(&self) -> usize {
        self.weight.len().checked_div(self.inputs).unwrap_or(0)
    }

    /// `[inputs]` → `[outputs]`
    pub(in crate::local) fn forward(&self, x: &[f32]) -> Vec<f32> {
        let mut y: Vec<f32> = self.weight.chunks_exact(self.inputs).map(|row| dot(row, x)).collect();
        y.iter_mut().zip(&self.bias).for_each(|(y, b)| *y += b);
        self.activation.apply(&mut y);
        y
    }
}

/// Σ a b, in sixteen sums side by side, which the compiler makes vectors of.
pub(in crate::local) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    let (a, a_rest) = a.as_chunks::<16>();
    let (b, b_rest) = b.as_chunks::<16>();
    for (a, b) in a.iter().zip(b) {
        for i in 0..16 {
            sums[i] += a[i] * b[i];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
