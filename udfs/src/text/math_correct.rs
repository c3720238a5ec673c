//! `math_correct`: whether an output got it right. The accuracy of every table is the mean of this.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::math;

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = "Whether the answer that the response commits to equals gold; where it states none, the answer boxed in the trace
decides. Either part may be NULL; the result is NULL where both are, or where gold is.",
    syntax_example = "math_correct(gold, trace, response [, compat])",
    sql_example = r"```sql
SELECT math_correct('18', NULL, 'The answer is \boxed{18}') AS correct;
+---------+
| correct |
+---------+
| true    |
+---------+
```",
    argument(name = "gold", description = "The gold answer."),
    argument(name = "trace", description = "What the model thought, or NULL."),
    argument(name = "response", description = "What the model said, or NULL."),
    argument(
        name = "compat",
        description = "'ki2026' judges as the published code does: correct where the response or the first box of the trace equals gold; any
failure is false. Default: neither."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MathCorrect;

impl Function for MathCorrect {
    const NAME: &'static str = "math_correct";
    const PARAMS: &'static [Param] = &[
        Param::required("gold", Kind::Text),
        Param::nullable("trace", Kind::Text),
        Param::nullable("response", Kind::Text),
        Param::optional("compat", Kind::Choice(&["ki2026"])),
    ];
    type Returns = bool;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (gold, trace, response, compat) = (args.text(0)?, args.text(1)?, args.text(2)?, args.text(3)?);
        args.map(|row| {
            if trace.get(row).is_none() && response.get(row).is_none() {
                return Ok(None);
            }
            let correct = if compat.get(row).is_some() { math::correct_ki2026 } else { math::correct };
            Ok(Some(correct(gold.at(row), trace.get(row), response.get(row))))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::MathCorrect;
    use crate::kit::tester::columns;

    #[test]
    fn the_response_decides_and_the_trace_stands_in() {
        let rows = [
            (Some("18"), None, Some(r"The answer is \boxed{18}"), "true"),
            (Some("18"), Some(r"\boxed{18}"), None, "true"),
            (Some("18"), Some(r"\boxed{18}"), Some("The answer is 19."), "false"),
            (Some("18"), Some("still thinking"), None, "false"),
            (Some("18"), Some(""), Some(""), "false"),
            (Some("18"), None, Some("คำตอบคือ ๑๘"), "true"),
            (Some("18"), None, None, "NULL"),
            (None, Some("18"), Some("18"), "NULL"),
        ];
        let shown = columns(MathCorrect, &[&rows.map(|row| row.0), &rows.map(|row| row.1), &rows.map(|row| row.2)]);
        assert_eq!(shown, rows.map(|row| row.3));
    }

    #[test]
    fn compat_takes_either() {
        let shown = columns(
            MathCorrect,
            &[&[Some("18")], &[Some(r"\boxed{18}")], &[Some("The answer is 19.")], &[Some("ki2026")]],
        );
        assert_eq!(shown, ["true"]);
    }
}
