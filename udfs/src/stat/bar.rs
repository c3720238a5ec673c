//! `bar`: a number as a bar in a cell of a terminal.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_learn::stat;

#[user_doc(
    doc_section(label = "Statistics"),
    description = "A bar of text, 20 cells wide at `max` and beyond, in eighths of a cell; empty at 0 and below. NULL where a number is not finite.",
    syntax_example = "bar(x, max)",
    sql_example = r"```sql
SELECT bar(62.5, 100) AS accuracy;
+---------------+
| accuracy      |
+---------------+
| ████████████▌ |
+---------------+
```",
    argument(name = "x", description = "The number."),
    argument(name = "max", description = "The number of the longest bar, above 0.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bar;

impl Function for Bar {
    const NAME: &'static str = "bar";
    const PARAMS: &'static [Param] = &[Param::required("x", Kind::Double), Param::required("max", Kind::Double)];
    type Returns = String;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (x, max) = (args.double(0)?, args.double(1)?);
        args.map(|row| {
            let (Some(x), Some(max)) = (x.get(row), max.get(row)) else { return Ok(None) };
            if max <= 0.0 {
                return Err(args.error(format!("{} must be above 0, got {max}", args.place(1)), "100 for percent"));
            }
            Ok(stat::bar(x, max))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::Bar;
    use crate::kit::tester::literal;
    use datafusion_common::ScalarValue;

    #[test]
    fn bars_are_as_long_as_their_share() {
        let bar = |x: f64, max: f64| literal(Bar, &[ScalarValue::from(x), ScalarValue::from(max)]);
        assert_eq!([bar(5.0, 10.0), bar(0.0, 10.0), bar(f64::NAN, 10.0)], ["██████████", "", "NULL"]);
        assert!(bar(1.0, 0.0).contains("argument 2 `max` must be above 0, got 0"));
    }
}
