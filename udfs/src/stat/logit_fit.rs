//! `logit_fit`: which features go with right answers, one regression a group.

use crate::kit::{
    Aggregate, Args, Constants, Features, Kind, Param, Rows, exec_error, feature_names, items, list, list_type,
};
use datafusion_common::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, StringArray, UInt32Array, UInt64Array,
};
use datafusion_common::arrow::datatypes::{DataType, Float64Type, UInt32Type, UInt64Type};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;
use glotrace_learn::stat::logit::{self, Fit, Options, Table, Vcov};
use std::sync::Arc;

#[user_doc(
    doc_section(label = "Statistics"),
    description = "Logistic regression by maximum likelihood (Newton's method), with an intercept. Rows in which y, a feature or the cluster is NULL
are left out and counted, and so are those with a feature that is not finite. `delta` = σ(a+b) − σ(a−b), the probability at +1 less
that at −1 of a feature, the others at 0 (a the intercept, b the estimate); `delta_avg` = the mean over rows of
σ(η−b·x+b) − σ(η−b·x−b), the others as they are. Give it z-scores, and both are per standard deviation.

There is a result for every group. What has no estimate has NULL and a `note` that begins with the reason: `constant` (one value in every
row: dropped), `collinear` (features before it determine it: dropped), `separation` (a combination of features predicts outcomes
without fail, so that estimates are infinite: `separation` is true, `converged` false), `too few rows`, `not converged`. Rows in another
order or in other partitions give the same bits.",
    syntax_example = "logit_fit(y, x [, l2, vcov, cluster, conf_level, max_iter])",
    sql_example = r"```sql
SELECT t.term, round(t.estimate, 4) AS estimate, round(t.std_error, 4) AS std_error, round(t.delta, 4) AS delta, t.note AS note
FROM (SELECT unnest(logit_fit(y, {a: a, b: 1}).terms) AS t FROM (VALUES (true, 1), (true, 1), (true, 1), (false, 1), (true, 0), (false, 0), (false, 0), (false, 0)) AS v(y, a));
+-----------+----------+-----------+--------+-------------------------------------+
| term      | estimate | std_error | delta  | note                                |
+-----------+----------+-----------+--------+-------------------------------------+
| intercept | -1.0986  | 1.1547    | NULL   | NULL                                |
| a         | 2.1972   | 1.633     | 0.7143 | NULL                                |
| b         | NULL     | NULL      | NULL   | constant: dropped, 1 in every row   |
+-----------+----------+-----------+--------+-------------------------------------+
```",
    argument(name = "y", description = "The outcome."),
    argument(
        name = "x",
        description = "The features: a record, whose field names are the terms, or a list, whose terms are x1, x2 …"
    ),
    argument(
        name = "l2",
        description = "Penalty: half of it times the sum of the squared estimates is taken off the log-likelihood, without the intercept's; 1 / C of
scikit-learn. Nothing is dropped as collinear then. Default 0."
    ),
    argument(
        name = "vcov",
        description = "Which standard errors: 'nonrobust' (default), 'HC1' (robust, times n / (n − k)), 'HC0' (without that factor, which is what
statsmodels gives for HC1 here), or 'cluster' (robust to dependence within clusters, times G / (G − 1) · (n − 1) / (n − k);
default where `cluster` is given). With a penalty they say nothing of its bias."
    ),
    argument(
        name = "cluster",
        description = "What tells clusters apart: the question, where it is asked in several languages."
    ),
    argument(name = "conf_level", description = "Of the intervals; 0.95 by default."),
    argument(name = "max_iter", description = "The most steps; 100 by default, and 4 to 8 are usual.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogitFit;

const L2: usize = 2;
const VCOV: usize = 3;
const CLUSTER: usize = 4;
const CONF_LEVEL: usize = 5;
const MAX_ITER: usize = 6;

impl Aggregate for LogitFit {
    const NAME: &'static str = "logit_fit";
    const PARAMS: &'static [Param] = &[
        Param::required("y", Kind::Truth),
        Param::required("x", Kind::Features),
        Param::optional("l2", Kind::Double),
        Param::optional("vcov", Kind::Choice(&["nonrobust", "HC0", "HC1", "cluster"])),
        Param::optional("cluster", Kind::Key),
        Param::optional("conf_level", Kind::Double),
        Param::optional("max_iter", Kind::Bigint),
    ];
    type Rows = LogitRows;

    fn start(&self, constants: &Constants<'_>) -> Result<LogitRows> {
        let options = options(constants)?;
        let names = constants.data_type(1).and_then(feature_names);
        let is_clustered = options.vcov == Vcov::Cluster;
        let table = names.as_ref().map(|names| Table::new(names.len(), is_clustered));
        Ok(LogitRows { options, names, is_clustered, table, dropped: 0 })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

fn options(constants: &Constants<'_>) -> Result<Options> {
    let default = Options::default();
    let l2 = constants.double(L2)?.unwrap_or(default.l2);
    if !(0.0..f64::INFINITY).contains(&l2) {
        return Err(constants.refuse(L2, "must be 0 or more", l2, "0 is no penalty"));
    }
    let has_cluster = constants.data_type(CLUSTER).is_some();
    let vcov = match constants.text(VCOV)? {
        None if has_cluster => Vcov::Cluster,
        None | Some("nonrobust") => Vcov::Nonrobust,
        Some("HC0") => Vcov::Hc0,
        Some("HC1") => Vcov::Hc1,
        Some(_) if has_cluster => Vcov::Cluster,
        Some(_) => {
            let hint = "add what tells clusters apart, as in cluster => id";
            return Err(constants.refuse(VCOV, "needs the argument `cluster`", "'cluster' alone", hint));
        }
    };
    let conf_level = constants.double(CONF_LEVEL)?.unwrap_or(default.conf_level);
    if !(conf_level > 0.0 && conf_level < 1.0) {
        return Err(constants.refuse(CONF_LEVEL, "must be between 0 and 1", conf_level, "0.95 is the default"));
    }
    let max_iter = constants.bigint(MAX_ITER)?.unwrap_or(default.max_iter.cast_signed());
    if !(1..=10_000).contains(&max_iter) {
        return Err(constants.refuse(MAX_ITER, "must be between 1 and 10000", max_iter, "100 is the default"));
    }
    Ok(Options { l2, vcov, conf_level, max_iter: max_iter.cast_unsigned() })
}

/// The complete rows of a group.
#[derive(Debug)]
pub struct LogitRows {
    options: Options,
    /// Of a record; a list has numbers.
    names: Option<Vec<String>>,
    is_clustered: bool,
    /// `None` until a first list says how long lists are.
    table: Option<Table>,
    /// Rows without a list, before that.
    dropped: u64,
}

impl LogitRows {
    /// The table for rows of `width` features.
    fn table(&mut self, width: usize) -> Result<&mut Table> {
        let is_clustered = self.is_clustered;
        let table = self.table.get_or_insert_with(|| Table::new(width, is_clustered));
        if table.width() != width {
            let (short, long) = (width.min(table.width()), width.max(table.width()));
            let what = format!("argument 2 `x` has {short} numbers in one row and {long} in another");
            let hint = "lists must be equally long; a NULL in a list stands for what is missing";
            return Err(exec_error(LogitFit::NAME, what, hint));
        }
        Ok(table)
    }
}

impl Rows for LogitRows {
    type Returns = Fit;

    fn state_types() -> Vec<(&'static str, DataType)> {
        vec![
            ("x", list_type(DataType::Float64)),
            ("y", list_type(DataType::Boolean)),
            ("clusters", list_type(DataType::UInt32)),
            ("keys", list_type(DataType::Utf8)),
            ("known", list_type(DataType::UInt64)),
            ("dropped", DataType::UInt64),
        ]
    }

    fn update(&mut self, args: &Args) -> Result<()> {
        let (y, features) = (args.truth(0)?, Features::new(args, 1)?);
        let clusters = if self.is_clustered { Some(args.key(CLUSTER)?) } else { None };
        let cluster = |row: usize| clusters.as_ref().and_then(|clusters| clusters.get(row));
        if let Some(columns) = features.columns(args.rows()) {
            let outcomes: Vec<Option<bool>> = match y.whole() {
                Some(outcomes) => outcomes.map(Some).collect(),
                None => (0..args.rows()).map(|row| y.get(row)).collect(),
            };
            let clusters: Vec<Option<&str>> =
                if self.is_clustered { (0..args.rows()).map(cluster).collect() } else { Vec::new() };
            let columns: Vec<&[f64]> = columns.iter().map(AsRef::as_ref).collect();
            self.table(columns.len())?.append(&outcomes, &columns, &clusters);
            return Ok(());
        }
        let mut x = Vec::new();
        for row in 0..args.rows() {
            if features.row(row, &mut x) {
                self.table(x.len())?.push(y.get(row), &x, cluster(row));
            } else {
                self.dropped += 1;
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let table = self.table.take().unwrap_or_default();
        let dropped = table.dropped() + self.dropped;
        let keys: StringArray = table.keys().names().map(Some).collect();
        let clusters = UInt32Array::from(table.clusters().unwrap_or_default().to_vec());
        let known = UInt64Array::from(table.known().to_vec());
        let (columns, y) = table.into_columns();
        Ok(vec![
            list(Arc::new(Float64Array::from(columns.concat())))?,
            list(Arc::new(BooleanArray::from(y)))?,
            list(Arc::new(clusters))?,
            list(Arc::new(keys))?,
            list(Arc::new(known))?,
            ScalarValue::UInt64(Some(dropped)),
        ])
    }

    fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        for row in 0..states[0].len() {
            let [x, y, clusters, keys, known] = [0, 1, 2, 3, 4].map(|column| items(&states[column], row));
            let dropped = states[5].as_primitive::<UInt64Type>().value(row);
            // A group's part without a table has seen no list, and a table has a place for each feature.
            let known = known.as_primitive::<UInt64Type>().values();
            if known.is_empty() && self.names.is_none() {
                self.dropped += dropped;
                continue;
            }
            let keys: Vec<&str> = keys.as_string::<i32>().iter().flatten().collect();
            let table = self.table(known.len())?;
            let (x, y) = (x.as_primitive::<Float64Type>().values(), y.as_boolean().values());
            // Column after column.
            table.extend(x.chunks(y.len().max(1)), y.iter(), clusters.as_primitive::<UInt32Type>().values(), &keys);
            table.count(dropped, known);
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<Option<Fit>> {
        let none = Table::default();
        let table = self.table.as_ref().unwrap_or(&none);
        let numbered = || (1..=table.width()).map(|i| format!("x{i}")).collect();
        let names: Vec<String> = self.names.clone().unwrap_or_else(numbered);
        let mut fit = logit::fit(table, &names, &self.options);
        fit.n_dropped += self.dropped;
        Ok(Some(fit))
    }

    fn size(&self) -> usize {
        self.table.as_ref().map_or(0, Table::size)
    }
}

#[cfg(test)]
mod tests {
    use super::LogitFit;
    use crate::kit::tester::{aggregated, names, numbers};
    use datafusion_common::ScalarValue;
    use datafusion_common::arrow::array::{ArrayRef, BooleanArray, Float64Array, ListArray, StructArray};
    use datafusion_common::arrow::datatypes::{DataType, Field, Float64Type};
    use datafusion_expr::ColumnarValue;
    use std::sync::Arc;

    type Named = (&'static str, Vec<Option<f64>>);

    fn record(columns: &[Named]) -> ColumnarValue {
        let column = |(name, values): &Named| {
            let array: ArrayRef = Arc::new(Float64Array::from(values.clone()));
            (Arc::new(Field::new(*name, DataType::Float64, true)), array)
        };
        ColumnarValue::Array(Arc::new(StructArray::from(columns.iter().map(column).collect::<Vec<_>>())))
    }

    fn literal(value: impl Into<ScalarValue>) -> ColumnarValue {
        ColumnarValue::Scalar(value.into())
    }

    fn null() -> ColumnarValue {
        ColumnarValue::Scalar(ScalarValue::Null)
    }

    /// Noisy outcomes on two features, ten questions.
    fn noisy(n: usize) -> (ColumnarValue, Vec<Named>, ColumnarValue) {
        let a: Vec<f64> = (0..n).map(|i| (i as f64 * 0.7).sin()).collect();
        let b: Vec<f64> = (0..n).map(|i| (i as f64 * 1.3).cos()).collect();
        let y: Vec<Option<f64>> =
            (0..n).map(|i| Some(f64::from(u8::from(a[i] + 0.5 * b[i] > ((i * i) as f64 * 0.37).sin())))).collect();
        let questions: Vec<String> = (0..n).map(|i| format!("প্রশ্ন {}", i * 7 % 10)).collect();
        let questions = names(&questions.iter().map(|q| Some(q.as_str())).collect::<Vec<_>>());
        let some = |values: Vec<f64>| values.into_iter().map(Some).collect();
        (numbers(&y), vec![("direct", some(a)), ("steps", some(b))], questions)
    }

    #[test]
    fn fits_do_not_depend_on_partitions_or_order() {
        let (y, features, questions) = noisy(200);
        for vcov in ["nonrobust", "HC0", "HC1", "cluster"] {
            let args = [y.clone(), record(&features), null(), literal(vcov), questions.clone()];
            let shown = aggregated(&LogitFit, &args);
            assert!(shown.contains("converged: true, separation: false"), "{shown}");
            assert!(shown.contains("{term: steps, estimate: "), "{shown}");
        }
    }

    #[test]
    fn rows_with_null_are_dropped_and_counted() {
        let (y, mut features, _) = noisy(60);
        features[0].1[3] = None;
        features[1].1[4] = None;
        let shown = aggregated(&LogitFit, &[y, record(&features)]);
        assert!(shown.contains("n: 58, n_dropped: 2"), "{shown}");
    }

    #[test]
    fn no_rows_are_a_result_with_notes() {
        let shown = aggregated(&LogitFit, &[numbers(&[]), record(&[("direct", vec![])])]);
        assert!(shown.contains("n: 0, n_dropped: 0") && shown.contains("note: too few rows: none"), "{shown}");
        let shown = aggregated(&LogitFit, &[numbers(&[Some(1.0)]), record(&[("direct", vec![None])])]);
        assert!(shown.contains("note: too few rows: none is complete, direct is NULL in every row"), "{shown}");
    }

    #[test]
    fn lists_are_numbered() {
        let (y, features, _) = noisy(80);
        let rows = (0..80).map(|i| Some(vec![features[0].1[i], features[1].1[i]]));
        let lists = ColumnarValue::Array(Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows)));
        let shown = aggregated(&LogitFit, &[y.clone(), lists]).replace("term: x1,", "term: direct,");
        assert_eq!(shown.replace("term: x2,", "term: steps,"), aggregated(&LogitFit, &[y, record(&features)]));
        let uneven = [Some(vec![Some(1.0)]), Some(vec![Some(1.0), Some(2.0)])];
        let lists = ColumnarValue::Array(Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(uneven)));
        let outcomes = ColumnarValue::Array(Arc::new(BooleanArray::from(vec![true, false])));
        let shown = aggregated(&LogitFit, &[outcomes, lists]);
        assert!(shown.contains("argument 2 `x` has 1 numbers in one row and 2 in another"), "{shown}");
    }

    #[test]
    fn wrong_options_are_refused() {
        let (y, features, _) = noisy(20);
        let with = |place: usize, value: ColumnarValue| {
            let mut args = vec![y.clone(), record(&features)];
            args.resize(place, null());
            args.push(value);
            aggregated(&LogitFit, &args)
        };
        assert!(with(2, literal(-1.0)).contains("argument 3 `l2` must be 0 or more, got -1"));
        assert!(with(3, literal("hc1")).contains("did you mean 'HC1'?"));
        assert!(with(3, literal("cluster")).contains("needs the argument `cluster`"));
        assert!(with(5, literal(1.0)).contains("argument 6 `conf_level` must be between 0 and 1, got 1"));
        assert!(with(6, literal(0i64)).contains("argument 7 `max_iter` must be between 1 and 10000, got 0"));
        assert!(with(2, numbers(&[Some(1.0); 20])).contains("argument 3 `l2` must be constant"));
        let outcomes = numbers(&[Some(2.0); 20]);
        assert!(
            aggregated(&LogitFit, &[outcomes, record(&features)]).contains("must be true or false, or 0 or 1, got 2")
        );
    }
}
