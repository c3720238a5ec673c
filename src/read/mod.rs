//! Text → Arrow: tables from files without declaring them.
//!
//! ```text
//! FileQuery ──find──▶ files ──┬─ text ──▶ TextTable     csv, tsv, json, jsonl; packed or not
//!                             └─ parquet ─▶ ParquetTable  ranges of a file or of a web server
//! ```
//!
//! Text is read here and not by DataFusion's own readers, because a study's data come from many hands: an error must say
//! which file and which line, a column may hold numbers in one row and text in the next, an empty string is not NULL,
//! and a text may hold any line separator that Unicode has.

mod column;
mod csv;
mod csv_records;
mod find;
mod json;
mod json_values;
mod kind;
mod options;
mod parquet_table;
mod query;
mod text_file;
mod text_table;
mod web;

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::execution::SessionState;
use datafusion::execution::object_store::ObjectStoreUrl;
use object_store::ObjectMeta;
use object_store::local::LocalFileSystem;
use object_store::path::Path as StorePath;

use crate::error::{Error, Result};

pub use query::{FileQuery, ReadFormat};
pub use web::Hub;

use find::{At, Found, find};
use options::ReadOptions;
use parquet_table::{ParquetFile, ParquetTable};
use text_file::TextFile;
use text_table::TextTable;
use web::Web;

/// Opens the files of `query` as one table; columns are united by name and rows come in the order of the files' names.
///
/// Small files are read by one thread, so their rows keep their order; large ones are read by several.
/// The hub and its token are the [`Hub`] that the session's configuration carries as an extension, else those of the environment.
///
/// # Errors
/// World: no such file, no network. Data: a malformed file (with file, line and column), types that do not unite.
/// Query: an unknown option, extension or scheme, several formats at once.
pub async fn open_files(state: &SessionState, query: &FileQuery) -> Result<Arc<dyn TableProvider>> {
    let options = ReadOptions::of(query)?;
    let hub = state.config().get_extension::<Hub>().unwrap_or_else(|| Arc::new(Hub::from_env()));
    let web = Web::new(hub);
    let found = find(query, &options, &web).await?;
    options.check_for(query, found[0].format)?;
    if found[0].format == ReadFormat::Parquet {
        let mut files = Vec::with_capacity(found.len());
        for file in found {
            files.push(parquet_file(file, &web).await?);
        }
        return Ok(Arc::new(ParquetTable::open(files, options.filename, state).await?));
    }
    let mut files = Vec::with_capacity(found.len());
    for file in found {
        files.push(text_file(file, &web).await?);
    }
    Ok(Arc::new(TextTable::open(files, &options, state.config().target_partitions()).await?))
}

async fn text_file(found: Found, web: &Web) -> Result<TextFile> {
    let (path, download) = match found.at {
        At::Local(path) => (path, None),
        At::Web(file) => {
            let download = web.download(&file).await?;
            (download.to_path_buf(), Some(Arc::new(download)))
        }
    };
    let about = std::fs::metadata(&path).map_err(|e| Error::io("read", &found.shown, &e))?;
    Ok(TextFile {
        shown: found.shown.into(),
        path,
        format: found.format,
        packing: found.packing,
        size: about.len(),
        _download: download,
    })
}

async fn parquet_file(found: Found, web: &Web) -> Result<ParquetFile> {
    let (path, download) = match found.at {
        At::Local(path) => (path, None),
        At::Web(file) => match web.ranges(&file).await? {
            Some((url, store, meta)) => {
                return Ok(ParquetFile { shown: found.shown, url, store, meta, download: None });
            }
            None => {
                let download = web.download(&file).await?;
                (download.to_path_buf(), Some(Arc::new(download)))
            }
        },
    };
    let io = |e: std::io::Error| Error::io("read", &found.shown, &e);
    let path = path.canonicalize().map_err(io)?;
    let about = std::fs::metadata(&path).map_err(io)?;
    // Opened once here: a store would tell a missing permission in its own words.
    std::fs::File::open(&path).map_err(io)?;
    let location = StorePath::from_absolute_path(&path)
        .map_err(|e| Error::query(format!("`{}` cannot be read: {e}", found.shown)))?;
    let last_modified = about.modified().map_err(io)?.into();
    let meta = ObjectMeta { location, last_modified, size: about.len(), e_tag: None, version: None };
    Ok(ParquetFile {
        shown: found.shown,
        url: ObjectStoreUrl::local_filesystem(),
        store: Arc::new(LocalFileSystem::new()),
        meta,
        download,
    })
}

#[cfg(test)]
mod tests;
