//! `stat_bootstrap_ci`: a mean and how sure it is, whatever the distribution.

use super::resampling::Resampling;
use crate::kit::{Aggregate, Args, Constants, Kind, Param, Record, Rows, Structs, items, list, list_type, structs};
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use datafusion_common::arrow::datatypes::{DataType, Float64Type};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;
use glotrace_learn::stat;
use std::sync::Arc;

#[user_doc(
    doc_section(label = "Statistics"),
    description = "The mean with its percentile bootstrap interval: rows are drawn with replacement, as many as there are, `n_boot` times. The result depends on
the values and the seed only. The interval of one value is that value; of none, all is NULL but n. NULL and non-finite values are left out.",
    syntax_example = "stat_bootstrap_ci(x [, level, n_boot, seed])",
    sql_example = r"```sql
SELECT stat_bootstrap_ci(x) AS ci FROM (VALUES (0.5), (0.5), (0.5)) AS t(x);
+-----------------------------------------------------+
| ci                                                  |
+-----------------------------------------------------+
| {'mean': 0.5, 'low': 0.5, 'high': 0.5, 'n': 3} |
+-----------------------------------------------------+
```",
    argument(name = "x", description = "The values; truth values count as 1 and 0."),
    argument(name = "level", description = "Of the interval; 0.95 by default."),
    argument(name = "n_boot", description = "How often to draw; 1000 by default, at most 1000000."),
    argument(name = "seed", description = "42 by default.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatBootstrapCi;

impl Aggregate for StatBootstrapCi {
    const NAME: &'static str = "stat_bootstrap_ci";
    const PARAMS: &'static [Param] = &[
        Param::required("x", Kind::Measure),
        Param::optional("level", Kind::Double),
        Param::optional("n_boot", Kind::Bigint),
        Param::optional("seed", Kind::Bigint),
    ];
    type Rows = Values;

    fn start(&self, constants: &Constants<'_>) -> Result<Values> {
        let level = constants.double(1)?.unwrap_or(0.95);
        if !(level > 0.0 && level < 1.0) {
            return Err(constants.refuse(1, "must be between 0 and 1", level, "0.95 is the default"));
        }
        Ok(Values { level, resampling: Resampling::new(constants, 2)?, values: Vec::new() })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// The values of a group.
#[derive(Debug)]
pub struct Values {
    level: f64,
    resampling: Resampling,
    values: Vec<f64>,
}

impl Rows for Values {
    type Returns = Interval;

    fn state_types() -> Vec<(&'static str, DataType)> {
        vec![("values", list_type(DataType::Float64))]
    }

    fn update(&mut self, args: &Args) -> Result<()> {
        let x = args.measure(0)?;
        self.values.extend((0..args.rows()).filter_map(|row| x.get(row)).filter(|x| x.is_finite()));
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![list(Arc::new(Float64Array::from(std::mem::take(&mut self.values))))?])
    }

    fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        for row in 0..states[0].len() {
            self.values.extend_from_slice(items(&states[0], row).as_primitive::<Float64Type>().values());
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<Option<Interval>> {
        let Resampling { n_boot, seed } = self.resampling;
        let interval = stat::bootstrap_ci(&self.values, self.level, n_boot, seed);
        Ok(Some(Interval { interval, n: self.values.len() as i64 }))
    }

    fn size(&self) -> usize {
        self.values.capacity() * 8
    }
}

/// A mean, its interval, and of how many values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    interval: Option<stat::Interval>,
    n: i64,
}

impl Record for Interval {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("mean", |i: &mut Self| i.interval.map(|i| i.mean))
            .field("low", |i| i.interval.map(|i| i.low))
            .field("high", |i| i.interval.map(|i| i.high))
            .field("n", |i| Some(i.n))
    }
}

#[cfg(test)]
mod tests {
    use super::StatBootstrapCi;
    use crate::kit::tester::{aggregated, numbers};

    #[test]
    fn intervals_do_not_depend_on_partitions_or_order() {
        let x: Vec<Option<f64>> = (0..50).map(|i| (i % 9 > 0).then(|| f64::from(i * i % 17) / 3.0)).collect();
        let shown = aggregated(&StatBootstrapCi, &[numbers(&x)]);
        assert!(shown.ends_with("n: 44}"), "{shown}");
        assert_eq!(aggregated(&StatBootstrapCi, &[numbers(&[])]), "{mean: NULL, low: NULL, high: NULL, n: 0}");
        assert_eq!(
            aggregated(&StatBootstrapCi, &[numbers(&[Some(0.25)])]),
            "{mean: 0.25, low: 0.25, high: 0.25, n: 1}"
        );
    }
}
