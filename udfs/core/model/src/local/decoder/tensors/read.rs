//! Weights → decoder. Names are those of the Hugging Face checkpoints, which [`Weights`] knows how to find in its file.

use candle_core::{Device, Tensor};

use super::{
    super::{Config, rotary::Rotary},
    Runner,
    layer::{Attention, Layer, Mlp},
    linear::{Linear, Part},
    norm::RmsNorm,
};
use crate::{
    Result,
    local::{WeightDtype, weights::Weights},
};

/// The decoder of `config` whose weights `weights` holds, matrices rounded to `dtype`.
pub(in crate::local::decoder) fn read(
    config: &Config,
    weights: &mut dyn Weights,
    dtype: Option<WeightDtype>,
    device: &Device,
) -> Result<Runner> {
    let (hidden, vocab) = (config.hidden_size, config.vocab_size);
    let tied = config.tie_word_embeddings.unwrap_or_else(|| !weights.holds("lm_head.weight"));
    let mut reader = Reader { config, weights, dtype, device };
    let embedding = reader.matrix("model.embed_tokens", vocab, hidden)?;
    let head = match tied {
        true => embedding.clone(),
        false => reader.matrix("lm_head", vocab, hidden)?,
    };
    let norm = reader.norm("model.norm", hidden)?;
    let layers = (0..config.num_hidden_layers).map(|i| reader.layer(i)).collect::<Result<_>>()?;
    Ok(Runner {
        embedding,
        layers,
        norm,
        head: Linear::stacked(&[(head, None)])?,
        rotary: Rotary::new(&config.rope, config.head_dim),
        kv_heads: config.num_key_value_heads,
        head_dim: config.head_dim,
        device: device.clone(),
    })
}

/// Reads named parts of a decoder.
struct Reader<'a> {
    config: &'a Config,
    weights: &'a mut dyn Weights,
    dtype: Option<WeightDtype>,
    device: &'a Device,
}

impl Reader<'_> {
    fn layer(&mut self, i: usize) -> Result<Layer> {
        let &Config { hidden_size: hidden, intermediate_size: inner, head_dim, biases, qk_norm, .. } = self.config;
        let (heads, kv_heads) = (self.config.num_attention_heads, self.config.num_key_value_heads);
        let name = |part: &str| format!("model.layers.{i}.{part}");
        let (queries, keys) = (heads * head_dim, kv_heads * head_dim);
        let qkv = [
            self.linear(&name("self_attn.q_proj"), queries, hidden, biases.qkv)?,
            self.linear(&name("self_attn.k_proj"), keys, hidden, biases.qkv)?,
            self.linear(&name("self_attn.v_proj"), keys, hidden, biases.qkv)?,
        ];
        let output = self.linear(&name("self_attn.o_proj"), hidden, queries, biases.output)?;
        let mut head_norm = |part: &str| qk_norm.then(|| self.norm(&name(part), head_dim)).transpose();
        let attention = Attention {
            qkv: Linear::stacked(&qkv)?,
            output: Linear::stacked(&[output])?,
            q_norm: head_norm("self_attn.q_norm")?,
            k_norm: head_norm("self_attn.k_norm")?,
            heads,
            kv_heads,
            head_dim,
            window: self.config.windows.get(i).copied().flatten(),
        };
        let gate = self.linear(&name("mlp.gate_proj"), inner, hidden, biases.mlp)?;
        let up = self.linear(&name("mlp.up_proj"), inner, hidden, biases.mlp)?;
        let down = self.linear(&name("mlp.down_proj"), hidden, inner, biases.mlp)?;
        Ok(Layer {
            attention_norm: self.norm(&name("input_layernorm"), hidden)?,
            attention,
            mlp_norm: self.norm(&name("post_attention_layernorm"), hidden)?,
            mlp: Mlp { gate_up: Linear::stacked(&[gate, up])?, down: Linear::stacked(&[down])? },
        })
    }

    fn linear(&mut self, name: &str, outputs: usize, inputs: usize, biased: bool) -> Result<Part> {
        let weight = self.matrix(name, outputs, inputs)?;
        let bias = biased.then(|| self.tensor(&format!("{name}.bias"), &[outputs])).transpose()?;
        Ok((weight, bias))
    }

    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Tensor> {
        let weight = self.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        match self.dtype {
            Some(dtype) => Ok(dtype.round(&weight)?),
            None => Ok(weight),
        }
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<RmsNorm> {
        Ok(RmsNorm { weight: self.tensor(&format!("{name}.weight"), &[width])?, eps: self.config.rms_norm_eps })
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        self.weights.tensor(name, shape, self.device)
    }
}
