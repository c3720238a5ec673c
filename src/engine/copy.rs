//! `COPY (query) TO 'file'`.

use std::path::Path;
use std::sync::Arc;

use super::tables::rows;
use super::{Answer, Engine};
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
        let mut format = None;
        let mut options = WriteOptions::default();
        for (key, mut value) in copy.options {
            self.shared.substitute(statement, &mut value)?;
            let value = constant_text(&value)?;
            match key.trim_start_matches("format.") {
                "format" => format = Some(value.parse::<Format>()?),
                key => options.set(key, &value)?,
            }
        }
        let format = format.map_or_else(|| Format::from_path(path), Ok)?;
        let plan = self.plan_query(statement, copy.query).await?;
        // `COPY … TO 'results/x.csv'` makes `results`, as a study's first run needs it.
        if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(|e| Error::io("make the folder", folder, &e))?;
        }
        let stream = self.stream(statement, plan, run).await?;
        let stream = self.explained(statement, stream);
        let written = write::copy_to(stream, path, format, &options).await.map_err(|e| self.place(statement, e))?;
        Ok(Answer::Done { message: format!("COPY {target}: {}", rows(written)), rows: Some(written) })
    }

    fn place(&self, statement: &Statement, error: Error) -> Error {
        if error.place.is_some() {
            return error;
        }
        self.explain(statement, error.into())
    }
}
