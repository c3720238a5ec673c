//! Prompts: a question in its own language, and what the tasks of the house ask of a model.

mod classify;
mod json;
mod reason;
mod translate;
mod v_information;

pub use classify::{classify, label_as_reply};
pub use json::json;
pub use reason::{ReasonError, reason};
pub use translate::translate;
pub use v_information::{v_information, v_information_ki2026};

/// `prompt`, asked again after a reply that was of no use.
pub fn again(prompt: &str, complaint: &str) -> String {
    format!("{prompt}\n\nAn earlier reply was rejected: {complaint}. Reply again, and avoid this.")
}
