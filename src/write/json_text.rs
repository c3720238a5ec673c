//! A value as JSON.

use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::error::ArrowError;

use super::cell::{Cells, number};

/// Appends `text` as a JSON string.
pub(super) fn string(text: &str, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    serde_json::to_writer(out, text).map_err(|e| ArrowError::JsonError(e.to_string()))
}

/// Appends the value of a row. NaN and the infinities are `null`.
pub(super) fn value(cells: &Cells<'_>, row: usize, out: &mut Vec<u8>) -> Result<(), ArrowError> {
    let array = cells.array;
    if cells.is_null(row) {
        out.extend_from_slice(b"null");
        return Ok(());
    }
    match array.data_type() {
        DataType::Boolean => out.extend_from_slice(if array.as_boolean().value(row) { b"true" } else { b"false" }),
        DataType::Utf8 => string(array.as_string::<i32>().value(row), out)?,
        DataType::LargeUtf8 => string(array.as_string::<i64>().value(row), out)?,
        DataType::Utf8View => string(array.as_string_view().value(row), out)?,
        data_type if data_type.is_floating() => match number(array, row) {
            Some(value) if value.is_finite() => out.extend_from_slice(cells.text(row)?.as_bytes()),
            _ => out.extend_from_slice(b"null"),
        },
        data_type if data_type.is_numeric() => out.extend_from_slice(cells.text(row)?.as_bytes()),
        DataType::Timestamp(..) => {
            // ISO 8601, which JSON readers expect.
            let text = cells.text(row)?.replacen(' ', "T", 1);
            string(&text, out)?;
        }
        DataType::Struct(fields) => {
            out.push(b'{');
            for (at, (field, column)) in fields.iter().zip(array.as_struct().columns()).enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                string(field.name(), out)?;
                out.push(b':');
                value(&Cells::new(column.as_ref())?, row, out)?;
            }
            out.push(b'}');
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (Cells::new(entries.column(0).as_ref())?, Cells::new(entries.column(1).as_ref())?);
            out.push(b'{');
            for at in 0..entries.len() {
                if at > 0 {
                    out.push(b',');
                }
                string(&keys.text(at)?, out)?;
                out.push(b':');
                value(&values, at, out)?;
            }
            out.push(b'}');
        }
        _ => {
            if let Some(items) = cells.items(row) {
                let items = Cells::new(items.as_ref())?;
                out.push(b'[');
                for at in 0..items.array.len() {
                    if at > 0 {
                        out.push(b',');
                    }
                    value(&items, at, out)?;
                }
                out.push(b']');
            } else if let Some((values, at)) = cells.of_dictionary(row) {
                value(&Cells::new(values)?, at, out)?;
            } else {
                string(&cells.text(row)?, out)?;
            }
        }
    }
    Ok(())
}
