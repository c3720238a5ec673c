//! Llama (Touvron et al., arXiv 2302.13971; grouped queries from 2307.09288) and the architectures that differ from it by
//! a term: Qwen 2 (a bias on query, key and value, arXiv 2407.10671) and Qwen 3 (an RMS norm on each query and key head, arXiv
//! 2505.09388). Read from GGUF, computed in f32 on dequantized weights.
//!
//! A forward pass takes any number of sequences at once, each with any number of new tokens: what is linear
//! in a token runs over all of them as one matrix `[tokens, …]`, and attention runs by sequence, over that
//! sequence's own cache. A prompt is then a sequence with many new tokens and a decoding step is many
//! sequences with one, and both can share a pass.
//!
//! Shapes: `tokens` counts the new tokens of all sequences together.

use candle_core::{Device, IndexOp, Result, Tensor};
use candle_nn::ops::{rms_norm, swiglu};
use rayon::prelude::*;

use super::{attention::attend, cache::KvCache, gguf::Gguf, product::times_transposed};

/// Sizes and constants, under the names of `config.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Tokens that have an embedding; may exceed those of the tokenizer.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width of the feed-forward layer.
    pub intermediate_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Query heads of a layer.
    pub num_attention_heads: usize,
    /// Key and value heads of a layer.
    pub num_key_value_heads: usize,
    /// Width of a head; need not be `hidden_size / num_attention_heads`.
    pub head_dim: usize,
    /// Added to the mean square before its root is taken.
    pub rms_norm_eps: f32,
    /// Base of the rotary frequencies.
    pub rope_theta: f64,
    /// All rotary frequencies are divided by this (linear scaling).
    pub rope_factor: f64,
    /// The most tokens of a sequence.
    pub max_position_embeddings: usize,
}

impl Config {
    /// The configuration in the metadata of `gguf`.
    pub fn from_gguf(gguf: &Gguf) -> crate::Result<Self> {
        let size = |name: &str| gguf.require(&gguf.own(name), Gguf::count);
        if let Some(experts) = gguf.count(&gguf.own("expert_count"))?.filter(|&n| n > 0) {
            return Err(gguf.invalid(format!("it is a mixture of {experts} experts, which is not built")));
        }
        let hidden_size = size("embedding_length")?;
        let num_attention_heads = size("attention.head_count")?;
        let kv_heads = gguf.count(&gguf.own("attention.head_count_kv"))?;
        let head_dim = match gguf.count(&gguf.own("attention.key_length"))? {
            Some(head_dim) => head_dim,
            None => hidden_size.checked_div(num_attention_heads).unwrap_or(0),
        };
        let config = Self {
            vocab_size: gguf.shape("token_embd.weight")?.first().copied().unwrap_or(0),
            hidden_size,
            intermediate_size: size("feed_forward_length")?,
            num_hidden_layers: size("block_count")?,
            num_attention_heads,
            num_key_value_heads: kv_heads.unwrap_or(num_attention_heads),
            head_dim,
            rms_norm_eps: gguf.require(&gguf.own("attention.layer_norm_rms_epsilon"), Gguf::number)? as f32,
            rope_theta: gguf.number(&gguf.own("rope.freq_base"))?.unwrap_or(10_000.0),
            rope_factor: rope_factor(gguf)?,
            max_position_embeddings: size("context_length")?,
        };
        let rotated = gguf.count(&gguf.own("rope.dimension_count"))?.unwrap_or(head_dim);
        let values = gguf.count(&gguf.own("attention.value_length"))?.unwrap_or(head_dim);
        let (heads, kv_heads) = (num_attention_heads, config.num_key_value_heads);
        if heads == 0 || kv_heads == 0 || heads % kv_heads != 0 {
            return Err(gguf.invalid(format!("{heads} query heads cannot share {kv_heads} key heads")));
        }
        if head_dim == 0 || head_dim % 2 != 0 || rotated != head_dim || values != head_dim {
            return Err(gguf.invalid(format!(
                "heads of {head_dim} with {rotated} dimensions rotated and values of {values} are not built"
            )));
        }
        Ok(config)
    }
}

/// By how much linear scaling divides the rotary frequencies.
fn rope_factor(gguf: &Gguf) -> crate::Result<f64> {
    match gguf.text(&gguf.own("rope.scaling.type"))? {
        None | Some("none") => Ok(1.0),
        Some("linear") => gguf.require(&gguf.own("rope.scaling.factor"), Gguf::number),
        Some(other) => Err(gguf.invalid(format!("rope scaling of type {other:?} is not built"))),
    }
}

/// y = x Wᵀ + b.
struct Linear {
    weight: Tensor,       // [outputs, inputs]
    bias: Option<Tensor>, // [outputs]
}

impl Linear {
    /// Several maps of one input as one, which reads the input once and multiplies one larger matrix.
    fn stacked(parts: &[Weights]) -> Result<Self> {
        let weights: Vec<&Tensor> = parts.iter().map(|(weight, _)| weight).collect();
        let biases: Option<Vec<&Tensor>> = parts.iter().map(|(_, bias)| bias.as_ref()).collect();
        Ok(Self { weight: Tensor::cat(&weights, 0)?, bias: biases.map(|biases| Tensor::cat(&biases, 0)).transpose()? })
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = times_transposed(x, &self.weight)?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}

/// Root mean square layer normalization (Zhang and Sennrich, arXiv 1910.07467) over the last dimension.
struct RmsNorm {
    weight: Tensor,
    eps: f32,
}

impl RmsNorm {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        rms_norm(x, &self.weight, self.eps)
    }
}

/// Rotary position embedding (Su et al., arXiv 2104.09864), dimension i paired with i + head_dim / 2.
struct Rotary {
    inverse_frequencies: Vec<f32>, // [head_dim / 2]
}

/// Cosines and sines of the new tokens' angles, `[tokens, head_dim / 2]`.
struct Angles {
    cos: Tensor,
    sin: Tensor,
}

impl Rotary {
    /// `divisors` are those of a scaling that differs by frequency (Llama 3's), `[head_dim / 2]`.
    fn new(config: &Config, divisors: Option<Vec<f32>>) -> Self {
        let half = config.head_dim / 2;
        let divisors = divisors.unwrap_or_else(|| vec![1.0; half]);
        let inverse_frequencies = (0..half)
            .zip(divisors)
            .map(|(i, divisor)| {
                let exponent = 2.0 * i as f64 / config.head_dim as f64;
                let frequency = 1.0 / config.rope_theta.powf(exponent) / config.rope_factor;
                frequency as f32 / divisor
            })
            .collect();
        Self { inverse_frequencies }
    }

    fn angles(&self, positions: &[usize], device: &Device) -> Result<Angles> {
        let shape = (positions.len(), self.inverse_frequencies.len());
        let (cos, sin) = positions
            .iter()
            .flat_map(|&p| self.inverse_frequencies.iter().map(move |f| p as f32 * f))
            .map(|angle| (angle.cos(), angle.sin()))
            .unzip();
        Ok(Angles {
            cos: Tensor::from_vec::<_, f32>(cos, shape, device)?,
            sin: Tensor::from_vec::<_, f32>(sin, shape, device)?,
        })
    }
}

impl Angles {
    /// Rotates `x`, `[tokens, heads, head_dim]`.
    fn rotate(&self, x: &Tensor) -> Result<Tensor> {
        candle_nn::rotary_emb::rope_thd(&x.unsqueeze(0)?, &self.cos, &self.sin)?.squeeze(0)
    }
}

struct Attention {
    qkv: Linear, // hidden → (heads + 2 × kv_heads) × head_dim
    output: Linear,
    q_norm: Option<RmsNorm>, // [head_dim]
    k_norm: Option<RmsNorm>,
    heads: usize,
    kv_heads: usize,
    head_dim: usize,
}

impl Attention {
    fn forward(&self, layer: usize, x: &Tensor, angles: &Angles, spans: &mut [Span<'_>]) -> Result<Tensor> {
        let qkv = self.qkv.forward(x)?;
        let mut at = 0;
        let mut split = |heads: usize| -> Result<Tensor> {
            let width = heads * self.head_dim;
            let part = qkv.narrow(1, at, width)?.contiguous()?;
            at += width;
            part.reshape(((), heads, self.head_dim))
        };
        let (mut q, mut k, v) = (split(self.heads)?, split(self.kv_heads)?, split(self.kv_heads)?);
        if let (Some(q_norm), Some(k_norm)) = (&self.q_norm, &self.k_norm) {
            (q, k) = (q_norm.forward(&q)?, k_norm.forward(&k)?);
        }
        let q = (angles.rotate(&q)? * (self.head_dim as f64).powf(-0.5))?;
        let k = angles.rotate(&k)?;

        let ends = spans.iter().scan(0, |end, span| {
            *end += span.tokens.len();
            Some(*end)
        });
        let mixed = ends
            .collect::<Vec<_>>()
            .into_par_iter()
            .zip(spans)
            .map(|(end, span)| {
                let n = span.tokens.len();
                let own = |x: &Tensor| x.narrow(0, end - n, n);
                let heads_first = |x: &Tensor| own(x)?.transpose(0, 1)?.contiguous();
                let (keys, values) = span.cache.write(layer, &heads_first(&k)?, &heads_first(&v)?)?;
                attend(&own(&q)?, &keys, &values)
            })
            .collect::<Result<Vec<_>>>()?;
        self.output.forward(&Tensor::cat(&mixed, 0)?)
    }
}

/// Gated feed-forward layer (Shazeer, arXiv 2002.05202): down(silu(gate(x)) · up(x)).
struct Mlp {
    gate_up: Linear, // hidden → 2 × intermediate
    down: Linear,
}

impl Mlp {
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.down.forward(&swiglu(&self.gate_up.forward(x)?)?)
    }
}

struct Layer {
    attention_norm: RmsNorm,
    attention: Attention,
    mlp_norm: RmsNorm,
    mlp: Mlp,
}

impl Layer {
    fn forward(&self, layer: usize, x: &Tensor, angles: &Angles, spans: &mut [Span<'_>]) -> Result<Tensor> {
        let attended = self.attention.forward(layer, &self.attention_norm.forward(x)?, angles, spans)?;
        let x = (x + attended)?;
        &x + self.mlp.forward(&self.mlp_norm.forward(&x)?)?
    }
}

/// New tokens of one sequence, and what it has seen before them.
pub struct Span<'a> {
    /// At least one token.
    pub tokens: &'a [u32],
    /// Takes in the tokens.
    pub cache: &'a mut KvCache,
}

/// The decoder.
pub struct Llama {
    embedding: Tensor, // [vocab, hidden]
    layers: Vec<Layer>,
    norm: RmsNorm,
    head: Linear,
    rotary: Rotary,
    config: Config,
    device: Device,
}

impl Llama {
    /// Reads the weights from `gguf`.
    pub fn from_gguf(gguf: &mut Gguf, device: &Device) -> crate::Result<Self> {
        // Llama's rows of query and key are stored in the order in which rotary pairs are neighbours; the
        // others' are not.
        let interleaved = match gguf.architecture() {
            "llama" => true,
            "qwen2" | "qwen3" => false,
            other => {
                return Err(gguf
                    .invalid(format!("its architecture is {other:?}, which is not built"))
                    .with_hint("built are llama, qwen2 and qwen3"));
            }
        };
        let config = Config::from_gguf(gguf)?;
        let Config { hidden_size: hidden, intermediate_size: inner, head_dim, vocab_size: vocab, .. } = config;
        let (heads, kv_heads) = (config.num_attention_heads, config.num_key_value_heads);

        let divisors = match gguf.holds("rope_freqs.weight") {
            true => Some(gguf.tensor("rope_freqs.weight", &[head_dim / 2], &Device::Cpu)?.to_vec1()?),
            false => None,
        };
        let rotary = Rotary::new(&config, divisors);
        let embedding = gguf.tensor("token_embd.weight", &[vocab, hidden], device)?;
        let head = match gguf.holds("output.weight") {
            true => gguf.tensor("output.weight", &[vocab, hidden], device)?,
            // Tied: the file holds one matrix for both ends.
            false => embedding.clone(),
        };
        let mut read = Reader { gguf, device, eps: config.rms_norm_eps };
        let norm = read.norm("output_norm", hidden)?;
        let mut layers = Vec::with_capacity(config.num_hidden_layers);
        for i in 0..config.num_hidden_layers {
            let name = |part: &str| format!("blk.{i}.{part}");
            let rotated = interleaved.then_some(head_dim);
            let q = read.linear(&name("attn_q"), heads * head_dim, hidden, rotated)?;
            let k = read.linear(&name("attn_k"), kv_heads * head_dim, hidden, rotated)?;
            let v = read.linear(&name("attn_v"), kv_heads * head_dim, hidden, None)?;
            let output = read.linear(&name("attn_output"), hidden, heads * head_dim, None)?;
            let attention = Attention {
                qkv: Linear::stacked(&[q, k, v])?,
                output: Linear::stacked(&[output])?,
                q_norm: read.optional_norm(&name("attn_q_norm"), head_dim)?,
                k_norm: read.optional_norm(&name("attn_k_norm"), head_dim)?,
                heads,
                kv_heads,
                head_dim,
            };
            let gate = read.linear(&name("ffn_gate"), inner, hidden, None)?;
            let up = read.linear(&name("ffn_up"), inner, hidden, None)?;
            let down = read.linear(&name("ffn_down"), hidden, inner, None)?;
            layers.push(Layer {
                attention_norm: read.norm(&name("attn_norm"), hidden)?,
                attention,
                mlp_norm: read.norm(&name("ffn_norm"), hidden)?,
                mlp: Mlp { gate_up: Linear::stacked(&[gate, up])?, down: Linear::stacked(&[down])? },
            });
        }
        Ok(Self {
            head: Linear { weight: head, bias: None },
            embedding,
            layers,
            norm,
            rotary,
            config,
            device: device.clone(),
        })
    }

    /// Sizes and constants.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// An empty cache with room for `tokens` tokens before it grows.
    pub fn cache(&self, tokens: usize) -> Result<KvCache> {
        let Config { num_hidden_layers: layers, num_key_value_heads: heads, head_dim, .. } = self.config;
        KvCache::new(layers, heads, head_dim, tokens, &self.device)
    }

    /// Runs the new tokens of all `spans`, whose caches take them in, and gives the last layer's normalized
    /// state of each, `[tokens, hidden]`, in the order of the spans. Tokens lie below `vocab_size`.
    pub fn forward(&self, spans: &mut [Span<'_>]) -> Result<Tensor> {
        let mut ids = Vec::new();
        let mut positions = Vec::new();
        for span in &mut *spans {
            ids.extend_from_slice(span.tokens);
            positions.extend((span.cache.len()..).take(span.tokens.len()));
            span.cache.reserve(span.tokens.len())?;
        }
        let angles = self.rotary.angles(&positions, &self.device)?;
        let mut x = self.embedding.index_select(&Tensor::new(ids, &self.device)?, 0)?;
        for (i, layer) in self.layers.iter().enumerate() {
            x = layer.forward(i, &x, &angles, spans)?;
        }
        for span in spans {
            span.cache.advance(span.tokens.len());
        }
        self.norm.forward(&x)
    }

    /// The logits `[rows, vocab]` of rows of [`forward`](Self::forward)'s result.
    pub fn logits(&self, hidden: &Tensor, rows: &[u32]) -> Result<Tensor> {
        // All rows in order need no copy.
        let all = rows.len() == hidden.dim(0)?;
        let hidden = match all {
            true => hidden.i(..)?,
            false => hidden.index_select(&Tensor::new(rows, &self.device)?, 0)?,
        };
        self.head.forward(&hidden)
    }
}

/// A weight `[outputs, inputs]` and its bias `[outputs]`.
type Weights = (Tensor, Option<Tensor>);

/// Reads named parts of a model.
struct Reader<'a> {
    gguf: &'a mut Gguf,
    device: &'a Device,
    eps: f32,
}

impl Reader<'_> {
    /// `name.weight`, and `name.bias` where there is one. `rotated` is the width of heads whose rows have
    /// rotary pairs as neighbours.
    fn linear(&mut self, name: &str, outputs: usize, inputs: usize, rotated: Option<usize>) -> crate::Result<Weights> {
        let apart = |x: Tensor| match rotated {
            Some(head_dim) => pairs_apart(&x, head_dim),
            None => Ok(x),
        };
        let weight = self.gguf.tensor(&format!("{name}.weight"), &[outputs, inputs], self.device)?;
        let bias = format!("{name}.bias");
        let bias = match self.gguf.holds(&bias) {
            true => Some(apart(self.gguf.tensor(&bias, &[outputs], self.device)?)?),
            false => None,
        };
        Ok((apart(weight)?, bias))
    }

    fn norm(&mut self, name: &str, width: usize) -> crate::Result<RmsNorm> {
        let weight = self.gguf.tensor(&format!("{name}.weight"), &[width], self.device)?;
        Ok(RmsNorm { weight, eps: self.eps })
    }

    fn optional_norm(&mut self, name: &str, width: usize) -> crate::Result<Option<RmsNorm>> {
        match self.gguf.holds(&format!("{name}.weight")) {
            true => self.norm(name, width).map(Some),
            false => Ok(None),
        }
    }
}

/// Reorders the rows of each head from (0, half, 1, half + 1, …), where rotary pairs are neighbours, to (0,
/// 1, …, half, half + 1, …), so that one rotary form serves all architectures.
fn pairs_apart(rows: &Tensor, head_dim: usize) -> Result<Tensor> {
    rows.reshape(((), head_dim / 2, 2, rows.elem_count() / rows.dim(0)?))?
        .transpose(1, 2)?
        .contiguous()?
        .reshape(rows.shape())
}
