//! Llama: Touvron et al., arXiv 2302.13971 and 2307.09288; Llama 3 (arXiv 2407.21783), which scales rotary frequencies.
//! SmolLM2, TinyLlama and the distillations of DeepSeek-R1 on Llama are of this architecture.

use super::{Architecture, AttentionBias, Window};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "llama",
    gguf: Some("llama"),
    gguf_interleaved: true,
    attention_bias: AttentionBias::Keyed,
    mlp_bias: true,
    qk_norm: false,
    head_dim: None,
    window: Window::Never,
};
