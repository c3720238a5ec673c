//! An argument that is a list of texts, row by row.

use super::{Text, check::is_text};
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, ListArray};
use datafusion_common::arrow::compute::cast;
use datafusion_common::arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};

/// A list-of-text argument. A single text counts as a list of one, so that `stop => 'x'` needs no brackets.
#[derive(Clone, Debug)]
pub struct Texts(Form);

#[derive(Clone, Debug)]
enum Form {
    One(Text),
    Many { lists: ListArray, is_scalar: bool },
}

impl Texts {
    pub(super) fn absent() -> Self {
        Self(Form::One(Text::absent()))
    }

    pub(super) fn new(array: &ArrayRef, is_scalar: bool) -> Result<Self> {
        if is_text(array.data_type()) || array.data_type().is_null() {
            return Ok(Self(Form::One(Text::new(array, is_scalar)?)));
        }
        // All list types and all text types in one: lists of options are short, so the copy is too.
        let lists = cast(array, &DataType::new_list(DataType::Utf8, true))?;
        Ok(Self(Form::Many { lists: lists.as_list().clone(), is_scalar }))
    }

    /// A list that stands in the query as a literal.
    ///
    /// # Errors
    /// Where the literal is no list of text.
    pub fn literal(value: &ScalarValue) -> Result<Self> {
        Self::new(&value.to_array()?, true)
    }

    /// Whether a NULL is among the texts of a row.
    pub fn holds_null(&self, row: usize) -> bool {
        match &self.0 {
            Form::One(_) => false,
            Form::Many { lists, is_scalar } => {
                let row = if *is_scalar { 0 } else { row };
                lists.is_valid(row) && lists.value(row).null_count() > 0
            }
        }
    }

    /// The texts of a row without the NULLs among them; `None` where the list is NULL or was left out.
    pub fn get(&self, row: usize) -> Option<Vec<String>> {
        match &self.0 {
            Form::One(text) => text.get(row).map(|text| vec![text.to_owned()]),
            Form::Many { lists, is_scalar } => {
                let row = if *is_scalar { 0 } else { row };
                lists.is_valid(row).then(|| {
                    let list = lists.value(row);
                    list.as_string::<i32>().iter().flatten().map(str::to_owned).collect()
                })
            }
        }
    }
}
