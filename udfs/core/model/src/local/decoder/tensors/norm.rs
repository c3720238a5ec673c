//! Root mean square layer normalization (Zhang and Sennrich, arXiv 1910.07467) over the last dimension.

use candle_core::{Result, Tensor};

pub(super) struct RmsNorm {
    pub(super) weight: Tensor, // [width]
    pub(super) eps: f32,
}

impl RmsNorm {
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        candle_nn::ops::rms_norm(x, &self.weight, self.eps)
    }
}
