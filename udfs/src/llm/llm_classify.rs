//! `llm_classify`: which of some labels a text gets. Never a word that the next step of a study does not know.

use super::classify_row::CLASSIFY;
use super::{ModelFunction, Task};
use datafusion_common::arrow::datatypes::DataType;
use datafusion_macros::user_doc;

#[user_doc(
    doc_section(label = "Models"),
    description = r#"The label that a model gives a text: exactly one of `labels`. NULL where the call failed; the error is in `system.calls`.

The prompt is one user turn: the instruction, "Text:" and the text, "Labels:" and the labels in double quotes, and "Reply with the label that
fits best, in double quotes as it stands above, and with nothing else."

A model that runs in this process scores each quoted label as the reply to this prompt and takes the one with the largest total
log-probability, of equal ones the first. The total is not divided by the label's length: it is the log-probability of replying just
that, and after the token that tells two labels apart the rest is almost certain, so that a mean would favour long labels. The closing quote
keeps a label from being the beginning of another one. It does not think first.

An endpoint is held to the labels by a JSON schema, and any reply is read by its label, whatever quotes, case or full stop stand around it. A
reply that is no label is asked for once more with a note, and then is an error of kind `parse`."#,
    syntax_example = "llm_classify(model, text, labels [, instruction])",
    sql_example = r"```sql
SELECT llm_classify('smollm2', NULL, ['correct', 'wrong']) AS label;
+-------+
| label |
+-------+
| NULL  |
+-------+
SELECT llm_classify('smollm2', 'Wait, 6 times 3 is 18, not 16.', ['self_checking', 'active_computation'], 'Which kind of step is this?') AS tag;
```",
    argument(name = "model", description = "The name of a created model, or a URI."),
    argument(name = "text", description = "What is to be classified. NULL gives NULL, without a call."),
    argument(name = "labels", description = "At least one, no two equal; NULL among them is an error."),
    argument(
        name = "instruction",
        description = "What is to be judged, the first sentence of the prompt. Default: \"Classify the text.\""
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LlmClassify;

/// The marker.
pub fn llm_classify() -> ModelFunction {
    ModelFunction::new("llm_classify", Task::Classify, CLASSIFY, DataType::Utf8, LlmClassify.doc().cloned())
}
