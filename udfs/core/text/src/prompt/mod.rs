//! Prompts in the language of the question.

mod reason;

pub use reason::{ReasonError, reason};
