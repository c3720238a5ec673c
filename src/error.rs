//! One error type for the whole engine: what failed, where, and the way out.
//!
//! An error carries a message, optionally a [`Place`] (a caret into a statement or a file) and a hint. How it looks on a
//! terminal is the command line's business.

use std::fmt;

use datafusion::error::DataFusionError;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The statement is wrong: syntax, unknown names, wrong types, missing parameters.
    Query,
    /// The data are wrong: a malformed file, a value that does not fit.
    Data,
    /// The world is wrong: no such file, no permission, disk full, no network.
    World,
    /// Another process committed first; running the statement again can help.
    Conflict,
    /// A model call failed and the settings say that this stops the statement.
    Model,
    /// The budget was reached; what finished is kept. Exit code 4.
    Budget,
    /// The user stopped it; what finished is kept. Exit code 130.
    Interrupted,
    /// glotrace is wrong: please report.
    Internal,
}

/// A place in a text: a statement of a script or of the REPL, or a line of a data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// File name, or how the text came in (`-c`, `stdin`); `None` at the REPL.
    pub origin: Option<String>,
    /// Line from 1.
    pub line: usize,
    /// Column in characters from 1.
    pub column: usize,
    /// How many characters the caret underlines, at least 1.
    pub width: usize,
    /// The line itself, for the excerpt; empty where it is not at hand.
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct Error {
    pub kind: ErrorKind,
    pub message: String,
    pub place: Option<Box<Place>>,
    pub hint: Option<String>,
}

impl Error {
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), place: None, hint: None }
    }
    pub fn query(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Query, message)
    }
    pub fn data(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Data, message)
    }
    pub fn world(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::World, message)
    }
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, message)
    }
    /// The user stopped it.
    pub fn interrupted() -> Self {
        Self::new(ErrorKind::Interrupted, "interrupted; finished calls are kept")
    }
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
            .with_hint("this is a defect of glotrace: please report it with the statement")
    }

    /// `what` could not be done to `path`, because of `source`: "cannot read `x.csv`: No such file or directory".
    pub fn io(what: &str, path: impl AsRef<std::path::Path>, source: &std::io::Error) -> Self {
        let path = path.as_ref().display();
        let reason = match source.kind() {
            std::io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
            std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            std::io::ErrorKind::StorageFull => "the disk is full".to_owned(),
            _ => source.to_string(),
        };
        let error = Self::world(format!("cannot {what} `{path}`: {reason}"));
        match source.kind() {
            std::io::ErrorKind::StorageFull => {
                error.with_hint("free some space and run the statement again; what was committed before is kept")
            }
            _ => error,
        }
    }

    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(Box::new(place));
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Lets an [`Error`] travel through DataFusion (a table provider, a stream) and come out again unchanged.
impl From<Error> for DataFusionError {
    fn from(error: Error) -> Self {
        DataFusionError::External(Box::new(error))
    }
}
