//! `logit_predict`: how likely a fitted model thinks an answer is right.

use crate::kit::{Args, Features, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_common::arrow::array::{Array, AsArray, Float64Array, StringArray, StructArray};
use datafusion_common::arrow::compute::cast;
use datafusion_common::arrow::datatypes::{DataType, Float64Type};
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_learn::stat::logit;

#[user_doc(
    doc_section(label = "Statistics"),
    description = "The probability of the outcome that a fit gives for these features. A record's fields are found by name, a list's by place; fields that the fit
does not have play no part, and terms that the fit has dropped as constant or collinear count nothing. NULL where a feature of
the fit is NULL, and where the fit has no finite estimate.",
    syntax_example = "logit_predict(fit, x)",
    sql_example = r"```sql
SELECT round(logit_predict(fit, {a: 1}), 6) AS p
FROM (SELECT logit_fit(y, {a: a}) AS fit FROM (VALUES (true, 1), (true, 1), (true, 1), (false, 1), (true, 0), (false, 0), (false, 0), (false, 0)) AS v(y, a));
+------+
| p    |
+------+
| 0.75 |
+------+
```",
    argument(name = "fit", description = "What `logit_fit` returned."),
    argument(name = "x", description = "The features, in the units of the fit.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LogitPredict;

impl Function for LogitPredict {
    const NAME: &'static str = "logit_predict";
    const PARAMS: &'static [Param] = &[Param::required("fit", Kind::Fit), Param::required("x", Kind::Features)];
    type Returns = f64;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (fits, features) = (Fits::new(args)?, Features::new(args, 1)?);
        let mut x = Vec::new();
        args.map(|row| {
            if !features.row(row, &mut x) {
                return Ok(None);
            }
            let Some(terms) = fits.terms(row) else { return Ok(None) };
            let mut parts = Vec::new();
            for (i, term) in terms.enumerate() {
                if term.is_dropped {
                    continue;
                }
                let value = match (i, features.names()) {
                    (0, _) => Some(1.0),
                    (_, None) => x.get(i - 1).copied().flatten(),
                    (_, Some(names)) => match names.iter().position(|name| name == term.name) {
                        Some(place) => x[place],
                        None => {
                            let what = format!("{} has no field `{}`, which the fit has", args.place(1), term.name);
                            return Err(args.error(what, "give it the features of the fit, by the same names"));
                        }
                    },
                };
                match (term.estimate, value) {
                    (Some(estimate), Some(value)) => parts.push((estimate, value)),
                    _ => return Ok(None),
                }
            }
            Ok(Some(logit::predict(parts)).filter(|p| p.is_finite()))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// The terms of each row's fit.
struct Fits {
    offsets: Vec<i32>,
    is_scalar: bool,
    names: StringArray,
    estimates: Float64Array,
    notes: StringArray,
}

struct FittedTerm<'a> {
    name: &'a str,
    estimate: Option<f64>,
    is_dropped: bool,
}

impl Fits {
    fn new(args: &Args) -> Result<Self> {
        let empty = || Self {
            offsets: vec![0, 0],
            is_scalar: true,
            names: StringArray::from(Vec::<&str>::new()),
            estimates: Float64Array::from(Vec::<f64>::new()),
            notes: StringArray::from(Vec::<&str>::new()),
        };
        let Some((array, is_scalar)) = args.array(0).filter(|(array, _)| !array.data_type().is_null()) else {
            return Ok(empty());
        };
        let wrong = || args.error(format!("{} is no fit", args.place(0)), "give it what logit_fit(y, x) returned");
        let lists = array.as_struct().column_by_name("terms").and_then(|terms| terms.as_list_opt::<i32>().cloned());
        let lists = lists.ok_or_else(wrong)?;
        let terms = lists.values().as_struct_opt().ok_or_else(wrong)?;
        let text = |name: &str| -> Result<StringArray> {
            Ok(cast(terms.column_by_name(name).ok_or_else(wrong)?, &DataType::Utf8)?.as_string().clone())
        };
        let number = |terms: &StructArray| -> Result<Float64Array> {
            let column = cast(terms.column_by_name("estimate").ok_or_else(wrong)?, &DataType::Float64)?;
            Ok(column.as_primitive::<Float64Type>().clone())
        };
        Ok(Self {
            offsets: lists.value_offsets().to_vec(),
            is_scalar,
            names: text("term")?,
            estimates: number(terms)?,
            notes: text("note")?,
        })
    }

    /// The terms of a row, the intercept first; `None` where there are none.
    fn terms(&self, row: usize) -> Option<impl Iterator<Item = FittedTerm<'_>>> {
        let row = if self.is_scalar { 0 } else { row };
        let (start, end) = (self.offsets[row] as usize, self.offsets[row + 1] as usize);
        let term = |i: usize| {
            let note = if self.notes.is_valid(i) { self.notes.value(i) } else { "" };
            FittedTerm {
                name: self.names.value(i),
                estimate: self.estimates.is_valid(i).then(|| self.estimates.value(i)),
                is_dropped: note.starts_with("constant") || note.starts_with("collinear"),
            }
        };
        (end > start).then(|| (start..end).map(term))
    }
}

#[cfg(test)]
mod tests {
    use super::LogitPredict;
    use crate::kit::Output;
    use crate::kit::tester::literal;
    use datafusion_common::ScalarValue;
    use datafusion_common::arrow::array::{ArrayRef, Float64Array, StructArray};
    use datafusion_common::arrow::datatypes::{DataType, Field};
    use glotrace_learn::stat::logit::{Fit, Options, Table, fit};
    use std::sync::Arc;

    /// 3 of 4 where a is 1, 1 of 4 where it is 0; b is constant.
    fn fitted() -> ScalarValue {
        let mut table = Table::new(2, false);
        for i in 0..8 {
            let y = if i < 4 { i < 3 } else { i < 5 };
            table.push(Some(y), &[Some(f64::from(u8::from(i < 4))), Some(1.0)], None);
        }
        let fitted = fit(&table, &["a".into(), "b".into()], &Options::default());
        ScalarValue::try_from_array(&<Fit as Output>::collect(vec![Some(fitted)]).unwrap(), 0).unwrap()
    }

    fn record(columns: &[(&str, Option<f64>)]) -> ScalarValue {
        let column = |(name, value): &(&str, Option<f64>)| {
            let array: ArrayRef = Arc::new(Float64Array::from(vec![*value]));
            (Arc::new(Field::new(*name, DataType::Float64, true)), array)
        };
        let record: ArrayRef = Arc::new(StructArray::from(columns.iter().map(column).collect::<Vec<_>>()));
        ScalarValue::try_from_array(&record, 0).unwrap()
    }

    fn predict(columns: &[(&str, Option<f64>)]) -> String {
        let shown = literal(LogitPredict, &[fitted(), record(columns)]);
        shown.parse::<f64>().map_or(shown, |p| format!("{p:.9}"))
    }

    #[test]
    fn features_are_found_by_name() {
        assert_eq!(predict(&[("other", None), ("b", Some(9.0)), ("a", Some(1.0))]), "0.750000000");
        assert_eq!(predict(&[("a", Some(0.0))]), "0.250000000");
        assert_eq!(predict(&[("a", None)]), "NULL");
        assert!(predict(&[("b", Some(1.0))]).contains("has no field `a`, which the fit has"));
    }
}
