//! One result on its way out: to the screen, the pager or a file, as it comes.

use std::io::{BufWriter, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::out::{Shared, Spool, Stdout, Target, message};
use super::pager::Paged;
use super::progress::thousands;
use crate::error::{Error, Result};
use crate::write::{Format, RowWriter, WriteOptions, copy_to, row_writer};

/// Rows of a result that a table for the eye shows where nothing else was said.
pub const SHOWN: usize = 40;

/// How results look.
#[derive(Debug, Clone)]
pub struct Look {
    pub format: Format,
    /// `None` shows all.
    pub max_rows: Option<usize>,
    /// Columns of the terminal; `None` where there is none.
    pub columns: Option<usize>,
    /// What NULL looks like; `None` is the format's own.
    pub null: Option<String>,
    pub color: bool,
    /// How to see the rows that are not shown.
    pub rest: &'static str,
}

impl Look {
    fn options(&self) -> WriteOptions {
        WriteOptions {
            null: self.null.clone(),
            max_rows: self.max_rows,
            max_width: self.columns,
            color: self.color,
            ..WriteOptions::default()
        }
    }
}

/// Whether a format is drawn once the last row is known, for people to read.
pub fn is_table(format: Format) -> bool {
    matches!(format, Format::Table | Format::Box)
}

pub struct Printer {
    look: Look,
    to: To,
    rows: usize,
}

enum To {
    /// `schema` until the first rows come: a statement that fails before leaves no lonely header.
    Screen { writer: Box<dyn RowWriter>, screen: Shared<BufWriter<Screen>>, schema: Option<SchemaRef> },
    /// The first result of a file.
    File { batches: mpsc::Sender<Result<RecordBatch, DataFusionError>>, written: JoinHandle<Result<u64>> },
    /// A further one.
    Spool { writer: Box<dyn RowWriter>, lines: Shared<BufWriter<std::fs::File>>, spool: Spool },
}

enum Screen {
    Stdout(Stdout),
    Paged(Paged),
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(bytes),
            Self::Paged(paged) => paged.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::Paged(paged) => paged.flush(),
        }
    }
}

impl Screen {
    fn finish(&mut self) -> std::io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::Paged(paged) => paged.finish(),
        }
    }
}

impl Printer {
    /// To standard output, through the pager where `height` (lines of the terminal) is given.
    ///
    /// # Errors
    /// Where the format cannot go to a screen, or standard output cannot be written.
    pub fn to_screen(look: Look, stdout: Stdout, height: Option<usize>, schema: &SchemaRef) -> Result<Self> {
        let screen = if height.is_some() { Screen::Paged(Paged::new(height)) } else { Screen::Stdout(stdout) };
        let screen = Shared::new(BufWriter::with_capacity(1 << 16, screen));
        let writer = row_writer(look.format, Box::new(screen.clone()), &look.options())?;
        Ok(Self { look, to: To::Screen { writer, screen, schema: Some(schema.clone()) }, rows: 0 })
    }

    /// To a file, all rows.
    ///
    /// # Errors
    /// Where the file takes no further result, or its folder cannot be written.
    pub fn to_file(look: Look, target: &Target, schema: &SchemaRef) -> Result<Self> {
        let look = Look { format: target.format, max_rows: None, columns: None, color: false, ..look };
        if target.results > 0 {
            let spool = target.spool()?;
            let lines = Shared::new(BufWriter::with_capacity(1 << 16, spool.handle()?));
            let mut writer = row_writer(target.format, Box::new(lines.clone()), &look.options())?;
            writer.begin(schema)?;
            return Ok(Self { look, to: To::Spool { writer, lines, spool }, rows: 0 });
        }
        let (batches, received) = mpsc::channel(2);
        let stream = Box::pin(RecordBatchStreamAdapter::new(schema.clone(), Received(received)));
        let (path, options) = (target.path.clone(), look.options());
        let format = target.format;
        let written = tokio::spawn(async move { copy_to(stream, &path, format, &options).await });
        Ok(Self { look, to: To::File { batches, written }, rows: 0 })
    }

    /// Whether rows appear on the screen while the statement still runs.
    pub fn streams_to_screen(&self) -> bool {
        matches!(self.to, To::Screen { .. }) && !is_table(self.look.format)
    }

    fn begin(&mut self) -> Result<()> {
        match &mut self.to {
            To::Screen { writer, schema, .. } => schema.take().map_or(Ok(()), |schema| writer.begin(&schema)),
            To::File { .. } | To::Spool { .. } => Ok(()),
        }
    }

    /// # Errors
    /// Where the destination cannot be written.
    pub async fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let before = self.rows;
        self.rows += batch.num_rows();
        self.begin()?;
        match &mut self.to {
            // These two count what they do not show.
            To::Screen { writer, .. } if is_table(self.look.format) || self.look.format == Format::Line => {
                writer.batch(batch)
            }
            To::Screen { writer, screen, .. } => {
                let room = self.look.max_rows.map_or(usize::MAX, |max| max.saturating_sub(before));
                if room > 0 {
                    writer.batch(&batch.slice(0, room.min(batch.num_rows())))?;
                }
                // A reader at the other end of a pipe sees rows as they come, however long a model call takes.
                screen.flush().map_err(|error| Error::io("write to", "standard output", &error))
            }
            To::Spool { writer, .. } => writer.batch(batch),
            To::File { batches, .. } => {
                // A closed channel means that the writer has failed: finish() tells why.
                let _ = batches.send(Ok(batch.clone())).await;
                Ok(())
            }
        }
    }

    /// Whether nobody takes further rows, because writing them has failed.
    pub fn has_failed(&self) -> bool {
        matches!(&self.to, To::File { batches, .. } if batches.is_closed())
    }

    /// Completes the output and says how many rows there were.
    ///
    /// # Errors
    /// Where the destination cannot be written; a file is then what it was before.
    pub async fn finish(mut self) -> Result<usize> {
        self.begin()?;
        match self.to {
            To::Screen { mut writer, mut screen, .. } => {
                writer.finish()?;
                drop(writer);
                let counted = is_table(self.look.format) || self.look.format == Format::Line;
                let rest = self.look.max_rows.filter(|max| self.rows > *max).map(|max| match counted {
                    true => self.look.rest.to_owned(),
                    false => format!(
                        "{} of {} rows shown: {}",
                        thousands(max as u64),
                        thousands(self.rows as u64),
                        self.look.rest
                    ),
                });
                screen
                    .flush()
                    .and_then(|()| screen.with(|screen| screen.get_mut().finish()))
                    .map_err(|error| Error::io("write to", "standard output", &error))?;
                if let Some(rest) = rest {
                    message(&rest);
                }
            }
            To::Spool { mut writer, mut lines, spool } => {
                writer.finish()?;
                drop(writer);
                lines.flush().map_err(|error| Error::world(format!("cannot write the result: {error}")))?;
                spool.append()?;
            }
            To::File { batches, written } => {
                drop(batches);
                written.await.map_err(|error| Error::internal(format!("writing a file stopped: {error}")))??;
            }
        }
        Ok(self.rows)
    }

    /// Ends without the rest: a file stays what it was; the screen keeps what it has.
    pub async fn abandon(self) {
        match self.to {
            To::Screen { mut screen, .. } => {
                let _ = screen.flush();
                let _ = screen.with(|screen| screen.get_mut().finish());
            }
            To::Spool { .. } => {}
            To::File { batches, written } => {
                let _ = batches.send(Err(DataFusionError::Execution("stopped".to_owned()))).await;
                drop(batches);
                let _ = written.await;
            }
        }
    }
}

/// What a channel receives, as a stream.
struct Received(mpsc::Receiver<Result<RecordBatch, DataFusionError>>);

impl futures::Stream for Received {
    type Item = Result<RecordBatch, DataFusionError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}
