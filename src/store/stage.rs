//! Rows → Parquet files that no reader can see yet.
//!
//! Files are written to a claimed folder under `.staging`, not into the table: until the commit they belong to the statement
//! alone. An aborted statement takes them with it, a killed process leaves them to the next opening of the database.

use std::collections::HashMap;
use std::fs;
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;
use deltalake::DeltaTableError;
use deltalake::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake::kernel::{Add, EagerSnapshot};
use deltalake::operations::get_num_idx_cols_and_stats_columns;
use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::claim::{Access, Claim};
use super::failure;
use super::fsync::FileStore;
use super::table::log_store_on;
use super::types::Mapping;
use super::{Store, TableName};
use crate::error::{Error, Result};

/// A file is closed at about this size: large enough to scan at full speed, small enough to be rewritten or fetched.
const FILE_BYTES: u64 = 256 << 20;
/// A row group is in memory until it is written. Rows bound it for narrow tables, bytes for tables of long texts.
const ROW_GROUP_ROWS: usize = 1 << 20;
const ROW_GROUP_BYTES: usize = 64 << 20;
/// Batches that wait between the query and the encoder. One keeps both busy; with long texts each more costs megabytes.
const QUEUE: usize = 1;

/// Written, synced, and not yet part of any table.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) claim: Claim,
    pub(super) adds: Vec<Add>,
    pub(super) rows: u64,
    /// There is nothing more to come from the input.
    pub(super) ended: bool,
}

impl Staged {
    pub(super) fn bytes(&self) -> u64 {
        self.adds.iter().map(|add| u64::try_from(add.size).unwrap_or(0)).sum()
    }

    /// The data files, relative to the staging folder; those of partitioned tables lie in folders of their own.
    pub(super) fn files(&self) -> std::io::Result<Vec<PathBuf>> {
        fn walk(root: &Path, at: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
            for entry in fs::read_dir(root.join(at))? {
                let entry = entry?;
                let path = at.join(entry.file_name());
                if entry.file_type()?.is_dir() {
                    walk(root, &path, found)?;
                } else {
                    found.push(path);
                }
            }
            Ok(())
        }
        let mut found = Vec::new();
        walk(self.claim.folder(), Path::new(""), &mut found)?;
        Ok(found)
    }
}

/// Where a chunk of a long INSERT ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct ChunkEnd {
    pub(super) rows: usize,
    /// Counted from the chunk's first row.
    pub(super) after: Duration,
}

/// What the rows become.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) mapping: Mapping,
    pub(super) partitions: Vec<String>,
}

impl Store {
    /// Writes `input`, up to `end` if there is one, as Parquet files for `table`; `existing` is what it looks like today.
    ///
    /// Memory: three batches, one row group under construction and what is being written of the one before.
    pub(super) async fn stage(
        &self,
        table: &TableName,
        layout: &Layout,
        existing: Option<&EagerSnapshot>,
        input: &mut SendableRecordBatchStream,
        end: Option<ChunkEnd>,
    ) -> Result<Staged> {
        let parent = self.staging();
        fs::create_dir_all(&parent).map_err(|e| Error::io("write to", &parent, &e))?;
        let claim = Claim::new(&parent, "", Access::Umask).map_err(|e| Error::io("write to", &parent, &e))?;
        let (files, failure) = FileStore::deferring(self.promise());
        let files = log_store_on(files, claim.folder())?.object_store(None);
        let (indexed, statistics) =
            get_num_idx_cols_and_stats_columns(existing.map(EagerSnapshot::table_properties), HashMap::new());
        let target = SchemaRef::clone(layout.mapping.target());
        let config = WriterConfig::new(
            target,
            layout.partitions.clone(),
            Some(properties()),
            NonZeroU64::new(FILE_BYTES),
            Some(8192),
            indexed,
            statistics,
        );

        let (queue, mut batches) = mpsc::channel::<RecordBatch>(QUEUE);
        // Encoding runs beside the query. The set ends its task when this future is dropped.
        let mut encoder = JoinSet::new();
        encoder.spawn(async move {
            let mut writer = DeltaWriter::new(files, config);
            while let Some(batch) = batches.recv().await {
                if let Err(error) = writer.write(&batch).await {
                    let _ = writer.abort().await;
                    return Err(error);
                }
            }
            writer.close().await
        });

        let mut rows = 0_u64;
        let mut deadline: Option<Instant> = None;
        let mut broken = None;
        let mut ended = true;
        loop {
            let next = match deadline {
                Some(at) => match timeout_at(at, input.next()).await {
                    Ok(next) => next,
                    Err(_) => {
                        ended = false;
                        break;
                    }
                },
                None => input.next().await,
            };
            let Some(batch) = next else { break };
            let batch = match batch.map_err(|e| failure::input(&e)).and_then(|batch| layout.mapping.apply(&batch)) {
                Ok(batch) => batch,
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            };
            if batch.num_rows() == 0 {
                continue;
            }
            rows += batch.num_rows() as u64;
            if queue.send(batch).await.is_err() || failure.get().is_some() {
                // Why is told below.
                break;
            }
            if let Some(end) = end {
                if rows >= end.rows as u64 {
                    ended = false;
                    break;
                }
                deadline.get_or_insert_with(|| Instant::now() + end.after);
            }
        }
        if let Some(error) = broken {
            encoder.shutdown().await;
            return Err(error);
        }
        drop(queue);
        let folder = self.folder(table)?;
        let failed = |error: &DeltaTableError| failure::delta("write to", table, &folder, error);
        let adds = match encoder.join_next().await {
            Some(Ok(adds)) => adds.map_err(|e| failed(&e))?,
            Some(Err(panic)) => return Err(Error::internal(format!("writing rows failed: {panic}"))),
            None => return Err(Error::internal("the writer of rows has vanished")),
        };
        if let Some(error) = failure.get() {
            return Err(failure::file("write to", &folder, error));
        }
        Ok(Staged { claim, adds, rows, ended })
    }
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_created_by(concat!("glotrace ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_max_row_group_bytes(Some(ROW_GROUP_BYTES))
        .build()
}
