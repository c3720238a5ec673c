//! A model as a folder in Hugging Face layout: `config.json`, `*.safetensors`, `tokenizer.json` and what belongs to them.

mod config;
mod identity;
pub(super) mod json;
pub(super) mod shards;
mod template;

use std::path::{Path, PathBuf};

use chrono::NaiveDateTime;

pub(super) use self::identity::of_files;
use self::json::Json;
use super::{
    LocalOptions, Parts, WeightDtype,
    arch::Architecture,
    chat::ChatTemplate,
    decoder::{Decoder, Place},
    tokenizer::{Settings, Tokenizer},
    weights,
};
use crate::{Error, Kind, Result};

/// Everything that a folder's small files say.
pub struct Folder {
    path: PathBuf,
    config: Json,
    generation: Option<Json>,
    tokenizer: Option<Json>,
    special_tokens: Option<Json>,
}

impl Folder {
    /// Reads the small files of the folder at `path`, but no weights.
    ///
    /// # Errors
    /// A missing `config.json`, or a file that is not JSON.
    pub fn open(path: &Path) -> Result<Self> {
        let file = |name: &str| Json::open(&path.join(name));
        let config = file("config.json")?.ok_or_else(|| {
            Error::new(Kind::Io, format!("{} holds no config.json", path.display())).with_hint(
                "a model is a .gguf file or a folder with config.json, tokenizer.json and *.safetensors in it",
            )
        })?;
        Ok(Self {
            config,
            generation: file("generation_config.json")?,
            tokenizer: file("tokenizer_config.json")?,
            special_tokens: file("special_tokens_map.json")?,
            path: path.to_owned(),
        })
    }

    /// Its tokenizer.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        let empty = Json::empty(&self.path.join("tokenizer_config.json"));
        let settings = self.tokenizer.as_ref().unwrap_or(&empty);
        let token = |key: &str| -> Result<Option<String>> {
            // An older file beside it holds what the settings leave out, but null there is an answer.
            match (settings.holds(key), &self.special_tokens) {
                (false, Some(older)) => older.token(key),
                _ => settings.token(key),
            }
        };
        let settings = Settings {
            bos: token("bos_token")?,
            eos: token("eos_token")?,
            // Only this class writes its own BOS and EOS; others leave them to tokenizer.json.
            adds: match settings.text("tokenizer_class")? {
                Some("LlamaTokenizer" | "LlamaTokenizerFast") => Some((
                    settings.flag("add_bos_token")?.unwrap_or(true),
                    settings.flag("add_eos_token")?.unwrap_or(false),
                )),
                _ => None,
            },
            added: settings.added_tokens()?,
            ends: self.ends()?,
        };
        Tokenizer::from_json(&self.path.join("tokenizer.json"), settings)
    }

    /// Its chat template, where it has one; `now` as in [`ChatTemplate::new`].
    pub fn chat_template(&self, tokenizer: &Tokenizer, now: Option<NaiveDateTime>) -> Result<Option<ChatTemplate>> {
        let source = template::source(&self.path, self.tokenizer.as_ref())?;
        source.map(|source| ChatTemplate::new(&source, tokenizer.bos(), tokenizer.eos(), now)).transpose()
    }

    /// Its architecture.
    pub fn architecture(&self) -> Result<&'static Architecture> {
        config::architecture(&self.config)
    }

    /// Its decoder, weights included, matrices rounded to `dtype` where one is given.
    pub fn decoder(&self, dtype: Option<WeightDtype>, place: Place) -> Result<Decoder> {
        let config = config::config(&self.config)?;
        let shards = shards::shards(&self.path)?;
        let mut weights = weights::safetensors::SafeTensors::open(&shards)?;
        Decoder::read(config, &mut weights, dtype, place)
    }

    /// A digest over everything that decides what the model says.
    pub fn identity(&self) -> Result<String> {
        identity::identity(&self.path, &shards::shards(&self.path)?)
    }

    /// Tokens that end a completion: those of `generation_config.json`, or where it names none, of `config.json`.
    fn ends(&self) -> Result<Vec<u32>> {
        const KEY: &str = "eos_token_id";
        let generation = self.generation.as_ref().map(|json| json.ids(KEY)).transpose()?.unwrap_or_default();
        if generation.is_empty() { self.config.ids(KEY) } else { Ok(generation) }
    }
}

/// Reads the model in the folder at `path`.
pub(super) fn load(path: &Path, options: &LocalOptions, place: Place) -> Result<Parts> {
    let folder = Folder::open(path)?;
    let architecture = folder.architecture()?;
    let tokenizer = folder.tokenizer()?;
    let chat = folder.chat_template(&tokenizer, options.now)?;
    let decoder = folder.decoder(options.dtype, place)?;
    let digest = match &options.sha256 {
        Some(digest) => digest.clone(),
        None => folder.identity()?,
    };
    Ok(Parts {
        tokenizer,
        chat,
        decoder,
        architecture: architecture.name.to_owned(),
        identity: format!("hf:sha256:{digest}"),
    })
}
