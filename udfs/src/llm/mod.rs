//! Models: functions that call a language model.
//!
//! They are markers. Each is a [`ModelFunction`] with a name, parameters and a result type, which the engine finds
//! in a plan and runs with its own operator, in any clause, once a distinct call. What that operator needs of
//! SQL is here: [`GenerateRow`] reads and checks the arguments, [`GeneratedBuilder`] builds the result of `llm_generate`.

mod generate_row;
mod generated;
mod llm_complete;
mod llm_generate;
mod model_function;

pub use generate_row::{GENERATE, GenerateRow};
pub use generated::{Generated, GeneratedBuilder};
pub use llm_complete::{LlmComplete, llm_complete};
pub use llm_generate::{LlmGenerate, llm_generate};
pub use model_function::{ModelFunction, Task};

use crate::functions::{Entry, Family};

pub(crate) fn family() -> Family {
    Family { name: "llm", title: "Models", entries: vec![Entry::model(llm_generate()), Entry::model(llm_complete())] }
}
