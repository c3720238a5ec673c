//! `math_boxed`: what stands in the box that prompts ask for.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::math;

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = r"The content, trimmed, of the last `\boxed{…}` or `\fbox{…}` with balanced braces. `\boxed 5` without braces counts too. NULL
where there is none; a box that is never closed is none.",
    syntax_example = "math_boxed(text [, compat])",
    sql_example = r"```sql
SELECT math_boxed('First \boxed{9}. No: $\boxed{\frac{1}{2}}$.') AS answer;
+-------------+
| answer      |
+-------------+
| \frac{1}{2} |
+-------------+
```",
    argument(name = "text", description = "An output, a trace or a response."),
    argument(
        name = "compat",
        description = r"'ki2026' takes the first box instead and ends it at the first closing brace, as the published code does. Default: neither."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MathBoxed;

impl Function for MathBoxed {
    const NAME: &'static str = "math_boxed";
    const PARAMS: &'static [Param] =
        &[Param::required("text", Kind::Text), Param::optional("compat", Kind::Choice(&["ki2026"]))];
    type Returns = &'static str;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (text, compat) = (args.text(0)?, args.text(1)?);
        args.map(|row| {
            let boxed = if compat.get(row).is_some() { math::boxed_first } else { math::boxed };
            Ok(boxed(text.at(row)))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::MathBoxed;
    use crate::kit::tester::{columns, literal, texts};
    use datafusion_common::ScalarValue;

    #[test]
    fn the_last_balanced_box_counts() {
        let outputs = [Some(r"\boxed{1} \boxed{\frac{1}{2}}"), Some(r"คำตอบ \boxed{๑๘}"), Some("18"), Some(""), None];
        assert_eq!(columns(MathBoxed, &[&outputs]), [r"\frac{1}{2}", "๑๘", "NULL", "NULL", "NULL"]);
    }

    #[test]
    fn compat_takes_the_first_and_breaks_on_nested_braces() {
        assert_eq!(literal(MathBoxed, &texts(&[r"\boxed{\frac{1}{2}} \boxed{3}", "ki2026"])), r"\frac{1");
        let null = [texts(&[r"\boxed{1} \boxed{2}"]), vec![ScalarValue::Utf8(None)]].concat();
        assert_eq!(literal(MathBoxed, &null), "2");
    }

    #[test]
    fn wrong_arguments_are_errors_that_show_the_way_out() {
        assert_eq!(
            literal(MathBoxed, &texts(&["a", "b", "c"])),
            "math_boxed takes 1 to 2 arguments (text [, compat]), got 3"
        );
        assert_eq!(
            literal(MathBoxed, &[18_i64.into()]),
            "math_boxed: argument 1 `text` must be text, got Int64\n\nhint: cast it, as in text::TEXT"
        );
    }
}
