//! A text argument, row by row, whatever its Arrow type.

use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, LargeStringArray, StringArray, StringViewArray};
use datafusion_common::arrow::buffer::NullBuffer;
use datafusion_common::arrow::datatypes::DataType;
use datafusion_common::{Result, internal_err};

/// A text argument. A scalar has the same text in every row; an argument that was left out has NULL.
#[derive(Clone, Debug)]
pub struct Text {
    values: Values,
    is_scalar: bool,
}

#[derive(Clone, Debug)]
enum Values {
    Null,
    Utf8(StringArray),
    Large(LargeStringArray),
    View(StringViewArray),
    /// Row → place in `values`.
    Dictionary {
        keys: Vec<usize>,
        nulls: Option<NullBuffer>,
        values: Box<Values>,
    },
}

impl Text {
    pub(super) fn absent() -> Self {
        Self { values: Values::Null, is_scalar: true }
    }

    /// `is_scalar`: the array's one element stands for every row.
    pub(super) fn new(array: &ArrayRef, is_scalar: bool) -> Result<Self> {
        Ok(Self { values: Values::new(array)?, is_scalar })
    }

    /// The text of a row; `None` where it is NULL or was left out.
    pub fn get(&self, row: usize) -> Option<&str> {
        self.values.get(if self.is_scalar { 0 } else { row })
    }

    /// The text of a row in which it is not NULL; `""` where it is.
    ///
    /// For required parameters: [`super::Args::map`] skips the rows in which one is NULL.
    pub fn at(&self, row: usize) -> &str {
        self.get(row).unwrap_or_default()
    }

    /// The one text of a scalar; `None` for a column, and for NULL.
    pub fn scalar(&self) -> Option<&str> {
        if self.is_scalar { self.get(0) } else { None }
    }
}

impl Values {
    fn new(array: &ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Utf8 => Self::Utf8(array.as_string().clone()),
            DataType::LargeUtf8 => Self::Large(array.as_string().clone()),
            DataType::Utf8View => Self::View(array.as_string_view().clone()),
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                if dictionary.values().is_empty() {
                    // No values: every key is NULL.
                    return Ok(Self::Null);
                }
                Self::Dictionary {
                    keys: dictionary.normalized_keys(),
                    nulls: dictionary.keys().nulls().cloned(),
                    values: Box::new(Self::new(dictionary.values())?),
                }
            }
            other => return internal_err!("a text argument of type {other} passed the type check"),
        })
    }

    fn get(&self, i: usize) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Utf8(array) => array.is_valid(i).then(|| array.value(i)),
            Self::Large(array) => array.is_valid(i).then(|| array.value(i)),
            Self::View(array) => array.is_valid(i).then(|| array.value(i)),
            Self::Dictionary { keys, nulls, values } => {
                if nulls.as_ref().is_some_and(|nulls| nulls.is_null(i)) {
                    return None;
                }
                values.get(*keys.get(i)?)
            }
        }
    }
}
