//! How an encoder is used.

use std::path::PathBuf;

use super::super::head::layer_mix::LayerMix;
use crate::{Error, Kind, Result};

/// How an encoder is used, where its files leave a choice. What does not concern a model is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderOptions {
    /// What is put before each text that is embedded. `None`, the default, is what the model asks for: the default prompt in
    /// `config_sentence_transformers.json`; for E5 (Wang et al., arXiv 2402.05672), whose files say nothing but whose
    /// name does, `query: `, unless a text begins with `query: ` or `passage: ` itself; else nothing.
    pub prefix: Option<String>,
    /// Pairs are read as hypothesis, premise. Default false: premise first.
    pub hypothesis_first: bool,
    /// How many tokens a text or a pair may have, those around it included. `None`, the default, is what the files say.
    pub max_tokens: Option<usize>,
    /// What happens to a longer text. Default [`Overlong::Cut`].
    pub overlong: Overlong,
    /// Tokens of a batch, padding included where there is any. At least 1; default 8,192.
    pub batch_tokens: usize,
    /// The layer that BERTScore compares, 0 for the embeddings. `None`, the default, is the published code's choice: 9 of 12 (10
    /// for RoBERTa), 18 of 24 (17 for RoBERTa and XLM-RoBERTa), else the last but one.
    pub bertscore_layer: Option<usize>,
    /// How COMET weights layers. `None`, the default, is what its settings say to unbabel-comet 2.2.7.
    pub layer_mix: Option<LayerMix>,
    /// The folder with `config.json` and `tokenizer.json` of COMET's encoder. `None`, the default, is `encoder` beside its
    /// settings, or what `pretrained_model` in them names there.
    pub encoder: Option<PathBuf>,
}

/// What happens to a text that is longer than the model reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Overlong {
    /// What is too much is cut off, and the outcome says how many tokens that were.
    #[default]
    Cut,
    /// It is an error of kind [`Kind::Truncated`].
    Error,
}

impl Default for EncoderOptions {
    fn default() -> Self {
        Self {
            prefix: None,
            hypothesis_first: false,
            max_tokens: None,
            overlong: Overlong::default(),
            batch_tokens: 8192,
            bertscore_layer: None,
            layer_mix: None,
            encoder: None,
        }
    }
}

impl EncoderOptions {
    /// An error that names the first option that lies outside its range.
    pub(in crate::local) fn check(&self) -> Result<()> {
        for (name, value) in [("max_tokens", self.max_tokens), ("batch_tokens", Some(self.batch_tokens))] {
            if value == Some(0) {
                return Err(Error::new(Kind::Parameter, format!("parameter {name} must be 1 or more, got 0")));
            }
        }
        Ok(())
    }
}
