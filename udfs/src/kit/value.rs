//! A number or truth value as an argument, row by row.

use datafusion_common::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray};

/// An argument of fixed-width values. A scalar has the same value in every row; one that was left out has NULL.
#[derive(Clone, Debug)]
pub struct Value<A> {
    values: Option<A>,
    is_scalar: bool,
}

impl<A> Value<A> {
    pub(super) fn absent() -> Self {
        Self { values: None, is_scalar: true }
    }

    fn place(&self, row: usize) -> usize {
        if self.is_scalar { 0 } else { row }
    }
}

impl<T: ArrowPrimitiveType> Value<PrimitiveArray<T>> {
    pub(super) fn primitive(array: &ArrayRef, is_scalar: bool) -> Self {
        Self { values: array.as_primitive_opt().cloned(), is_scalar }
    }

    /// The value of a row; `None` where it is NULL or was left out.
    pub fn get(&self, row: usize) -> Option<T::Native> {
        let values = self.values.as_ref()?;
        let row = self.place(row);
        values.is_valid(row).then(|| values.value(row))
    }

    /// The values of a column without NULL.
    pub fn whole(&self) -> Option<&[T::Native]> {
        self.values
            .as_ref()
            .filter(|values| !self.is_scalar && values.null_count() == 0)
            .map(|values| &values.values()[..])
    }
}

impl Value<BooleanArray> {
    /// The values of a column without NULL.
    pub fn whole(&self) -> Option<impl Iterator<Item = bool>> {
        let values = self.values.as_ref().filter(|values| !self.is_scalar && values.null_count() == 0)?;
        Some(values.values().iter())
    }

    pub(super) fn boolean(array: &ArrayRef, is_scalar: bool) -> Self {
        Self { values: array.as_boolean_opt().cloned(), is_scalar }
    }

    /// The value of a row; `None` where it is NULL or was left out.
    pub fn get(&self, row: usize) -> Option<bool> {
        let values = self.values.as_ref()?;
        let row = self.place(row);
        values.is_valid(row).then(|| values.value(row))
    }
}
