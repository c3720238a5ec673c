//! What can go wrong with a model or a call, as one type with a kind.
//!
//! The kinds are the vocabulary of the call store: a failed call is written down with [`Kind::as_str`], and a
//! caller decides from the kind whether the row, the statement or nothing at all has to stop.

use std::{error::Error as StdError, fmt};

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of thing went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The model, its chat template or its provider declined the request.
    Refused,
    /// Something does not fit: a prompt is longer than the context, an answer longer than its limit.
    Truncated,
    /// An answer does not have the form that was asked for.
    Parse,
    /// An endpoint answered with an error, or could not be reached.
    Http,
    /// An endpoint did not answer in time.
    Timeout,
    /// An endpoint asks for fewer requests.
    RateLimit,
    /// The statement's budget is used up.
    Budget,
    /// The caller cancelled while the call was waiting or running.
    Cancelled,
    /// A recording holds no answer to this prompt.
    Missing,
    /// A parameter lies outside its range.
    Parameter,
    /// A model's file is not what it should be, or asks for something that is not built.
    Model,
    /// A file could not be read.
    Io,
}

impl Kind {
    /// The name under which the call store keeps this kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Truncated => "truncated",
            Self::Parse => "parse",
            Self::Http => "http",
            Self::Timeout => "timeout",
            Self::RateLimit => "rate_limit",
            Self::Budget => "budget",
            Self::Cancelled => "cancelled",
            Self::Missing => "missing",
            Self::Parameter => "parameter",
            Self::Model => "model",
            Self::Io => "io",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure: its kind, what failed in one sentence, where there is one the way out, and what was spent on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    kind: Kind,
    message: String,
    hint: Option<String>,
    fatal: bool,
    attempts: u32,
    usd: Option<f64>,
}

impl Error {
    /// A failure of `kind` that `message` describes in one sentence.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, fatal: false, attempts: 1, usd: None }
    }

    /// The same failure with the way out.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure, marked as one that every other call would meet too: see [`Error::is_fatal`].
    #[must_use]
    pub fn fatal(mut self) -> Self {
        self.fatal = true;
        self
    }

    /// The same failure after `attempts` requests that cost `usd` together.
    #[must_use]
    pub fn after(mut self, attempts: u32, usd: Option<f64>) -> Self {
        self.attempts = attempts;
        self.usd = usd;
        self
    }

    /// The same failure in other words.
    #[must_use]
    pub(crate) fn map_message(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.message = change(&self.message);
        self
    }

    /// A call that ended because its caller cancelled.
    pub fn cancelled() -> Self {
        Self::new(Kind::Cancelled, "the call was cancelled")
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What failed, without the hint.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The way out, where there is one.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether the failure has nothing to do with this one call (a wrong key, a model that is not there, a used up quota), so
    /// that a statement has to stop instead of failing once a row.
    pub fn is_fatal(&self) -> bool {
        self.fatal
    }

    /// How often the call was tried. 1 where nothing is tried again; 0 where it failed before the first request.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// What the failed call cost all the same, in US dollars, where its model has prices.
    pub fn usd(&self) -> Option<f64> {
        self.usd
    }

    pub(crate) fn io(path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Kind::Io, format!("cannot read {}: {error}", path.display()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl StdError for Error {}

/// An operation on tensors failed. Shapes are checked when a model is loaded, so that past this point it is memory that
/// ran out, a device that failed, or a mistake of ours.
impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::new(Kind::Model, format!("a tensor operation failed: {error}"))
    }
}
