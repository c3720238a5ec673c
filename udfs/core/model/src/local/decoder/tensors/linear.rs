//! y = x Wᵀ + b.

use candle_core::{Result, Tensor};

/// A linear map with or without a bias.
pub(super) struct Linear {
    weight: Tensor,       // [outputs, inputs]
    bias: Option<Tensor>, // [outputs]
}

/// A weight `[outputs, inputs]` and its bias `[outputs]`.
pub(super) type Part = (Tensor, Option<Tensor>);

impl Linear {
    /// Several maps of one input as one, which reads the input once and multiplies one larger matrix.
    pub(super) fn stacked(parts: &[Part]) -> Result<Self> {
        let weights: Vec<&Tensor> = parts.iter().map(|(weight, _)| weight).collect();
        let biases: Option<Vec<&Tensor>> = parts.iter().map(|(_, bias)| bias.as_ref()).collect();
        Ok(Self { weight: Tensor::cat(&weights, 0)?, bias: biases.map(|biases| Tensor::cat(&biases, 0)).transpose()? })
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = x.matmul(&self.weight.t()?)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}
