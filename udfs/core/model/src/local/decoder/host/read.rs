//! Weights → decoder. Names are those of the Hugging Face checkpoints, which [`Weights`] knows how to find in its file.

use std::sync::Mutex;

use candle_core::Device;

use super::{
    super::{Config, Precision, rotary::Rotary},
    Runner,
    layer::{Attention, Layer, Mlp, Workspace},
    linear::{Linear, Part},
    norm::{HeadNorm, RmsNorm},
};
use crate::{
    Result,
    local::{WeightDtype, cpu::Cpu, matrix::Matrix, weights::Weights},
};

/// The decoder of `config` whose weights `weights` holds, matrices rounded to `dtype`.
pub(in crate::local::decoder) fn read(
    config: &Config,
    weights: &mut dyn Weights,
    dtype: Option<WeightDtype>,
    cpu: Cpu,
    precision: Precision,
) -> Result<Runner> {
    let (hidden, vocab) = (config.hidden_size, config.vocab_size);
    let tied = config.tie_word_embeddings.unwrap_or_else(|| !weights.holds("lm_head.weight"));
    let in_bytes = precision == Precision::Int8;
    let mut reader = Reader { config, weights, dtype, in_bytes };
    let embedding = Linear::new(&[(reader.matrix("model.embed_tokens", vocab, hidden)?, None)], in_bytes);
    let (embedding, head) = match tied {
        true => (None, embedding),
        false => (Some(embedding), Linear::new(&[(reader.matrix("lm_head", vocab, hidden)?, None)], in_bytes)),
    };
    let norm = RmsNorm::new(&reader.vector("model.norm.weight", hidden)?, config.rms_norm_eps);
    let layers = (0..config.num_hidden_layers).map(|i| reader.layer(i)).collect::<Result<_>>()?;
    Ok(Runner {
        layers,
        norm,
        embedding,
        head,
        rotary: Rotary::new(&config.rope, config.head_dim),
        hidden,
        cpu,
        work: Mutex::new(Workspace::default()),
    })
}

/// Reads named parts of a decoder.
struct Reader<'a> {
    config: &'a Config,
    weights: &'a mut dyn Weights,
    dtype: Option<WeightDtype>,
    in_bytes: bool,
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
        let (eps, in_bytes) = (self.config.rms_norm_eps, self.in_bytes);
        let mut head_norm = |part: &str| -> Result<Option<HeadNorm>> {
            Ok(match qk_norm {
                true => Some(HeadNorm::new(&self.vector(&name(part), head_dim)?, eps)),
                false => None,
            })
        };
        let (q_norm, k_norm) = (head_norm("self_attn.q_norm.weight")?, head_norm("self_attn.k_norm.weight")?);
        let attention = Attention {
            qkv: Linear::new(&qkv, in_bytes),
            output: Linear::new(&[output], in_bytes),
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
            mlp: Mlp { gate_up: Linear::new(&[gate, up], in_bytes), down: Linear::new(&[down], in_bytes) },
        })
    }

    fn linear(&mut self, name: &str, outputs: usize, inputs: usize, biased: bool) -> Result<Part> {
        let weight = self.matrix(name, outputs, inputs)?;
        let bias = biased.then(|| self.vector(&format!("{name}.bias"), outputs)).transpose()?;
        Ok((weight, bias))
    }

    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Matrix> {
        let name = format!("{name}.weight");
        match self.dtype {
            None => self.weights.matrix(&name, outputs, inputs),
            Some(dtype) => {
                let weight = self.weights.tensor(&name, &[outputs, inputs], &Device::Cpu)?;
                Matrix::from_tensor(&dtype.round(&weight)?)
            }
        }
    }

    fn vector(&mut self, name: &str, width: usize) -> Result<Vec<f32>> {
        Ok(self.weights.tensor(name, &[width], &Device::Cpu)?.to_vec1()?)
    }
}
