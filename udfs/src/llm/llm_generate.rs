//! `llm_generate`: sampled replies of a model, with all that a study wants to know of each.

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
    argument(name = "n", description = "Number of samples, 1 to 1024. Default: 1."),
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
pub struct LlmGenerate;

/// The marker.
pub fn llm_generate() -> ModelFunction {
    const PAGE: &LlmGenerate = &LlmGenerate;
    ModelFunction::new("llm_generate", Task::Generate, GENERATE, GeneratedBuilder::data_type(), PAGE.doc())
}
