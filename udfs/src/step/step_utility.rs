//! `step_utility`: how much of a trace the final answer builds on.

use super::{SCRIPTS, script};
use crate::kit::{Args, Function, Kind, Param, Record, Structs, structs};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::step::{self, Utility};

#[user_doc(
    doc_section(label = "Annotations"),
    description = "The steps that lead to the final answer, as shares of all steps. `final_step` is the last step that states the final answer,
with whatever else it does; `direct` is the share of the steps from which dependencies lead to it, itself included; `indirect` the share of
those that lead to it only by way of others. All three are NULL where no step states the answer.",
    syntax_example = "step_utility(annotation [, compat])",
    sql_example = r#"```sql
SELECT step_utility(step_parse('[{}, {"depends_on": [0]}, {}, {"tags": ["final_answer_emission"], "depends_on": [1]}]', 4)) AS utility;
+-----------------------------------------------------+
| utility                                             |
+-----------------------------------------------------+
| {'final_step': 3, 'direct': 0.75, 'indirect': 0.25} |
+-----------------------------------------------------+
```"#,
    argument(name = "annotation", description = "An annotation."),
    argument(
        name = "compat",
        description = "'ki2026' computes what the published code does, over an annotation that was read with the same `compat`: the final step is
the first one, `indirect` is the share of the steps on which any step of `direct` depends, and what cannot be computed is 0. 'ki2026_steer'
as its script for test-time selection does. Default: neither."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepUtility;

impl Function for StepUtility {
    const NAME: &'static str = "step_utility";
    const PARAMS: &'static [Param] =
        &[Param::required("annotation", Kind::Annotation), Param::optional("compat", Kind::Choice(SCRIPTS))];
    type Returns = Utility;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (annotations, compat) = (args.annotations(0)?, args.text(1)?);
        args.map(|row| {
            let annotation = annotations.at(row);
            Ok(Some(match script(&compat, row) {
                None => step::utility(&annotation),
                Some(script) => step::utility_ki2026(&annotation, script),
            }))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

impl Record for Utility {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("final_step", |utility: &mut Self| utility.final_step.and_then(|id| i64::try_from(id).ok()))
            .field("direct", |utility| utility.direct)
            .field("indirect", |utility| utility.indirect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Output, sql_type};

    #[test]
    fn the_type_is_the_contract() {
        assert_eq!(sql_type(&Utility::data_type()), "STRUCT<final_step BIGINT, direct DOUBLE, indirect DOUBLE>");
    }
}
