//! `math_answer`: the final answer of an output, as it stands there.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::math;

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = r#"The final answer as text: the last box; without one, what follows the last answer phrase ("the answer is", in twelve
languages); without one, the last formula or number. Math delimiters, emphasis and the full stop are taken off. NULL where it states no answer."#,
    syntax_example = "math_answer(text)",
    sql_example = r"```sql
SELECT math_answer('6 mal 3 ist 18. Die Antwort ist 18 Euro.') AS answer;
+---------+
| answer  |
+---------+
| 18 Euro |
+---------+
```",
    argument(name = "text", description = "An output, a trace or a response.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MathAnswer;

impl Function for MathAnswer {
    const NAME: &'static str = "math_answer";
    const PARAMS: &'static [Param] = &[Param::required("text", Kind::Text)];
    type Returns = &'static str;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let text = args.text(0)?;
        args.map(|row| Ok(math::answer(text.at(row))))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::MathAnswer;
    use crate::kit::tester::columns;

    #[test]
    fn the_box_goes_before_the_number() {
        let outputs =
            [Some(r"\boxed{18} and 5 more"), Some("6, 12, 18"), Some("คำตอบคือ ๑๘"), Some("?"), Some(""), None];
        assert_eq!(columns(MathAnswer, &[&outputs]), ["18", "18", "๑๘", "NULL", "NULL", "NULL"]);
    }
}
