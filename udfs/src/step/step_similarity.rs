//! `step_similarity`: whether two traces, in whatever languages, do the same things in the same order.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::step;

#[user_doc(
    doc_section(label = "Annotations"),
    description = "How alike two traces are in what their steps do: the ratio of `seq_align` of their first tags, 0 to 1. An unknown step is like
no other. NULL where one of them has no steps.",
    syntax_example = "step_similarity(annotation_a, annotation_b [, compat])",
    sql_example = r#"```sql
SELECT step_similarity(step_parse('[{"tags": ["problem_setup"]}, {"tags": ["active_computation"]}, {"tags": ["final_answer_emission"]}]', 3), step_parse('[{"tags": ["problem_setup"]}, {"tags": ["final_answer_emission"]}]', 2)) AS similarity;
+------------+
| similarity |
+------------+
| 0.75       |
+------------+
```"#,
    argument(name = "annotation_a", description = "An annotation, in a study that of the English trace."),
    argument(name = "annotation_b", description = "Another one."),
    argument(
        name = "compat",
        description = "'ki2026' computes what the published code does, over annotations that `step_parse` read with the same `compat`: unknown steps
are like one another. Default: neither."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepSimilarity;

impl Function for StepSimilarity {
    const NAME: &'static str = "step_similarity";
    const PARAMS: &'static [Param] = &[
        Param::required("annotation_a", Kind::Annotation),
        Param::required("annotation_b", Kind::Annotation),
        Param::optional("compat", Kind::Choice(super::SCRIPTS)),
    ];
    type Returns = f64;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (a, b, compat) = (args.annotations(0)?, args.annotations(1)?, args.text(2)?);
        args.map(|row| {
            let (a, b) = (a.at(row), b.at(row));
            Ok(match compat.get(row) {
                None => step::similarity(&a, &b),
                Some(_) => step::similarity_ki2026(&a, &b),
            })
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}
