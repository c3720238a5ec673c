//! Columns of any Arrow type as numbers or texts.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, concat};
use datafusion::arrow::datatypes::{DataType, Float64Type, SchemaRef};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::{Error, Result};

/// Beyond this a number is drawn as an infinity is: differences of two would overflow.
const LARGEST: f64 = 1e300;
/// Below this it is drawn as zero is: its digits run out.
const SMALLEST: f64 = 1e-290;

#[derive(Debug, Clone)]
pub(super) struct Column {
    pub name: String,
    pub values: Values,
}

#[derive(Debug, Clone)]
pub(super) enum Values {
    /// NULL and NaN are `None`; infinities stay.
    Numbers(Vec<Option<f64>>),
    /// Text, booleans, dates and times, in the order of the rows.
    Texts(Vec<Option<String>>),
    /// Lists, structs and other types that no axis holds.
    Other(String),
}

impl Column {
    pub fn is_number(&self) -> bool {
        matches!(self.values, Values::Numbers(_))
    }

    pub fn is_text(&self) -> bool {
        matches!(self.values, Values::Texts(_))
    }

    /// The number of a row; `None` for NULL, NaN and texts.
    pub fn number(&self, row: usize) -> Option<f64> {
        match &self.values {
            Values::Numbers(numbers) => numbers.get(row).copied().flatten(),
            _ => None,
        }
    }

    /// The number of a row where it can be drawn: no infinity.
    pub fn finite(&self, row: usize) -> Option<f64> {
        self.number(row).filter(|number| number.is_finite())
    }

    /// What a row is called on an axis or in a legend.
    pub fn label(&self, row: usize) -> String {
        match &self.values {
            Values::Numbers(numbers) => numbers.get(row).copied().flatten().map(super::number::plain),
            Values::Texts(texts) => texts.get(row).cloned().flatten(),
            Values::Other(_) => None,
        }
        .unwrap_or_else(|| "NULL".to_owned())
    }
}

/// All rows, column by column.
///
/// # Errors
/// Where batches do not fit together.
pub(super) fn columns(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<Column>> {
    schema
        .fields()
        .iter()
        .enumerate()
        .map(|(at, field)| {
            let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(at).as_ref()).collect();
            let values = if parts.is_empty() {
                empty(field.data_type())
            } else {
                let wrong = |e| Error::data(format!("column `{}` cannot be drawn: {e}", field.name()));
                values(&concat(&parts).map_err(wrong)?).map_err(wrong)?
            };
            Ok(Column { name: field.name().clone(), values })
        })
        .collect()
}

/// A dictionary is what its values are.
fn plain_type(data_type: &DataType) -> &DataType {
    match data_type {
        DataType::Dictionary(_, values) => plain_type(values),
        DataType::RunEndEncoded(_, values) => plain_type(values.data_type()),
        other => other,
    }
}

fn empty(data_type: &DataType) -> Values {
    match plain_type(data_type) {
        t if t.is_nested() => Values::Other(t.to_string()),
        t if t.is_numeric() || t.is_null() => Values::Numbers(Vec::new()),
        _ => Values::Texts(Vec::new()),
    }
}

fn values(array: &ArrayRef) -> Result<Values, datafusion::arrow::error::ArrowError> {
    let plain = plain_type(array.data_type()).clone();
    if plain.is_nested() || plain.is_binary() {
        return Ok(Values::Other(plain.to_string()));
    }
    if plain.is_null() {
        return Ok(Values::Numbers(vec![None; array.len()]));
    }
    let array = if *array.data_type() == plain { array.clone() } else { cast(array, &plain)? };
    if plain.is_numeric() {
        let numbers = cast(&array, &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        let drawn = |number: f64| match number.abs() {
            size if size > LARGEST => number.signum() * f64::INFINITY,
            size if size < SMALLEST => 0.0,
            _ => number,
        };
        return Ok(Values::Numbers(numbers.iter().map(|n| n.filter(|n| !n.is_nan()).map(drawn)).collect()));
    }
    let format = FormatOptions::new().with_display_error(false);
    let formatter = ArrayFormatter::try_new(array.as_ref(), &format)?;
    (0..array.len())
        .map(|row| if array.is_null(row) { Ok(None) } else { formatter.value(row).try_to_string().map(Some) })
        .collect::<Result<_, _>>()
        .map(Values::Texts)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{
        BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Int64Array, LargeStringArray,
        NullArray, StringViewArray,
    };
    use datafusion::arrow::datatypes::{Field, Int32Type, Schema};

    use super::*;

    fn read(array: ArrayRef) -> Column {
        let schema = Arc::new(Schema::new(vec![Field::new("c", array.data_type().clone(), true)]));
        let batch = RecordBatch::try_new(schema.clone(), vec![array]).unwrap();
        columns(&schema, &[batch]).unwrap().remove(0)
    }

    #[test]
    fn every_kind_of_number_is_a_number() {
        let decimals = Decimal128Array::from(vec![Some(125), None]).with_precision_and_scale(5, 2).unwrap();
        let arrays: [ArrayRef; 3] = [
            Arc::new(decimals),
            Arc::new(Float32Array::from(vec![Some(1.25), Some(f32::NAN)])),
            Arc::new(datafusion::arrow::array::Float64Array::from(vec![Some(1.25), None])),
        ];
        for array in arrays {
            let column = read(array);
            assert_eq!((column.number(0), column.number(1)), (Some(1.25), None), "{column:?}");
        }
        assert_eq!(read(Arc::new(Int64Array::from(vec![3]))).label(0), "3");
        assert_eq!(read(Arc::new(NullArray::new(2))).number(1), None);
    }

    #[test]
    fn every_kind_of_text_is_a_text() {
        let dictionary: DictionaryArray<Int32Type> = vec![Some("bn"), None, Some("bn")].into_iter().collect();
        let arrays: [ArrayRef; 3] = [
            Arc::new(dictionary),
            Arc::new(LargeStringArray::from(vec![Some("bn"), None])),
            Arc::new(StringViewArray::from(vec![Some("bn"), None])),
        ];
        for array in arrays {
            let column = read(array);
            assert_eq!((column.label(0).as_str(), column.label(1).as_str()), ("bn", "NULL"), "{column:?}");
        }
        assert_eq!(read(Arc::new(BooleanArray::from(vec![true]))).label(0), "true");
        assert_eq!(read(Arc::new(Date32Array::from(vec![0]))).label(0), "1970-01-01");
    }

    #[test]
    fn infinities_and_numbers_too_large_to_subtract_are_not_finite() {
        let column = read(Arc::new(datafusion::arrow::array::Float64Array::from(vec![f64::INFINITY, -1e308, 1.0])));
        assert_eq!(column.number(1), Some(f64::NEG_INFINITY));
        assert_eq!([column.finite(0), column.finite(1), column.finite(2)], [None, None, Some(1.0)]);
    }
}
