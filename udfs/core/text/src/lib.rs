//! Reasoning traces as plain text: `&str` and slices in, values out.
//!
//! This crate knows no SQL, no Arrow and no model. It holds what can be read off the text of a
//! question and of what a language model answered to it, in the order in which a study does it:
//!
//! - [`prompt`] asks: the localized prompt around a question,
//! - [`trace`] takes the output apart: thinking, response, reasoning steps,
//! - [`math`] reads answers and compares them,
//! - [`lang`] tells in which language the model thought,
//! - [`token`] tells how long it did,
//! - [`step`] says what its steps do, what they build on, and how alike two traces are in that,
//! - [`reply`] reads what was asked for out of a reply, and [`mt`] tells whether a translation is one.
//!
//! Where a published study computes something else than its text says, the function that keeps its
//! behaviour carries the study's name (`trace::split_ki2026`), and the plain name is the corrected
//! one. What is costly to prepare is a value that the caller keeps: [`trace::MarkerSet`],
//! [`lang::Detector`].
//!
//! ```
//! use glotrace_text::trace;
//!
//! let output = "<think>\n3 and 4 are 7.\n\nWait, 3 times 4 is 12.\n</think>\n\n12";
//! let split = trace::split(output);
//! assert_eq!(split.response, Some("12"));
//! assert_eq!(trace::steps_paragraph(split.thinking.unwrap_or_default()).len(), 2);
//! ```

pub mod lang;
pub mod math;
pub mod mt;
pub mod prompt;
pub mod reply;
pub mod step;
pub mod token;
pub mod trace;
