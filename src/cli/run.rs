//! From the command line to the exit code: which mode, in which order, and what it all came to.

use std::io::{IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::args::{CommandLine, Source, Verb};
use super::interrupts::Interrupts;
use super::out::message;
use super::repl::repl;
use super::report::report;
use super::session::{Session, colored};
use super::{calls, functions, models, study};
use crate::error::{Error, ErrorKind, Result};

/// 128 + SIGPIPE, as shells count: the reader of standard output went away.
const READER_GONE: u8 = 141;
const WRONG_USAGE: u8 = 2;
const STACK: usize = 256 << 20;

/// The whole program. Wrong usage and `--help` end the process in the parser.
pub fn main() -> ExitCode {
    let line = CommandLine::from_process();
    if let Some(Verb::Completions { shell }) = line.verb {
        let mut script = Vec::new();
        CommandLine::print_completions(shell, &mut script);
        return ExitCode::from(u8::from(std::io::stdout().write_all(&script).is_err()));
    }
    // Planners walk trees by recursion; a long chain of operators is a deep tree. The memory is only reserved.
    let door = std::thread::Builder::new().name("glotrace".into()).stack_size(STACK).spawn(|| open(line));
    match door.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        Ok(Err(_)) => ExitCode::FAILURE,
        Err(error) => {
            message(&format!("error: cannot start: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn open(line: CommandLine) -> ExitCode {
    let color = colored(line.options.color);
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build();
    let code = match runtime {
        Ok(runtime) => {
            let code = run(&runtime, line).unwrap_or_else(|error| {
                message(report(&error, color).trim_end());
                1
            });
            // What still runs was told to stop, or was abandoned; waiting for it is not the user's business.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            message(&format!("error: cannot start: {error}"));
            1
        }
    };
    ExitCode::from(code)
}

fn run(runtime: &Runtime, line: CommandLine) -> Result<u8> {
    let from_stdin = line.sources.is_empty() && !std::io::stdin().is_terminal();
    let interactive = line.verb.is_none() && line.sources.is_empty() && !from_stdin;
    let interrupts = runtime
        .block_on(async { Interrupts::listen(interactive) })
        .map_err(|error| Error::world(format!("cannot listen for signals: {error}")))?;

    let (verb, mut sources) = (line.verb, line.sources);
    let mut database = line.database;
    let mut paths = Vec::new();
    if let Some(Verb::Run { paths: given, .. }) = &verb {
        paths.clone_from(given);
        if database.is_none() && study::begins_with_database(&paths) {
            database = Some(paths.remove(0));
        }
    }

    let opened = runtime.block_on(Session::open(database, line.options, interactive, interrupts));
    let mut session = match opened {
        Ok(session) => session,
        // Nothing but a setting can be wrong about a query that does not exist yet.
        Err(error) if error.kind == ErrorKind::Query => {
            message(report(&error, colored(crate::cli::args::Color::Auto)).trim_end());
            return Ok(WRONG_USAGE);
        }
        Err(error) => return Err(error),
    };

    if interactive {
        repl(runtime, session)?;
        return Ok(0);
    }
    runtime.block_on(async {
        let done = match verb {
            Some(Verb::Run { force, .. }) => study::run(&mut session, &paths, force).await,
            Some(Verb::Models { action }) => {
                let interrupts = Arc::clone(&session.interrupts);
                tokio::select! {
                    done = models::run(&mut session, &action) => done,
                    // A download is dropped, and what was half fetched with it.
                    () = interrupts.wait(1) => Err(Error::new(ErrorKind::Interrupted, "interrupted")),
                }
            }
            Some(Verb::Calls { action }) => calls::run(&mut session, action).await,
            Some(Verb::Functions { name }) => functions::run(&mut session, name.as_deref()).await,
            Some(Verb::Completions { .. }) => Ok(()),
            None => {
                if from_stdin {
                    sources.push(Source::File("-".into()));
                }
                run_sources(&mut session, &sources).await;
                Ok(())
            }
        };
        if let Err(error) = done
            && !session.stdout.is_broken()
        {
            session.report(&error);
            session.outcome.note(error.kind);
        }
        Ok(if session.stdout.is_broken() { READER_GONE } else { session.outcome.code() })
    })
}

async fn run_sources(session: &mut Session, sources: &[Source]) {
    for source in sources {
        let go_on = match source {
            Source::Command(text) => session.script(Some("-c"), text).await,
            Source::File(path) => match session.file(Path::new(path)).await {
                Ok(go_on) => go_on,
                Err(error) => {
                    session.report(&error);
                    session.outcome.note(error.kind);
                    session.keep_going
                }
            },
        };
        if !go_on {
            return;
        }
    }
}
