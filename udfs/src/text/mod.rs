//! Traces and answers: an output into its parts, its answer, its language, its length; and the prompt that asks for one.
//!
//! A page a function; what they compute is `glotrace_text`'s.

mod detectors;
mod lang_confidence;
mod lang_detect;
mod lang_name;
mod math_answer;
mod math_boxed;
mod math_correct;
mod math_equal;
mod math_last_number;
mod reason_prompt;
mod token_count;
mod trace_split;
mod trace_steps;

pub use detectors::Detectors;
pub use lang_confidence::LangConfidence;
pub use lang_detect::LangDetect;
pub use lang_name::LangName;
pub use math_answer::MathAnswer;
pub use math_boxed::MathBoxed;
pub use math_correct::MathCorrect;
pub use math_equal::MathEqual;
pub use math_last_number::MathLastNumber;
pub use reason_prompt::ReasonPrompt;
pub use token_count::TokenCount;
pub use trace_split::TraceSplit;
pub use trace_steps::TraceSteps;

use crate::Services;
use crate::functions::{Entry, Family};
use std::sync::Arc;

pub(crate) fn family(services: &Services) -> Family {
    let detectors = Detectors::default();
    Family {
        name: "text",
        title: "Traces and answers",
        entries: vec![
            Entry::scalar(TraceSplit),
            Entry::scalar(TraceSteps::new(detectors.clone())),
            Entry::scalar(MathBoxed),
            Entry::scalar(MathAnswer),
            Entry::scalar(MathLastNumber),
            Entry::scalar(MathEqual),
            Entry::scalar(MathCorrect),
            Entry::scalar(LangDetect::new(detectors.clone())),
            Entry::scalar(LangConfidence::new(detectors)),
            Entry::scalar(LangName),
            Entry::scalar(TokenCount::new(Arc::clone(&services.tokenizers))),
            Entry::scalar(ReasonPrompt),
        ],
    }
}
