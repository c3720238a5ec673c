//! `step_validity`: whether the steps of a trace follow from what they build on, as a verifier judges it.

use super::step_validity_row::STEP_VALIDITY;
use crate::kit::Output;
use crate::llm::{ModelFunction, Task};
use datafusion_macros::user_doc;
use glotrace_text::step::Validity;

#[user_doc(
    doc_section(label = "Annotations"),
    description = r#"Whether the steps follow from what they build on. The verifier gives a verdict for each step (the hypothesis) and each step that it
depends on (the premise), and the rest is as in `step_validity_of`: a step without dependencies has validity 1, one that a dependency contradicts
0, else it is the share of the dependencies that entail it; `score` is the mean over the annotated steps. NULL where a call failed; the error is in
`system.calls`.

Verifiers: an NLI model, of which the likeliest label counts; a language model, which is asked for one of the three labels as `llm_classify` asks; or
'builtin:arithmetic', which needs no model and checks the equations that the step states: entailment where all of them hold, contradiction where one
is wrong, neutral where there is none. It reads numbers in any script, `+ - × ÷ / ^ %`, `\frac`, `\times`, `\cdot` and roots, and is silent on what can
be read in two ways."#,
    syntax_example = "step_validity(verifier, steps, annotation [, compat])",
    sql_example = r#"```sql
SELECT step_validity('builtin:arithmetic', NULL, step_parse('[{}, {"depends_on": [0]}]', 2)).score AS score;
+-------+
| score |
+-------+
| NULL  |
+-------+
SELECT step_validity('builtin:arithmetic', ['6 trays at 3', '6 * 3 = 19'], step_parse('[{}, {"depends_on": [0]}]', 2)).score AS score;
```"#,
    argument(name = "verifier", description = "The name of a created model, a URI, or 'builtin:arithmetic'."),
    argument(
        name = "steps",
        description = "The steps that were annotated, in order; NULL among them is an error. NULL gives NULL, without a call."
    ),
    argument(name = "annotation", description = "Their annotation. NULL gives NULL, without a call."),
    argument(
        name = "compat",
        description = "'ki2026' computes what the published code does, over an annotation that `step_parse` read with the same `compat`: a step on
which it raises is left out of the mean, the mean of none is 0, and of a model with two outputs, entailment and contradiction, it never sees
entailment, so that the score is the share of steps without dependencies. Default: neither."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepValidity;

/// The marker.
pub fn step_validity() -> ModelFunction {
    ModelFunction::new(
        "step_validity",
        Task::StepValidity,
        STEP_VALIDITY,
        Validity::data_type(),
        StepValidity.doc().cloned(),
    )
}
