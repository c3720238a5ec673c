//! `v_information`: how much a trace tells a model of the answer. The feature of a trace that needs its model.

use super::v_information_row::V_INFORMATION;
use super::{ModelFunction, Task};
use crate::kit::{Output, Record, Structs, structs};
use datafusion_macros::user_doc;
use glotrace_model::score;

#[user_doc(
    doc_section(label = "Models"),
    description = r"Pointwise V-information of a trace about the answer, in nats: ln p(answer | question, trace) − ln p(answer | question), with
both terms and the mean entropy of the distributions that predict the answer's tokens. Above 0 the trace makes the answer likelier. One
teacher-forced pass a term. An empty answer has 0 everywhere and no entropy.

The prompts are the published ones, raw text without a chat template: `Please answer the following question.`, an empty line, `Question: ` and
the question, an empty line, with the trace `<think>`, the trace and `</think>` on lines of their own and an empty line, and `Answer: `, which the
answer continues. `llm_logprob` of these gives the two terms.

For models that run in this process.",
    syntax_example = "v_information(model, question, trace, answer [, compat])",
    sql_example = r"```sql
SELECT v_information('smollm2', 'What is 6 times 3?', NULL, '18') AS information;
+-------------+
| information |
+-------------+
| NULL        |
+-------------+
SELECT v_information('smollm2', 'What is 6 times 3?', '6 + 6 + 6 = 18.', '18').vi AS vi;
```",
    argument(
        name = "model",
        description = "The name of a created model, or a URI; a local model, the one that wrote the trace."
    ),
    argument(name = "question", description = "The question. NULL gives NULL, without a call."),
    argument(name = "trace", description = "What the model thought. NULL gives NULL, without a call."),
    argument(
        name = "answer",
        description = "The gold answer, as it should follow the prompt. NULL gives NULL, without a call."
    ),
    argument(
        name = "compat",
        description = "'ki2026' computes what the published code does: every token of the answer is scored as if it came first, one that is not
among the 20 likeliest counts ln 1e-8, the entropies are those of the renormalised 20, and the paragraphs of the trace stand one a line.
Default: neither."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VInformation;

/// The marker.
pub fn v_information() -> ModelFunction {
    let returns = score::VInformation::data_type();
    ModelFunction::new("v_information", Task::VInformation, V_INFORMATION, returns, VInformation.doc().cloned())
}

impl Record for score::VInformation {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("vi", |v: &mut Self| Some(v.vi))
            .field("logprob_with", |v| Some(v.logprob_with))
            .field("logprob_without", |v| Some(v.logprob_without))
            .field("entropy_with", |v| v.entropy_with)
            .field("entropy_without", |v| v.entropy_without)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::sql_type;

    #[test]
    fn the_type_is_the_contract() {
        assert_eq!(
            sql_type(&score::VInformation::data_type()),
            "STRUCT<vi DOUBLE, logprob_with DOUBLE, logprob_without DOUBLE, entropy_with DOUBLE, entropy_without DOUBLE>"
        );
    }
}
