//! What a script and the prompt share: the engine, where results go and how they look, and running one statement.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use futures::StreamExt;
use tokio::sync::mpsc;

use super::args::{Color, MaxRows, Options};
use super::command::{self, After};
use super::interrupts::{INTERRUPTED, Interrupts, TERMINATED};
use super::out::{Stdout, Target, message};
use super::print::{Look, Printer, SHOWN, is_table};
use super::progress::{self, Progress, Show, thousands};
use super::report::report;
use super::script::{Piece, pieces};
use crate::engine::{Answer, Engine, EngineOptions};
use crate::error::{Error, ErrorKind, Result};
use crate::plan::split::Statement;
use crate::write::Format;

/// How long a statement that was asked to stop may take to put away what its model calls finished.
const GRACE: Duration = Duration::from_secs(5);
/// The same for a statement that has called no model.
const SHORT_GRACE: Duration = Duration::from_millis(100);
/// `_` keeps this much of a result in memory; of a larger one it keeps the first rows, and that is said.
const KEPT_BYTES: usize = 512 << 20;
/// Failed model calls that are told one by one.
const FAILURES: usize = 3;
/// `.read` in a script that is read, and so on.
const DEPTH: usize = 16;

/// The last result, as `_` and `.last` show it.
#[derive(Clone)]
pub struct Last {
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
}

/// What went wrong so far, which becomes the exit code.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outcome {
    failed: bool,
    calls_failed: bool,
    budget: bool,
    stopped: Option<u8>,
}

pub struct Session {
    pub engine: Arc<Engine>,
    pub options: Options,
    pub database: Option<PathBuf>,
    pub params: Vec<(String, String)>,
    pub interactive: bool,
    pub interrupts: Arc<Interrupts>,
    pub stdout: Stdout,
    /// `--format` or `.mode`; `None` is table on a terminal and csv elsewhere.
    pub format: Option<Format>,
    /// `-o` or `.output`.
    pub output: Option<Target>,
    /// `.once`: the next result only.
    pub once: Option<Target>,
    pub null: Option<String>,
    /// `None`: as the format has it.
    pub max_rows: Option<MaxRows>,
    pub timer: bool,
    /// Whether a script goes on after a failed statement.
    pub keep_going: bool,
    pub color: bool,
    pub last: Option<Last>,
    /// The last statement, for `.edit`.
    pub last_text: String,
    pub outcome: Outcome,
    /// What runs, for the progress line: a file of a study.
    pub running: String,
    progress: Show,
    depth: usize,
}

impl Outcome {
    pub fn note(&mut self, kind: ErrorKind) {
        match kind {
            ErrorKind::Budget => self.budget = true,
            ErrorKind::Interrupted => self.stopped = self.stopped.or(Some(INTERRUPTED)),
            _ => self.failed = true,
        }
    }

    /// The worst of what happened, as the contract numbers it.
    pub fn code(&self) -> u8 {
        match self {
            Self { stopped: Some(code), .. } => *code,
            Self { failed: true, .. } => 1,
            Self { budget: true, .. } => 4,
            Self { calls_failed: true, .. } => 3,
            _ => 0,
        }
    }
}

/// What the task that runs a statement sends to the one that prints.
enum Item {
    Schema(SchemaRef),
    Batch(RecordBatch),
    Done { message: String },
}

impl Session {
    /// Opens the database and prepares the screen.
    ///
    /// # Errors
    /// Where the database cannot be opened or a setting is wrong.
    pub async fn open(
        database: Option<PathBuf>,
        options: Options,
        interactive: bool,
        interrupts: Arc<Interrupts>,
    ) -> Result<Self> {
        let color = colored(options.color);
        let params = options.param.clone();
        let output = options.output.as_ref().map(|path| {
            Target::new(path, options.format.or_else(|| Format::from_path(path).ok()).unwrap_or(Format::Csv))
        });
        Ok(Self {
            engine: open_engine(database.as_deref(), &options, &params).await?,
            format: options.format.filter(|_| output.is_none()),
            null: None,
            max_rows: options.maxrows,
            timer: options.timer,
            keep_going: options.keep_going,
            progress: if options.quiet && !options.progress {
                Show::Never
            } else {
                Show::choose(options.no_progress, options.progress)
            },
            output,
            once: None,
            last: None,
            last_text: String::new(),
            outcome: Outcome::default(),
            stdout: Stdout::default(),
            running: String::new(),
            depth: 0,
            database,
            params,
            interactive,
            interrupts,
            color,
            options,
        })
    }

    /// Another database in place of this one, with the same settings and parameters.
    ///
    /// # Errors
    /// As [`Session::open`]; then the database stays as it is.
    pub async fn reopen(&mut self, database: Option<PathBuf>) -> Result<()> {
        self.engine = open_engine(database.as_deref(), &self.options, &self.params).await?;
        self.database = database;
        self.last = None;
        Ok(())
    }

    /// Prints to stderr what is worth knowing but no result.
    pub fn say(&self, text: &str) {
        if !self.options.quiet {
            message(text);
        }
    }

    pub fn report(&self, error: &Error) {
        message(report(error, self.color).trim_end());
    }

    /// Runs all statements and commands of a text.
    ///
    /// Reports errors itself and remembers them for the exit code. Says whether to go on with the next text: not after
    /// `.quit`, an interrupt, a reader that has gone, or a failure that stops the script.
    pub async fn script(&mut self, origin: Option<&str>, text: &str) -> bool {
        let pieces = match pieces(origin, text) {
            Ok(pieces) => pieces,
            Err(error) => {
                self.report(&error);
                self.outcome.note(error.kind);
                return self.keep_going;
            }
        };
        for piece in pieces {
            let in_source = |mut error: Error| {
                // A statement knows only its own text; the reader wants the line as it stands in the file.
                if let Some(place) = &mut error.place
                    && place.origin.as_deref() == origin
                    && let Some(line) = text.lines().nth(place.line.saturating_sub(1))
                {
                    place.text = line.strip_prefix('\u{feff}').unwrap_or(line).to_owned();
                }
                error
            };
            let ran = match piece {
                Piece::Sql(statement) => self.statement(&statement).await.map(|()| After::GoOn),
                Piece::Command { line, place } => {
                    command::execute(self, &line).await.map_err(|error| match error.place {
                        Some(_) => error,
                        None => error.at(place),
                    })
                }
            };
            match ran {
                Ok(After::GoOn) => {}
                Ok(After::Quit) => return false,
                Ok(After::Edit | After::History(_)) => {
                    let error = Error::query("this command works at the prompt only");
                    self.report(&error);
                    self.outcome.note(error.kind);
                }
                Err(_) if self.stdout.is_broken() => return false,
                Err(error) => {
                    let error = in_source(error);
                    self.report(&error);
                    self.outcome.note(error.kind);
                    if error.kind == ErrorKind::Interrupted || !self.keep_going {
                        return false;
                    }
                }
            }
            if self.stdout.is_broken() || self.outcome.stopped.is_some() {
                return false;
            }
        }
        true
    }

    /// Runs a script file, as `-f` and `.read` do. Says whether to go on, as [`Session::script`].
    ///
    /// # Errors
    /// Where the file cannot be read, or files read each other without end.
    pub async fn file(&mut self, path: &Path) -> Result<bool> {
        if self.depth >= DEPTH {
            return Err(Error::query(format!(
                "`{}` is read from files that read each other, {DEPTH} deep",
                path.display()
            )));
        }
        let text = super::script::read(path)?;
        let origin = if path.as_os_str() == "-" { "stdin".into() } else { path.to_string_lossy() };
        self.depth += 1;
        let go_on = Box::pin(self.script(Some(&origin), &text)).await;
        self.depth -= 1;
        Ok(go_on)
    }

    /// Runs a statement that a command stands for, such as `DESCRIBE t` for `.schema t`.
    ///
    /// # Errors
    /// As [`Session::statement`].
    pub async fn sql(&mut self, text: impl Into<String>) -> Result<()> {
        self.run(&Statement::new(text), false).await
    }

    /// As [`Session::sql`], and shows every row.
    ///
    /// # Errors
    /// As [`Session::statement`].
    pub async fn all_rows(&mut self, text: &str) -> Result<()> {
        let before = self.max_rows.replace(MaxRows(None));
        let ran = self.sql(text).await;
        self.max_rows = before;
        ran
    }

    /// Runs one statement and prints its answer.
    ///
    /// # Errors
    /// What the engine reports, or that the answer could not be printed.
    pub async fn statement(&mut self, statement: &Statement) -> Result<()> {
        self.last_text.clone_from(&statement.text);
        self.run(statement, self.interactive).await
    }

    async fn run(&mut self, statement: &Statement, remember: bool) -> Result<()> {
        if self.interactive {
            self.interrupts.clear();
        }
        let started = Instant::now();
        let (send, mut receive) = mpsc::channel(4);
        // On a task of its own, so that Ctrl-C is heard whatever the statement is busy with.
        let mut work = tokio::spawn(produce(Arc::clone(&self.engine), statement.clone(), send));
        let engine = Arc::clone(&self.engine);
        let interrupts = Arc::clone(&self.interrupts);
        let mut progress = Progress::new(self.progress);
        let mut tick = tokio::time::interval(progress::TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        let mut printer: Option<Printer> = None;
        let mut keep: Option<Keep> = None;
        let mut done = None;

        let mut result = loop {
            tokio::select! {
                biased;
                () = interrupts.wait(1) => break Err(Error::interrupted()),
                item = receive.recv() => match item {
                    None => break Ok(()),
                    Some(Item::Done { message }) => done = Some(message),
                    Some(Item::Schema(schema)) => match self.printer(&schema, self.look()) {
                        Ok(opened) => {
                            printer = Some(opened);
                            keep = remember.then(|| Keep::new(schema));
                        }
                        Err(error) => break Err(error),
                    },
                    Some(Item::Batch(batch)) => {
                        if let Some(printer) = &mut printer {
                            if printer.streams_to_screen() {
                                progress.erase();
                            }
                            if let Err(error) = printer.batch(&batch).await {
                                break Err(error);
                            }
                            if printer.has_failed() {
                                break Ok(());
                            }
                        }
                        if let Some(keep) = &mut keep {
                            keep.add(batch);
                        }
                    }
                },
                _ = tick.tick() => if !printer.as_ref().is_some_and(Printer::streams_to_screen) {
                    progress.tick(&self.running, &engine.progress());
                },
            }
        };
        drop(receive);
        if result.is_ok() && printer.as_ref().is_some_and(Printer::has_failed) {
            work.abort();
        } else if result.is_ok() {
            result = match (&mut work).await {
                Ok(produced) => produced,
                Err(panic) => Err(Error::internal(format!("the statement stopped unexpectedly: {panic}"))),
            };
        } else {
            engine.cancel();
            let grace = if engine.progress().calls_total > 0 { GRACE } else { SHORT_GRACE };
            tokio::select! {
                _ = &mut work => {}
                () = tokio::time::sleep(grace) => {}
                () = interrupts.wait(2) => {}
            }
            work.abort();
        }
        drop(progress);

        let calls_failed = if result.is_ok() { engine.progress().calls_failed } else { 0 };
        if let Err(error) = result {
            if let Some(printer) = printer {
                printer.abandon().await;
            }
            if error.kind == ErrorKind::Interrupted && self.interrupts.came() == Some(TERMINATED) {
                self.outcome.stopped = Some(TERMINATED);
            }
            return Err(error);
        }
        let mut rows = None;
        if let Some(printer) = printer {
            rows = Some(printer.finish().await?);
            self.one_more_result();
            // A Ctrl-C in the pager was for the pager.
            if self.interactive {
                self.interrupts.clear();
            }
        }
        if let Some(keep) = keep {
            self.remember(keep)?;
        }
        if let Some(done) = done.filter(|done| !done.is_empty()) {
            self.say(&done);
        }
        for note in engine.notes() {
            self.say(&format!("note: {note}"));
        }
        if calls_failed > 0 {
            self.outcome.calls_failed = true;
            let whose = if calls_failed == 1 { "its value is" } else { "their values are" };
            self.say(&format!("warning: {} failed; {whose} NULL", count(calls_failed, "model call")));
            for failure in engine.failures().iter().take(FAILURES) {
                self.say(&format!("  {}: {}", failure.model, failure.message.lines().next().unwrap_or_default()));
            }
        }
        if self.timer {
            let seconds = format!("{:.3} s", started.elapsed().as_secs_f64());
            message(&match rows {
                Some(rows) => format!("{} in {seconds}", count(rows as u64, "row")),
                None => format!("done in {seconds}"),
            });
        }
        Ok(())
    }

    fn remember(&mut self, keep: Keep) -> Result<()> {
        if keep.rows > keep.kept {
            self.say(&format!(
                "the result is larger than {} MiB: `_` holds its first {} rows of {}",
                KEPT_BYTES >> 20,
                thousands(keep.kept as u64),
                thousands(keep.rows as u64)
            ));
        }
        self.engine.set_last(Arc::clone(&keep.schema), keep.batches.clone())?;
        self.last = Some(Last { schema: keep.schema, batches: keep.batches });
        Ok(())
    }

    /// Shows the last result again, with all its rows.
    ///
    /// # Errors
    /// Where there is none, or the screen cannot be written.
    pub async fn show_last(&mut self) -> Result<()> {
        let last = self.last.clone().ok_or_else(|| Error::query("there is no result yet"))?;
        self.show(&last.schema, &last.batches).await
    }

    /// Prints rows that no statement gave, all of them: the last result, a list of functions.
    ///
    /// # Errors
    /// Where the screen or the file cannot be written.
    pub async fn show(&mut self, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<()> {
        let mut printer = self.printer(schema, Look { max_rows: None, ..self.look() })?;
        for batch in batches {
            printer.batch(batch).await?;
        }
        printer.finish().await?;
        self.one_more_result();
        Ok(())
    }

    fn one_more_result(&mut self) {
        if self.once.take().is_none()
            && let Some(output) = &mut self.output
        {
            output.results += 1;
        }
    }

    fn printer(&self, schema: &SchemaRef, look: Look) -> Result<Printer> {
        match self.once.as_ref().or(self.output.as_ref()) {
            Some(target) => Printer::to_file(look, target, schema),
            None => Printer::to_screen(look, self.stdout.clone(), self.screen_height(), schema),
        }
    }

    fn look(&self) -> Look {
        let on_terminal = std::io::stdout().is_terminal();
        let format = self.format.unwrap_or(if on_terminal { Format::Table } else { Format::Csv });
        Look {
            format,
            max_rows: self.max_rows.map_or(is_table(format).then_some(SHOWN), |max| max.0),
            columns: terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| usize::from(width.0)),
            null: self.null.clone(),
            color: on_terminal && self.color,
            rest: if self.interactive {
                "all rows: .last; to ask them more: FROM _"
            } else {
                "all rows: --maxrows none"
            },
        }
    }

    /// The height for the pager; `None` where there is no reader to page for.
    fn screen_height(&self) -> Option<usize> {
        if !self.interactive || !std::io::stdout().is_terminal() {
            return None;
        }
        terminal_size::terminal_size_of(std::io::stdout()).map(|(_, height)| usize::from(height.0))
    }
}

async fn open_engine(database: Option<&Path>, options: &Options, params: &[(String, String)]) -> Result<Arc<Engine>> {
    let engine = Engine::open(EngineOptions {
        database: database.map(Path::to_owned),
        readonly: options.readonly,
        settings: options.set.clone(),
        cache: None,
    })
    .await?;
    for (name, value) in params {
        engine.set_param(name, value);
    }
    Ok(Arc::new(engine))
}

/// Whether messages are coloured.
pub fn colored(choice: Color) -> bool {
    match choice {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            !refused && !dumb && std::io::stderr().is_terminal()
        }
    }
}

/// `1 row`, `2 rows`.
pub fn count(n: u64, what: &str) -> String {
    format!("{} {what}{}", thousands(n), if n == 1 { "" } else { "s" })
}

async fn produce(engine: Arc<Engine>, statement: Statement, to: mpsc::Sender<Item>) -> Result<()> {
    match engine.execute(&statement).await? {
        Answer::Done { message, .. } => {
            let _ = to.send(Item::Done { message }).await;
        }
        Answer::Rows(mut stream) => {
            if to.send(Item::Schema(stream.schema())).await.is_err() {
                return Ok(());
            }
            while let Some(batch) = stream.next().await {
                let batch = batch.map_err(|error| engine.explain(&statement, error))?;
                if to.send(Item::Batch(batch)).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// The first rows of a result, up to [`KEPT_BYTES`].
struct Keep {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    rows: usize,
    kept: usize,
    bytes: usize,
}

impl Keep {
    fn new(schema: SchemaRef) -> Self {
        Self { schema, batches: Vec::new(), rows: 0, kept: 0, bytes: 0 }
    }

    fn add(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows();
        let bytes = batch.get_array_memory_size();
        // Once a batch was left out, later ones are too: `_` is a head, not a sample.
        if self.kept + batch.num_rows() == self.rows && self.bytes + bytes <= KEPT_BYTES {
            self.kept = self.rows;
            self.bytes += bytes;
            self.batches.push(batch);
        }
    }
}
