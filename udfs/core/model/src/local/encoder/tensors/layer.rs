//! One layer: attention, then a feed-forward layer, each normalized after it was added to its input.

use candle_core::{Device, Tensor};

use super::{
    super::{Config, read::LayerParts},
    attention::Attention,
    linear::{Linear, Norm},
    relative::{Distances, Terms},
};
use crate::Result;

pub(super) struct Layer {
    attention: Attention,
    attention_norm: Norm,
    intermediate: Linear,
    output: Linear,
    output_norm: Norm,
}

impl Layer {
    pub(super) fn new(
        parts: LayerParts,
        config: &Config,
        distances: Option<&Distances>,
        device: &Device,
    ) -> Result<Self> {
        let (heads, eps) = (config.num_attention_heads, config.layer_norm_eps);
        let [query, key, value] = &parts.qkv;
        let [own_query, own_key] = parts.positions;
        let terms = match distances {
            Some(distances) => Some(Terms {
                keys: match distances.relative.content_to_position {
                    true => Some(distances.project(own_key, key, heads)?),
                    false => None,
                },
                queries: match distances.relative.position_to_content {
                    true => Some(distances.project(own_query, query, heads)?),
                    false => None,
                },
            }),
            None => None,
        };
        let parts_of_a_score = config.relative.as_ref().map_or(1, |relative| relative.terms());
        let attention = Attention {
            qkv: Linear::stacked(&[query, key, value], device)?,
            output: Linear::new(parts.attention_output, device)?,
            terms,
            heads,
            scale: ((config.head_dim() * parts_of_a_score) as f64).powf(-0.5),
        };
        Ok(Self {
            attention,
            attention_norm: Norm::new(parts.attention_norm, eps, device)?,
            intermediate: Linear::new(parts.intermediate, device)?,
            output: Linear::new(parts.output, device)?,
            output_norm: Norm::new(parts.output_norm, eps, device)?,
        })
    }

    /// `x` is `[texts, tokens, hidden]`.
    pub(super) fn forward(&self, x: &Tensor, mask: Option<&Tensor>, rows: Option<&Tensor>) -> Result<Tensor> {
        let attended = self.attention.forward(x, mask, rows)?;
        let x = self.attention_norm.forward(&(x + attended)?)?;
        let inner = self.intermediate.forward(&x)?.gelu_erf()?;
        self.output_norm.forward(&(&x + self.output.forward(&inner)?)?)
    }
}
