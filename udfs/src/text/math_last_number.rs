//! `math_last_number`: the last number of a text, whatever script and convention it is written in.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::math;

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = "The last number of a text. Signs, thousands separators, decimal commas, digits of every script and attached exponents
are read; whether `1.250` is a thousand or a bit more than one follows from the language of the text. NULL where there is no number.",
    syntax_example = "math_last_number(text [, compat])",
    sql_example = r"```sql
SELECT math_last_number('Es bleiben 1.250,5 Liter übrig.') AS de, math_last_number('మొత్తం ౧౪౦౮ డాలర్లు') AS te;
+--------+--------+
| de     | te     |
+--------+--------+
| 1250.5 | 1408.0 |
+--------+--------+
```",
    argument(name = "text", description = "An output, a trace or a response."),
    argument(
        name = "compat",
        description = "'highmath' reads as the published code of HighMath does: no signs, no
grouping but by commas, 0 where there is no number. Default: neither."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MathLastNumber;

impl Function for MathLastNumber {
    const NAME: &'static str = "math_last_number";
    const PARAMS: &'static [Param] =
        &[Param::required("text", Kind::Text), Param::optional("compat", Kind::Choice(&["highmath"]))];
    type Returns = f64;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (text, compat) = (args.text(0)?, args.text(1)?);
        args.map(|row| {
            let text = text.at(row);
            Ok(match compat.get(row) {
                None => math::last_number(text, None),
                Some(_) => Some(math::last_number_highmath(text)),
            })
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::MathLastNumber;
    use crate::kit::tester::{columns, literal, texts};

    #[test]
    fn numbers_are_read_in_their_script() {
        let outputs = [Some("first 3, then -18.5"), Some("మొత్తం ౧౪౦౮"), Some("none"), Some(""), None];
        assert_eq!(columns(MathLastNumber, &[&outputs]), ["-18.5", "1408.0", "NULL", "NULL", "NULL"]);
    }

    #[test]
    fn compat_has_zero_for_none() {
        assert_eq!(literal(MathLastNumber, &texts(&["none", "highmath"])), "0.0");
        assert_eq!(
            literal(MathLastNumber, &texts(&["1", "ki2026"])),
            "math_last_number: argument 2 `compat` must be 'highmath', got 'ki2026'\n\nhint: leave it out for the default"
        );
    }
}
