//! Rows into tables: staged first, then made visible by one commit.
//!
//! What each mode promises when others write at the same time:
//!
//! | mode | the table moved on meanwhile |
//! |---|---|
//! | [`Create`](WriteMode::Create) | somebody created it: conflict |
//! | [`CreateOrReplace`](WriteMode::CreateOrReplace) | replaced whatever it is now; readers keep what they had |
//! | [`Append`](WriteMode::Append) | both land, unless it was dropped or replaced: conflict |
//! | [`Replace`](WriteMode::Replace) | conflict |

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::EmptyRecordBatchStream;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, PROTOCOL, TableReference};
use deltalake::kernel::{Action, Metadata, Protocol, StructField, new_metadata};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableError};
use futures::TryStreamExt;
use serde_json::{Value, json};

use super::fsync::sync_folder;
use super::lock::Lock;
use super::stage::{ChunkEnd, Layout, Staged};
use super::table::log_store;
use super::types::{DeltaSchema, Mapping, NotNull};
use super::{MAIN, Store, TableName, failure};
use crate::error::{Error, Result};

/// Foreign writers do not take our lock; losing to them this often in a row means giving up.
const RETRIES: usize = 50;

/// What becomes of the rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// A new table; an error where there is one.
    Create,
    /// A new table in place of whatever bears its name. A statement that reads the table it replaces should use
    /// [`Replace`](Self::Replace) where the columns stay, or accept that rows committed meanwhile are gone.
    CreateOrReplace,
    /// More rows.
    Append,
    /// These rows instead of those of `version`, with the same columns; a conflict if the table moved on since.
    Replace {
        /// What [`Snapshot::version`](super::Snapshot::version) said when the rows were computed.
        version: u64,
    },
}

/// What a write has done, on the disk when it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written {
    pub rows: u64,
    /// The table's newest version after it.
    pub version: u64,
    pub files: u64,
    /// Size of the files, compressed.
    pub bytes: u64,
}

/// The table as it was when rows for it began to be computed.
struct Existing {
    table: DeltaTable,
    id: String,
    schema: String,
}

impl Store {
    /// Streams `input` into Parquet files and makes them visible in one commit at the end. Dropping the future, an error, or
    /// the death of the process leave the table as it was.
    ///
    /// `provenance` (the statement, the model, the seed …) is kept with the commit under `glotrace.<key>`.
    ///
    /// Columns are matched by name where the table stays, and new tables accept NULL in every column: see
    /// [`create_table`](Self::create_table) for columns that do not.
    ///
    /// # Errors
    /// Whatever computing the rows raises; [`Query`](crate::error::ErrorKind::Query) for a table that exists or is missing or
    /// columns that do not fit; [`Conflict`](crate::error::ErrorKind::Conflict) as the table above says;
    /// [`World`](crate::error::ErrorKind::World) for a full disk and the like.
    pub async fn write(
        &self,
        table: &TableName,
        mode: WriteMode,
        mut input: SendableRecordBatchStream,
        provenance: BTreeMap<String, String>,
    ) -> Result<Written> {
        self.writable()?;
        match mode {
            WriteMode::Create | WriteMode::CreateOrReplace => {
                let schema = DeltaSchema::of(&input.schema(), NotNull::Dropped)?;
                self.write_new(table, mode == WriteMode::CreateOrReplace, &schema, input, &provenance).await
            }
            WriteMode::Append | WriteMode::Replace { .. } => {
                let existing = self.existing(table).await?;
                let layout = existing.layout(table, &input.schema())?;
                let staged =
                    self.stage(table, &layout, Some(existing.table.snapshot_or(table)?), &mut input, None).await?;
                drop(input);
                match mode {
                    WriteMode::Replace { version } => {
                        self.replace(table, &existing, version, staged, &provenance).await
                    }
                    _ => self.append(table, &existing, staged, &provenance).await,
                }
            }
        }
    }

    /// Makes an empty table with the columns of `schema`, whose NOT NULLs hold from then on.
    ///
    /// # Errors
    /// As [`write`](Self::write) with [`WriteMode::Create`] or [`WriteMode::CreateOrReplace`].
    pub async fn create_table(
        &self,
        table: &TableName,
        schema: SchemaRef,
        or_replace: bool,
        provenance: BTreeMap<String, String>,
    ) -> Result<Written> {
        self.writable()?;
        let delta = DeltaSchema::of(&schema, NotNull::Kept)?;
        self.write_new(table, or_replace, &delta, Box::pin(EmptyRecordBatchStream::new(schema)), &provenance).await
    }

    /// Like [`write`](Self::write) with [`WriteMode::Append`], but commits whenever `every` rows have come or `seconds` have
    /// passed since the first of them, so that a killed statement loses at most its last chunk.
    ///
    /// # Errors
    /// As [`write`](Self::write). The chunks that were committed before stay, and the hint says how many rows they are.
    pub async fn append_in_chunks(
        &self,
        table: &TableName,
        mut input: SendableRecordBatchStream,
        every: usize,
        seconds: u64,
        provenance: BTreeMap<String, String>,
    ) -> Result<Written> {
        self.writable()?;
        let existing = self.existing(table).await?;
        let layout = existing.layout(table, &input.schema())?;
        let end = ChunkEnd { rows: every.max(1), after: Duration::from_secs(seconds) };
        let mut total = Written { rows: 0, version: existing.table.version().unwrap_or(0), files: 0, bytes: 0 };
        loop {
            let chunk = async {
                let staged =
                    self.stage(table, &layout, Some(existing.table.snapshot_or(table)?), &mut input, Some(end)).await?;
                let ended = staged.ended;
                Ok((self.append(table, &existing, staged, &provenance).await?, ended))
            };
            let (written, ended) = chunk.await.map_err(|error: Error| match total.rows {
                0 => error,
                rows => {
                    let before = format!("{rows} rows were committed to `{table}` before this and stay");
                    let hint = error
                        .hint
                        .as_ref()
                        .filter(|_| error.kind != crate::error::ErrorKind::Conflict)
                        .map_or_else(|| before.clone(), |hint| format!("{hint}; {before}"));
                    error.with_hint(hint)
                }
            })?;
            total = Written {
                rows: total.rows + written.rows,
                version: written.version,
                files: total.files + written.files,
                bytes: total.bytes + written.bytes,
            };
            if ended {
                return Ok(total);
            }
        }
    }

    async fn existing(&self, name: &TableName) -> Result<Existing> {
        let table = self.load(name).await?.ok_or_else(|| Error::query(format!("there is no table `{name}`")))?;
        check_writable(name, &table)?;
        let metadata = table.snapshot_or(name)?.metadata();
        let (id, schema) = (metadata.id().to_owned(), schema_text(metadata));
        Ok(Existing { table, id, schema })
    }

    async fn write_new(
        &self,
        name: &TableName,
        replace: bool,
        schema: &DeltaSchema,
        mut input: SendableRecordBatchStream,
        provenance: &BTreeMap<String, String>,
    ) -> Result<Written> {
        let schema_folder = self.schema_folder(&name.schema)?;
        if name.schema != MAIN && !schema_folder.is_dir() {
            return Err(Error::query(format!("there is no schema `{}`", name.schema))
                .with_hint(format!("make it first: CREATE SCHEMA {}", name.schema)));
        }
        let folder = self.folder(name)?;
        match self.load(name).await? {
            Some(_) if !replace => return Err(exists(name)),
            Some(table) => check_writable(name, &table)?,
            None if folder.exists() && !is_empty(&folder) => {
                return Err(Error::world(format!(
                    "cannot create `{name}`: `{}` exists and is not a table",
                    folder.display()
                ))
                .with_hint("move it away, or choose another name"));
            }
            None => {}
        }
        let layout = Layout { mapping: Mapping::in_order(&input.schema(), &schema.arrow)?, partitions: Vec::new() };
        let staged = self.stage(name, &layout, None, &mut input, None).await?;
        drop(input);
        let metadata = new_metadata(&schema.delta, Vec::<String>::new(), Vec::<(String, String)>::new())
            .map_err(|e| Error::internal(e.to_string()))?;

        let _lock = self.lock().await?;
        for _ in 0..RETRIES {
            match self.load(name).await? {
                None => return self.found(name, &folder, &schema_folder, schema, metadata, staged, provenance).await,
                Some(_) if !replace => return Err(failure::conflict(name, "another process created it in between")),
                Some(table) => {
                    check_writable(name, &table)?;
                    let snapshot = table.snapshot_or(name)?;
                    let mut actions = removes(name, &folder, &table).await?;
                    if schema.has_local_timestamps()
                        && let Some(protocol) = with_local_timestamps(snapshot.protocol())?
                    {
                        actions.push(Action::Protocol(protocol));
                    }
                    actions.push(Action::Metadata(metadata.clone()));
                    match self.commit(name, &folder, &table, actions, &staged, SaveMode::Overwrite, 0, provenance).await
                    {
                        // Only a writer that does not know our lock can have come first: its rows are what we replace.
                        Err(Failed::Conflict) => {}
                        other => return other.map_err(|e| e.told(name)),
                    }
                }
            }
        }
        Err(failure::conflict(name, "other programs keep committing to it"))
    }

    /// The first commit: the staged folder gets its log, then it becomes the table's folder by one rename.
    #[expect(clippy::too_many_arguments, reason = "one step of write_new, which knows them all")]
    async fn found(
        &self,
        name: &TableName,
        folder: &Path,
        schema_folder: &Path,
        schema: &DeltaSchema,
        metadata: Metadata,
        staged: Staged,
        provenance: &BTreeMap<String, String>,
    ) -> Result<Written> {
        let staging = staged.claim.folder();
        let failed = |e: &std::io::Error| Error::io("write to", folder, e);
        fs::create_dir(staging.join("_delta_log")).map_err(|e| failed(&e))?;
        let protocol = if schema.has_local_timestamps() { with_local_timestamps(&plain_protocol()?)? } else { None };
        let mut actions = vec![Action::Protocol(protocol.map_or_else(plain_protocol, Ok)?), Action::Metadata(metadata)];
        actions.extend(staged.adds.iter().cloned().map(Action::Add));
        let operation = DeltaOperation::Write { mode: SaveMode::ErrorIfExists, partition_by: None, predicate: None };
        let log = log_store(staging, self.promise())?;
        let prepared = properties(provenance, 0)
            .with_actions(actions)
            .build(None, log, operation)
            .into_prepared_commit_future()
            .await;
        let committed = match prepared {
            Ok(prepared) => prepared.await,
            Err(e) => Err(e),
        };
        committed.map_err(|e| failure::delta("write to", name, folder, &e))?;
        self.sync(staging)?;
        // Others may wait for a place in an empty folder, but nothing in it is ever overwritten: a rename fails instead.
        if !schema_folder.exists() {
            fs::create_dir(schema_folder).map_err(|e| failed(&e))?;
            self.sync(self.root())?;
        }
        fs::rename(staging, folder).map_err(|e| match e.kind() {
            std::io::ErrorKind::DirectoryNotEmpty | std::io::ErrorKind::AlreadyExists => {
                failure::conflict(name, "another program put something into its folder in between")
            }
            _ => failed(&e),
        })?;
        self.sync(schema_folder)?;
        Ok(Written { rows: staged.rows, version: 0, files: staged.adds.len() as u64, bytes: staged.bytes() })
    }

    async fn append(
        &self,
        name: &TableName,
        existing: &Existing,
        staged: Staged,
        provenance: &BTreeMap<String, String>,
    ) -> Result<Written> {
        let _lock = self.lock().await?;
        for _ in 0..RETRIES {
            let table = self.unchanged(name, existing).await?;
            if staged.rows == 0 {
                return Ok(Written { rows: 0, version: table.version().unwrap_or(0), files: 0, bytes: 0 });
            }
            match self
                .commit(name, &self.folder(name)?, &table, Vec::new(), &staged, SaveMode::Append, RETRIES, provenance)
                .await
            {
                // Appended rows depend on nothing that is there, so whatever came first, as long as the columns are the
                // same, they can follow it.
                Err(Failed::Conflict) => {}
                other => return other.map_err(|e| e.told(name)),
            }
        }
        Err(failure::conflict(name, "other programs keep committing to it"))
    }

    async fn replace(
        &self,
        name: &TableName,
        existing: &Existing,
        version: u64,
        staged: Staged,
        provenance: &BTreeMap<String, String>,
    ) -> Result<Written> {
        let _lock = self.lock().await?;
        let table = self.unchanged(name, existing).await?;
        if table.version() != Some(version) {
            return Err(failure::conflict(name, "another process committed to it while the statement ran"));
        }
        let folder = self.folder(name)?;
        let actions = removes(name, &folder, &table).await?;
        self.commit(name, &folder, &table, actions, &staged, SaveMode::Overwrite, 0, provenance)
            .await
            .map_err(|e| e.told(name))
    }

    /// The newest version of the table that `existing` was a version of; the lock is held.
    async fn unchanged(&self, name: &TableName, existing: &Existing) -> Result<DeltaTable> {
        let Some(table) = self.load(name).await? else {
            return Err(failure::conflict(name, "another process dropped it while the statement ran"));
        };
        let metadata = table.snapshot_or(name)?.metadata();
        if metadata.id() != existing.id {
            return Err(failure::conflict(name, "another process replaced it while the statement ran"));
        }
        if schema_text(metadata) != existing.schema {
            return Err(failure::conflict(name, "another process changed its columns while the statement ran"));
        }
        Ok(table)
    }

    /// Moves the staged files into the table and commits them with `actions`; the lock is held.
    #[expect(clippy::too_many_arguments, reason = "the one place where a commit is made")]
    async fn commit(
        &self,
        name: &TableName,
        folder: &Path,
        table: &DeltaTable,
        mut actions: Vec<Action>,
        staged: &Staged,
        mode: SaveMode,
        retries: usize,
        provenance: &BTreeMap<String, String>,
    ) -> Result<Written, Failed> {
        let mut moved = Moved { to: folder.to_owned(), from: staged.claim.folder().to_owned(), files: Vec::new() };
        let mut touched = vec![folder.to_owned()];
        for file in staged.files().map_err(|e| Error::io("write to", folder, &e))? {
            let target = folder.join(&file);
            let failed = |e: std::io::Error| Error::io("write to", folder, &e);
            // Folders of a partitioned table; each new one is an entry to sync in the one above it.
            let mut above = file.parent();
            while let Some(part) = above.filter(|p| !p.as_os_str().is_empty()) {
                touched.push(folder.join(part));
                above = part.parent();
            }
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(failed)?;
            }
            fs::rename(staged.claim.folder().join(&file), &target).map_err(failed)?;
            moved.files.push(file);
        }
        touched.sort();
        touched.dedup();
        for part in touched {
            self.sync(&part)?;
        }
        actions.extend(staged.adds.iter().cloned().map(Action::Add));
        let partitions = table.snapshot_or(name)?.metadata().partition_columns().to_vec();
        let operation = DeltaOperation::Write {
            mode,
            partition_by: (!partitions.is_empty()).then_some(partitions),
            predicate: None,
        };
        let snapshot: &dyn TableReference = table.snapshot_or(name)?;
        let prepared = properties(provenance, retries)
            .with_actions(actions)
            .build(Some(snapshot), table.log_store(), operation)
            .into_prepared_commit_future()
            .await;
        let committed = match prepared {
            Ok(prepared) => prepared.await,
            Err(e) => Err(e),
        };
        let committed = committed.map_err(|e| {
            if failure::is_conflict(&e) {
                Failed::Conflict
            } else {
                Failed::Otherwise(failure::delta("write to", name, folder, &e))
            }
        })?;
        moved.files.clear();
        let version = committed.version;
        // The rows are in. A checkpoint only speeds up later readers, so failing to write one (a full disk) is no failure.
        let _ = committed.await;
        Ok(Written { rows: staged.rows, version, files: staged.adds.len() as u64, bytes: staged.bytes() })
    }

    pub(super) async fn lock(&self) -> Result<Lock> {
        Lock::acquire_async(self.lock_path()).await
    }

    pub(super) fn sync(&self, folder: &Path) -> Result<()> {
        if !self.is_durable() {
            return Ok(());
        }
        sync_folder(folder).map_err(|e| Error::io("sync", folder, &e))
    }
}

impl Existing {
    fn layout(&self, name: &TableName, input: &datafusion::arrow::datatypes::Schema) -> Result<Layout> {
        let snapshot = self.table.snapshot_or(name)?;
        let mapping = Mapping::by_name(input, &snapshot.arrow_schema(), &name.to_string())?;
        Ok(Layout { mapping, partitions: snapshot.metadata().partition_columns().to_vec() })
    }
}

/// A commit that did not happen: lost to another, or for a reason that trying again does not mend.
enum Failed {
    Conflict,
    Otherwise(Error),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Otherwise(error)
    }
}

impl Failed {
    fn told(self, name: &TableName) -> Error {
        match self {
            Self::Conflict => failure::conflict(name, "another process committed to it in between"),
            Self::Otherwise(error) => error,
        }
    }
}

/// Files that lie in a table's folder without being part of it; they go back to the staging folder unless a commit names
/// them.
struct Moved {
    to: PathBuf,
    from: PathBuf,
    files: Vec<PathBuf>,
}

impl Drop for Moved {
    fn drop(&mut self) {
        for file in &self.files {
            let _ = fs::rename(self.to.join(file), self.from.join(file));
        }
    }
}

trait SnapshotOr {
    /// The loaded state; every table here was loaded.
    fn snapshot_or(&self, name: &TableName) -> Result<&deltalake::kernel::EagerSnapshot>;
}

impl SnapshotOr for DeltaTable {
    fn snapshot_or(&self, name: &TableName) -> Result<&deltalake::kernel::EagerSnapshot> {
        self.snapshot()
            .map(|state| state.snapshot())
            .map_err(|e| Error::internal(format!("`{name}` is not loaded: {e}")))
    }
}

fn exists(name: &TableName) -> Error {
    Error::query(format!("the table `{name}` already exists"))
        .with_hint("CREATE OR REPLACE TABLE replaces it, INSERT INTO adds rows to it")
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_none())
}

async fn removes(name: &TableName, folder: &Path, table: &DeltaTable) -> Result<Vec<Action>> {
    let log = table.log_store();
    let files =
        table.snapshot_or(name)?.file_views(log.as_ref(), None).map_ok(|file| Action::Remove(file.remove_action(true)));
    files.try_collect().await.map_err(|e: DeltaTableError| failure::delta("read", name, folder, &e))
}

fn properties(provenance: &BTreeMap<String, String>, retries: usize) -> CommitBuilder {
    let metadata = provenance.iter().map(|(key, value)| (format!("glotrace.{key}"), Value::from(value.as_str())));
    CommitBuilder::from(CommitProperties::default().with_metadata(metadata).with_max_retries(retries))
}

fn schema_text(metadata: &Metadata) -> String {
    serde_json::to_value(metadata).ok().and_then(|m| m.get("schemaString").map(Value::to_string)).unwrap_or_default()
}

/// Reader 1, writer 2: what every Delta program knows.
fn plain_protocol() -> Result<Protocol> {
    protocol(json!({ "minReaderVersion": 1, "minWriterVersion": 2 }))
}

fn protocol(value: Value) -> Result<Protocol> {
    serde_json::from_value(value).map_err(|e| Error::internal(format!("a Delta protocol was refused: {e}")))
}

/// `old` with the feature that timestamps without a time zone need; `None` where it has it.
fn with_local_timestamps(old: &Protocol) -> Result<Option<Protocol>> {
    const FEATURE: &str = "timestampNtz";
    let value = serde_json::to_value(old).map_err(|e| Error::internal(e.to_string()))?;
    let features = |key: &str| -> Vec<String> {
        value.get(key).and_then(|list| serde_json::from_value(list.clone()).ok()).unwrap_or_default()
    };
    let (mut readers, mut writers) = (features("readerFeatures"), features("writerFeatures"));
    if readers.iter().any(|f| f == FEATURE) && writers.iter().any(|f| f == FEATURE) {
        return Ok(None);
    }
    if old.min_writer_version() < 7 {
        // What version 2 implied must be listed from version 7 on.
        writers.extend(["appendOnly", "invariants"].map(str::to_owned));
    }
    for list in [&mut readers, &mut writers] {
        if !list.iter().any(|f| f == FEATURE) {
            list.push(FEATURE.to_owned());
        }
    }
    protocol(
        json!({ "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": readers, "writerFeatures": writers }),
    )
    .map(Some)
}

/// Tables of other programs may demand of writers what the staged path does not do: evaluate constraints, fill generated
/// columns, rename columns, number rows. To write without doing so would break the table.
fn check_writable(name: &TableName, table: &DeltaTable) -> Result<()> {
    let snapshot = table.snapshot_or(name)?;
    PROTOCOL
        .can_write_to(snapshot)
        .map_err(|e| failure::delta("write to", name, Path::new(table.table_url().path()), &e.into()))?;
    let metadata = snapshot.metadata();
    let demand = metadata.configuration().iter().find_map(|(key, value)| match key.as_str() {
        key if key.starts_with("delta.constraints.") => Some("a CHECK constraint"),
        "delta.columnMapping.mode" if value != "none" => Some("column mapping"),
        "delta.enableRowTracking" if value.eq_ignore_ascii_case("true") => Some("row tracking"),
        _ => None,
    });
    let schema = snapshot.schema();
    let demand = demand.or_else(|| schema.fields().find_map(field_demand));
    match demand {
        None => Ok(()),
        Some(demand) => Err(Error::query(format!("`{name}` has {demand}, which glotrace can read but not write"))
            .with_hint(format!(
                "write it with the program that made it, or copy it: CREATE TABLE … AS SELECT * FROM {name}"
            ))),
    }
}

fn field_demand(field: &StructField) -> Option<&'static str> {
    field.metadata().keys().find_map(|key| match key.as_str() {
        "delta.generationExpression" => Some("a generated column"),
        "delta.invariants" => Some("a column with an invariant"),
        key if key.starts_with("delta.identity.") => Some("an identity column"),
        _ => None,
    })
}
