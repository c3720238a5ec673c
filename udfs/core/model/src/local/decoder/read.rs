//! Weights → decoder. Names are those of the Hugging Face checkpoints, which [`Weights`] knows how to find in its file.

use candle_core::{Device, Tensor};

use super::{
    Config, Decoder,
    layer::{Attention, Layer, Mlp},
    linear::{Linear, Part},
    norm::RmsNorm,
    rotary::Rotary,
};
use crate::{Result, local::weights::Weights};

/// The decoder of `config` whose weights `weights` holds.
pub(super) fn read(config: Config, weights: &mut dyn Weights, device: &Device) -> Result<Decoder> {
    let (hidden, vocab) = (config.hidden_size, config.vocab_size);
    let embedding = weights.tensor("model.embed_tokens.weight", &[vocab, hidden], device)?;
    let tied = config.tie_word_embeddings.unwrap_or_else(|| !weights.holds("lm_head.weight"));
    let head = match tied {
        true => embedding.clone(),
        false => weights.tensor("lm_head.weight", &[vocab, hidden], device)?,
    };
    let mut reader = Reader { config: &config, weights, device };
    let norm = reader.norm("model.norm", hidden)?;
    let layers = (0..config.num_hidden_layers).map(|i| reader.layer(i)).collect::<Result<_>>()?;
    Ok(Decoder {
        embedding,
        layers,
        norm,
        head: Linear::stacked(&[(head, None)])?,
        rotary: Rotary::new(&config.rope, config.head_dim),
        config,
        device: device.clone(),
    })
}

/// Reads named parts of a decoder.
struct Reader<'a> {
    config: &'a Config,
    weights: &'a mut dyn Weights,
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
        let weight = self.tensor(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = biased.then(|| self.tensor(&format!("{name}.bias"), &[outputs])).transpose()?;
        Ok((weight, bias))
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<RmsNorm> {
        Ok(RmsNorm { weight: self.tensor(&format!("{name}.weight"), &[width])?, eps: self.config.rms_norm_eps })
    }

    fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor> {
        self.weights.tensor(name, shape, self.device)
    }
}
