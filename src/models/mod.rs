//! Language models by name: what a name means, where its weights lie, and the one loaded copy that all statements share.
//!
//! A name is a model made by `CREATE MODEL` or a URI (`uri`). Loading happens on first use; a model that runs here has a
//! thread of its own (`worker`) that batches what arrives together; one at an endpoint has its limits.

mod blocking;
mod embedder;
mod encoder;
mod fetch;
mod hub;
mod known;
mod load;
mod options;
mod reading;
mod tokenizers;
mod uri;
mod worker;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use glotrace_learn::tagger::Tagger;
use glotrace_model::remote::Endpoint;
use glotrace_model::{Cancel, Error as ModelError, Kind, Params, Prompt, Reply, Request, TokenScore};
use serde_json::{Map, Value};
use tokio::sync::{Mutex, OnceCell};

pub use fetch::{Fetched, fetch_package, package_path};
pub use hub::{Repository, fetch as fetch_repository, is_here};
pub use known::{KNOWN, Known, known};
pub use options::ModelOptions;
pub use reading::{Finding, Read, Reading, Vector};
pub use tokenizers::ModelTokenizers;
pub use uri::Uri;

use crate::error::{Error, Result};
use crate::settings::Settings;
use crate::suggest::closest;
use embedder::Embedder;
use encoder::Encoder;
use load::Loaded;
use worker::Worker;

/// What `CREATE MODEL` keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Definition {
    pub uri: String,
    pub options: Map<String, Value>,
}

/// A loaded model.
pub struct Model {
    name: String,
    identity: String,
    options: ModelOptions,
    backend: Backend,
    /// What an encoder's files did not say.
    notes: Vec<String>,
    noted: AtomicBool,
    reads: Option<usize>,
}

enum Backend {
    Worker(Worker),
    Encoder(Encoder),
    Endpoint { endpoint: Arc<Endpoint>, embedder: Embedder },
}

/// Looks up an environment variable.
pub type Environment = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

impl Model {
    /// As the statement names it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Changes when the weights or recordings change.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// What so many tokens cost, in US dollars, by the prices in the model's options; 0 where it has none.
    pub fn usd(&self, prompt_tokens: u64, completion_tokens: u64) -> f64 {
        self.options.usd(prompt_tokens, completion_tokens)
    }

    /// Sampling parameters where a call names none.
    pub fn defaults(&self) -> &Params {
        &self.options.params
    }

    /// What users should know and the files did not say: where there is something, and the first time it is asked for.
    pub fn take_notes(&self) -> Option<&[String]> {
        (!self.notes.is_empty() && !self.noted.swap(true, Ordering::Relaxed)).then_some(&self.notes)
    }

    /// How many tokens an encoder reads at once.
    pub fn reads(&self) -> Option<usize> {
        self.reads
    }

    /// The endpoint behind it, which embeds as well; `None` for a model that runs here.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match &self.backend {
            Backend::Endpoint { endpoint, .. } => Some(endpoint),
            Backend::Worker(_) | Backend::Encoder(_) => None,
        }
    }

    /// Whether it reads texts and writes none.
    pub fn is_encoder(&self) -> bool {
        matches!(self.backend, Backend::Encoder(_))
    }

    /// Whether [`Model::log_prob`] can be asked of it.
    pub fn can_score(&self) -> bool {
        matches!(&self.backend, Backend::Worker(worker) if worker.can_score())
    }

    /// How probable `continuation` is after `prompt`, by token.
    ///
    /// # Errors
    /// A model that cannot score; cancellation.
    pub async fn log_prob(
        &self,
        prompt: Prompt,
        continuation: String,
        cancel: Cancel,
    ) -> Result<Vec<TokenScore>, ModelError> {
        match &self.backend {
            Backend::Worker(worker) => worker.log_prob(prompt, continuation, cancel).await,
            Backend::Endpoint { .. } => Err(ModelError::new(Kind::Parameter, "an endpoint cannot score")),
            Backend::Encoder(_) => Err(self.writes_nothing()),
        }
    }

    /// Reads texts, and says what they came to and what that cost in US dollars.
    ///
    /// # Errors
    /// A model that writes, or that reads otherwise; what the model says of these texts; cancellation.
    pub async fn read(&self, reading: Reading, cancel: Cancel) -> Result<(Read, Option<f64>), ModelError> {
        match (&self.backend, reading) {
            (Backend::Encoder(encoder), reading) => Ok((encoder.read(reading, cancel).await?, None)),
            (Backend::Endpoint { embedder, .. }, Reading::Embed { text }) => tokio::select! {
                biased;
                () = cancel.cancelled() => Err(ModelError::cancelled()),
                read = embedder.embed(text) => read,
            },
            (Backend::Endpoint { .. }, _) => {
                Err(ModelError::new(Kind::Parameter, "an endpoint embeds, and reads nothing else")
                    .with_hint("name a model that runs here: 'file:FOLDER/' or 'hf://ORG/NAME'"))
            }
            (Backend::Worker(_), _) => {
                Err(ModelError::new(Kind::Parameter, "it writes text, and this function wants an encoder")
                    .with_hint("name an encoder: 'minilm', 'file:FOLDER/' or 'hf://sentence-transformers/LaBSE'"))
            }
        }
    }

    fn writes_nothing(&self) -> ModelError {
        ModelError::new(Kind::Parameter, "it is an encoder, which writes no text")
            .with_hint("name a language model: 'smollm2', 'file:weights.gguf', 'openai://MODEL'")
    }

    /// Completes `requests`, the samples of one prompt (equal but for their sample index), and hands each outcome over with
    /// the position of its request as soon as it is there: every position once.
    ///
    /// Dropping the future drops what is under way.
    pub async fn generate_samples(
        &self,
        requests: Vec<Request>,
        cancel: Cancel,
        mut sink: impl FnMut(usize, Result<Reply, ModelError>) + Send,
    ) {
        let worker = match &self.backend {
            Backend::Endpoint { endpoint, .. } => return endpoint.generate(&requests, &cancel, sink).await,
            Backend::Encoder(_) => return (0..requests.len()).for_each(|i| sink(i, Err(self.writes_nothing()))),
            Backend::Worker(worker) => worker,
        };
        let cancel = &cancel;
        let mut running: FuturesUnordered<_> = requests
            .into_iter()
            .enumerate()
            .map(|(i, request)| async move { (i, worker.generate(request, cancel.clone()).await) })
            .collect();
        while let Some((i, outcome)) = running.next().await {
            sink(i, outcome.map(Reply::free));
        }
    }
}

type Slot = Arc<OnceCell<Arc<Model>>>;

/// All models of a session.
pub struct Models {
    cache: PathBuf,
    environment: Environment,
    settings: Arc<Settings>,
    created: RwLock<HashMap<String, Definition>>,
    loaded: Mutex<HashMap<String, Slot>>,
    tagger: OnceLock<Arc<Tagger>>,
}

impl Models {
    /// `cache`: where fetched weights are kept. `environment`: where keys of endpoints are looked up when one is first used.
    pub fn new(
        cache: PathBuf,
        created: HashMap<String, Definition>,
        environment: Environment,
        settings: Arc<Settings>,
    ) -> Self {
        Self {
            cache,
            environment,
            settings,
            created: RwLock::new(created),
            loaded: Mutex::default(),
            tagger: OnceLock::new(),
        }
    }

    /// The bundled annotator of steps, unpacked once.
    ///
    /// # Errors
    /// Weights that are damaged.
    pub fn tagger(&self) -> Result<Arc<Tagger>> {
        if let Some(tagger) = self.tagger.get() {
            return Ok(Arc::clone(tagger));
        }
        let tagger = Tagger::builtin().map_err(|e| Error::internal(format!("the bundled tagger: {e}")))?;
        Ok(Arc::clone(self.tagger.get_or_init(|| Arc::new(tagger))))
    }

    /// Where fetched weights are kept.
    pub fn cache(&self) -> &std::path::Path {
        &self.cache
    }

    /// Where keys, tokens and folders are looked up.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Makes `name` known; what was loaded under it is forgotten.
    pub async fn create(&self, name: &str, definition: Definition) {
        self.created.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), definition);
        self.loaded.lock().await.remove(name);
    }

    pub async fn forget(&self, name: &str) {
        self.created.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        self.loaded.lock().await.remove(name);
    }

    pub fn definition(&self, name: &str) -> Option<Definition> {
        self.created.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Created models by name.
    pub fn created(&self) -> Vec<(String, Definition)> {
        let created = self.created.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = created.iter().map(|(n, d)| (n.clone(), d.clone())).collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    /// The model of this name or URI, loaded once however many ask at the same time.
    ///
    /// # Errors
    /// No such name; weights that cannot be found, fetched or read; options that are none.
    pub async fn resolve(&self, name: &str) -> Result<Arc<Model>> {
        let slot = {
            let mut loaded = self.loaded.lock().await;
            Arc::clone(loaded.entry(name.to_owned()).or_default())
        };
        slot.get_or_try_init(|| self.load(name)).await.cloned()
    }

    /// The URI that a name stands for.
    ///
    /// # Errors
    /// No such name.
    pub fn uri(&self, name: &str) -> Result<String> {
        match self.definition(name) {
            Some(definition) => Ok(definition.uri),
            None => self.uri_of(name),
        }
    }

    async fn load(&self, name: &str) -> Result<Arc<Model>> {
        let definition = match self.definition(name) {
            Some(definition) => definition,
            None => Definition { uri: self.uri_of(name)?, options: Map::new() },
        };
        let uri = Uri::parse(&definition.uri)?;
        let options = ModelOptions::read(&definition.options, &uri)?;
        let loaded = load::load(&uri, &options, &self.cache, &self.environment, self.settings.kv_cache_mb())
            .await
            .map_err(|mut e| {
                e.message = format!("model `{name}` cannot be loaded: {}", e.message);
                e
            })?;
        let (mut notes, mut reads) = (Vec::new(), None);
        let (identity, backend) = match loaded {
            Loaded::Here(model) => (model.identity(), Backend::Worker(Worker::start(name, model))),
            Loaded::Encoder(model) => {
                let identity = glotrace_model::Embed::identity(&*model);
                notes = model.notes().to_vec();
                reads = Some(model.max_tokens());
                (identity, Backend::Encoder(Encoder::start(name, *model)))
            }
            Loaded::Endpoint(endpoint) => {
                let endpoint: Arc<Endpoint> = Arc::from(endpoint);
                (endpoint.identity(), Backend::Endpoint { embedder: Embedder::start(Arc::clone(&endpoint)), endpoint })
            }
        };
        let noted = AtomicBool::new(false);
        Ok(Arc::new(Model { name: name.to_owned(), identity, options, backend, notes, noted, reads }))
    }

    /// A name that is no created model: a URI, or a model that glotrace knows.
    fn uri_of(&self, name: &str) -> Result<String> {
        if let Some(known) = known(name) {
            return Ok(known.uri.to_owned());
        }
        if Uri::looks_like_one(name) {
            return Ok(name.to_owned());
        }
        let created = self.created();
        let names = created.iter().map(|(n, _)| n.as_str()).chain(KNOWN.iter().map(|k| k.name));
        let error = Error::query(format!("no model named `{name}`"));
        Err(match closest(name, names) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error
                .with_hint(format!("make it: CREATE MODEL {name} FROM 'file:weights.gguf'; or name one by its URI")),
        })
    }
}
