//! `COPY … TO` and `-o`: a stream of rows into one file, whole or not at all.

use std::path::{Path, PathBuf};

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use tokio::sync::mpsc::{self, Receiver};

use crate::error::{Error, ErrorKind, Result};

use super::format::extension_and_packing;
use super::target::Target;
use super::{Format, WriteOptions, row_writer};

/// Writes `stream` to `path` and gives the number of rows. A `.gz` or `.zst` at the end of a text file's name packs it.
///
/// The file appears under its name when it is complete and durable; on any error, and when the future is dropped, the old file
/// is untouched and no partial one stays.
///
/// # Errors
/// Those of the stream, unchanged; the folder is missing or unwritable; the disk is full; a type that the format lacks.
pub async fn copy_to(
    mut stream: SendableRecordBatchStream,
    path: &Path,
    format: Format,
    options: &WriteOptions,
) -> Result<u64> {
    options.check_for(format)?;
    let packing = if format.is_text() { options.compression.or(extension_and_packing(path).1) } else { None };
    let target = Target::create(path, packing)?;
    let mut guard = Guard(target.temporary());
    let (sender, receiver) = mpsc::channel(2);
    let (schema, options) = (stream.schema(), options.clone());
    // Encoding and the disk are no work for the threads that drive queries.
    let task = tokio::task::spawn_blocking(move || write(target, receiver, &schema, format, &options));
    let mut failure = None;
    while let Some(batch) = stream.next().await {
        match batch {
            Ok(batch) => {
                // The writer has stopped: its error is told below.
                if sender.send(Message::Rows(batch)).await.is_err() {
                    break;
                }
            }
            Err(error) => {
                failure = Some(of_stream(error));
                break;
            }
        }
    }
    if failure.is_none() {
        let _ = sender.send(Message::End).await;
    }
    drop(sender);
    let outcome = task.await.map_err(|e| Error::internal(format!("writing a file ended early: {e}")))?;
    match failure {
        Some(error) => Err(error),
        None => {
            let rows = outcome?;
            guard.0 = None;
            Ok(rows)
        }
    }
}

enum Message {
    Rows(RecordBatch),
    End,
}

/// Removes the partial file at once where the future is dropped: the writer's thread may need a while to notice.
struct Guard(Option<PathBuf>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn write(
    target: Target,
    mut receiver: Receiver<Message>,
    schema: &SchemaRef,
    format: Format,
    options: &WriteOptions,
) -> Result<u64> {
    let outcome = write_rows(&target, &mut receiver, schema, format, options);
    match outcome {
        Ok(rows) => target.commit().map(|()| rows),
        Err(error) => Err(target.explain(error)),
    }
}

fn write_rows(
    target: &Target,
    receiver: &mut Receiver<Message>,
    schema: &SchemaRef,
    format: Format,
    options: &WriteOptions,
) -> Result<u64> {
    let mut writer = row_writer(format, Box::new(target.sink()), options)?;
    writer.begin(schema)?;
    let mut rows = 0;
    loop {
        match receiver.blocking_recv() {
            Some(Message::Rows(batch)) => {
                rows += batch.num_rows() as u64;
                writer.batch(&batch)?;
            }
            Some(Message::End) => {
                writer.finish()?;
                return Ok(rows);
            }
            None => return Err(Error::new(ErrorKind::Interrupted, "the rows ended early: nothing was written")),
        }
    }
}

/// The error of glotrace that travelled through DataFusion, or DataFusion's own.
pub(crate) fn of_stream(error: DataFusionError) -> Error {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<Error>() {
            Ok(error) => *error,
            Err(inner) => match inner.downcast::<DataFusionError>() {
                Ok(error) => of_stream(*error),
                Err(inner) => Error::world(inner.to_string()),
            },
        },
        DataFusionError::Context(_, inner) => of_stream(*inner),
        DataFusionError::ArrowError(inner, trace) => match *inner {
            datafusion::arrow::error::ArrowError::ExternalError(inner) => of_stream(DataFusionError::External(inner)),
            other => Error::query(DataFusionError::ArrowError(Box::new(other), trace).strip_backtrace()),
        },
        other => Error::query(other.strip_backtrace()),
    }
}
