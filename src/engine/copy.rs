//! `COPY (query) TO 'file'`: a table or, by its extension, a figure.

use std::path::Path;
use std::sync::Arc;

use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use super::tables::rows;
use super::{Answer, Engine};
use crate::draw::{self, Figure, MOST_ROWS, Picture};
use crate::error::{Error, Result};
use crate::plan::model_call::run::StatementRun;
use crate::plan::parse::Copy;
use crate::plan::rewrite::constant_text;
use crate::plan::split::Statement;
use crate::write::{self, Format, WriteOptions};

impl Engine {
    pub(super) async fn copy(&self, statement: &Statement, copy: Copy, run: &Arc<StatementRun>) -> Result<Answer> {
        self.writable()?;
        let mut target = copy.target;
        self.shared.substitute(statement, &mut target)?;
        let target = constant_text(&target)?;
        let path = Path::new(&target);
        let mut said = Vec::new();
        for (key, mut value) in copy.options {
            self.shared.substitute(statement, &mut value)?;
            said.push((key.trim_start_matches("format.").to_owned(), constant_text(&value)?));
        }
        let kind = Kind::choose(path, &said)?;
        let plan = self.plan_query(statement, copy.query).await?;
        // `COPY … TO 'results/x.csv'` makes `results`, as a study's first run needs it.
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| Error::io("make the folder", folder, &e))?;
        }
        let stream = self.stream(statement, plan, run).await?;
        let stream = self.explained(statement, stream);
        let done = match kind {
            Kind::Table(format, options) => {
                write::copy_to(stream, path, format, &options).await.map(|written| (written, None))
            }
            Kind::Figure(picture, options) => figure(stream, path, picture, options).await,
        };
        let (written, warning) = done.map_err(|e| self.place(statement, e))?;
        let mut message = format!("COPY {target}: {}", rows(written));
        if let Some(warning) = warning {
            message.push_str(&format!("\nwarning: {warning}"));
        }
        Ok(Answer::Done { message, rows: Some(written) })
    }

    fn place(&self, statement: &Statement, error: Error) -> Error {
        if error.place.is_some() {
            return error;
        }
        self.explain(statement, error.into())
    }
}

/// What a target is to hold.
enum Kind {
    Table(Format, WriteOptions),
    Figure(Picture, draw::Options),
}

impl Kind {
    /// As `format` says, or the extension.
    fn choose(path: &Path, said: &[(String, String)]) -> Result<Self> {
        let format = said.iter().rev().find(|(key, _)| key == "format").map(|(_, value)| value.as_str());
        let picture = match format {
            Some(name) => Picture::from_name(name),
            None => Picture::from_path(path),
        };
        if let Some(picture) = picture {
            let mut options = draw::Options::default();
            said.iter().try_for_each(|(key, value)| options.set(key, value))?;
            return Ok(Self::Figure(picture, options));
        }
        if said.iter().any(|(key, _)| key == "plot") {
            return Err(Error::query(format!("plot: `{}` is no picture", path.display()))
                .with_hint("figures are written to .svg, .png, .html and .vl.json"));
        }
        let mut options = WriteOptions::default();
        said.iter().filter(|(key, _)| key != "format").try_for_each(|(key, value)| options.set(key, value))?;
        Ok(Self::Table(format.map_or_else(|| Format::from_path(path), str::parse)?, options))
    }
}

/// Draws all rows of `stream` to `path`; gives their number and what the reader of the picture should know.
async fn figure(
    mut stream: SendableRecordBatchStream,
    path: &Path,
    picture: Picture,
    options: draw::Options,
) -> Result<(u64, Option<String>)> {
    let schema = stream.schema();
    let (mut batches, mut rows) = (Vec::new(), 0);
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(write::of_stream)?;
        rows += batch.num_rows();
        batches.push(batch);
        // Too many is an error anyway, which the figure tells: no need to hold them all.
        if rows > MOST_ROWS {
            break;
        }
    }
    drop(stream);
    let path = path.to_path_buf();
    // Drawing and the disk are no work for the threads that drive queries.
    let task = tokio::task::spawn_blocking(move || {
        let drawn = Figure::new(&schema, &batches, &options)?.draw(picture)?;
        write::write_bytes(&drawn.bytes, &path)?;
        Ok((rows as u64, drawn.warning))
    });
    task.await.map_err(|e| Error::internal(format!("drawing a figure ended early: {e}")))?
}
