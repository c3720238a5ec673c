//! `zscore`: a feature in standard deviations, so that effects of features can be compared.

use crate::kit::{Args, Kind, Param, Window};
use datafusion_common::Result;
use datafusion_common::arrow::array::{ArrayRef, Float64Array};
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;
use glotrace_learn::stat;
use std::sync::Arc;

#[user_doc(
    doc_section(label = "Statistics"),
    description = "How many standard deviations a value lies above the mean of its partition, with the population standard deviation; 0 where that
is 0. The whole partition counts, whatever ORDER BY and the frame say. NULL and non-finite values take no part and have no score.",
    syntax_example = "zscore(x)",
    sql_example = r"```sql
SELECT lang, steps, zscore(steps) OVER (PARTITION BY lang) AS z FROM (VALUES ('en', 2), ('en', 6), ('sw', 5)) AS t(lang, steps) ORDER BY lang, steps;
+------+-------+------+
| lang | steps | z    |
+------+-------+------+
| en   | 2     | -1.0 |
| en   | 6     | 1.0  |
| sw   | 5     | 0.0  |
+------+-------+------+
```",
    argument(name = "x", description = "The values; truth values count as 1 and 0.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Zscore;

impl Window for Zscore {
    const NAME: &'static str = "zscore";
    const PARAMS: &'static [Param] = &[Param::required("x", Kind::Measure)];
    type Returns = f64;

    fn call(&self, args: &Args) -> Result<Vec<Option<f64>>> {
        Ok(scores(args)?.into_iter().map(known).collect())
    }

    fn column(&self, args: &Args) -> Result<ArrayRef> {
        let scores = scores(args)?;
        let is_whole = scores.iter().fold(true, |all, z| all & !z.is_nan());
        Ok(Arc::new(match is_whole {
            true => Float64Array::from(scores),
            false => scores.into_iter().map(known).collect::<Float64Array>(),
        }))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

fn scores(args: &Args) -> Result<Vec<f64>> {
    let x = args.measure(0)?;
    if let Some(values) = x.whole() {
        return Ok(stat::zscore(values));
    }
    Ok(stat::zscore(&(0..args.rows()).map(|row| x.get(row).unwrap_or(f64::NAN)).collect::<Vec<_>>()))
}

/// NaN stands for none.
fn known(score: f64) -> Option<f64> {
    (!score.is_nan()).then_some(score)
}

#[cfg(test)]
mod tests {
    use super::Zscore;
    use crate::kit::tester::{numbers, windowed};

    #[test]
    fn missing_values_have_no_score() {
        let x = numbers(&[Some(1.0), None, Some(3.0)]);
        assert_eq!(windowed(&Zscore, &[x], 3), ["-1.0", "NULL", "1.0"]);
    }
}
