//! `llm_complete`: one reply of a model, as text.

use super::sampling_arguments::with_sampling_arguments;
use super::{GENERATE, ModelFunction, Task};
use datafusion_common::arrow::datatypes::DataType;
use datafusion_macros::user_doc;

#[user_doc(
    doc_section(label = "Models"),
    description = "The reply of a model to a prompt, as the model wrote it. NULL where the call failed; the error is in `system.calls`.",
    syntax_example = "llm_complete(model, prompt [, n, temperature, top_p, top_k, min_p, max_tokens, seed, stop, system, enable_thinking, raw])",
    sql_example = r"```sql
SELECT llm_complete('smollm2', NULL) AS reply;
+-------+
| reply |
+-------+
| NULL  |
+-------+
SELECT llm_complete('smollm2', 'What is 6 times 3?', temperature => 0, max_tokens => 32) AS reply;
```",
    argument(name = "model", description = "The name of a created model, or a URI."),
    argument(name = "prompt", description = "The user's turn. NULL gives NULL, without a call."),
    argument(
        name = "n",
        description = "1, which is also the default; it stands here so that the arguments of `llm_generate` fit."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LlmComplete;

/// The marker.
pub fn llm_complete() -> ModelFunction {
    let page = with_sampling_arguments(LlmComplete.doc());
    ModelFunction::new("llm_complete", Task::Complete, GENERATE, DataType::Utf8, page)
}
