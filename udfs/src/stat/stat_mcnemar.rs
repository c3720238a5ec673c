//! `stat_mcnemar`: whether two policies are right equally often, exactly.

use crate::kit::{Aggregate, Args, Constants, Kind, Param, Record, Rows, Structs, structs};
use datafusion_common::arrow::array::{ArrayRef, AsArray};
use datafusion_common::arrow::datatypes::{DataType, UInt64Type};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;
use glotrace_learn::stat::{self, McNemar};

#[user_doc(
    doc_section(label = "Statistics"),
    description = "McNemar's exact test, two-sided: of the rows in which exactly one of a and b holds, as many should be a's as b's. `statistic` is the smaller of
the two numbers. Rows with a NULL are left out; NULL of no rows.",
    syntax_example = "stat_mcnemar(a, b)",
    sql_example = r"```sql
SELECT stat_mcnemar(a, b) AS test FROM (VALUES (true, false), (true, false), (true, true), (false, true), (true, false)) AS t(a, b);
+-------------------------------------+
| test                                |
+-------------------------------------+
| {'statistic': 1.0, 'p_value': 0.625} |
+-------------------------------------+
```",
    argument(name = "a", description = "Whether the first is right."),
    argument(name = "b", description = "Whether the second is right, on the same item.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatMcnemar;

impl Aggregate for StatMcnemar {
    const NAME: &'static str = "stat_mcnemar";
    const PARAMS: &'static [Param] = &[Param::required("a", Kind::Truth), Param::required("b", Kind::Truth)];
    type Rows = Pairs;

    fn start(&self, _: &Constants<'_>) -> Result<Pairs> {
        Ok(Pairs::default())
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// How many pairs there are of which kind.
#[derive(Debug, Default)]
pub struct Pairs {
    only_first: u64,
    only_second: u64,
    equal: u64,
}

impl Rows for Pairs {
    type Returns = McNemar;

    fn state_types() -> Vec<(&'static str, DataType)> {
        ["only_first", "only_second", "equal"].map(|name| (name, DataType::UInt64)).into()
    }

    fn update(&mut self, args: &Args) -> Result<()> {
        let (a, b) = (args.truth(0)?, args.truth(1)?);
        for row in 0..args.rows() {
            match (a.get(row), b.get(row)) {
                (Some(true), Some(false)) => self.only_first += 1,
                (Some(false), Some(true)) => self.only_second += 1,
                (Some(_), Some(_)) => self.equal += 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok([self.only_first, self.only_second, self.equal].map(|count| ScalarValue::UInt64(Some(count))).into())
    }

    fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        let total = |column: usize| states[column].as_primitive::<UInt64Type>().iter().flatten().sum::<u64>();
        self.only_first += total(0);
        self.only_second += total(1);
        self.equal += total(2);
        Ok(())
    }

    fn evaluate(&mut self) -> Result<Option<McNemar>> {
        let is_empty = self.only_first + self.only_second + self.equal == 0;
        Ok((!is_empty).then(|| stat::mcnemar(self.only_first, self.only_second)))
    }

    fn size(&self) -> usize {
        0
    }
}

impl Record for McNemar {
    fn fields<'a>() -> Structs<'a, Self> {
        structs().field("statistic", |test: &mut Self| Some(test.statistic)).field("p_value", |test| Some(test.p_value))
    }
}

#[cfg(test)]
mod tests {
    use super::StatMcnemar;
    use crate::kit::tester::{aggregated, numbers};

    #[test]
    fn discordant_pairs_are_counted() {
        let a = numbers(&[Some(1.0), Some(1.0), Some(1.0), Some(0.0), Some(1.0), None]);
        let b = numbers(&[Some(0.0), Some(0.0), Some(1.0), Some(1.0), Some(0.0), Some(1.0)]);
        assert_eq!(aggregated(&StatMcnemar, &[a, b]), "{statistic: 1.0, p_value: 0.625}");
        assert_eq!(aggregated(&StatMcnemar, &[numbers(&[None]), numbers(&[Some(1.0)])]), "NULL");
    }
}
