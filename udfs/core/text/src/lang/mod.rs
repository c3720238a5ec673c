//! The language of a text: which one it is written in, how sure that is, and what it is called.
//!
//! Detection is lingua's in its high accuracy mode, as in the published study. [`Candidates`] is a
//! checked list of languages, [`Detector`] what is built from it, [`detect`] and [`confidence`]
//! what it is used for.

mod candidates;
mod condense;
mod confidence;
mod detect;
mod detector;
mod name;

pub use candidates::{Candidates, CandidatesError};
pub use confidence::confidence;
pub use detect::detect;
pub use detector::Detector;
pub use name::{all_names, code, name, named};
