//! `glotrace run`: a study, file by file, with a line for each and a table of what each wrote at the end.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use datafusion::arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};

use super::progress::thousands;
use super::session::Session;
use crate::error::{Error, ErrorKind, Result};
use crate::study::{Role, Wrote, files, finished, open};

/// Whether the first of the paths is the database: there are others, and it neither is a `.sql` file nor holds some.
pub fn begins_with_database(paths: &[PathBuf]) -> bool {
    let [first, _, ..] = paths else { return false };
    let is_sql = |path: &Path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("sql"));
    let holds_sql =
        || std::fs::read_dir(first).is_ok_and(|entries| entries.flatten().any(|entry| is_sql(&entry.path())));
    !is_sql(first) && (first.join("glotrace.sqlite").exists() || !holds_sql())
}

/// What became of one file.
struct Ran {
    file: String,
    state: &'static str,
    wrote: Vec<Wrote>,
    seconds: f64,
}

/// # Errors
/// Paths that are not there. Failures of statements are reported here and remembered for the exit code.
pub async fn run(session: &mut Session, paths: &[PathBuf], force: bool) -> Result<()> {
    let files = files(paths)?;
    let mut all = Vec::new();
    for (index, path) in files.iter().enumerate() {
        let started = Instant::now();
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        session.running = format!("{name} ({}/{})", index + 1, files.len());
        let (state, wrote) = match step(session, path, force).await {
            Ok((state, wrote)) => (state, wrote),
            Err(_) if session.stdout.is_broken() => return Ok(()),
            Err(error) => {
                let state = match error.kind {
                    ErrorKind::Interrupted => "interrupted",
                    ErrorKind::Budget => "stopped at the budget",
                    _ => "failed",
                };
                session.outcome.note(error.kind);
                session.report(&in_file(error, path));
                (state, Vec::new())
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        session.say(&line(&name, state, &wrote, seconds));
        all.push(Ran { file: name, state, wrote, seconds });
        if state == "interrupted" || (!matches!(state, "done" | "up to date") && !session.keep_going) {
            break;
        }
    }
    session.running.clear();
    if session.options.quiet { Ok(()) } else { summary(session, &all).await }
}

async fn step(session: &mut Session, path: &Path, force: bool) -> Result<(&'static str, Vec<Wrote>)> {
    let engine = Arc::clone(&session.engine);
    let step = open(&engine, path, force).await?;
    let mut whole = true;
    for (statement, role) in &step.statements {
        if !step.up_to_date || *role != Role::Write {
            session.statement(statement).await?;
            whole &= engine.progress().calls_failed == 0;
        }
    }
    let wrote = finished(&engine, &step, whole).await?;
    Ok((if step.up_to_date { "up to date" } else { "done" }, wrote))
}

/// A statement knows only its own text; the reader wants the line as it stands in the file.
fn in_file(mut error: Error, path: &Path) -> Error {
    if let Some(place) = &mut error.place
        && place.origin.as_deref() == Some(&*path.to_string_lossy())
        && let Ok(text) = std::fs::read_to_string(path)
        && let Some(line) = text.lines().nth(place.line.saturating_sub(1))
    {
        place.text = line.strip_prefix('\u{feff}').unwrap_or(line).to_owned();
    }
    error
}

/// `20_generate.sql: done in 12.3 s: traces 240 rows, results.parquet 12,345 bytes`
fn line(name: &str, state: &str, wrote: &[Wrote], seconds: f64) -> String {
    let wrote: Vec<String> = wrote
        .iter()
        .map(|wrote| match wrote.rows {
            Some(1) => format!("{} 1 row", wrote.name),
            Some(rows) => format!("{} {} rows", wrote.name, thousands(rows)),
            None => format!("{} {} bytes", wrote.name, thousands(wrote.bytes)),
        })
        .collect();
    let time = if state == "up to date" { String::new() } else { format!(" in {seconds:.1} s") };
    let what = if wrote.is_empty() { String::new() } else { format!(": {}", wrote.join(", ")) };
    format!("{name}: {state}{time}{what}")
}

/// A row for each thing written, and one for a file that wrote nothing.
async fn summary(session: &mut Session, all: &[Ran]) -> Result<()> {
    type Row<'a> = (&'a Ran, Option<&'a Wrote>);
    let rows: Vec<Row<'_>> = all
        .iter()
        .flat_map(|ran| {
            let nothing = ran.wrote.is_empty().then_some((ran, None));
            ran.wrote.iter().map(move |wrote| (ran, Some(wrote))).chain(nothing)
        })
        .collect();
    let text = |of: fn(&Row<'_>) -> Option<String>| Arc::new(rows.iter().map(of).collect::<StringArray>()) as ArrayRef;
    let number = |of: fn(&Row<'_>) -> Option<u64>| Arc::new(rows.iter().map(of).collect::<UInt64Array>()) as ArrayRef;
    let seconds: Float64Array =
        rows.iter().map(|(ran, _)| (ran.seconds * 1000.0).round() / 1000.0).collect::<Vec<_>>().into();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("file", text(|(ran, _)| Some(ran.file.clone())), true),
        ("state", text(|(ran, _)| Some(ran.state.to_owned())), true),
        ("wrote", text(|(_, wrote)| wrote.map(|wrote| wrote.name.clone())), true),
        ("rows", number(|(_, wrote)| wrote.and_then(|wrote| wrote.rows)), true),
        ("bytes", number(|(_, wrote)| wrote.map(|wrote| wrote.bytes)), true),
        ("seconds", Arc::new(seconds) as ArrayRef, true),
    ])
    .map_err(|error| Error::internal(error.to_string()))?;
    // With -o the file holds the results of the study's queries; this table is about the run.
    let output = session.output.take();
    let shown = session.show(&batch.schema(), &[batch]).await;
    session.output = output;
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_path_is_the_database_unless_it_holds_sql() {
        let folder = tempfile::tempdir().unwrap();
        let queries = folder.path().join("queries");
        std::fs::create_dir(&queries).unwrap();
        std::fs::write(queries.join("1.sql"), "SELECT 1").unwrap();
        let database = folder.path().join("study.db");
        assert!(begins_with_database(&[database.clone(), queries.clone()]));
        assert!(!begins_with_database(&[queries.clone(), queries.join("1.sql")]));
        assert!(!begins_with_database(&[queries.join("1.sql"), queries.clone()]));
        assert!(!begins_with_database(&[queries]));
        assert!(!begins_with_database(&[database]));
    }
}
