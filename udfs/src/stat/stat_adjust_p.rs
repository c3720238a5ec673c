//! `stat_adjust_p`: p-values of many tests, so that the best of them means something.

use crate::kit::{Args, Constants, Kind, Param, Window};
use datafusion_common::Result;
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;
use glotrace_learn::stat::{self, Correction};

#[user_doc(
    doc_section(label = "Statistics"),
    description = "p-values adjusted for the number of tests in the partition, at most 1, as R's `p.adjust`. The whole partition counts,
whatever ORDER BY and the frame say; a NULL is no test.",
    syntax_example = "stat_adjust_p(p, method)",
    sql_example = r"```sql
SELECT p, stat_adjust_p(p, 'holm') OVER () AS holm, stat_adjust_p(p, 'bh') OVER () AS bh FROM (VALUES (0.25), (0.125), (0.5)) AS t(p) ORDER BY p;
+-------+-------+-------+
| p     | holm  | bh    |
+-------+-------+-------+
| 0.125 | 0.375 | 0.375 |
| 0.25  | 0.5   | 0.375 |
| 0.5   | 0.5   | 0.5   |
+-------+-------+-------+
```",
    argument(name = "p", description = "p-values, 0 to 1."),
    argument(
        name = "method",
        description = "'bonferroni' and 'holm' (never weaker) bound the chance of any false finding, 'bh' (Benjamini and Hochberg) the share of
false ones among the findings."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatAdjustP;

impl Window for StatAdjustP {
    const NAME: &'static str = "stat_adjust_p";
    const PARAMS: &'static [Param] =
        &[Param::required("p", Kind::Double), Param::nullable("method", Kind::Choice(&["bonferroni", "holm", "bh"]))];
    type Returns = f64;

    fn check(&self, constants: &Constants<'_>) -> Result<()> {
        match constants.text(1)? {
            Some(_) => Ok(()),
            None => Err(constants.refuse(1, "must be 'bonferroni', 'holm' or 'bh'", "NULL", "name one")),
        }
    }

    fn call(&self, args: &Args) -> Result<Vec<Option<f64>>> {
        let (p, method) = (args.double(0)?, args.text(1)?);
        if let Some(p) = (0..args.rows()).filter_map(|row| p.get(row)).find(|p| !(0.0..=1.0).contains(p) && !p.is_nan())
        {
            return Err(args.error(format!("{} must be between 0 and 1, got {p}", args.place(0)), "give it p-values"));
        }
        let correction = match method.get(0) {
            Some("bonferroni") => Correction::Bonferroni,
            Some("holm") => Correction::Holm,
            _ => Correction::BenjaminiHochberg,
        };
        Ok(stat::adjust_p(&(0..args.rows()).map(|row| p.get(row)).collect::<Vec<_>>(), correction))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::StatAdjustP;
    use crate::kit::tester::{numbers, windowed};
    use datafusion_common::ScalarValue;
    use datafusion_expr::ColumnarValue;

    fn adjusted(p: &[Option<f64>], method: &str) -> Vec<String> {
        let method = ColumnarValue::Scalar(ScalarValue::from(method));
        windowed(&StatAdjustP, &[numbers(p), method], p.len())
    }

    #[test]
    fn a_null_is_no_test() {
        assert_eq!(adjusted(&[Some(0.25), None, Some(0.125)], "bonferroni"), ["0.5", "NULL", "0.25"]);
        assert_eq!(adjusted(&[Some(0.25), Some(0.125), Some(0.5)], "holm"), ["0.5", "0.375", "0.5"]);
    }

    #[test]
    fn what_is_no_p_value_or_no_method_is_refused() {
        assert!(adjusted(&[Some(5.0)], "bh")[0].contains("argument 1 `p` must be between 0 and 1, got 5"));
        assert!(
            adjusted(&[Some(0.5)], "fdr")[0]
                .contains("argument 2 `method` must be 'bonferroni', 'holm' or 'bh', got 'fdr'")
        );
    }
}
