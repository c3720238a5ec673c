//! `stat_paired_bootstrap`: whether one policy beats another on the same items.

use super::resampling::Resampling;
use crate::kit::{Aggregate, Args, Constants, Kind, Param, Record, Rows, Structs, items, list, list_type, structs};
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, Float64Array, StringArray, UInt32Array};
use datafusion_common::arrow::datatypes::{DataType, Float64Type, UInt32Type};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;
use glotrace_learn::stat::{self, Keys};
use std::sync::Arc;

#[user_doc(
    doc_section(label = "Statistics"),
    description = "The mean of a − b over rows, its 95% percentile bootstrap interval, and p = 2 · min(P(d ≤ 0), P(d ≥ 0)) over the resampled means, at most 1.
With `cluster`, whole clusters are drawn: the same question in nine languages is not nine independent items. The result depends on the
values and the seed only. Rows with a NULL are left out; of none, all is NULL but n.",
    syntax_example = "stat_paired_bootstrap(a, b [, cluster, n_boot, seed])",
    sql_example = r"```sql
SELECT stat_paired_bootstrap(a, b, cluster => question).diff AS diff FROM (VALUES (1, 0, 'q1'), (1, 1, 'q1'), (1, 0, 'q2'), (0, 0, 'q2')) AS t(a, b, question);
+------+
| diff |
+------+
| 0.5  |
+------+
```",
    argument(name = "a", description = "Scores of the first; truth values count as 1 and 0."),
    argument(name = "b", description = "Scores of the second on the same items."),
    argument(name = "cluster", description = "What tells clusters apart: the question."),
    argument(name = "n_boot", description = "How often to draw; 1000 by default, at most 1000000."),
    argument(name = "seed", description = "42 by default.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatPairedBootstrap;

const CLUSTER: usize = 2;

impl Aggregate for StatPairedBootstrap {
    const NAME: &'static str = "stat_paired_bootstrap";
    const PARAMS: &'static [Param] = &[
        Param::required("a", Kind::Measure),
        Param::required("b", Kind::Measure),
        Param::optional("cluster", Kind::Key),
        Param::optional("n_boot", Kind::Bigint),
        Param::optional("seed", Kind::Bigint),
    ];
    type Rows = Differences;

    fn start(&self, constants: &Constants<'_>) -> Result<Differences> {
        let clusters = constants.data_type(CLUSTER).map(|_| Vec::new());
        let resampling = Resampling::new(constants, CLUSTER + 1)?;
        Ok(Differences { resampling, differences: Vec::new(), clusters, keys: Keys::default() })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// The differences of a group.
#[derive(Debug)]
pub struct Differences {
    resampling: Resampling,
    differences: Vec<f64>,
    clusters: Option<Vec<u32>>,
    keys: Keys,
}

impl Rows for Differences {
    type Returns = Test;

    fn state_types() -> Vec<(&'static str, DataType)> {
        vec![
            ("differences", list_type(DataType::Float64)),
            ("clusters", list_type(DataType::UInt32)),
            ("keys", list_type(DataType::Utf8)),
        ]
    }

    fn update(&mut self, args: &Args) -> Result<()> {
        let (a, b, cluster) = (args.measure(0)?, args.measure(1)?, args.key(CLUSTER)?);
        for row in 0..args.rows() {
            let (Some(a), Some(b)) = (a.get(row), b.get(row)) else { continue };
            let difference = a - b;
            if !difference.is_finite() {
                continue;
            }
            if let Some(clusters) = &mut self.clusters {
                let Some(cluster) = cluster.get(row) else { continue };
                clusters.push(self.keys.code(cluster));
            }
            self.differences.push(difference);
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let clusters = self.clusters.as_mut().map(std::mem::take).unwrap_or_default();
        let keys: StringArray = self.keys.names().map(Some).collect();
        Ok(vec![
            list(Arc::new(Float64Array::from(std::mem::take(&mut self.differences))))?,
            list(Arc::new(UInt32Array::from(clusters)))?,
            list(Arc::new(keys))?,
        ])
    }

    fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        for row in 0..states[0].len() {
            self.differences.extend_from_slice(items(&states[0], row).as_primitive::<Float64Type>().values());
            if let Some(own) = &mut self.clusters {
                let (codes, keys) = (items(&states[1], row), items(&states[2], row));
                let names = keys.as_string::<i32>();
                let mapped: Vec<u32> = names.iter().flatten().map(|name| self.keys.code(name)).collect();
                own.extend(codes.as_primitive::<UInt32Type>().values().iter().map(|code| mapped[*code as usize]));
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<Option<Test>> {
        let Resampling { n_boot, seed } = self.resampling;
        let test = stat::paired_bootstrap(&self.differences, self.clusters.as_deref(), n_boot, seed);
        Ok(Some(Test { test, n: self.differences.len() as i64 }))
    }

    fn size(&self) -> usize {
        self.differences.capacity() * 8 + self.clusters.as_ref().map_or(0, |c| c.capacity() * 4) + self.keys.size()
    }
}

/// The test and the number of pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    test: Option<stat::PairedBootstrap>,
    n: i64,
}

impl Record for Test {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("diff", |test: &mut Self| test.test.map(|test| test.diff))
            .field("low", |test| test.test.map(|test| test.low))
            .field("high", |test| test.test.map(|test| test.high))
            .field("p_value", |test| test.test.map(|test| test.p_value))
            .field("n", |test| Some(test.n))
    }
}

#[cfg(test)]
mod tests {
    use super::StatPairedBootstrap;
    use crate::kit::tester::{aggregated, names, numbers};

    #[test]
    fn tests_do_not_depend_on_partitions_or_order() {
        let a: Vec<Option<f64>> = (0..90).map(|i| Some(f64::from(u8::from(i * i % 7 < 4)))).collect();
        let b: Vec<Option<f64>> = (0..90).map(|i| (i != 5).then(|| f64::from(u8::from(i * 3 % 11 < 5)))).collect();
        let questions: Vec<String> = (0..90).map(|i| format!("q{}", i % 10)).collect();
        let questions = names(&questions.iter().map(|q| Some(q.as_str())).collect::<Vec<_>>());
        let items = aggregated(&StatPairedBootstrap, &[numbers(&a), numbers(&b)]);
        let clustered = aggregated(&StatPairedBootstrap, &[numbers(&a), numbers(&b), questions]);
        assert!(items.ends_with("n: 89}") && clustered.ends_with("n: 89}"), "{items} {clustered}");
        assert_ne!(items, clustered);
    }
}
