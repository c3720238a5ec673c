//! Named numbers of a row: a record, or a list.

use super::{Args, item_type};
use datafusion_common::Result;
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, Float64Array, ListArray};
use datafusion_common::arrow::buffer::NullBuffer;
use datafusion_common::arrow::datatypes::{DataType, Float64Type};
use std::borrow::Cow;

/// The features of the rows of a batch.
#[derive(Debug)]
pub struct Features {
    form: Form,
    is_scalar: bool,
}

#[derive(Debug)]
enum Form {
    Absent,
    Record { names: Vec<String>, columns: Vec<Float64Array>, nulls: Option<NullBuffer> },
    List(ListArray),
}

/// The names of features that a type says; `None` for lists, whose features are `x1`, `x2` ….
pub fn feature_names(data_type: &DataType) -> Option<Vec<String>> {
    match data_type {
        DataType::Struct(fields) => Some(fields.iter().map(|field| field.name().clone()).collect()),
        _ => None,
    }
}

impl Features {
    /// Reads argument `i`.
    ///
    /// # Errors
    /// Execution errors for numbers that are no doubles.
    pub fn new(args: &Args, i: usize) -> Result<Self> {
        let Some((array, is_scalar)) = args.array(i) else { return Ok(Self { form: Form::Absent, is_scalar: true }) };
        let form = match array.data_type() {
            DataType::Null => Form::Absent,
            DataType::Struct(_) => {
                let record = array.as_struct();
                let column = |column: &ArrayRef| {
                    Ok(args.cast(i, column, &DataType::Float64)?.as_primitive::<Float64Type>().clone())
                };
                Form::Record {
                    names: record.column_names().into_iter().map(str::to_owned).collect(),
                    columns: record.columns().iter().map(column).collect::<Result<_>>()?,
                    nulls: record.nulls().cloned(),
                }
            }
            _ => Form::List(args.cast(i, array, &DataType::List(item_type(DataType::Float64)))?.as_list().clone()),
        };
        Ok(Self { form, is_scalar })
    }

    /// The names of the features of a record; `None` of a list.
    pub fn names(&self) -> Option<&[String]> {
        match &self.form {
            Form::Record { names, .. } => Some(names),
            Form::Absent | Form::List(_) => None,
        }
    }

    /// The columns of a record over `rows` rows, with NaN for NULL; `None` of a list, and of a record that is NULL somewhere or stands for
    /// every row.
    pub fn columns(&self, rows: usize) -> Option<Vec<Cow<'_, [f64]>>> {
        let Form::Record { columns, nulls, .. } = &self.form else { return None };
        if self.is_scalar || nulls.as_ref().is_some_and(|nulls| nulls.null_count() > 0) {
            return None;
        }
        let column = |column: &'_ Float64Array| match column.null_count() {
            0 => None,
            _ => Some((0..rows).map(|row| if column.is_valid(row) { column.value(row) } else { f64::NAN }).collect()),
        };
        Some(
            columns
                .iter()
                .map(|values| column(values).map_or(Cow::Borrowed(&values.values()[..]), Cow::Owned))
                .collect(),
        )
    }

    /// Puts the features of a row `into`, in order. False where the record or list is NULL.
    pub fn row(&self, row: usize, into: &mut Vec<Option<f64>>) -> bool {
        let row = if self.is_scalar { 0 } else { row };
        into.clear();
        match &self.form {
            Form::Absent => false,
            Form::Record { columns, nulls, .. } => {
                let value = |column: &Float64Array| column.is_valid(row).then(|| column.value(row));
                into.extend(columns.iter().map(value));
                nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row))
            }
            Form::List(lists) => {
                if lists.is_null(row) {
                    return false;
                }
                let (start, end) = (lists.value_offsets()[row] as usize, lists.value_offsets()[row + 1] as usize);
                let values = lists.values().as_primitive::<Float64Type>();
                into.extend((start..end).map(|i| values.is_valid(i).then(|| values.value(i))));
                true
            }
        }
    }
}
