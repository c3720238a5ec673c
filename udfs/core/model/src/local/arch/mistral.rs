//! Mistral 7B (Jiang et al., arXiv 2310.06825): Llama with an optional window and no biases. Version 0.1 sets
//! the window, later ones do not. GGUF files call it `llama`, with the same order of rows.

use super::{Architecture, AttentionBias, Window};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "mistral",
    gguf: None,
    gguf_interleaved: true,
    attention_bias: AttentionBias::Never,
    mlp_bias: false,
    qk_norm: false,
    head_dim: None,
    window: Window::Keyed,
};
