//! A value as text: exact for machines, rounded and readable for the eye.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, downcast_dictionary_array};
use datafusion::arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use super::float_text::{float_text, float32_text, rounded_text};
use super::json_text;

const FORMAT: FormatOptions<'static> = FormatOptions::new()
    .with_display_error(false)
    .with_timestamp_format(Some("%Y-%m-%d %H:%M:%S%.f"))
    .with_timestamp_tz_format(Some("%Y-%m-%d %H:%M:%S%.f%:z"))
    .with_datetime_format(Some("%Y-%m-%d %H:%M:%S%.f"));

/// A column of a batch, ready to be asked for texts.
pub(super) struct Cells<'a> {
    pub array: &'a dyn Array,
    /// For types that need no care of our own.
    formatter: Option<ArrayFormatter<'a>>,
}

/// Whether the column is aligned to the right.
pub(super) fn is_number(data_type: &DataType) -> bool {
    match data_type {
        DataType::Dictionary(_, values) => is_number(values),
        _ => data_type.is_numeric(),
    }
}

/// A floating-point value, widened.
pub(super) fn number(array: &dyn Array, row: usize) -> Option<f64> {
    Some(match array.data_type() {
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row),
        DataType::Float32 => f64::from(array.as_primitive::<Float32Type>().value(row)),
        DataType::Float16 => array.as_primitive::<Float16Type>().value(row).to_f64(),
        _ => return None,
    })
}

impl<'a> Cells<'a> {
    pub fn new(array: &'a dyn Array) -> Result<Self, ArrowError> {
        let own = array.data_type().is_floating()
            || array.data_type().is_nested()
            || array.data_type().is_string()
            || matches!(array.data_type(), DataType::Dictionary(..));
        let formatter = if own { None } else { Some(ArrayFormatter::try_new(array, &FORMAT)?) };
        Ok(Self { array, formatter })
    }

    /// NULL, also as a value of a dictionary.
    pub fn is_null(&self, row: usize) -> bool {
        self.array.is_null(row)
            || matches!(self.array.data_type(), DataType::Null)
            || self.of_dictionary(row).is_some_and(|(values, at)| values.is_null(at))
    }

    /// The items of a list, of whatever kind of list.
    pub fn items(&self, row: usize) -> Option<ArrayRef> {
        Some(match self.array.data_type() {
            DataType::List(_) => self.array.as_list::<i32>().value(row),
            DataType::LargeList(_) => self.array.as_list::<i64>().value(row),
            DataType::FixedSizeList(..) => self.array.as_fixed_size_list().value(row),
            DataType::ListView(_) => self.array.as_list_view::<i32>().value(row),
            DataType::LargeListView(_) => self.array.as_list_view::<i64>().value(row),
            _ => return None,
        })
    }

    /// The value that a row of a dictionary stands for.
    pub fn of_dictionary(&self, row: usize) -> Option<(&'a dyn Array, usize)> {
        let array = self.array;
        downcast_dictionary_array!(
            array => Some((array.values().as_ref(), array.key(row)?)),
            _ => None
        )
    }

    /// The exact text; nested values as JSON. Not to be asked for NULL.
    pub fn text(&self, row: usize) -> Result<String, ArrowError> {
        if let Some(formatter) = &self.formatter {
            return formatter.value(row).try_to_string();
        }
        if let Some(text) = self.string(row) {
            return Ok(text.to_owned());
        }
        if let DataType::Float32 = self.array.data_type() {
            return Ok(float32_text(self.array.as_primitive::<Float32Type>().value(row)));
        }
        if let Some(value) = number(self.array, row) {
            return Ok(float_text(value));
        }
        if let Some((values, at)) = self.of_dictionary(row) {
            return Cells::new(values)?.text(at);
        }
        let mut json = Vec::new();
        json_text::value(self, row, &mut json)?;
        String::from_utf8(json).map_err(|e| ArrowError::JsonError(e.to_string()))
    }

    pub fn string(&self, row: usize) -> Option<&'a str> {
        Some(match self.array.data_type() {
            DataType::Utf8 => self.array.as_string::<i32>().value(row),
            DataType::LargeUtf8 => self.array.as_string::<i64>().value(row),
            DataType::Utf8View => self.array.as_string_view().value(row),
            _ => return None,
        })
    }

    /// For the eye; `null` stands for NULL inside of lists and structs too.
    pub fn shown(&self, row: usize, null: &str, decimals: Option<usize>) -> Result<String, ArrowError> {
        let array = self.array;
        if self.is_null(row) {
            return Ok(null.to_owned());
        }
        if let Some(value) = number(array, row) {
            return Ok(rounded_text(value, decimals));
        }
        if let Some(items) = self.items(row) {
            let items = Cells::new(items.as_ref())?;
            let texts: Result<Vec<String>, ArrowError> =
                (0..items.array.len()).map(|at| items.shown(at, null, decimals)).collect();
            return Ok(format!("[{}]", texts?.join(", ")));
        }
        match array.data_type() {
            DataType::Struct(fields) => {
                let texts: Result<Vec<String>, ArrowError> = fields
                    .iter()
                    .zip(array.as_struct().columns())
                    .map(|(field, column)| {
                        Ok(format!("'{}': {}", field.name(), Cells::new(column.as_ref())?.shown(row, null, decimals)?))
                    })
                    .collect();
                Ok(format!("{{{}}}", texts?.join(", ")))
            }
            DataType::Map(..) => {
                let entries = array.as_map().value(row);
                let (keys, values) = (Cells::new(entries.column(0).as_ref())?, Cells::new(entries.column(1).as_ref())?);
                let texts: Result<Vec<String>, ArrowError> = (0..entries.len())
                    .map(|at| Ok(format!("{}={}", keys.shown(at, null, decimals)?, values.shown(at, null, decimals)?)))
                    .collect();
                Ok(format!("{{{}}}", texts?.join(", ")))
            }
            DataType::Dictionary(..) => match self.of_dictionary(row) {
                Some((values, at)) => Cells::new(values)?.shown(at, null, decimals),
                None => Ok(null.to_owned()),
            },
            _ => self.text(row),
        }
    }
}
