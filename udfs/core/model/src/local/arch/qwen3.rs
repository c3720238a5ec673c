//! Qwen 3 (arXiv 2505.09388), the dense models: an RMS norm on each query and key head instead of Qwen 2's
//! biases, and heads whose width is a size of its own.

use super::{Architecture, AttentionBias, Window};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "qwen3",
    gguf: Some("qwen3"),
    gguf_interleaved: false,
    attention_bias: AttentionBias::Keyed,
    mlp_bias: false,
    qk_norm: true,
    head_dim: Some(128),
    window: Window::Switched,
};
