//! `step_status`: why an annotation or a feature is missing. A study that drops rows has to say which and why.

use super::n_steps::n_steps;
use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::step::{self, Status};

#[user_doc(
    doc_section(label = "Annotations"),
    description = "What is missing of an annotation, the gravest first:

- `no_annotation`: it is NULL, and no reply is given to say why. No feature.

- `no_steps`: the trace has none. No feature.

- `empty_reply`, `no_json`, `no_entries`, `no_step_ids`: it is NULL, and the reply holds nothing but blanks, no JSON, no objects that could
be steps, or none under the id of a step. No feature.

- `no_final_step`: no step states the final answer. No utility.

- `incomplete`: the annotator left steps out. They count as unknown and are not in the validity.

- `complete`: nothing.",
    syntax_example = "step_status(annotation [, raw, n_steps])",
    sql_example = r#"```sql
SELECT raw, step_status(step_parse(raw, 2), raw, 2) AS status FROM (VALUES ('[{"function_tags": ["final_answer_emission"]}]'), ('I cannot.'), (NULL)) AS t(raw);
+------------------------------------------------+---------------+
| raw                                            | status        |
+------------------------------------------------+---------------+
| [{"function_tags": ["final_answer_emission"]}] | incomplete    |
| I cannot.                                      | no_json       |
| NULL                                           | no_annotation |
+------------------------------------------------+---------------+
```"#,
    argument(name = "annotation", description = "An annotation, or NULL, which has a status too."),
    argument(name = "raw", description = "The reply that it was read from, to tell why it is NULL."),
    argument(name = "n_steps", description = "The number of steps with which it was read.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StepStatus;

impl Function for StepStatus {
    const NAME: &'static str = "step_status";
    const PARAMS: &'static [Param] = &[
        Param::nullable("annotation", Kind::Annotation),
        Param::optional("raw", Kind::Text),
        Param::optional("n_steps", Kind::Bigint),
    ];
    type Returns = &'static str;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (annotations, raw, count) = (args.annotations(0)?, args.text(1)?, args.bigint(2)?);
        args.map(|row| {
            let status = match (annotations.get(row), raw.get(row), count.get(row)) {
                (Some(annotation), ..) => Some(step::status(&annotation)),
                (None, Some(raw), Some(count)) => step::status_of_reply(raw, n_steps(args, 2, count)?),
                _ => None,
            };
            Ok(Some(status.unwrap_or(Status::NoAnnotation).name()))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::StepStatus;
    use crate::kit::tester::literal;
    use datafusion_common::ScalarValue;

    #[test]
    fn a_missing_annotation_has_a_reason() {
        let status = |raw: Option<&str>, n_steps: i64| {
            let raw = ScalarValue::Utf8(raw.map(str::to_owned));
            literal(StepStatus, &[ScalarValue::Null, raw, n_steps.into()])
        };
        assert_eq!(status(None, 2), "no_annotation");
        assert_eq!(status(Some("ไม่ได้"), 2), "no_json");
        assert_eq!(status(Some(""), 2), "empty_reply");
        assert_eq!(status(Some(""), 0), "no_steps");
        assert_eq!(literal(StepStatus, &[ScalarValue::Null]), "no_annotation");
    }
}
