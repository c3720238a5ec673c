//! The prompt: multi-line editing, history, interrupts, and what a line does.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use rustyline::config::{BellStyle, ColorMode, CompletionType, Config};
use rustyline::error::ReadlineError;
use rustyline::history::DefaultHistory;
use rustyline::{Behavior, Editor};
use tokio::runtime::Runtime;

use super::args::Color;
use super::command::{self, After};
use super::edit::edit;
use super::helper::{BARE, SqlHelper};
use super::names::Names;
use super::paths;
use super::session::{Outcome, Session};
use crate::error::{Error, Result};

const HISTORY: usize = 10_000;

struct Prompt<'a> {
    runtime: &'a Runtime,
    session: Session,
    editor: Editor<SqlHelper, DefaultHistory>,
    history: Option<PathBuf>,
    names: Arc<RwLock<Names>>,
    /// What the next prompt begins with: a statement that came back from the editor.
    begun: String,
}

/// Reads and runs until Ctrl-D or `.quit`.
///
/// # Errors
/// Where the terminal cannot be used.
pub fn repl(runtime: &Runtime, session: Session) -> Result<()> {
    let terminal = |error: ReadlineError| Error::world(format!("cannot use the terminal: {error}"));
    let config = Config::builder()
        .max_history_size(HISTORY)
        .map_err(terminal)?
        .history_ignore_dups(true)
        .map_err(terminal)?
        .history_ignore_space(true)
        .completion_type(CompletionType::List)
        .bell_style(BellStyle::None)
        .color_mode(match session.options.color {
            Color::Always => ColorMode::Forced,
            Color::Never => ColorMode::Disabled,
            Color::Auto => ColorMode::Enabled,
        })
        // With results redirected to a file the prompt still belongs on the terminal.
        .behavior(if std::io::stdout().is_terminal() { Behavior::Stdio } else { Behavior::PreferTerm })
        .build();
    let names = Arc::new(RwLock::new(Names::default()));
    let mut editor = Editor::<SqlHelper, DefaultHistory>::with_config(config).map_err(terminal)?;
    editor.set_helper(Some(SqlHelper::new(Arc::clone(&names))));
    let history = paths::history();
    if let Some(path) = &history {
        let _ = editor.load_history(path); // there is none at the first start
    }
    let mut prompt = Prompt { runtime, session, editor, history, names, begun: String::new() };
    prompt.greet();
    prompt.run_rc_file();
    prompt.refresh_names();
    prompt.read_until_end()
}

impl Prompt<'_> {
    fn greet(&self) {
        let place = match &self.session.database {
            Some(path) => path.display().to_string(),
            None => "in memory: nothing is kept at the end".to_owned(),
        };
        self.session.say(&format!("glotrace {} · {place} · .help for help", env!("CARGO_PKG_VERSION")));
    }

    /// Failures are reported and keep nobody from the prompt.
    fn run_rc_file(&mut self) {
        if let Some(path) = paths::rc()
            && let Err(error) = self.runtime.block_on(self.session.file(&path))
        {
            self.session.report(&error);
        }
    }

    /// In the background: a large catalog must not hold up the prompt.
    fn refresh_names(&self) {
        let engine = Arc::clone(&self.session.engine);
        let names = Arc::clone(&self.names);
        self.runtime.spawn(async move {
            let gathered = Names::gather(&engine).await;
            *names.write().unwrap_or_else(PoisonError::into_inner) = gathered;
        });
    }

    fn read_until_end(&mut self) -> Result<()> {
        loop {
            let begun = std::mem::take(&mut self.begun);
            match self.editor.readline_with_initial(&("glotrace> ", "\u{1b}[1mglotrace>\u{1b}[0m "), (&begun, "")) {
                Ok(line) if line.trim().is_empty() => {}
                Ok(line) => {
                    self.remember(&line);
                    if !self.run(&line) {
                        return Ok(());
                    }
                    self.refresh_names();
                }
                // Ctrl-C drops the line and gives a fresh one.
                Err(ReadlineError::Interrupted) => {}
                Err(ReadlineError::Eof) => return Ok(()),
                Err(ReadlineError::Signal(_)) => {}
                Err(error) => return Err(Error::world(format!("cannot read from the terminal: {error}"))),
            }
        }
    }

    fn remember(&mut self, line: &str) {
        // At once, not at the end: a session that is killed keeps what was typed.
        if self.editor.add_history_entry(line.trim_end()).unwrap_or(false)
            && let Some(path) = &self.history
            && let Err(error) = self.editor.append_history(path)
        {
            self.session.say(&format!("the history cannot be kept: {error}"));
            self.history = None;
        }
    }

    /// Runs what was typed; `false` leaves.
    fn run(&mut self, line: &str) -> bool {
        self.session.outcome = Outcome::default(); // an interrupt or a failure ends with the line that it befell
        let line = match line.trim() {
            bare if BARE.contains(&bare) => format!(".{bare}"),
            _ => line.to_owned(),
        };
        // Several lines come from a paste: they are a script, whatever they begin with.
        if !super::script::is_command(&line) || line.trim().contains('\n') {
            self.runtime.block_on(self.session.script(None, &line));
            return true;
        }
        match self.runtime.block_on(command::execute(&mut self.session, &line)) {
            Ok(After::GoOn) => {}
            Ok(After::Quit) => return false,
            Ok(After::Edit) => match edit(&self.session.last_text) {
                Ok(text) => self.begun = text,
                Err(error) => self.session.report(&error),
            },
            Ok(After::History(lines)) => {
                let all: Vec<&String> = self.editor.history().iter().collect();
                let shown: String =
                    all[all.len().saturating_sub(lines)..].iter().map(|line| format!("{line}\n")).collect();
                if let Err(error) = self.session.stdout.print(&shown) {
                    self.session.report(&error);
                }
            }
            Err(error) => self.session.report(&error),
        }
        true
    }
}
