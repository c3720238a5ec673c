//! `step_annotate`: a language model says what the steps of a trace do. The reading on which the features of a trace rest.

use super::step_annotate_row::STEP_ANNOTATE;
use crate::kit::Output;
use crate::llm::{ModelFunction, Task};
use datafusion_macros::user_doc;
use glotrace_text::step::AnnotatedStep;

#[user_doc(
    doc_section(label = "Annotations"),
    description = r#"What each step of a trace does and on which earlier steps it builds: one element a step, as `step_parse` gives it. NULL where the
call failed; the error is in `system.calls`. NULL also for a trace without steps, without a call.

The model is told the nine tags, what a dependency is, the question (in English too, where `en_question` is given) and the steps, numbered from
0, and replies with JSON, to which an endpoint is held by a schema; any reply is read as `step_parse` reads it. Traces of more than 64 steps or 24,000
bytes are annotated in windows, each a call of its own in which the steps before and the first ones of the trace are shown under their numbers. A
reply that leaves out more than a tenth of its steps is asked for again with the next sample number and a note, once; then it is an
error of kind `parse`.

'builtin:tagger' is a small classifier that comes with the program and needs no language model: a baseline."#,
    syntax_example = "step_annotate(model, question, steps [, lang, en_question])",
    sql_example = r"```sql
SELECT step_annotate('smollm2', NULL, ['6 times 3 is 18.', 'The answer is 18.']) AS annotation;
+------------+
| annotation |
+------------+
| NULL       |
+------------+
SELECT step_annotate('judge', 'ขายไข่ 6 แผง แผงละ 3 บาท ได้กี่บาท', trace_steps(trace), lang => 'th', en_question => 'How much for 6 trays at 3 baht?') AS annotation FROM traces;
```",
    argument(name = "model", description = "The name of a created model, a URI, or 'builtin:tagger'."),
    argument(name = "question", description = "What the trace answers. NULL gives NULL, without a call."),
    argument(
        name = "steps",
        description = "The steps in order, as `trace_steps` gives them; NULL among them is an error. NULL gives NULL, without a call."
    ),
    argument(
        name = "lang",
        description = "The language of the question: its ISO 639-1 code, or its English name. Default: it is not said."
    ),
    argument(
        name = "en_question",
        description = "The question in English, shown beside the other one. Default: it is not shown."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepAnnotate;

/// The marker.
pub fn step_annotate() -> ModelFunction {
    let returns = <Vec<Option<AnnotatedStep>> as Output>::data_type();
    ModelFunction::new("step_annotate", Task::StepAnnotate, STEP_ANNOTATE, returns, StepAnnotate.doc().cloned())
}
