//! The weights with which COMET mixes the states of all layers (Rei et al., arXiv 2009.09025, after Peters et al., 1802.05365).

use std::str::FromStr;

use crate::{Error, Kind, Result};

/// How a layer's parameter becomes its weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LayerMix {
    /// e^x over the sum of all.
    Softmax,
    /// The nearest distribution (Martins and Astudillo, arXiv 1602.02068), in which many weights are 0.
    Sparsemax,
}

impl LayerMix {
    /// What `layer_transformation` in a checkpoint's settings means to the library of unbabel-comet 2.2.7.
    ///
    /// `sparsemax_patch` is a softmax: versions before 2.2.4 took a softmax whatever the settings said, checkpoints
    /// were trained so, and their settings were renamed for their scores to stay (issue 195).
    pub(in crate::local) fn named(name: &str) -> Option<Self> {
        match name {
            "softmax" | "sparsemax_patch" => Some(Self::Softmax),
            "sparsemax" => Some(Self::Sparsemax),
            _ => None,
        }
    }

    /// The weights, which sum to 1.
    pub fn weights(self, parameters: &[f32]) -> Vec<f32> {
        let x: Vec<f64> = parameters.iter().map(|&x| f64::from(x)).collect();
        let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = match self {
            Self::Softmax => {
                let sum: f64 = x.iter().map(|x| (x - max).exp()).sum();
                x.iter().map(|x| (x - max).exp() / sum).collect()
            }
            Self::Sparsemax => {
                let mut sorted: Vec<f64> = x.iter().map(|x| x - max).collect();
                sorted.sort_unstable_by(|a, b| b.total_cmp(a));
                // The threshold is that of the largest k with 1 + k x_k > x_1 + … + x_k.
                let (mut sum, mut threshold) = (0.0, 0.0);
                for (k, x) in (1u32..).map(f64::from).zip(sorted) {
                    sum += x;
                    if 1.0 + k * x > sum {
                        threshold = (sum - 1.0) / k;
                    }
                }
                x.iter().map(|x| (x - max - threshold).max(0.0)).collect()
            }
        };
        weights.into_iter().map(|x| x as f32).collect()
    }
}

impl FromStr for LayerMix {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "softmax" => Ok(Self::Softmax),
            "sparsemax" => Ok(Self::Sparsemax),
            other => Err(Error::new(
                Kind::Parameter,
                format!("parameter layer_mix must be softmax or sparsemax, got '{other}'"),
            )),
        }
    }
}
