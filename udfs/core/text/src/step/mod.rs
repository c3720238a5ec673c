//! Annotations: what the steps of a trace do, what they build on, and what follows from that.
//!
//! An annotator says of each step which function it has ([`Tag`]) and on which earlier steps it depends. [`prompt`] asks a
//! language model for that, [`parse`] reads its reply, and the features of a trace follow: [`tag_frequencies`],
//! [`utility`], [`validity`] (with a verifier such as [`arithmetic`]), and [`similarity`] of two traces by [`align`].
//! [`status`] says why one of them is missing. Definitions: Ki, Duh & Carpuat (2026, arXiv 2604.04720) after Thought
//! Anchors (arXiv 2506.19143). The functions whose names end in `ki2026` give the published code's results instead, over
//! annotations of [`parse_ki2026`].

mod align;
mod annotation;
mod arithmetic;
mod dependency_pairs;
mod json;
mod ki2026;
mod parse;
mod parse_ki2026;
pub mod prompt;
mod similarity;
mod status;
mod tag;
mod tag_frequencies;
mod utility;
mod utility_ki2026;
mod validity;

pub use align::{Alignment, Scoring, align};
pub use annotation::{AnnotatedStep, Step, first_tags, lend};
pub use arithmetic::arithmetic;
pub use dependency_pairs::{dependency_pairs, dependency_pairs_ki2026};
pub use ki2026::{first_tags_ki2026, n_steps_ki2026};
pub use parse::{Unparsable, parse};
pub use parse_ki2026::{Script, parse_ki2026};
pub use similarity::{similarity, similarity_ki2026};
pub use status::{Status, status, status_of_reply};
pub use tag::Tag;
pub use tag_frequencies::{TagFrequencies, tag_frequencies, tag_frequencies_ki2026};
pub use utility::{Utility, ancestors, utility};
pub use utility_ki2026::utility_ki2026;
pub use validity::{StepValidity, Validity, Verdict, validity, validity_ki2026};
