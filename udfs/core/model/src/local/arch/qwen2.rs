//! Qwen 2 and 2.5 (arXiv 2407.10671, 2412.15115): biases on query, key and value. The distillations of
//! DeepSeek-R1 on Qwen are of this architecture.

use super::{Architecture, AttentionBias, Window};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "qwen2",
    gguf: Some("qwen2"),
    gguf_interleaved: false,
    attention_bias: AttentionBias::QueryKeyValue,
    mlp_bias: false,
    qk_norm: false,
    head_dim: None,
    window: Window::Switched,
};
