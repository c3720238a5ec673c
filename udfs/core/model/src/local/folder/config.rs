//! `config.json` → architecture and sizes, with the keys of the hub's 4.x files and of newer ones (`rope_parameters`).

use super::json::Json;
use crate::{
    Result,
    local::{
        arch::{self, Architecture, AttentionBias, Window},
        decoder::{Biases, Config, Rope, RopeScaling},
    },
};

/// What `model_type` names.
pub(super) fn architecture(json: &Json) -> Result<&'static Architecture> {
    let name = json.require("model_type", Json::text)?;
    let architecture = Architecture::named(name).ok_or_else(|| {
        json.invalid(format!("its architecture is {name:?}, which is not built"))
            .with_hint(format!("built are {}", arch::built()))
    })?;
    // The same layers may carry another head: a classifier or a reward model has no vocabulary to predict.
    match json.texts("architectures")? {
        Some(classes) if !classes.iter().any(|class| class.ends_with("ForCausalLM")) && !classes.is_empty() => {
            Err(json.invalid(format!("it is a {}, which predicts no tokens", classes.join(", "))))
        }
        _ => Ok(architecture),
    }
}

/// Sizes and constants.
pub(super) fn config(json: &Json) -> Result<Config> {
    let architecture = architecture(json)?;
    if let Some(quantization) = json.within("quantization_config")? {
        let method = quantization.text("quant_method")?.unwrap_or("unknown");
        return Err(json
            .invalid(format!("its weights are quantized ({method}), which is not built for safetensors"))
            .with_hint("take the checkpoint in bf16, or a GGUF file for quantized weights"));
    }
    if let Some(act) = json.text("hidden_act")?.filter(|&act| act != "silu" && act != "swish") {
        return Err(json.invalid(format!("hidden_act {act:?} is not built, only silu")));
    }
    let size = |key: &str| json.require(key, Json::count);
    let (hidden_size, heads) = (size("hidden_size")?, size("num_attention_heads")?);
    let head_dim = match (json.count("head_dim")?, architecture.head_dim) {
        (Some(head_dim), _) | (None, Some(head_dim)) => head_dim,
        (None, None) => hidden_size.checked_div(heads).unwrap_or(0),
    };
    let layers = size("num_hidden_layers")?;
    let max_position_embeddings = size("max_position_embeddings")?;
    let config = Config {
        vocab_size: size("vocab_size")?,
        hidden_size,
        intermediate_size: size("intermediate_size")?,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        num_key_value_heads: json.count("num_key_value_heads")?.unwrap_or(heads),
        head_dim,
        rms_norm_eps: json.require("rms_norm_eps", Json::number)? as f32,
        rope: rope(json, max_position_embeddings)?,
        max_position_embeddings,
        biases: biases(json, architecture)?,
        qk_norm: architecture.qk_norm,
        tie_word_embeddings: json.flag("tie_word_embeddings")?,
        windows: windows(json, architecture, layers)?,
    };
    config.check().map_err(|wrong| json.invalid(wrong))
}

fn biases(json: &Json, architecture: &Architecture) -> Result<Biases> {
    let on = |key: &str| json.flag(key).map(|flag| flag.unwrap_or(false));
    let (qkv, output) = match architecture.attention_bias {
        AttentionBias::Never => (false, false),
        AttentionBias::QueryKeyValue => (true, false),
        AttentionBias::Keyed => (on("attention_bias")?, on("attention_bias")?),
    };
    Ok(Biases { qkv, output, mlp: architecture.mlp_bias && on("mlp_bias")? })
}

/// Qwen's `max_window_layers` where the file does not say.
const MAX_WINDOW_LAYERS: usize = 28;

/// How far each layer looks back.
fn windows(json: &Json, architecture: &Architecture, layers: usize) -> Result<Vec<Option<usize>>> {
    let on = match architecture.window {
        Window::Never => false,
        Window::Keyed => true,
        Window::Switched => json.flag("use_sliding_window")?.unwrap_or(false),
    };
    let Some(window) = json.count("sliding_window")?.filter(|_| on) else {
        return Ok(vec![None; layers]);
    };
    // Newer files say it layer by layer.
    if let Some(types) = json.texts("layer_types")? {
        if types.len() != layers {
            return Err(json.invalid(format!("{} layer_types for {layers} layers", types.len())));
        }
        let window = |kind: &str| match kind {
            "full_attention" => Ok(None),
            "sliding_attention" => Ok(Some(window)),
            other => Err(json.invalid(format!("a layer of type {other:?} is not built"))),
        };
        return types.into_iter().map(window).collect();
    }
    let first = match architecture.window {
        Window::Switched => json.count("max_window_layers")?.unwrap_or(MAX_WINDOW_LAYERS),
        _ => 0,
    };
    Ok((0..layers).map(|i| (i >= first).then_some(window)).collect())
}

/// Base and scaling: `rope_theta` and `rope_scaling`, or `rope_parameters` with both.
fn rope(json: &Json, max_position_embeddings: usize) -> Result<Rope> {
    let parameters = json.within("rope_parameters")?;
    let theta = match &parameters {
        Some(parameters) => parameters.number("rope_theta")?,
        None => None,
    };
    let theta = theta.or(json.number("rope_theta")?).unwrap_or(10_000.0);
    // Files of other architectures have one set for each kind of layer.
    if let Some(kind) = parameters.as_ref().and_then(Json::first_object) {
        return Err(json.invalid(format!("rope_parameters of one kind of layer ({kind}) are not built")));
    }
    if json.number("partial_rotary_factor")?.is_some_and(|part| part != 1.0) {
        return Err(json.invalid("rotating a part of each head (partial_rotary_factor) is not built"));
    }
    let Some(scaling) = (match parameters {
        Some(parameters) => Some(parameters),
        None => json.within("rope_scaling")?,
    }) else {
        return Ok(Rope { theta, scaling: RopeScaling::None });
    };
    let number = |key: &str| scaling.require(key, Json::number);
    let scaling = match scaling.text("rope_type")?.or(scaling.text("type")?) {
        None | Some("default") => RopeScaling::None,
        Some("linear") => RopeScaling::Linear(number("factor")?),
        Some("llama3") => RopeScaling::Llama3 {
            factor: number("factor")?,
            low: number("low_freq_factor")?,
            high: number("high_freq_factor")?,
            original: scaling.number("original_max_position_embeddings")?.unwrap_or(max_position_embeddings as f64),
        },
        Some(other) => {
            return Err(json
                .invalid(format!("rope scaling of type {other:?} is not built"))
                .with_hint("built are default, linear and llama3"));
        }
    };
    Ok(Rope { theta, scaling })
}
