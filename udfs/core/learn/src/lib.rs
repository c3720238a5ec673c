//! What is learned from numbers: checked parameters → fit → model → prediction. Knows no SQL and no Arrow.
//!
//! ```text
//! stat    regression, tests, intervals, selection
//! tagger  steps of a trace → tags, without a language model
//! ```

pub mod stat;
pub mod tagger;
