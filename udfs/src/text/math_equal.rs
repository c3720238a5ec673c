//! `math_equal`: whether two answers are the same mathematically, however they are written.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::math;

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = "Whether an answer equals the gold answer mathematically: numbers in any script and format, fractions, percent, LaTeX
expressions, sets, intervals, tuples. The gold answer stands first; the comparison is not symmetric.",
    syntax_example = "math_equal(gold, answer)",
    sql_example = r"```sql
SELECT math_equal('0.5', '\frac{1}{2}') AS fraction, math_equal('1408', '౧,౪౦౮') AS telugu, math_equal('18', '19') AS wrong;
+----------+--------+-------+
| fraction | telugu | wrong |
+----------+--------+-------+
| true     | true   | false |
+----------+--------+-------+
```",
    argument(name = "gold", description = "The gold answer."),
    argument(name = "answer", description = "The answer to judge, as `math_boxed` or `math_answer` give it.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MathEqual;

impl Function for MathEqual {
    const NAME: &'static str = "math_equal";
    const PARAMS: &'static [Param] = &[Param::required("gold", Kind::Text), Param::required("answer", Kind::Text)];
    type Returns = bool;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        args.map_texts(|gold, answer| Some(math::equal(gold, answer)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::MathEqual;
    use crate::kit::tester::{columns, literal};

    #[test]
    fn answers_are_compared_by_value() {
        let gold = [Some("18"), Some("0.5"), Some("1408"), Some("18"), Some(""), None, Some("18")];
        let answer = [Some("18.0"), Some(r"\frac{1}{2}"), Some("౧౪౦౮"), Some("19"), Some("18"), Some("18"), None];
        assert_eq!(columns(MathEqual, &[&gold, &answer]), ["true", "true", "true", "false", "false", "NULL", "NULL"]);
    }

    #[test]
    fn a_number_must_be_cast() {
        assert_eq!(
            literal(MathEqual, &[18_i64.into(), "18".into()]),
            "math_equal: argument 1 `gold` must be text, got Int64\n\nhint: cast it, as in gold::TEXT"
        );
    }
}
