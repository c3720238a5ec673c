//! An argument that is a list of numbers, row by row.

use datafusion_common::Result;
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, ListArray};
use datafusion_common::arrow::compute::cast;
use datafusion_common::arrow::datatypes::{DataType, Float64Type};

/// A list-of-numbers argument.
#[derive(Clone, Debug)]
pub struct Doubles {
    lists: Option<ListArray>,
    is_scalar: bool,
}

impl Doubles {
    pub(super) fn absent() -> Self {
        Self { lists: None, is_scalar: true }
    }

    pub(super) fn new(array: &ArrayRef, is_scalar: bool) -> Result<Self> {
        let lists = cast(array, &DataType::new_list(DataType::Float64, true))?;
        Ok(Self { lists: Some(lists.as_list().clone()), is_scalar })
    }

    /// The numbers of a row; `None` where the list is NULL or was left out, and where a NULL is among them.
    pub fn get(&self, row: usize) -> Option<Vec<f64>> {
        let lists = self.lists.as_ref()?;
        let row = if self.is_scalar { 0 } else { row };
        if lists.is_null(row) {
            return None;
        }
        let list = lists.value(row);
        let numbers = list.as_primitive::<Float64Type>();
        (numbers.null_count() == 0).then(|| numbers.values().to_vec())
    }
}
