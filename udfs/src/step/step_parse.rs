//! `step_parse`: an annotator's reply as a table value. Replies are kept as they came; what they say is read here.

use super::n_steps::n_steps;
use super::{SCRIPTS, script};
use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::step::{self, AnnotatedStep};

#[user_doc(
    doc_section(label = "Annotations"),
    description = "The annotation in an annotator's raw reply: one element a step, from step 0, each with its tags, the most important first,
and the ids of the earlier steps that it builds on. A step of which the reply says nothing is NULL. NULL where nothing of the reply is usable;
`step_status` says why.

Reading is lenient: code fences, prose around the JSON, trailing commas and a reply that breaks off do not matter. Entries stand in an object
under their ids or in an array in order, ids are numbers or text, and a single tag or id needs no list. Tags are those of Thought Anchors:
problem_setup, plan_generation, fact_retrieval, active_computation, result_consolidation, uncertainty_management, final_answer_emission,
self_checking; every other word is `unknown`. Ids that are empty or out of range, and dependencies of a step on itself or on a later one, are
dropped.",
    syntax_example = "step_parse(raw, n_steps [, compat])",
    sql_example = r#"```sql
SELECT step_parse('{"0": {"function_tags": ["problem_setup"], "depends_on": [""]}, "1": {"function_tags": ["final_answer_emission"], "depends_on": ["0"]}}', 2) AS annotation;
+-----------------------------------------------------------------------------------------------------+
| annotation                                                                                          |
+-----------------------------------------------------------------------------------------------------+
| [{'tags': [problem_setup], 'depends_on': []}, {'tags': [final_answer_emission], 'depends_on': [0]}] |
+-----------------------------------------------------------------------------------------------------+
SELECT step_parse('I cannot annotate this.', 2) AS annotation;
+------------+
| annotation |
+------------+
| NULL       |
+------------+
```"#,
    argument(name = "raw", description = "What the annotator replied, with JSON in it."),
    argument(name = "n_steps", description = "The number of steps of the trace, 0 to 1000000."),
    argument(
        name = "compat",
        description = "'ki2026' reads as the published code does, for the functions that take the same `compat`: tags count only as spelled
exactly, a reply of which that code uses nothing is an empty list, elements behind the steps are entries of no step (tag `no_step`), `not_final`
marks steps that it does not take for the final one and `unreadable` those on which it raises, and ids below 0 are those that it does not find
(-1) or does not count (-2 - id). 'ki2026_steer' reads as its script for test-time selection. Default: neither."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepParse;

impl Function for StepParse {
    const NAME: &'static str = "step_parse";
    const PARAMS: &'static [Param] = &[
        Param::required("raw", Kind::Text),
        Param::required("n_steps", Kind::Bigint),
        Param::optional("compat", Kind::Choice(SCRIPTS)),
    ];
    type Returns = Vec<Option<AnnotatedStep>>;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (raw, count, compat) = (args.text(0)?, args.bigint(1)?, args.text(2)?);
        args.map(|row| {
            let n_steps = n_steps(args, 1, count.get(row).unwrap_or_default())?;
            Ok(match script(&compat, row) {
                None => step::parse(raw.at(row), n_steps).ok(),
                Some(script) => Some(step::parse_ki2026(raw.at(row), n_steps, script)),
            })
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::StepParse;
    use crate::kit::tester::literal;
    use datafusion_common::ScalarValue;

    fn parsed(raw: &str, n_steps: i64, compat: Option<&str>) -> String {
        let args = [ScalarValue::from(raw), n_steps.into(), ScalarValue::Utf8(compat.map(str::to_owned))];
        literal(StepParse, &args)
    }

    #[test]
    fn each_step_has_its_tags_or_is_null() {
        let raw = "```json\n[{\"function_tags\": \"Self Checking\", \"depends_on\": 3}, 5, {\"function_tags\": [\"อื่น\"]}]\n```";
        assert_eq!(
            parsed(raw, 3, None),
            "[{tags: [self_checking], depends_on: []}, NULL, {tags: [unknown], depends_on: []}]"
        );
        assert_eq!(parsed("", 3, None), "NULL");
        assert_eq!(parsed("[{}]", 0, None), "NULL");
    }

    #[test]
    fn compat_keeps_what_the_published_results_depend_on() {
        let raw = r#"{"0": {"function_tags": ["Plan"], "depends_on": [""]}}"#;
        assert_eq!(parsed(raw, 2, Some("ki2026")), "[{tags: [unknown], depends_on: [-1]}, NULL]");
        assert_eq!(parsed("no", 2, Some("ki2026")), "[]");
    }

    #[test]
    fn a_number_of_steps_that_is_none_is_an_error() {
        assert_eq!(
            parsed("[{}]", -1, None),
            "step_parse: argument 2 `n_steps` must be from 0 to 1000000, got -1\n\nhint: it is the number of steps that were \
             annotated, as in cardinality(trace_steps(trace))"
        );
        assert!(parsed("[{}]", i64::MAX, None).contains("got 9223372036854775807"));
    }
}
