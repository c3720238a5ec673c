//! `llm_logprob`: how probable a model finds a given text. One pass, nothing is sampled.

use super::logprob_row::LOGPROB;
use super::{Logprob, ModelFunction, Task};
use crate::kit::Output;
use datafusion_macros::user_doc;

#[user_doc(
    doc_section(label = "Models"),
    description = r"The natural logarithm of the probability that a model continues a prompt with a given text, and the same of each token of
the text, with the number of tokens that were likelier (0 for the likeliest) and the entropy in nats of the distribution that predicts
it. One teacher-forced pass. The prompt is raw text: no chat template is put around it, and where it should end in a blank is yours to say, since
prompt and continuation are tokenized apart. An empty continuation has the log-probability 0 and no tokens. After an empty prompt the first
token has a probability only where the model starts texts with a token of its own; else its fields are NULL and it is not in the sum.

For models that run in this process; what an endpoint or a recording says of its tokens is not enough.",
    syntax_example = "llm_logprob(model, prompt, continuation)",
    sql_example = r"```sql
SELECT llm_logprob('smollm2', 'Six times three is', NULL) AS score;
+-------+
| score |
+-------+
| NULL  |
+-------+
SELECT llm_logprob('smollm2', 'Six times three is', ' eighteen').logprob AS logprob;
```",
    argument(name = "model", description = "The name of a created model, or a URI; a local model."),
    argument(name = "prompt", description = "What stands before. NULL gives NULL, without a call."),
    argument(name = "continuation", description = "What is scored. NULL gives NULL, without a call.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LlmLogprob;

/// The marker.
pub fn llm_logprob() -> ModelFunction {
    ModelFunction::new("llm_logprob", Task::Logprob, LOGPROB, Logprob::data_type(), LlmLogprob.doc().cloned())
}
