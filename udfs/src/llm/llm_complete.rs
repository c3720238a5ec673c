//! `llm_complete`: one reply of a model, as text.

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
    ),
    argument(
        name = "temperature",
        description = "0 to 100; 0 always takes the likeliest token. Default: the model's, else 0."
    ),
    argument(
        name = "top_p",
        description = "Above 0, at most 1: keeps the likeliest tokens that together reach this probability. Default: the model's, else 1 (all)."
    ),
    argument(name = "top_k", description = "Keeps the k likeliest tokens; 0 keeps all. Default: the model's, else 0."),
    argument(
        name = "min_p",
        description = "0 to 1: keeps the tokens at least this share as likely as the likeliest. Default: the model's, else 0."
    ),
    argument(
        name = "max_tokens",
        description = "The longest reply in tokens of the model, 1 or more. Default: the model's, else 512."
    ),
    argument(
        name = "seed",
        description = "Makes sampling repeatable; each sample of a call has its own stream of chance. Default: the model's, else 0."
    ),
    argument(
        name = "stop",
        description = "A text, or a list of texts, that ends a reply. It is not part of the reply. Default: the model's, else none."
    ),
    argument(
        name = "system",
        description = "The system's turn before the prompt. Default: that of the chat template."
    ),
    argument(
        name = "enable_thinking",
        description = "Handed to the chat template of models that can think or not. Default: the template's."
    ),
    argument(
        name = "raw",
        description = "TRUE gives the model the prompt as it is, without its chat template. Default: FALSE."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LlmComplete;

/// The marker.
pub fn llm_complete() -> ModelFunction {
    const PAGE: &LlmComplete = &LlmComplete;
    ModelFunction::new("llm_complete", Task::Complete, GENERATE, DataType::Utf8, PAGE.doc())
}
