//! Sizes and constants of an encoder, and how `config.json` states them.

use super::{
    super::folder::json::Json,
    arch::{self, Architecture, Positions},
    relative::Relative,
};
use crate::Result;

/// Sizes and constants.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Tokens.
    pub vocab_size: usize,
    /// Width of a token's state.
    pub hidden_size: usize,
    /// Width of the input's embeddings.
    pub embedding_size: usize,
    /// Width inside the feed-forward layer.
    pub intermediate_size: usize,
    /// Layers.
    pub num_hidden_layers: usize,
    /// Heads of attention.
    pub num_attention_heads: usize,
    /// Rows of the table of positions, 0 where there is none.
    pub position_rows: usize,
    /// The number of the first token's position.
    pub first_position: usize,
    /// Kinds of segments, 0 where the model has none.
    pub type_vocab_size: usize,
    /// What is added to a variance.
    pub layer_norm_eps: f32,
    /// Distances in attention, where it has them.
    pub relative: Option<Relative>,
    /// The most tokens that the model was made for.
    pub max_tokens: usize,
}

impl Config {
    /// Numbers of a head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads
    }

    /// The most tokens that it can read at all; `None` where only memory bounds it.
    pub fn limit(&self) -> Option<usize> {
        (self.position_rows > 0).then(|| self.position_rows - self.first_position)
    }

    /// What `config.json` says, and of which architecture it is.
    pub(in crate::local) fn read(json: &Json) -> Result<(&'static Architecture, Self)> {
        let name = json.require("model_type", Json::text)?;
        let architecture = Architecture::named(name).ok_or_else(|| {
            json.invalid(format!("its architecture is {name:?}, which is no encoder that is built"))
                .with_hint(format!("built are {}", arch::built()))
        })?;
        // The erf form; `gelu_new` and its like differ in the third digit.
        if let Some(act) = json.text("hidden_act")?.filter(|&act| act != "gelu") {
            return Err(json.invalid(format!("hidden_act {act:?} is not built, only gelu")));
        }
        if let Some(kind) = json.text("position_embedding_type")?.filter(|&kind| kind != "absolute") {
            return Err(json.invalid(format!("position_embedding_type {kind:?} is not built, only absolute")));
        }
        let size = |key: &str| json.require(key, Json::count);
        let (hidden_size, heads) = (size("hidden_size")?, size("num_attention_heads")?);
        if hidden_size == 0 || heads == 0 || !hidden_size.is_multiple_of(heads) {
            return Err(json.invalid(format!("hidden_size {hidden_size} does not divide into {heads} heads")));
        }
        let rows = size("max_position_embeddings")?;
        let first_position = match architecture.positions {
            Positions::BehindPadding => json.count("pad_token_id")?.unwrap_or(1) + 1,
            _ => 0,
        };
        if rows <= first_position {
            return Err(json.invalid(format!("max_position_embeddings {rows} leaves no position for a token")));
        }
        let relative = match architecture.positions {
            Positions::Relative => Relative::read(json, rows)?,
            _ => None,
        };
        let embedded =
            architecture.positions != Positions::Relative || json.flag("position_biased_input")?.unwrap_or(true);
        Ok((
            architecture,
            Self {
                vocab_size: size("vocab_size")?,
                hidden_size,
                embedding_size: match architecture.narrow_embeddings {
                    true => size("input_embedding_size")?,
                    false => {
                        let other = json.count("embedding_size")?.filter(|&n| n != hidden_size);
                        if let Some(other) = other {
                            return Err(json.invalid(format!("embedding_size {other} is not built, only hidden_size")));
                        }
                        hidden_size
                    }
                },
                intermediate_size: size("intermediate_size")?,
                num_hidden_layers: size("num_hidden_layers")?,
                num_attention_heads: heads,
                position_rows: if embedded { rows } else { 0 },
                first_position,
                type_vocab_size: json.count("type_vocab_size")?.unwrap_or(match architecture.positions {
                    Positions::Relative => 0,
                    _ => 2,
                }),
                layer_norm_eps: json.number("layer_norm_eps")?.unwrap_or(1e-12) as f32,
                relative,
                max_tokens: rows - first_position,
            },
        ))
    }
}
