//! A decoder in a GGUF file: its sizes from the metadata, and its tensors under GGUF's names.

use std::path::Path;

use candle_core::{Device, Tensor};

use super::Weights;
use crate::{
    Result, digest,
    local::{
        LocalOptions, Parts, WeightDtype,
        arch::{self, Architecture, AttentionBias, Window},
        chat::ChatTemplate,
        decoder::{Biases, Config, Decoder, Place, Rope, RopeScaling},
        gguf::Gguf,
        matrix::{Matrix, Numbers},
        tokenizer::Tokenizer,
    },
};

/// Reads the model in the file at `path`.
pub(in crate::local) fn load(path: &Path, options: &LocalOptions, place: Place) -> Result<Parts> {
    let mut gguf = Gguf::open(path)?;
    let tokenizer = Tokenizer::from_gguf(&gguf)?;
    let template = gguf.text("tokenizer.chat_template")?;
    let chat =
        template.map(|source| ChatTemplate::new(source, tokenizer.bos(), tokenizer.eos(), options.now)).transpose()?;
    let decoder = decoder(&mut gguf, options.dtype, place)?;
    let sha256 = match &options.sha256 {
        Some(sha256) => sha256.clone(),
        None => digest::sha256_file(path)?,
    };
    Ok(Parts {
        tokenizer,
        chat,
        decoder,
        architecture: gguf.architecture().to_owned(),
        identity: format!("gguf:sha256:{sha256}"),
    })
}

/// The decoder in `gguf`, its matrices rounded to `dtype`.
pub fn decoder(gguf: &mut Gguf, dtype: Option<WeightDtype>, place: Place) -> Result<Decoder> {
    let config = config(gguf)?;
    let interleaved = architecture(gguf)?.gguf_interleaved.then_some(config.head_dim);
    Decoder::read(config, &mut GgufWeights { gguf, interleaved }, dtype, place)
}

/// The architecture of `gguf`.
pub fn architecture(gguf: &Gguf) -> Result<&'static Architecture> {
    Architecture::named_in_gguf(gguf.architecture()).ok_or_else(|| {
        gguf.invalid(format!("its architecture is {:?}, which is not built", gguf.architecture()))
            .with_hint(format!("built are {}", arch::built()))
    })
}

/// The sizes and constants in the metadata of `gguf`.
pub fn config(gguf: &mut Gguf) -> Result<Config> {
    let architecture = architecture(gguf)?;
    let scaling = rope_scaling(gguf)?;
    let size = |name: &str| gguf.require(&gguf.own(name), Gguf::count);
    if let Some(experts) = gguf.count(&gguf.own("expert_count"))?.filter(|&n| n > 0) {
        return Err(gguf.invalid(format!("it is a mixture of {experts} experts, which is not built")));
    }
    let hidden_size = size("embedding_length")?;
    let heads = size("attention.head_count")?;
    let head_dim = match gguf.count(&gguf.own("attention.key_length"))? {
        Some(head_dim) => head_dim,
        None => hidden_size.checked_div(heads).unwrap_or(0),
    };
    let rotated = gguf.count(&gguf.own("rope.dimension_count"))?.unwrap_or(head_dim);
    let values = gguf.count(&gguf.own("attention.value_length"))?.unwrap_or(head_dim);
    if rotated != head_dim || values != head_dim {
        return Err(gguf.invalid(format!(
            "heads of {head_dim} with {rotated} dimensions rotated and values of {values} are not built"
        )));
    }
    // GGUF has no key for biases: what the architecture leaves open, the file's tensors say.
    let has = |name: &str| gguf.holds(&format!("blk.0.{name}.bias"));
    let biases = match architecture.attention_bias {
        AttentionBias::Never | AttentionBias::Keyed => Biases { qkv: has("attn_q"), ..Biases::default() },
        AttentionBias::QueryKeyValue => Biases { qkv: true, ..Biases::default() },
    };
    let biases = Biases { output: has("attn_output"), mlp: has("ffn_down"), ..biases };
    let layers = size("block_count")?;
    let window = match architecture.window {
        // A Mistral is a Llama here.
        Window::Never | Window::Keyed => gguf.count(&gguf.own("attention.sliding_window"))?.filter(|&n| n > 0),
        Window::Switched => None,
    };
    let config = Config {
        vocab_size: gguf.shape("token_embd.weight")?.first().copied().unwrap_or(0),
        hidden_size,
        intermediate_size: size("feed_forward_length")?,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        num_key_value_heads: gguf.count(&gguf.own("attention.head_count_kv"))?.unwrap_or(heads),
        head_dim,
        rms_norm_eps: gguf.require(&gguf.own("attention.layer_norm_rms_epsilon"), Gguf::number)? as f32,
        rope: Rope { theta: gguf.number(&gguf.own("rope.freq_base"))?.unwrap_or(10_000.0), scaling },
        max_position_embeddings: size("context_length")?,
        biases,
        qk_norm: architecture.qk_norm,
        tie_word_embeddings: None,
        windows: vec![window; layers],
    };
    config.check().map_err(|wrong| gguf.invalid(wrong))
}

fn rope_scaling(gguf: &mut Gguf) -> Result<RopeScaling> {
    // Llama 3's scaling is written as divisors, which llama.cpp keeps as a tensor.
    const DIVISORS: &str = "rope_freqs.weight";
    if gguf.holds(DIVISORS) {
        let shape = gguf.shape(DIVISORS)?.to_vec();
        return Ok(RopeScaling::ByFrequency(gguf.tensor(DIVISORS, &shape, &Device::Cpu)?.to_vec1()?));
    }
    match gguf.text(&gguf.own("rope.scaling.type"))? {
        None | Some("none") => Ok(RopeScaling::None),
        Some("linear") => gguf.require(&gguf.own("rope.scaling.factor"), Gguf::number).map(RopeScaling::Linear),
        Some(other) => Err(gguf
            .invalid(format!("rope scaling of type {other:?} is not built"))
            .with_hint("built are linear and Llama 3's (rope_freqs.weight)")),
    }
}

/// The tensors of a GGUF file.
struct GgufWeights<'a> {
    gguf: &'a mut Gguf,
    /// Width of heads whose rows have rotary pairs as neighbours.
    interleaved: Option<usize>,
}

impl Weights for GgufWeights<'_> {
    fn holds(&self, name: &str) -> bool {
        self.gguf.holds(&in_gguf(name))
    }

    fn tensor(&mut self, name: &str, shape: &[usize], device: &Device) -> Result<Tensor> {
        let tensor = self.gguf.tensor(&in_gguf(name), shape, device)?;
        match self.interleaved {
            Some(head_dim) if name.contains(".q_proj.") || name.contains(".k_proj.") => {
                Ok(pairs_apart(&tensor, head_dim)?)
            }
            _ => Ok(tensor),
        }
    }

    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Matrix> {
        let Some((kind, blocks)) = self.gguf.blocks(&in_gguf(name), &[outputs, inputs])? else {
            return Matrix::from_tensor(&self.tensor(name, &[outputs, inputs], &Device::Cpu)?);
        };
        let matrix = Matrix { outputs, inputs, numbers: Numbers::Blocks(kind, blocks) };
        match self.interleaved {
            Some(head_dim) if name.contains(".q_proj.") || name.contains(".k_proj.") => {
                let half = head_dim / 2;
                // As `pairs_apart`: row i of a head's first half is the first of pair i.
                let order = |row: usize| row / head_dim * head_dim + row % half * 2 + row % head_dim / half;
                Ok(matrix.reordered(order))
            }
            _ => Ok(matrix),
        }
    }
}

/// GGUF's name of the tensor that the Hugging Face checkpoints call `name`.
fn in_gguf(name: &str) -> String {
    let Some((stem, kind)) = name.rsplit_once('.') else {
        return name.to_owned();
    };
    let stem = match stem {
        "model.embed_tokens" => "token_embd",
        "model.norm" => "output_norm",
        "lm_head" => "output",
        layer => match layer.strip_prefix("model.layers.").and_then(|rest| rest.split_once('.')) {
            Some((i, part)) => return format!("blk.{i}.{}.{kind}", part_in_gguf(part)),
            None => stem,
        },
    };
    format!("{stem}.{kind}")
}

fn part_in_gguf(part: &str) -> &str {
    match part {
        "self_attn.q_proj" => "attn_q",
        "self_attn.k_proj" => "attn_k",
        "self_attn.v_proj" => "attn_v",
        "self_attn.o_proj" => "attn_output",
        "self_attn.q_norm" => "attn_q_norm",
        "self_attn.k_norm" => "attn_k_norm",
        "mlp.gate_proj" => "ffn_gate",
        "mlp.up_proj" => "ffn_up",
        "mlp.down_proj" => "ffn_down",
        "input_layernorm" => "attn_norm",
        "post_attention_layernorm" => "ffn_norm",
        other => other,
    }
}

/// Reorders the rows of each head from (0, half, 1, half + 1, …), where rotary pairs are neighbours, to (0,
/// 1, …, half, half + 1, …), so that one rotary form serves all architectures.
fn pairs_apart(rows: &Tensor, head_dim: usize) -> candle_core::Result<Tensor> {
    rows.reshape(((), head_dim / 2, 2, rows.elem_count() / rows.dim(0)?))?
        .transpose(1, 2)?
        .contiguous()?
        .reshape(rows.shape())
}
