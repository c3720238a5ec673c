//! Annotations: what the steps of a trace do and build on, what follows from that, and how alike two traces are.
//!
//! A page a function; what they compute is `glotrace_text::step`'s. `step_annotate` and `step_validity` call models: they are
//! markers, as in [`crate::llm`], and [`StepAnnotateRow`] and [`StepValidityRow`] read their arguments for the engine.

mod annotation;
mod n_steps;
mod seq_align;
mod step_annotate;
mod step_annotate_row;
mod step_parse;
mod step_similarity;
mod step_status;
mod step_tag_frequencies;
mod step_utility;
mod step_validity;
mod step_validity_of;
mod step_validity_row;
mod validity;

pub use seq_align::SeqAlign;
pub use step_annotate::{StepAnnotate, step_annotate};
pub use step_annotate_row::StepAnnotateRow;
pub use step_parse::StepParse;
pub use step_similarity::StepSimilarity;
pub use step_status::StepStatus;
pub use step_tag_frequencies::StepTagFrequencies;
pub use step_utility::StepUtility;
pub use step_validity::{StepValidity, step_validity};
pub use step_validity_of::StepValidityOf;
pub use step_validity_row::StepValidityRow;
pub(crate) use validity::StepVerdict;

use crate::functions::{Entry, Family};
use crate::kit::Text;
use glotrace_text::step::Script;

pub(crate) fn family() -> Family {
    Family {
        name: "step",
        title: "Annotations",
        entries: vec![
            Entry::model(step_annotate()),
            Entry::scalar(StepParse),
            Entry::scalar(StepStatus),
            Entry::scalar(StepTagFrequencies),
            Entry::scalar(StepUtility),
            Entry::model(step_validity()),
            Entry::scalar(StepValidityOf),
            Entry::scalar(SeqAlign),
            Entry::scalar(StepSimilarity),
        ],
    }
}

/// The choices of `compat` where the two scripts of the published code differ.
const SCRIPTS: &[&str] = &["ki2026", "ki2026_steer"];

/// The script that `compat` names in a row; `None` for the corrected form.
fn script(compat: &Text, row: usize) -> Option<Script> {
    compat.get(row).map(|compat| if compat == "ki2026_steer" { Script::Steer } else { Script::Feature })
}
