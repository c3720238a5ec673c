//! Rotary position embedding (Su et al., arXiv 2104.09864), dimension i paired with i + head_dim / 2.

use std::f64::consts::TAU;

use candle_core::{Device, Tensor};

use super::super::kernel::{attend::Line, pointwise::rotate};

/// Which angles positions turn by.
#[derive(Debug, Clone, PartialEq)]
pub struct Rope {
    /// Base of the frequencies.
    pub theta: f64,
    /// What is done to them to reach farther than the model was first trained for.
    pub scaling: RopeScaling,
}

/// Scaling of rotary frequencies.
#[derive(Debug, Clone, PartialEq)]
pub enum RopeScaling {
    /// None.
    None,
    /// All divided by this (Chen et al., arXiv 2306.15595).
    Linear(f64),
    /// Llama 3's: wavelengths above `original / low` are divided by `factor`, those below `original / high` are
    /// left alone, and between them the divisor goes smoothly from one to the other.
    Llama3 {
        /// Divisor of low frequencies.
        factor: f64,
        /// `low_freq_factor`.
        low: f64,
        /// `high_freq_factor`.
        high: f64,
        /// `original_max_position_embeddings`.
        original: f64,
    },
    /// Each divided by its own, `[head_dim / 2]`.
    ByFrequency(Vec<f32>),
}

impl Rope {
    /// Frequencies in radians a position, `[head_dim / 2]`.
    fn frequencies(&self, head_dim: usize) -> Vec<f32> {
        (0..head_dim / 2)
            .map(|i| {
                let frequency = self.theta.powf(-2.0 * i as f64 / head_dim as f64);
                match &self.scaling {
                    RopeScaling::None => frequency as f32,
                    RopeScaling::Linear(factor) => (frequency / factor) as f32,
                    RopeScaling::ByFrequency(divisors) => frequency as f32 / divisors.get(i).copied().unwrap_or(1.0),
                    &RopeScaling::Llama3 { factor, low, high, original } => {
                        let wavelength = TAU / frequency;
                        let smooth = ((original / wavelength - low) / (high - low)).clamp(0.0, 1.0);
                        ((1.0 - smooth) * frequency / factor + smooth * frequency) as f32
                    }
                }
            })
            .collect()
    }
}

/// The angles of all positions.
pub(super) struct Rotary {
    frequencies: Vec<f32>, // [head_dim / 2]
}

/// Cosines and sines of the new tokens' angles.
pub(super) struct Angles {
    half: usize,
    cos: Vec<f32>, // [tokens, head_dim / 2]
    sin: Vec<f32>,
}

impl Rotary {
    pub(super) fn new(rope: &Rope, head_dim: usize) -> Self {
        Self { frequencies: rope.frequencies(head_dim) }
    }

    pub(super) fn angles(&self, positions: &[usize]) -> Angles {
        let (cos, sin) = positions
            .iter()
            .flat_map(|&p| self.frequencies.iter().map(move |f| p as f32 * f))
            .map(|angle| (angle.cos(), angle.sin()))
            .unzip();
        Angles { half: self.frequencies.len(), cos, sin }
    }
}

impl Angles {
    /// Cosines and sines as tensors, `[tokens, head_dim / 2]` each.
    pub(super) fn tensors(self, device: &Device) -> candle_core::Result<[Tensor; 2]> {
        let shape = (self.cos.len() / self.half, self.half);
        Ok([Tensor::from_vec(self.cos, shape, device)?, Tensor::from_vec(self.sin, shape, device)?])
    }

    /// Rotates a head of new token `token`.
    pub(super) fn rotate(&self, token: usize, head: &mut [Line]) {
        let angles = token * self.half..(token + 1) * self.half;
        rotate(&mut Line::floats_mut(head)[..2 * self.half], &self.cos[angles.clone()], &self.sin[angles]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wavelengths of theta 10,000 and 8 dimensions are 6.3, 63, 628 and 6,283 positions.
    #[test]
    fn llama3_scaling_divides_long_waves_and_leaves_short_ones() {
        let rope = |scaling| Rope { theta: 10_000.0, scaling }.frequencies(8);
        let plain = rope(RopeScaling::None);
        let scaled = rope(RopeScaling::Llama3 { factor: 8.0, low: 1.0, high: 4.0, original: 1000.0 });
        assert_eq!(scaled[..2], plain[..2]);
        assert!(scaled[2] < plain[2] && scaled[2] > plain[2] / 8.0);
        assert!((scaled[3] * 8.0 / plain[3] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn linear_scaling_divides_all_alike() {
        let rope = |scaling| Rope { theta: 10_000.0, scaling }.frequencies(8);
        let doubled: Vec<f32> = rope(RopeScaling::Linear(2.0)).iter().map(|f| f * 2.0).collect();
        assert_eq!(doubled, rope(RopeScaling::None));
    }
}
