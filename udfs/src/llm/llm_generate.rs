//! `llm_generate`: sampled replies of a model, with all that a study wants to know of each.

use super::sampling_arguments::with_sampling_arguments;
use super::{GENERATE, GeneratedBuilder, ModelFunction, Task};
use datafusion_macros::user_doc;

#[user_doc(
    doc_section(label = "Models"),
    description = "Samples `n` replies of a model to a prompt. Each has its number from 0, its text, the two parts that `trace_split` makes of
it, why it ended, its length, its time, and whether it came from the store of finished calls. A reply that failed has NULL texts and the kind
of its error.",
    syntax_example = "llm_generate(model, prompt [, n, temperature, top_p, top_k, min_p, max_tokens, seed, stop, system, enable_thinking, raw])",
    sql_example = r"```sql
SELECT llm_generate('smollm2', NULL) AS replies;
+---------+
| replies |
+---------+
| NULL    |
+---------+
SELECT llm_generate('smollm2', 'What is 6 times 3?', n => 2, temperature => 0.6, seed => 1)[2].response AS second;
```",
    argument(name = "model", description = "The name of a created model, or a URI."),
    argument(name = "prompt", description = "The user's turn. NULL gives NULL, without a call."),
    argument(name = "n", description = "Number of samples, 1 to 1024. Default: 1.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LlmGenerate;

/// The marker.
pub fn llm_generate() -> ModelFunction {
    let page = with_sampling_arguments(LlmGenerate.doc());
    ModelFunction::new("llm_generate", Task::Generate, GENERATE, GeneratedBuilder::data_type(), page)
}
