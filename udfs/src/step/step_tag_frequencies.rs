//! `step_tag_frequencies`: the flow of a trace in nine numbers.

use super::{SCRIPTS, script};
use crate::kit::{Args, Function, Kind, Param, Record, Structs, structs};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::step::{self, Tag, TagFrequencies};

#[user_doc(
    doc_section(label = "Annotations"),
    description = "The share of the steps whose first tag it is, for each of the eight tags, and `unknown` for steps that were left out, have no
tag or begin with a word that is none. The nine sum to 1. NULL where the annotation has no steps.",
    syntax_example = "step_tag_frequencies(annotation [, compat])",
    sql_example = r#"```sql
SELECT f.problem_setup, f.active_computation, f.final_answer_emission, f.unknown FROM (SELECT step_tag_frequencies(step_parse('[{"tags": ["problem_setup"]}, {"tags": ["active_computation", "self_checking"]}]', 4)) AS f) AS t;
+---------------+--------------------+-----------------------+---------+
| problem_setup | active_computation | final_answer_emission | unknown |
+---------------+--------------------+-----------------------+---------+
| 0.25          | 0.25               | 0.0                   | 0.5     |
+---------------+--------------------+-----------------------+---------+
```"#,
    argument(name = "annotation", description = "An annotation."),
    argument(
        name = "compat",
        description = "'ki2026' computes what the published code does, over an annotation that was read with the same `compat`: a reply without
use is all unknown. 'ki2026_steer' as its script for test-time selection does: all nine are 0 where there are no steps. Default: neither."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepTagFrequencies;

impl Function for StepTagFrequencies {
    const NAME: &'static str = "step_tag_frequencies";
    const PARAMS: &'static [Param] =
        &[Param::required("annotation", Kind::Annotation), Param::optional("compat", Kind::Choice(SCRIPTS))];
    type Returns = TagFrequencies;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (annotations, compat) = (args.annotations(0)?, args.text(1)?);
        args.map(|row| {
            let annotation = annotations.at(row);
            Ok(match script(&compat, row) {
                None => step::tag_frequencies(&annotation),
                Some(script) => step::tag_frequencies_ki2026(&annotation, script),
            })
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

impl Record for TagFrequencies {
    fn fields<'a>() -> Structs<'a, Self> {
        let functions = Tag::FUNCTIONS.into_iter().enumerate().fold(structs(), |fields, (place, tag)| {
            fields.field(tag.name(), move |frequencies: &mut Self| frequencies.functions.get(place).copied())
        });
        functions.field("unknown", |frequencies| Some(frequencies.unknown))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::{Output, sql_type};

    #[test]
    fn the_fields_are_the_tags() {
        assert_eq!(
            sql_type(&TagFrequencies::data_type()),
            "STRUCT<problem_setup DOUBLE, plan_generation DOUBLE, fact_retrieval DOUBLE, active_computation DOUBLE, \
             result_consolidation DOUBLE, uncertainty_management DOUBLE, final_answer_emission DOUBLE, self_checking DOUBLE, \
             unknown DOUBLE>"
        );
    }
}
