//! Sizes and constants of a decoder, whatever file they come from.

use super::rotary::Rope;

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
    /// Rotary frequencies.
    pub rope: Rope,
    /// The most tokens of a sequence.
    pub max_position_embeddings: usize,
    /// Which linear maps have a bias.
    pub biases: Biases,
    /// An RMS norm on each query and key head.
    pub qk_norm: bool,
    /// The output is the embedding, transposed. `None` where the file does not say: then it is where it holds no other.
    pub tie_word_embeddings: Option<bool>,
    /// For each layer, how far its tokens look back: token i sees token j where i - j < window. `None` is all the way.
    pub windows: Vec<Option<usize>>,
}

/// Which linear maps have a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Biases {
    /// Query, key and value.
    pub qkv: bool,
    /// The output of attention.
    pub output: bool,
    /// The feed-forward layer.
    pub mlp: bool,
}

impl Config {
    /// These sizes, or what is wrong with them in one sentence.
    pub fn check(self) -> Result<Self, String> {
        let (heads, kv_heads, head_dim) = (self.num_attention_heads, self.num_key_value_heads, self.head_dim);
        if heads == 0 || kv_heads == 0 || heads % kv_heads != 0 {
            return Err(format!("{heads} query heads cannot share {kv_heads} key heads"));
        }
        if head_dim == 0 || head_dim % 2 != 0 {
            return Err(format!("heads of width {head_dim} cannot be rotated in pairs"));
        }
        if self.windows.contains(&Some(0)) {
            return Err("a window of 0 tokens leaves nothing to look at".into());
        }
        Ok(self)
    }
}
