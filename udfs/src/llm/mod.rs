//! Models: functions that call a language model.
//!
//! They are markers. Each is a [`ModelFunction`] with a name, parameters and a result type, which the engine finds
//! in a plan and runs with its own operator, in any clause, once a distinct call. What that operator needs of
//! SQL is here: a row type a function reads and checks the arguments ([`GenerateRow`], [`ClassifyRow`] …), and a record
//! type is the result where it is a STRUCT ([`Generated`], [`Logprob`]).

mod classify_row;
mod generate_row;
mod generated;
mod json_row;
mod llm_classify;
mod llm_complete;
mod llm_generate;
mod llm_json;
mod llm_logprob;
mod llm_translate;
mod logprob;
mod logprob_row;
mod model_function;
mod sampling_arguments;
mod translate_row;
mod v_information;
mod v_information_row;

pub use classify_row::ClassifyRow;
pub use generate_row::{GENERATE, GenerateRow};
pub use generated::{Generated, GeneratedBuilder};
pub use json_row::JsonRow;
pub use llm_classify::{LlmClassify, llm_classify};
pub use llm_complete::{LlmComplete, llm_complete};
pub use llm_generate::{LlmGenerate, llm_generate};
pub use llm_json::{LlmJson, llm_json};
pub use llm_logprob::{LlmLogprob, llm_logprob};
pub use llm_translate::{LlmTranslate, llm_translate};
pub use logprob::Logprob;
pub use logprob_row::LogprobRow;
pub use model_function::{ModelFunction, Task};
pub use translate_row::TranslateRow;
pub(crate) use translate_row::language;
pub use v_information::{VInformation, v_information};
pub use v_information_row::VInformationRow;

use crate::functions::{Entry, Family};

pub(crate) fn family() -> Family {
    let functions =
        [llm_generate(), llm_complete(), llm_classify(), llm_json(), llm_logprob(), v_information(), llm_translate()];
    Family { name: "llm", title: "Models", entries: functions.into_iter().map(Entry::model).collect() }
}
