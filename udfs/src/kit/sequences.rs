//! An argument that is a sequence of texts or of numbers, row by row.

use super::Text;
use super::check::is_text;
use super::lists::Lists;
use datafusion_common::Result;
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion_common::arrow::compute::cast;
use datafusion_common::arrow::datatypes::DataType;

/// A sequence argument; no text is copied.
#[derive(Clone, Debug)]
pub struct Sequences {
    lists: Lists,
    elements: Elements,
    is_scalar: bool,
}

#[derive(Clone, Debug)]
enum Elements {
    Texts(Text),
    Numbers(Int64Array),
    /// Nothing but NULLs.
    Nulls,
}

/// The sequence of a row. A NULL among its elements is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sequence<'a> {
    /// Of texts.
    Texts(Vec<Option<&'a str>>),
    /// Of whole numbers.
    Numbers(Vec<Option<i64>>),
    /// So many NULLs, of no type.
    Nulls(usize),
}

impl Sequence<'_> {
    /// How many elements it has.
    pub fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::Nulls(n) => *n,
        }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Sequences {
    pub(super) fn new(array: &ArrayRef, is_scalar: bool) -> Result<Self> {
        let lists = Lists::new(array)?;
        let elements = match lists.elements.data_type() {
            DataType::Null => Elements::Nulls,
            given if is_text(given) => Elements::Texts(Text::new(&lists.elements, false)?),
            _ => Elements::Numbers(cast(&lists.elements, &DataType::Int64)?.as_primitive().clone()),
        };
        Ok(Self { lists, elements, is_scalar })
    }

    /// The sequence of a row in which it is not NULL; an empty one where it is.
    ///
    /// For required parameters: [`super::Args::map`] skips the rows in which one is NULL.
    pub fn at(&self, row: usize) -> Sequence<'_> {
        let range = self.lists.range(if self.is_scalar { 0 } else { row }).unwrap_or_default();
        match &self.elements {
            Elements::Texts(texts) => Sequence::Texts(range.map(|i| texts.get(i)).collect()),
            Elements::Numbers(numbers) => {
                Sequence::Numbers(range.map(|i| numbers.is_valid(i).then(|| numbers.value(i))).collect())
            }
            Elements::Nulls => Sequence::Nulls(range.len()),
        }
    }
}
