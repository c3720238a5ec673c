//! `stat_stars`: p-values as papers print them.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_learn::stat;

#[user_doc(
    doc_section(label = "Statistics"),
    description = "`***` for p below 0.001, `**` below 0.01, `*` below 0.05, else an empty text.",
    syntax_example = "stat_stars(p)",
    sql_example = r"```sql
SELECT stat_stars(0.0004) AS a, stat_stars(0.02) AS b, stat_stars(0.5) AS c;
+-----+---+---+
| a   | b | c |
+-----+---+---+
| *** | * |   |
+-----+---+---+
```",
    argument(name = "p", description = "A p-value.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatStars;

impl Function for StatStars {
    const NAME: &'static str = "stat_stars";
    const PARAMS: &'static [Param] = &[Param::required("p", Kind::Double)];
    type Returns = &'static str;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let p = args.double(0)?;
        args.map(|row| Ok(p.get(row).map(stat::stars)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::StatStars;
    use crate::kit::tester::literal;
    use datafusion_common::ScalarValue;

    #[test]
    fn stars_follow_the_usual_borders() {
        let stars = |p: Option<f64>| literal(StatStars, &[ScalarValue::Float64(p)]);
        assert_eq!(
            [Some(0.0009), Some(0.001), Some(0.049), Some(0.05), None].map(stars),
            ["***", "**", "*", "", "NULL"]
        );
    }
}
