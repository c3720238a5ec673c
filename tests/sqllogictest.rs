//! Runs tests/slt/<family>/<function>.slt: what each function gives, as SQL users see it.
//!
//! Values print as in a list or struct of DuckDB; NULL as `NULL`, an empty text as `(empty)`, a line break as `\n`.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::StreamExt;
use glotrace::engine::{Answer, Engine, EngineOptions};
use glotrace::plan::split::Statement;
use sqllogictest::{AsyncDB, DBOutput, DefaultColumnType};

struct Database(Engine);

#[derive(Debug)]
struct Failed(String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
impl std::error::Error for Failed {}

impl From<glotrace::Error> for Failed {
    fn from(error: glotrace::Error) -> Self {
        match &error.hint {
            Some(hint) => Self(format!("{}\nhint: {hint}", error.message)),
            None => Self(error.message),
        }
    }
}

#[async_trait::async_trait]
impl AsyncDB for Database {
    type Error = Failed;
    type ColumnType = DefaultColumnType;

    async fn run(&mut self, sql: &str) -> Result<DBOutput<DefaultColumnType>, Failed> {
        let statement = Statement::new(sql);
        let mut stream = match self.0.execute(&statement).await? {
            Answer::Done { rows, .. } => return Ok(DBOutput::StatementComplete(rows.unwrap_or(0))),
            Answer::Rows(stream) => stream,
        };
        let columns = stream.schema().fields().len();
        let mut rows = Vec::new();
        while let Some(batch) = stream.next().await {
            let batch = batch.map_err(|e| self.0.explain(&statement, e))?;
            for row in 0..batch.num_rows() {
                let cells = batch.columns().iter().map(|c| cell(c.as_ref(), row).map_err(Failed));
                rows.push(cells.collect::<Result<Vec<_>, _>>()?);
            }
        }
        Ok(DBOutput::Rows { types: vec![DefaultColumnType::Text; columns], rows })
    }

    fn engine_name(&self) -> &str {
        "glotrace"
    }

    async fn shutdown(&mut self) {}
}

fn cell(column: &dyn Array, row: usize) -> Result<String, String> {
    if column.is_null(row) || column.data_type() == &DataType::Null {
        return Ok("NULL".into());
    }
    let text = match column.data_type() {
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            let items: Result<Vec<_>, _> = (0..items.len()).map(|i| inner(items.as_ref(), i)).collect();
            format!("[{}]", items?.join(", "))
        }
        DataType::Struct(fields) => {
            let parts: Result<Vec<_>, String> = fields
                .iter()
                .zip(column.as_struct().columns())
                .map(|(f, c)| Ok(format!("{}: {}", f.name(), inner(c.as_ref(), row)?)))
                .collect();
            format!("{{{}}}", parts?.join(", "))
        }
        _ => {
            let options = FormatOptions::default();
            let formatter = ArrayFormatter::try_new(column, &options).map_err(|e| e.to_string())?;
            formatter.value(row).to_string()
        }
    };
    Ok(if text.is_empty() { "(empty)".into() } else { text.replace('\n', "\\n") })
}

/// A value inside a list or struct: an empty text is nothing there.
fn inner(column: &dyn Array, row: usize) -> Result<String, String> {
    cell(column, row).map(|text| if text == "(empty)" { String::new() } else { text })
}

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|x| x == "slt") {
            into.push(path);
        }
    }
}

/// A folder in memory where the system has one: each call is synced, which these tests need not wait for.
fn memory_folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

#[test]
fn every_slt_file_holds() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    files(&root.join("tests/slt"), &mut all);
    if let Ok(only) = std::env::var("SLT") {
        all.retain(|path| path.to_string_lossy().contains(&only));
    }
    assert!(!all.is_empty(), "no .slt file");
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_stack_size(8 << 20).enable_all().build().unwrap();
    let mut failed = Vec::new();
    for path in &all {
        // Each file counts its own calls: the store is empty, and each statement makes its calls anew unless the file says
        // `SET glotrace.reuse_calls = true`.
        let cache = memory_folder();
        let mut runner = sqllogictest::Runner::new(|| async {
            let settings = vec![("glotrace.reuse_calls".to_owned(), "false".to_owned())];
            let options = EngineOptions { settings, cache: Some(cache.path().to_owned()), ..EngineOptions::default() };
            Engine::open(options).await.map(Database).map_err(Failed::from)
        });
        if let Err(error) = runtime.block_on(runner.run_file_async(path)) {
            failed.push(format!("{}\n{error}", path.display()));
        }
    }
    eprintln!("{} of {} slt files hold", all.len() - failed.len(), all.len());
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
