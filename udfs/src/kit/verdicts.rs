//! An argument that is a table of verdicts, row by row: LIST<STRUCT<step BIGINT, depends_on BIGINT, label TEXT>>.

use super::Text;
use super::lists::Lists;
use datafusion_common::Result;
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion_common::arrow::compute::cast;
use datafusion_common::arrow::datatypes::DataType;

/// A table-of-verdicts argument.
#[derive(Clone, Debug)]
pub struct Verdicts {
    lists: Lists,
    columns: Option<(Int64Array, Int64Array, Text)>,
    is_scalar: bool,
}

impl Verdicts {
    pub(super) fn new(array: &ArrayRef, is_scalar: bool) -> Result<Self> {
        let lists = Lists::new(array)?;
        let columns = match lists.elements.as_struct_opt() {
            None => None,
            Some(structs) => {
                let column = |name| structs.column_by_name(name);
                let number = |array: &ArrayRef| -> Result<Int64Array> {
                    Ok(cast(array, &DataType::Int64)?.as_primitive().clone())
                };
                match (column("step"), column("depends_on"), column("label")) {
                    (Some(step), Some(depends_on), Some(label)) => {
                        Some((number(step)?, number(depends_on)?, Text::new(label, false)?))
                    }
                    _ => None,
                }
            }
        };
        Ok(Self { lists, columns, is_scalar })
    }

    /// Step, dependency and label of each verdict of a row, without those of which one is NULL; none where the table is NULL.
    pub fn at(&self, row: usize) -> impl Iterator<Item = (i64, i64, &str)> {
        let range = self.lists.range(if self.is_scalar { 0 } else { row }).unwrap_or_default();
        let columns = self.columns.as_ref();
        range.filter_map(move |i| {
            let (step, depends_on, label) = columns?;
            let are_there = step.is_valid(i) && depends_on.is_valid(i);
            are_there.then(|| Some((step.value(i), depends_on.value(i), label.get(i)?)))?
        })
    }
}
