//! y = x Wᵀ + b, and layer normalization (Ba et al., arXiv 1607.06450).

use candle_core::{Device, Tensor};

use super::super::read::Affine;
use crate::Result;

pub(super) struct Linear {
    weight: Tensor, // [inputs, outputs]
    bias: Tensor,   // [outputs]
}

impl Linear {
    pub(super) fn new(part: Affine, device: &Device) -> Result<Self> {
        Ok(Self { weight: part.weight.to_device(device)?.t()?, bias: part.bias.to_device(device)? })
    }

    /// Several maps of one input as one, which reads the input once and multiplies one larger matrix.
    pub(super) fn stacked(parts: &[&Affine], device: &Device) -> Result<Self> {
        let weights: Vec<&Tensor> = parts.iter().map(|part| &part.weight).collect();
        let biases: Vec<&Tensor> = parts.iter().map(|part| &part.bias).collect();
        Self::new(Affine { weight: Tensor::cat(&weights, 0)?, bias: Tensor::cat(&biases, 0)? }, device)
    }

    /// `[…, inputs]` → `[…, outputs]`
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (mut shape, inputs) = (x.dims().to_vec(), self.weight.dim(0)?);
        // One product of two matrices, rather than one a text.
        let y = x.reshape(((), inputs))?.matmul(&self.weight)?.broadcast_add(&self.bias)?;
        if let Some(last) = shape.last_mut() {
            *last = self.weight.dim(1)?;
        }
        Ok(y.reshape(shape)?)
    }
}

pub(super) struct Norm {
    weight: Tensor,
    bias: Tensor,
    eps: f32,
}

impl Norm {
    pub(super) fn new(part: Affine, eps: f32, device: &Device) -> Result<Self> {
        Ok(Self { weight: part.weight.to_device(device)?, bias: part.bias.to_device(device)?, eps })
    }

    /// Over the last dimension.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(candle_nn::ops::layer_norm(&x.contiguous()?, &self.weight, &self.bias, self.eps)?)
    }
}
