//! Screen output that goes to the pager once it is taller than the terminal.
//!
//! Up to a screenful is held back; a short result is then printed as it is, a long one starts `$PAGER` (or `less -S`)
//! and streams into it.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};

pub struct Paged {
    state: State,
    /// Lines that fit on the screen beside the prompt.
    lines: usize,
}

enum State {
    Holding {
        text: Vec<u8>,
        lines: usize,
    },
    Paging(Child),
    /// No pager could be started, or the screen was chosen.
    Plain,
    /// The reader has left the pager: nothing more is shown.
    Left,
}

impl Paged {
    /// `lines`: the height of the terminal; `None` prints without a pager.
    pub fn new(lines: Option<usize>) -> Self {
        match lines {
            Some(lines) => {
                Self { state: State::Holding { text: Vec::new(), lines: 0 }, lines: lines.saturating_sub(2).max(1) }
            }
            None => Self { state: State::Plain, lines: 0 },
        }
    }

    /// Shows what is held back and waits until the reader leaves the pager.
    ///
    /// # Errors
    /// Where the screen cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        match std::mem::replace(&mut self.state, State::Left) {
            State::Holding { text, .. } => {
                io::stdout().write_all(&text)?;
                io::stdout().flush()
            }
            State::Paging(mut child) => {
                drop(child.stdin.take());
                child.wait().map(|_| ())
            }
            State::Plain => io::stdout().flush(),
            State::Left => Ok(()),
        }
    }
}

impl Write for Paged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let State::Holding { text, lines } = &mut self.state {
            text.extend_from_slice(bytes);
            *lines += bytes.iter().filter(|byte| **byte == b'\n').count();
            if *lines <= self.lines {
                return Ok(bytes.len());
            }
            let text = std::mem::take(text);
            self.state = start();
            self.write_all(&text)?;
            return Ok(bytes.len());
        }
        match &mut self.state {
            State::Paging(child) => {
                if let Some(pipe) = &mut child.stdin {
                    match pipe.write_all(bytes) {
                        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                            let waited = child.wait();
                            self.state = State::Left;
                            waited?;
                        }
                        other => other?,
                    }
                }
                Ok(bytes.len())
            }
            State::Plain => io::stdout().write_all(bytes).map(|()| bytes.len()),
            State::Left | State::Holding { .. } => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.state {
            State::Plain => io::stdout().flush(),
            _ => Ok(()),
        }
    }
}

fn start() -> State {
    let chosen = std::env::var("PAGER").ok().filter(|pager| !pager.trim().is_empty());
    let mut command = match &chosen {
        // The variable may hold arguments, as in `less -R`.
        Some(pager) => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(pager);
            shell
        }
        None => {
            let mut less = Command::new("less");
            less.args(["-S", "-R"]);
            less
        }
    };
    command.stdin(Stdio::piped()).spawn().map_or(State::Plain, State::Paging)
}
