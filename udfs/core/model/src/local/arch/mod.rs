//! What the architectures differ in, one a file.
//!
//! All of them are one [`Decoder`](super::decoder::Decoder), pre-norm with rotary positions, grouped queries and a
//! gated feed-forward layer. An architecture states the rest as plain values: which biases it has, whether
//! heads are normalized, which layers look back only so far, and how its files name and store things.

mod llama;
mod mistral;
mod qwen2;
mod qwen3;

/// What sets an architecture apart.
#[derive(Debug)]
pub struct Architecture {
    /// `model_type` in `config.json`.
    pub name: &'static str,
    /// `general.architecture` in GGUF, where it has a name of its own there.
    pub gguf: Option<&'static str>,
    /// In GGUF, rows of query and key stand in an order in which rotary pairs are neighbours.
    pub gguf_interleaved: bool,
    /// Which projections of attention have a bias.
    pub attention_bias: AttentionBias,
    /// The feed-forward layer has biases where key `mlp_bias` says so.
    pub mlp_bias: bool,
    /// An RMS norm on each query and key head, before rotation.
    pub qk_norm: bool,
    /// `head_dim` where `config.json` does not say; `None` is `hidden_size / num_attention_heads`.
    pub head_dim: Option<usize>,
    /// Which layers look back over a window only.
    pub window: Window,
}

/// Which projections of attention have a bias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttentionBias {
    /// None.
    Never,
    /// Query, key and value, always.
    QueryKeyValue,
    /// Query, key, value and output where key `attention_bias` says so.
    Keyed,
}

/// Which layers look back over a window only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// None.
    Never,
    /// All, where `sliding_window` is a number.
    Keyed,
    /// Those from `max_window_layers` on, where `use_sliding_window` is true; `sliding_window` alone says nothing.
    Switched,
}

/// The architectures that are built.
pub const BUILT: [&Architecture; 4] =
    [&llama::ARCHITECTURE, &mistral::ARCHITECTURE, &qwen2::ARCHITECTURE, &qwen3::ARCHITECTURE];

impl Architecture {
    /// The architecture that `config.json` calls `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        BUILT.into_iter().find(|a| a.name == name)
    }

    /// The architecture that GGUF calls `name`.
    pub fn named_in_gguf(name: &str) -> Option<&'static Self> {
        BUILT.into_iter().find(|a| a.gguf == Some(name))
    }
}

/// The names of the architectures that are built, for a hint.
pub(super) fn built() -> String {
    BUILT.map(|a| a.name).join(", ")
}
