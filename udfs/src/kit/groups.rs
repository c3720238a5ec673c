//! What an aggregate keeps, as lists: a list a group, with offsets of 64 bits, for groups of any size.

use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, LargeListArray};
use datafusion_common::arrow::buffer::OffsetBuffer;
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, ScalarValue};
use std::sync::Arc;

/// The type of a list of `item`.
pub fn list_type(item: DataType) -> DataType {
    DataType::LargeList(item_type(item))
}

/// The field of the items of a list.
pub fn item_type(item: DataType) -> FieldRef {
    Arc::new(Field::new_list_field(item, true))
}

/// One list of these values.
///
/// # Errors
/// None but Arrow's own.
pub fn list(values: ArrayRef) -> Result<ScalarValue> {
    let item = item_type(values.data_type().clone());
    let offsets = OffsetBuffer::from_lengths([values.len()]);
    Ok(ScalarValue::LargeList(Arc::new(LargeListArray::try_new(item, offsets, values, None)?)))
}

/// The values of the list in a row of a column of lists.
pub fn items(lists: &ArrayRef, row: usize) -> ArrayRef {
    lists.as_list::<i64>().value(row)
}
