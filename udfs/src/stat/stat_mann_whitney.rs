//! `stat_mann_whitney`: whether one group's values tend to be larger, without assuming a distribution.

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
    description = "The Mann-Whitney U test, two-sided, as scipy's `mannwhitneyu` by default: exact where the smaller group has at most 8 values and there
are no ties, else the normal approximation, corrected for ties and continuity. `u` is that of the first group: how many pairs its value wins,
ties counting half. Rows with a NULL are left out; `u` and `p_value` are NULL where a group is empty.",
    syntax_example = "stat_mann_whitney(x, in_first)",
    sql_example = r"```sql
SELECT stat_mann_whitney(x, x > 2) AS test FROM (VALUES (1), (2), (3), (4)) AS t(x);
+----------------------------------------------------------------+
| test                                                           |
+----------------------------------------------------------------+
| {'u': 4.0, 'p_value': 0.3333333333333333, 'n1': 2, 'n2': 2} |
+----------------------------------------------------------------+
```",
    argument(name = "x", description = "The values."),
    argument(name = "in_first", description = "Whether a value belongs to the first group.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatMannWhitney;

impl Aggregate for StatMannWhitney {
    const NAME: &'static str = "stat_mann_whitney";
    const PARAMS: &'static [Param] = &[Param::required("x", Kind::Measure), Param::required("in_first", Kind::Truth)];
    type Rows = Samples;

    fn start(&self, _: &Constants<'_>) -> Result<Samples> {
        Ok(Samples::default())
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// The two groups' values.
#[derive(Debug, Default)]
pub struct Samples {
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Rows for Samples {
    type Returns = Test;

    fn state_types() -> Vec<(&'static str, DataType)> {
        vec![("first", list_type(DataType::Float64)), ("second", list_type(DataType::Float64))]
    }

    fn update(&mut self, args: &Args) -> Result<()> {
        let (x, in_first) = (args.measure(0)?, args.truth(1)?);
        for row in 0..args.rows() {
            match (x.get(row).filter(|x| !x.is_nan()), in_first.get(row)) {
                (Some(x), Some(true)) => self.first.push(x),
                (Some(x), Some(false)) => self.second.push(x),
                _ => {}
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let [first, second] = [&mut self.first, &mut self.second].map(std::mem::take).map(Float64Array::from);
        Ok(vec![list(Arc::new(first))?, list(Arc::new(second))?])
    }

    fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        for row in 0..states[0].len() {
            self.first.extend_from_slice(items(&states[0], row).as_primitive::<Float64Type>().values());
            self.second.extend_from_slice(items(&states[1], row).as_primitive::<Float64Type>().values());
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<Option<Test>> {
        let test = stat::mann_whitney(&self.first, &self.second);
        Ok(Some(Test { test, n1: self.first.len() as i64, n2: self.second.len() as i64 }))
    }

    fn size(&self) -> usize {
        (self.first.capacity() + self.second.capacity()) * 8
    }
}

/// The test and the sizes of the groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    test: Option<stat::MannWhitney>,
    n1: i64,
    n2: i64,
}

impl Record for Test {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("u", |test: &mut Self| test.test.map(|test| test.u))
            .field("p_value", |test| test.test.map(|test| test.p_value))
            .field("n1", |test| Some(test.n1))
            .field("n2", |test| Some(test.n2))
    }
}

#[cfg(test)]
mod tests {
    use super::StatMannWhitney;
    use crate::kit::tester::{aggregated, numbers};

    #[test]
    fn rows_with_null_are_left_out() {
        let x = numbers(&[Some(1.0), Some(2.0), None, Some(3.0), Some(4.0), Some(9.0)]);
        let in_first = numbers(&[Some(0.0), Some(0.0), Some(1.0), Some(1.0), Some(1.0), None]);
        assert_eq!(aggregated(&StatMannWhitney, &[x, in_first]), "{u: 4.0, p_value: 0.3333333333333333, n1: 2, n2: 2}");
        assert_eq!(
            aggregated(&StatMannWhitney, &[numbers(&[]), numbers(&[])]),
            "{u: NULL, p_value: NULL, n1: 0, n2: 0}"
        );
    }
}
