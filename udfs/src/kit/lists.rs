//! Where the elements of each row's list are, whatever the list's Arrow type.

use datafusion_common::Result;
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray};
use datafusion_common::arrow::buffer::NullBuffer;
use datafusion_common::arrow::compute::cast;
use datafusion_common::arrow::datatypes::{DataType, Field};
use std::ops::Range;
use std::sync::Arc;

/// A column of lists as one column of elements and where each row's begin and end.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    ends: Vec<usize>,
    nulls: Option<NullBuffer>,
    /// The elements of all rows, one after the other; NULL-typed where the column is NULL throughout.
    pub elements: ArrayRef,
}

impl Lists {
    /// The lists of a column of any list type; of a column of the NULL type, all NULL.
    pub fn new(array: &ArrayRef) -> Result<Self> {
        let lists = match array.data_type() {
            DataType::List(_) => ArrayRef::clone(array),
            other => {
                let element = element(other).map_or(DataType::Null, DataType::clone);
                // The elements are the same; only where they begin is written otherwise.
                cast(array, &DataType::List(Arc::new(Field::new_list_field(element, true))))?
            }
        };
        let lists = lists.as_list::<i32>();
        let offsets = lists.value_offsets();
        let (first, last) = (offsets[0] as usize, offsets[lists.len()] as usize);
        Ok(Self {
            ends: offsets.iter().map(|&offset| offset as usize - first).collect(),
            nulls: lists.nulls().cloned(),
            elements: lists.values().slice(first, last - first),
        })
    }

    /// Where the elements of a row are in [`Self::elements`]; `None` where the list is NULL.
    pub fn range(&self, row: usize) -> Option<Range<usize>> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            return None;
        }
        Some(*self.ends.get(row)?..*self.ends.get(row + 1)?)
    }
}

/// The type of the elements of a list type.
pub(super) fn element(list: &DataType) -> Option<&DataType> {
    match list {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => Some(item.data_type()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion_common::arrow::array::ListArray;
    use datafusion_common::arrow::datatypes::Int64Type;

    #[test]
    fn each_row_has_its_elements_in_every_list_type_and_slice() {
        let rows = vec![Some(vec![Some(1)]), None, Some(vec![]), Some(vec![Some(2), None])];
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(rows));
        let large = cast(&lists, &DataType::new_large_list(DataType::Int64, true)).unwrap();
        for lists in [lists, large] {
            let all = Lists::new(&lists).unwrap();
            assert_eq!([0, 1, 2, 3].map(|row| all.range(row)), [Some(0..1), None, Some(1..1), Some(1..3)]);
            let tail = Lists::new(&lists.slice(2, 2)).unwrap();
            assert_eq!([0, 1].map(|row| tail.range(row)), [Some(0..0), Some(0..2)]);
            assert_eq!(tail.elements.len(), 2);
        }
        let nulls = Lists::new(&datafusion_common::arrow::array::new_null_array(&DataType::Null, 2)).unwrap();
        assert_eq!([0, 1].map(|row| nulls.range(row)), [None, None]);
    }
}
