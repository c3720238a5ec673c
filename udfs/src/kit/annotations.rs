//! An argument that is an annotation, row by row: LIST<STRUCT<tags LIST<TEXT>, depends_on LIST<BIGINT>>>.

use super::Text;
use super::lists::Lists;
use datafusion_common::Result;
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray};
use datafusion_common::arrow::buffer::NullBuffer;
use datafusion_common::arrow::compute::cast;
use datafusion_common::arrow::datatypes::{DataType, Int64Type};
use glotrace_text::step::{Step, Tag};
use std::ops::Range;

/// An annotation argument. Tags are read once a batch and no text is copied.
#[derive(Clone, Debug)]
pub struct Annotations {
    steps: Lists,
    nulls: Option<NullBuffer>,
    tags: Option<(Lists, Vec<Tag>)>,
    depends_on: Option<(Lists, Vec<i64>)>,
    is_scalar: bool,
}

/// Stands for a NULL among dependencies, which is the id of no step.
const NO_ID: i64 = i64::MIN;

impl Annotations {
    pub(super) fn new(array: &ArrayRef, is_scalar: bool) -> Result<Self> {
        let steps = Lists::new(array)?;
        let nulls = steps.elements.logical_nulls();
        let structs = steps.elements.as_struct_opt();
        let tags = structs.and_then(|structs| structs.column_by_name("tags")).map(tags).transpose()?;
        let depends_on = structs.and_then(|structs| structs.column_by_name("depends_on")).map(ids).transpose()?;
        Ok(Self { steps, nulls, tags, depends_on, is_scalar })
    }

    /// The annotation of a row; `None` where it is NULL or was left out. A step that is NULL is `None` in it.
    pub fn get(&self, row: usize) -> Option<Vec<Option<Step<'_>>>> {
        let range = self.steps.range(if self.is_scalar { 0 } else { row })?;
        Some(range.map(|i| self.step(i)).collect())
    }

    /// The annotation of a row in which it is not NULL; an empty one where it is.
    ///
    /// For required parameters: [`super::Args::map`] skips the rows in which one is NULL.
    pub fn at(&self, row: usize) -> Vec<Option<Step<'_>>> {
        self.get(row).unwrap_or_default()
    }

    fn step(&self, i: usize) -> Option<Step<'_>> {
        if self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(i)) {
            return None;
        }
        Some(Step {
            tags: part(self.tags.as_ref(), i).unwrap_or_default(),
            depends_on: part(self.depends_on.as_ref(), i),
        })
    }
}

fn part<T>(column: Option<&(Lists, Vec<T>)>, i: usize) -> Option<&[T]> {
    let (lists, values) = column?;
    let range: Range<usize> = lists.range(i)?;
    values.get(range)
}

fn tags(column: &ArrayRef) -> Result<(Lists, Vec<Tag>)> {
    let lists = Lists::new(column)?;
    let texts = Text::new(&lists.elements, false)?;
    let tags = (0..lists.elements.len()).map(|i| texts.get(i).map_or(Tag::Unknown, Tag::read)).collect();
    Ok((lists, tags))
}

fn ids(column: &ArrayRef) -> Result<(Lists, Vec<i64>)> {
    let lists = Lists::new(column)?;
    let ids = cast(&lists.elements, &DataType::Int64)?;
    let ids = ids.as_primitive::<Int64Type>().iter().map(|id| id.unwrap_or(NO_ID)).collect();
    Ok((lists, ids))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Output;
    use glotrace_text::step::AnnotatedStep;

    fn step(tags: &[Tag], depends_on: &[i64]) -> Option<AnnotatedStep> {
        Some(AnnotatedStep { tags: tags.to_vec(), depends_on: Some(depends_on.to_vec()) })
    }

    #[test]
    fn an_annotation_is_read_as_it_was_written() {
        let rows = vec![
            Some(vec![step(&[Tag::ProblemSetup], &[]), None]),
            None,
            Some(vec![]),
            Some(vec![
                step(&[], &[1, -1]),
                Some(AnnotatedStep::default()),
                step(&[Tag::SelfChecking, Tag::Unknown], &[0]),
            ]),
        ];
        let array = Output::collect(rows.clone()).unwrap();
        for (from, length) in [(0, 4), (3, 1), (1, 2)] {
            let read = Annotations::new(&array.slice(from, length), false).unwrap();
            for i in 0..length {
                let expected = rows[from + i].as_ref().map(|steps| glotrace_text::step::lend(steps));
                assert_eq!(read.get(i), expected, "{from} {i}");
            }
        }
        let scalar = Annotations::new(&array.slice(0, 1), true).unwrap();
        assert_eq!(scalar.at(7).len(), 2);
    }
}
