//! A folder → an encoder and what stands behind it.

use std::path::{Path, PathBuf};

use super::{
    super::{
        LocalOptions,
        decoder::Place,
        encoder::{Config, Encoder},
        folder::{self, json::Json},
        head::{
            classifier::Classifier,
            comet::Comet,
            sentence::{Modules, Sentence},
        },
        tokenizer::TextTokenizer,
        weights::{self, Weights, checkpoint::Checkpoint, safetensors::SafeTensors},
    },
    EncoderModel, Task,
};
use crate::{Error, Kind, Result};

/// The parts of a model, and the files that they were read from.
struct Loaded {
    encoder: Encoder,
    tokenizer: TextTokenizer,
    task: Task,
    max_tokens: usize,
    lower_case: bool,
    prefix: String,
    notes: Vec<String>,
    files: Vec<PathBuf>,
}

/// Reads the model in the folder at `path`.
fn load(path: &Path, options: LocalOptions, place: Place) -> Result<EncoderModel> {
    options.check()?;
    options.encoder.check()?;
    let loaded = match Json::open_yaml(&path.join("hparams.yaml"))? {
        Some(hparams) => comet(path, &hparams, &options, place)?,
        None => plain(path, &options, place)?,
    };
    let Loaded { encoder, tokenizer, task, max_tokens, lower_case, prefix, notes, files } = loaded;
    let around = tokenizer.around()?.into_iter().collect();
    let identity = identity(path, &options, files, &prefix)?;
    let given = options.encoder.prefix.is_some();
    Ok(EncoderModel {
        encoder,
        tokenizer,
        task,
        identity,
        max_tokens,
        lower_case,
        prefix,
        given,
        around,
        notes,
        options: options.encoder,
    })
}

/// Everything that a number depends on.
fn identity(path: &Path, options: &LocalOptions, files: Vec<PathBuf>, prefix: &str) -> Result<String> {
    let own = &options.encoder;
    let digest = match &options.sha256 {
        Some(digest) => digest.clone(),
        None => {
            let outside = |file: &Path| file.parent().unwrap_or(path).to_owned();
            let mut files: Vec<(PathBuf, PathBuf)> = files
                .into_iter()
                .filter(|file| file.is_file())
                .map(|file| (if file.starts_with(path) { path.to_owned() } else { outside(&file) }, file))
                .collect();
            files.sort_unstable();
            files.dedup();
            folder::of_files(files)?
        }
    };
    let mut identity = format!("hf:sha256:{digest}");
    let mut add = |what: String| identity = format!("{identity}:{what}");
    if let Some(dtype) = options.dtype {
        add(dtype.to_string());
    }
    if !prefix.is_empty() {
        add(format!("prefix={prefix:?}"));
    }
    if own.hypothesis_first {
        add("hypothesis_first".into());
    }
    if let Some(n) = own.max_tokens {
        add(format!("max_tokens={n}"));
    }
    if let Some(layer) = own.bertscore_layer {
        add(format!("bertscore_layer={layer}"));
    }
    if let Some(mix) = own.layer_mix {
        add(format!("layer_mix={mix:?}").to_lowercase());
    }
    Ok(identity)
}

fn config(folder: &Path) -> Result<Json> {
    Json::open(&folder.join("config.json"))?.ok_or_else(|| {
        Error::new(Kind::Io, format!("{} holds no config.json", folder.display()))
            .with_hint("an encoder is a folder with config.json, tokenizer.json and *.safetensors in it")
    })
}

/// A folder of `transformers` or sentence-transformers.
fn plain(path: &Path, options: &LocalOptions, place: Place) -> Result<Loaded> {
    let width = |folder: &Path| Ok(Config::read(&config(folder)?)?.1.hidden_size);
    let modules = Modules::open(path, width)?;
    let folder = modules.as_ref().map_or(path.to_owned(), |modules| modules.encoder.clone());
    let json = config(&folder)?;
    let (architecture, config) = Config::read(&json)?;
    let (mut weights, shards) = weights::open(&folder)?;
    let mut files = small(&folder);
    files.extend(shards);
    let tokenizer = TextTokenizer::open(&folder)?;
    let settings = Json::open(&path.join("sentence_bert_config.json"))?;
    let settings = match settings {
        Some(settings) => Some(settings),
        None => Json::open(&folder.join("sentence_bert_config.json"))?,
    };
    let (mut limit, lower_case) = match &settings {
        Some(settings) => (settings.count("max_seq_length")?, settings.flag("do_lower_case")?.unwrap_or(false)),
        None => (None, false),
    };
    if limit.is_none() {
        limit = Some(stated_length(&folder)?.min(config.max_tokens));
    }
    let prefixes = [architecture.prefix, ""];
    let class = json.texts("architectures")?.unwrap_or_default().first().copied().unwrap_or_default().to_owned();
    let mut notes = Vec::new();
    let task = match modules {
        Some(modules) => {
            files.extend(modules.files);
            Task::Sentence(modules.sentence)
        }
        None if class.ends_with("ForSequenceClassification") => {
            let classifier = Classifier::read(&json, architecture, &config, &mut *weights)?;
            match (classifier.labels.len(), architecture.name) {
                (1, "rembert") => Task::Bleurt(classifier),
                (1, _) => return Err(json.invalid(format!("a {class} of one label is not built"))),
                _ => Task::Classifier(classifier),
            }
        }
        None if class.is_empty() || class.ends_with("Model") || class.ends_with("ForMaskedLM") => {
            notes.push(format!(
                "{} has no modules.json: a vector is the mean of the last layer's states, not normalized",
                path.display()
            ));
            Task::Sentence(Sentence::plain(config.hidden_size))
        }
        None => {
            return Err(json
                .invalid(format!("it is a {class}, which is not built"))
                .with_hint("built are encoders that embed, sequence classifiers, BLEURT and COMET"));
        }
    };
    let prefix = match &options.encoder.prefix {
        Some(prefix) => prefix.clone(),
        None => match &task {
            Task::Sentence(_) => usual_prefix(path)?,
            _ => String::new(),
        },
    };
    if let Task::Sentence(_) = task
        && options.encoder.prefix.is_none()
        && !prefix.is_empty()
    {
        notes.push(format!("{prefix:?} is put before each text, as the model asks"));
    }
    let encoder = Encoder::read((architecture, config), &mut *weights, &prefixes, options.dtype, place)?;
    let max_tokens = max_tokens(&encoder, options, limit);
    Ok(Loaded { encoder, tokenizer, task, max_tokens, lower_case, prefix, notes, files })
}

/// The small files that decide what an encoder says.
fn small(folder: &Path) -> Vec<PathBuf> {
    const NAMES: [&str; 8] = [
        "config.json",
        "config_sentence_transformers.json",
        "model.safetensors.index.json",
        "sentence_bert_config.json",
        "sentencepiece.bpe.model",
        "spm.model",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    NAMES.map(|name| folder.join(name)).into_iter().filter(|path| path.is_file()).collect()
}

/// What the caller says, else what the files say, within what the model can read.
fn max_tokens(encoder: &Encoder, options: &LocalOptions, stated: Option<usize>) -> usize {
    let wanted = options.encoder.max_tokens.or(stated).unwrap_or(usize::MAX);
    wanted.min(encoder.config().limit().unwrap_or(usize::MAX))
}

/// `model_max_length` of the tokenizer's settings, where it says something.
fn stated_length(folder: &Path) -> Result<usize> {
    let Some(settings) = Json::open(&folder.join("tokenizer_config.json"))? else {
        return Ok(usize::MAX);
    };
    // 1e30 stands for none.
    Ok(settings.number("model_max_length")?.map_or(usize::MAX, |n| n as usize))
}

/// What the files of a model, or its name, ask to be put before a text.
fn usual_prefix(path: &Path) -> Result<String> {
    let settings = Json::open(&path.join("config_sentence_transformers.json"))?;
    if let Some(settings) = settings
        && let Some(name) = settings.text("default_prompt_name")?
        && let Some(prompts) = settings.within("prompts")?
    {
        return Ok(prompts.text(name)?.unwrap_or_default().to_owned());
    }
    Ok(if is_e5(path) { super::QUERY.to_owned() } else { String::new() })
}

/// E5's files do not say that they are E5's; the names of folders do, of a checkout (`multilingual-e5-small`) or of the hub's
/// cache (`models--intfloat--multilingual-e5-small/snapshots/…`).
fn is_e5(path: &Path) -> bool {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut last = full.components().rev().take(3).filter_map(|part| part.as_os_str().to_str());
    last.any(|name| {
        let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        words.iter().any(|word| word.eq_ignore_ascii_case("e5"))
    })
}

/// A folder of COMET.
fn comet(path: &Path, hparams: &Json, options: &LocalOptions, place: Place) -> Result<Loaded> {
    let folder = comets_encoder(path, hparams, options)?;
    let json = config(&folder)?;
    let (architecture, config) = Config::read(&json)?;
    let (mut weights, found) = comets_weights(path)?;
    let mut files = vec![path.join("hparams.yaml")];
    files.extend(found);
    files.extend(small(&folder));
    let tokenizer = TextTokenizer::open(&folder)?;
    let task = Task::Comet(Comet::read(hparams, &config, &mut *weights, options.encoder.layer_mix)?);
    let encoder = Encoder::read((architecture, config), &mut *weights, &["encoder.model."], options.dtype, place)?;
    let max_tokens = max_tokens(&encoder, options, None);
    Ok(Loaded {
        encoder,
        tokenizer,
        task,
        max_tokens,
        lower_case: false,
        prefix: String::new(),
        notes: Vec::new(),
        files,
    })
}

/// Where COMET's encoder has its settings and its tokenizer.
fn comets_encoder(path: &Path, hparams: &Json, options: &LocalOptions) -> Result<PathBuf> {
    if let Some(folder) = &options.encoder.encoder {
        return Ok(folder.clone());
    }
    let named = hparams.text("pretrained_model")?.unwrap_or_default();
    within(path, named).ok_or_else(|| {
        let message = format!("{} holds no folder `encoder` with config.json and tokenizer.json", path.display());
        Error::new(Kind::Io, message).with_hint(format!(
            "COMET's checkpoints leave out their encoder's settings: put config.json and tokenizer.json of {named:?} into \
             that folder, or name one with option encoder"
        ))
    })
}

/// The folder in COMET's at `path` that holds the settings of its encoder, which is `named`.
fn within(path: &Path, named: &str) -> Option<PathBuf> {
    let inside = |name: &&str| {
        let mut parts = Path::new(name).components();
        !name.is_empty() && parts.all(|part| matches!(part, std::path::Component::Normal(_)))
    };
    let places = ["encoder", named].into_iter().filter(inside).map(|name| path.join(name));
    places.into_iter().find(|folder| folder.join("config.json").is_file())
}

/// Safetensors, or the checkpoint that was published.
fn comets_weights(path: &Path) -> Result<(Box<dyn Weights>, Vec<PathBuf>)> {
    let (safe, published) = (path.join("model.safetensors"), path.join("checkpoints/model.ckpt"));
    if safe.is_file() {
        return Ok((Box::new(SafeTensors::open(std::slice::from_ref(&safe))?), vec![safe]));
    }
    if published.is_file() {
        return Ok((Box::new(Checkpoint::open(&published, Some("state_dict"))?), vec![published]));
    }
    let message = format!("{} holds neither model.safetensors nor checkpoints/model.ckpt", path.display());
    Err(Error::new(Kind::Io, message))
}

impl EncoderModel {
    /// Loads the encoder in the folder at `path`: of `transformers` (`config.json`), sentence-transformers (`modules.json`) or
    /// COMET (`hparams.yaml`).
    ///
    /// On the CPU, weights are held as the file has them where that is 16 bits without loss, else in f32; on a GPU in f32.
    /// Products are computed in f32 in any case.
    ///
    /// # Errors
    /// [`Kind::Io`] for a file that is missing or cannot be read, [`Kind::Model`] for one that is damaged, does not fit the
    /// others, or asks for something that is not built, [`Kind::Parameter`] for an option outside its range.
    pub fn load(path: &Path, options: LocalOptions) -> Result<Self> {
        let place = options.place()?;
        load(path, options, place)
    }

    /// The same at `place`, whatever device the options name: with candle's tensors on the CPU, for comparison.
    ///
    /// # Errors
    /// As above.
    pub fn load_at(path: &Path, options: LocalOptions, place: Place) -> Result<Self> {
        load(path, options, place)
    }

    /// The name on the hub of the encoder whose settings and tokenizer the folder at `path`, one of COMET, leaves out. `None`
    /// where it has them, or is none of COMET.
    ///
    /// # Errors
    /// An `hparams.yaml` that cannot be read.
    pub fn lacks_settings_of(path: &Path) -> Result<Option<String>> {
        if !path.is_dir() {
            return Ok(None);
        }
        let Some(hparams) = Json::open_yaml(&path.join("hparams.yaml"))? else { return Ok(None) };
        let named = hparams.text("pretrained_model")?;
        Ok(named.filter(|named| within(path, named).is_none()).map(str::to_owned))
    }

    /// Whether the folder at `path` looks like one for this loader rather than for
    /// [`LocalModel`](crate::LocalModel): by `modules.json`, `hparams.yaml`, or an encoder's `model_type`.
    pub fn recognizes(path: &Path) -> bool {
        if ["modules.json", "hparams.yaml"].iter().any(|name| path.join(name).is_file()) {
            return true;
        }
        let json = Json::open(&path.join("config.json")).ok().flatten();
        let kind = json.as_ref().and_then(|json| json.text("model_type").ok().flatten());
        kind.is_some_and(|kind| super::super::encoder::arch::Architecture::named(kind).is_some())
    }
}
