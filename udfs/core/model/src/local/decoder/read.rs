//! Weights → decoder. Names are those of the Hugging Face checkpoints, which [`Weights`] knows how to find in its file.

use std::sync::Mutex;

use candle_core::Device;

use super::{
    Config, Decoder, Precision,
    layer::{Attention, Layer, Mlp, Workspace},
    linear::{Linear, Part},
    norm::{HeadNorm, RmsNorm},
    rotary::Rotary,
};
use crate::{
    Result,
    local::{cpu::Cpu, weights::Weights},
};

/// The decoder of `config` whose weights `weights` holds.
pub(super) fn read(config: Config, weights: &mut dyn Weights, cpu: Cpu, precision: Precision) -> Result<Decoder> {
    let (hidden, vocab) = (config.hidden_size, config.vocab_size);
    let embedding = Linear::new(&[(weights.matrix("model.embed_tokens.weight", vocab, hidden)?, None)], precision);
    let tied = config.tie_word_embeddings.unwrap_or_else(|| !weights.holds("lm_head.weight"));
    let (embedding, head) = match tied {
        true => (None, embedding),
        false => {
            let head = weights.matrix("lm_head.weight", vocab, hidden)?;
            (Some(embedding), Linear::new(&[(head, None)], precision))
        }
    };
    let mut reader = Reader { config: &config, weights, precision };
    let norm = RmsNorm::new(&reader.vector("model.norm.weight", hidden)?, config.rms_norm_eps);
    let layers = (0..config.num_hidden_layers).map(|i| reader.layer(i)).collect::<Result<_>>()?;
    Ok(Decoder {
        embedding,
        layers,
        norm,
        head,
        rotary: Rotary::new(&config.rope, config.head_dim),
        config,
        cpu,
        work: Mutex::new(Workspace::default()),
    })
}

/// Reads named parts of a decoder.
struct Reader<'a> {
    config: &'a Config,
    weights: &'a mut dyn Weights,
    precision: Precision,
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
        let (eps, precision) = (self.config.rms_norm_eps, self.precision);
        let mut head_norm = |part: &str| -> Result<Option<HeadNorm>> {
            Ok(match qk_norm {
                true => Some(HeadNorm::new(&self.vector(&name(part), head_dim)?, eps)),
                false => None,
            })
        };
        let (q_norm, k_norm) = (head_norm("self_attn.q_norm.weight")?, head_norm("self_attn.k_norm.weight")?);
        let attention = Attention {
            qkv: Linear::new(&qkv, precision),
            output: Linear::new(&[output], precision),
            q_norm,
            k_norm,
            heads,
            kv_heads,
            head_dim,
            window: self.config.windows.get(i).copied().flatten(),
        };
        let gate = self.linear(&name("mlp.gate_proj"), inner, hidden, biases.mlp)?;
        let up = self.linear(&name("mlp.up_proj"), inner, hidden, biases.mlp)?;
        let down = self.linear(&name("mlp.down_proj"), hidden, inner, biases.mlp)?;
        Ok(Layer {
            attention_norm: RmsNorm::new(&self.vector(&name("input_layernorm.weight"), hidden)?, eps),
            attention,
            mlp_norm: RmsNorm::new(&self.vector(&name("post_attention_layernorm.weight"), hidden)?, eps),
            mlp: Mlp { gate_up: Linear::new(&[gate, up], precision), down: Linear::new(&[down], precision) },
        })
    }

    fn linear(&mut self, name: &str, outputs: usize, inputs: usize, biased: bool) -> Result<Part> {
        let weight = self.weights.matrix(&format!("{name}.weight"), outputs, inputs)?;
        let bias = biased.then(|| self.vector(&format!("{name}.bias"), outputs)).transpose()?;
        Ok((weight, bias))
    }

    fn vector(&mut self, name: &str, width: usize) -> Result<Vec<f32>> {
        Ok(self.weights.tensor(name, &[width], &Device::Cpu)?.to_vec1()?)
    }
}
