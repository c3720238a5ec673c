//! One model output: where the thinking ends, and which steps it is made of.
//!
//! [`split`] cuts an output into thinking and response; [`steps_paragraph`] and [`steps_marker`]
//! cut the thinking into reasoning steps. [`split_ki2026`] is the published rule, kept bug for bug
//! beside the default one.

mod fold;
mod is_word;
mod marker_set;
mod markers;
mod split;
mod split_ki2026;
mod steps_marker;
mod steps_paragraph;
mod trim;
mod untag;

pub use marker_set::MarkerSet;
pub use markers::markers;
pub use split::{Split, split};
pub use split_ki2026::split_ki2026;
pub use steps_marker::steps_marker;
pub use steps_paragraph::steps_paragraph;

use fold::fold;
use is_word::is_word;
pub(crate) use trim::trim;
use untag::untag;
