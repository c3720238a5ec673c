//! Weights → parts of an encoder. Names are those of the Hugging Face checkpoints.

use candle_core::{Device, Tensor};

use super::{Config, Relative, arch::Architecture};
use crate::{
    Result,
    local::{WeightDtype, weights::Weights},
};

/// A linear map `[outputs, inputs]` and its bias `[outputs]`, or a norm's scale and shift `[width]`.
pub(super) struct Affine {
    pub(super) weight: Tensor,
    pub(super) bias: Tensor,
}

/// What lies before the layers.
pub(super) struct EmbeddingParts {
    pub(super) words: Tensor,             // [vocab, embedding]
    pub(super) positions: Option<Tensor>, // [positions, embedding]
    pub(super) segments: Option<Tensor>,  // [segments, embedding]
    pub(super) norm: Affine,
    pub(super) mapping: Option<Affine>, // embedding → hidden
}

/// One layer.
pub(super) struct LayerParts {
    pub(super) qkv: [Affine; 3],
    pub(super) attention_output: Affine,
    pub(super) attention_norm: Affine,
    pub(super) intermediate: Affine,
    pub(super) output: Affine,
    pub(super) output_norm: Affine,
    /// Projections of distances for queries and keys, where contents' do not serve.
    pub(super) positions: [Option<Affine>; 2],
}

/// Reads named parts of an encoder, to the CPU.
pub(super) struct Reader<'a> {
    pub(super) config: &'a Config,
    architecture: &'a Architecture,
    weights: &'a mut dyn Weights,
    prefix: String,
    dtype: Option<WeightDtype>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        architecture: &'a Architecture,
        config: &'a Config,
        weights: &'a mut dyn Weights,
        prefixes: &[&str],
        dtype: Option<WeightDtype>,
    ) -> Self {
        let holds = |prefix: &&&str| weights.holds(&format!("{prefix}embeddings.word_embeddings.weight"));
        // Where none fits, the first is what the error will name.
        let prefix = prefixes.iter().find(holds).or(prefixes.first()).map_or("", |prefix| prefix).to_owned();
        Self { config, architecture, weights, prefix, dtype }
    }

    pub(super) fn embeddings(&mut self) -> Result<EmbeddingParts> {
        let &Config { vocab_size, embedding_size: width, hidden_size, position_rows, type_vocab_size, .. } =
            self.config;
        let mut table = |name: &str, rows: usize| -> Result<Option<Tensor>> {
            (rows > 0).then(|| self.matrix(&format!("embeddings.{name}"), rows, width)).transpose()
        };
        let positions = table("position_embeddings", position_rows)?;
        let segments = table("token_type_embeddings", type_vocab_size)?;
        Ok(EmbeddingParts {
            words: self.matrix("embeddings.word_embeddings", vocab_size, width)?,
            positions,
            segments,
            norm: self.norm("embeddings.LayerNorm", width)?,
            mapping: match self.architecture.narrow_embeddings {
                true => Some(self.linear("encoder.embedding_hidden_mapping_in", hidden_size, width)?),
                false => None,
            },
        })
    }

    pub(super) fn layer(&mut self, i: usize) -> Result<LayerParts> {
        let &Config { hidden_size: hidden, intermediate_size: inner, .. } = self.config;
        let name = |part: &str| format!("encoder.layer.{i}.{part}");
        let own = |part: &str| name(&format!("attention.self.{part}"));
        let [query, key, value] = self.architecture.projections;
        let mut positions = [None, None];
        if let Some(relative) = self.config.relative.as_ref().filter(|relative| !relative.share_key) {
            if relative.position_to_content {
                positions[0] = Some(self.linear(&own("pos_query_proj"), hidden, hidden)?);
            }
            if relative.content_to_position {
                positions[1] = Some(self.linear(&own("pos_key_proj"), hidden, hidden)?);
            }
        }
        Ok(LayerParts {
            qkv: [
                self.linear(&own(query), hidden, hidden)?,
                self.linear(&own(key), hidden, hidden)?,
                self.linear(&own(value), hidden, hidden)?,
            ],
            attention_output: self.linear(&name("attention.output.dense"), hidden, hidden)?,
            attention_norm: self.norm(&name("attention.output.LayerNorm"), hidden)?,
            intermediate: self.linear(&name("intermediate.dense"), inner, hidden)?,
            output: self.linear(&name("output.dense"), hidden, inner)?,
            output_norm: self.norm(&name("output.LayerNorm"), hidden)?,
            positions,
        })
    }

    /// The table of distances `[2 span, hidden]` and its norm.
    pub(super) fn distances(&mut self, relative: &Relative) -> Result<(Tensor, Option<Affine>)> {
        let hidden = self.config.hidden_size;
        let table = self.matrix("encoder.rel_embeddings", 2 * relative.span(), hidden)?;
        let norm = relative.normalized.then(|| self.norm("encoder.LayerNorm", hidden)).transpose()?;
        Ok((table, norm))
    }

    fn linear(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Affine> {
        Ok(Affine { weight: self.matrix(name, outputs, inputs)?, bias: self.tensor(name, "bias", &[outputs])? })
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<Affine> {
        Ok(Affine { weight: self.tensor(name, "weight", &[width])?, bias: self.tensor(name, "bias", &[width])? })
    }

    fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Tensor> {
        let weight = self.tensor(name, "weight", &[outputs, inputs])?;
        match self.dtype {
            Some(dtype) => Ok(dtype.round(&weight)?),
            None => Ok(weight),
        }
    }

    fn tensor(&mut self, name: &str, part: &str, shape: &[usize]) -> Result<Tensor> {
        self.weights.tensor(&format!("{}{name}.{part}", self.prefix), shape, &Device::Cpu)
    }
}
