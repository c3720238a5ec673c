//! Delta tables as they are found: which there are, and one at its newest version.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use deltalake::delta_datafusion::DeltaScanNext;
use deltalake::logstore::{LogStoreRef, StorageConfig, logstore_with};
use deltalake::{DeltaTable, DeltaTableError};
use url::Url;

use super::cache::Identity;
use super::fsync::{FileStore, Promise};
use super::name::{folder_name, name_of_folder};
use super::{Store, TableName, failure};
use crate::error::{Error, Result};

/// A table at one version. It does not change: later commits, of this process or another, are seen by a later snapshot.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub name: TableName,
    /// Counts the table's commits from 0.
    pub version: u64,
    /// The columns; text is `Utf8` here, while [`provider`](Self::provider) may hand out views of it.
    pub schema: SchemaRef,
    /// For reading. Writes go through [`Store::write`], which syncs and orders them.
    pub provider: Arc<dyn TableProvider>,
    table: DeltaTable,
}

impl Snapshot {
    /// How many rows there are, as far as the log knows: other programs may leave it out.
    pub fn rows(&self) -> Option<u64> {
        let state = self.table.snapshot().ok()?;
        state.log_data().iter().map(|file| file.num_records().map(|n| n as u64)).sum()
    }

    /// Files and their size in bytes.
    pub fn files(&self) -> (u64, u64) {
        let Ok(state) = self.table.snapshot() else { return (0, 0) };
        state
            .log_data()
            .iter()
            .fold((0, 0), |(files, bytes), file| (files + 1, bytes + u64::try_from(file.size()).unwrap_or(0)))
    }
}

impl Store {
    /// The newest version of a table; `None` where there is no such table.
    ///
    /// # Errors
    /// [`World`](crate::error::ErrorKind::World) where the folder cannot be read, [`Data`](crate::error::ErrorKind::Data)
    /// where its log is damaged.
    pub async fn snapshot(&self, name: &TableName) -> Result<Option<Snapshot>> {
        let Some(table) = self.load(name).await? else { return Ok(None) };
        let folder = self.folder(name)?;
        let failed = |e: DeltaTableError| failure::delta("read", name, &folder, &e);
        let state = table.snapshot().map_err(failed)?;
        let (version, schema) = (state.version(), state.snapshot().arrow_schema());
        let reading = log_store(&folder, Promise::ReadOnly)?;
        let provider = DeltaScanNext::builder()
            .with_log_store(reading)
            .with_eager_snapshot(state.snapshot().clone())
            .await
            .map_err(|e| failed(e.into()))?;
        Ok(Some(Snapshot { name: name.clone(), version, schema, provider, table }))
    }

    /// The tables of a schema, sorted.
    pub fn tables(&self, schema: &str) -> Result<Vec<String>> {
        let folder = self.schema_folder(schema)?;
        let mut tables: Vec<String> = folders(&folder)?
            .into_iter()
            .filter(|name| is_table(&folder.join(name)))
            .filter_map(|name| name_of_folder(&name))
            .collect();
        tables.sort();
        tables.dedup();
        Ok(tables)
    }

    /// Loads the newest version.
    pub(super) async fn load(&self, name: &TableName) -> Result<Option<DeltaTable>> {
        let folder = self.folder(name)?;
        if !is_table(&folder) {
            return Ok(None);
        }
        let identity = Identity::of(&folder);
        if let Some(identity) = identity
            && let Some(mut table) = self.cache.get(name, &identity)
            && table.update_state().await.is_ok()
            && Identity::of(&folder).is_some_and(|now| now == identity)
        {
            self.cache.put(name, identity, &table);
            return Ok(Some(table));
        }
        let identity = Identity::of(&folder);
        let mut table = DeltaTable::new(log_store(&folder, self.promise())?);
        match table.load().await {
            Ok(()) => {
                // Dropped and made again while it was loaded, it would be remembered as what it no longer is.
                if let Some(identity) = identity
                    && Identity::of(&folder).is_some_and(|now| now == identity)
                {
                    self.cache.put(name, identity, &table);
                }
                Ok(Some(table))
            }
            // Dropped between the look and the load.
            Err(_) if !is_table(&folder) => Ok(None),
            Err(error) => Err(failure::delta("open the table in", name, &folder, &error)),
        }
    }

    /// The folder of a table: the encoded name, or where another program made it, the plain one.
    pub(super) fn folder(&self, name: &TableName) -> Result<PathBuf> {
        let encoded = self.root().join(name.folder()?);
        if encoded.exists() {
            return Ok(encoded);
        }
        let schema = self.schema_folder(&name.schema)?;
        Ok(plain_folder(&schema, &name.name).unwrap_or_else(|| schema.join(encoded.file_name().unwrap_or_default())))
    }

    /// Like [`folder`](Self::folder), for a schema.
    pub(super) fn schema_folder(&self, schema: &str) -> Result<PathBuf> {
        let encoded = self.root().join(folder_name(schema)?);
        if encoded.exists() {
            return Ok(encoded);
        }
        Ok(plain_folder(self.root(), schema).unwrap_or(encoded))
    }
}

/// A folder in `parent` called exactly `name`, if that is a name a folder of ours can have and nothing that leads elsewhere.
fn plain_folder(parent: &Path, name: &str) -> Option<PathBuf> {
    let harmless = name_of_folder(name).as_deref() == Some(name) && !name.contains(['/', '\\', '\0']);
    harmless.then(|| parent.join(name)).filter(|path| path.is_dir())
}

/// The folders in `parent` that are not hidden; none where there is no `parent`.
pub(super) fn folders(parent: &Path) -> Result<Vec<String>> {
    let failed = |e: &std::io::Error| Error::io("list", parent, e);
    let entries = match fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(failed(&e)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|e| failed(&e))?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !name.starts_with('.') && entry.path().is_dir() {
            found.push(name);
        }
    }
    Ok(found)
}

/// A folder is a table from its first commit on.
pub(super) fn is_table(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder.join("_delta_log")) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let Some((version, kind)) = name.to_str().and_then(|name| name.split_once('.')) else { return false };
        version.len() == 20
            && version.bytes().all(|b| b.is_ascii_digit())
            && (kind == "json" || kind.ends_with(".parquet") || kind.ends_with(".json"))
            && !kind.contains('#')
    })
}

/// The log of the table in `folder`.
pub(super) fn log_store(folder: &Path, promise: Promise) -> Result<LogStoreRef> {
    log_store_on(FileStore::new(promise), folder)
}

/// The log of the table in `folder`, through `files`.
pub(super) fn log_store_on(files: FileStore, folder: &Path) -> Result<LogStoreRef> {
    let url = Url::from_directory_path(folder)
        .map_err(|()| Error::internal(format!("`{}` is not an absolute path", folder.display())))?;
    logstore_with(Arc::new(files), &url, StorageConfig::default())
        .map_err(|e| Error::internal(format!("`{}` is no place for a table: {e}", folder.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_made_folder_is_not_a_table() {
        let root = tempfile::tempdir().unwrap();
        let log = root.path().join("_delta_log");
        assert!(!is_table(root.path()));
        fs::create_dir(&log).unwrap();
        fs::write(log.join("00000000000000000000.json#12000001"), "").unwrap();
        fs::write(log.join("_last_checkpoint"), "").unwrap();
        assert!(!is_table(root.path()));
        fs::write(log.join("00000000000000000000.json"), "").unwrap();
        assert!(is_table(root.path()));
    }
}
