//! `cosine_similarity`: the angle between two vectors. No model is called.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_model::vector;

#[user_doc(
    doc_section(label = "Encoders"),
    description = r"The cosine of the angle between two vectors, from -1 to 1, in double precision. NULL where one has length 0 or an
element is NULL, since there is no angle. Two vectors of different widths are an error.",
    syntax_example = "cosine_similarity(a, b)",
    sql_example = r"```sql
SELECT cosine_similarity([1.0, 0.0], [1.0, 1.0]) AS half_right, cosine_similarity([1, 2], [-1, -2]) AS opposite;
+------------+----------+
| half_right | opposite |
+------------+----------+
|   0.707107 |     -1.0 |
+------------+----------+
```",
    argument(name = "a", description = "A list of numbers, as `embed` gives it."),
    argument(name = "b", description = "Another, of the same width.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CosineSimilarity;

impl Function for CosineSimilarity {
    const NAME: &'static str = "cosine_similarity";
    const PARAMS: &'static [Param] = &[Param::required("a", Kind::Doubles), Param::required("b", Kind::Doubles)];
    type Returns = f64;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (a, b) = (args.doubles(0)?, args.doubles(1)?);
        args.map(|row| {
            let (Some(a), Some(b)) = (a.get(row), b.get(row)) else { return Ok(None) };
            if a.len() != b.len() {
                let what = format!("the vectors have {} and {} numbers", a.len(), b.len());
                return Err(args.error(what, "compare embeddings of one model"));
            }
            Ok(vector::cosine(&a, &b))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::CosineSimilarity;
    use crate::kit::tester::{call, message, show};
    use datafusion_common::arrow::array::{ArrayRef, ListArray};
    use datafusion_common::arrow::datatypes::{Float32Type, Int64Type};
    use datafusion_common::{Result, ScalarValue};
    use datafusion_expr::{ColumnarValue, ScalarUDF};
    use std::sync::Arc;

    fn floats(rows: Vec<Option<Vec<Option<f32>>>>) -> ColumnarValue {
        ColumnarValue::Array(Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows)))
    }

    fn whole(row: Vec<Option<i64>>) -> ColumnarValue {
        let list = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(row)]);
        ColumnarValue::Scalar(ScalarValue::List(Arc::new(list)))
    }

    fn column(args: Vec<ColumnarValue>, rows: usize) -> Result<ArrayRef> {
        call(&ScalarUDF::from(crate::kit::Scalar::new(CosineSimilarity)), args, rows)?.into_array(rows)
    }

    #[test]
    fn there_is_no_angle_to_nothing() {
        let a = floats(vec![
            Some(vec![Some(1.0), Some(0.0)]),
            Some(vec![Some(0.0), Some(0.0)]),
            Some(vec![Some(1.0), None]),
            None,
        ]);
        let b = whole(vec![Some(3), Some(0)]);
        assert_eq!(show(&column(vec![a, b], 4).unwrap()), ["1.0", "NULL", "NULL", "NULL"]);
    }

    #[test]
    fn vectors_of_two_models_are_an_error() {
        let error = column(vec![whole(vec![Some(1)]), whole(vec![Some(1), Some(2)])], 1).unwrap_err();
        assert!(message(&error.strip_backtrace()).starts_with("cosine_similarity: the vectors have 1 and 2 numbers"));
    }
}
