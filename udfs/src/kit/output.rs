//! Rust values → result columns.

use datafusion_common::arrow::array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int64Array, ListArray, StringBuilder, StructArray,
};
use datafusion_common::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef, Fields};
use datafusion_common::{Result, exec_err};
use std::sync::Arc;

/// A value that a function returns for a row: text, number, truth value, a list of these, or a [`Record`].
pub trait Output: Sized {
    /// The type of the column.
    fn data_type() -> DataType;

    /// The column; `None` is NULL.
    fn collect(values: Vec<Option<Self>>) -> Result<ArrayRef>;
}

/// Offsets in a Utf8 or List column are 32 bits wide.
fn check_size(total: usize) -> Result<()> {
    if i32::try_from(total).is_err() {
        return exec_err!(
            "the results of one batch are larger than 2 GiB\n\nhint: SET datafusion.execution.batch_size to a smaller number of rows"
        );
    }
    Ok(())
}

fn collect_text<S: AsRef<str>>(values: &[Option<S>]) -> Result<ArrayRef> {
    let bytes = values.iter().flatten().map(|value| value.as_ref().len()).sum();
    check_size(bytes)?;
    let mut builder = StringBuilder::with_capacity(values.len(), bytes);
    for value in values {
        builder.append_option(value.as_ref());
    }
    Ok(Arc::new(builder.finish()))
}

impl Output for String {
    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn collect(values: Vec<Option<Self>>) -> Result<ArrayRef> {
        collect_text(&values)
    }
}

impl Output for &str {
    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn collect(values: Vec<Option<Self>>) -> Result<ArrayRef> {
        collect_text(&values)
    }
}

impl Output for bool {
    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn collect(values: Vec<Option<Self>>) -> Result<ArrayRef> {
        Ok(Arc::new(BooleanArray::from(values)))
    }
}

impl Output for i64 {
    fn data_type() -> DataType {
        DataType::Int64
    }

    fn collect(values: Vec<Option<Self>>) -> Result<ArrayRef> {
        Ok(Arc::new(Int64Array::from(values)))
    }
}

impl Output for f32 {
    fn data_type() -> DataType {
        DataType::Float32
    }

    fn collect(values: Vec<Option<Self>>) -> Result<ArrayRef> {
        Ok(Arc::new(Float32Array::from(values)))
    }
}

impl Output for f64 {
    fn data_type() -> DataType {
        DataType::Float64
    }

    fn collect(values: Vec<Option<Self>>) -> Result<ArrayRef> {
        Ok(Arc::new(Float64Array::from(values)))
    }
}

/// An element that may be NULL.
impl<T: Output> Output for Option<T> {
    fn data_type() -> DataType {
        T::data_type()
    }

    fn collect(values: Vec<Option<Self>>) -> Result<ArrayRef> {
        T::collect(values.into_iter().map(Option::flatten).collect())
    }
}

impl<T: Output> Output for Vec<T> {
    fn data_type() -> DataType {
        DataType::new_list(T::data_type(), true)
    }

    fn collect(values: Vec<Option<Self>>) -> Result<ArrayRef> {
        let nulls: NullBuffer = values.iter().map(Option::is_some).collect();
        let lengths: Vec<usize> = values.iter().map(|list| list.as_ref().map_or(0, Vec::len)).collect();
        check_size(lengths.iter().sum())?;
        let items = values.into_iter().flatten().flatten().map(Some).collect();
        let item = Arc::new(Field::new_list_field(T::data_type(), true));
        let offsets = OffsetBuffer::from_lengths(lengths);
        Ok(Arc::new(ListArray::try_new(item, offsets, T::collect(items)?, Some(nulls))?))
    }
}

/// A record, which is a STRUCT in SQL.
pub trait Record: Sized {
    /// Its fields, made with [`structs`].
    fn fields<'a>() -> Structs<'a, Self>
    where
        Self: 'a;
}

impl<R: Record> Output for R {
    fn data_type() -> DataType {
        R::fields().data_type()
    }

    fn collect(values: Vec<Option<Self>>) -> Result<ArrayRef> {
        R::fields().collect(values)
    }
}

/// The columns of a [`Record`]: a name and a getter for each field.
///
/// ```text
/// structs::<Verdict>().field("label", |v| v.label).field("score", |v| v.score)
/// ```
pub fn structs<'a, R>() -> Structs<'a, R> {
    Structs { fields: Vec::new(), columns: Vec::new() }
}

/// See [`structs`].
pub struct Structs<'a, R> {
    fields: Vec<FieldRef>,
    columns: Vec<Column<'a, R>>,
}

type Column<'a, R> = Box<dyn Fn(&mut [Option<R>]) -> Result<ArrayRef> + 'a>;

impl<'a, R: 'a> Structs<'a, R> {
    /// A field, whose value is taken out of the record with `get`.
    #[must_use]
    pub fn field<T: Output>(mut self, name: &str, get: impl Fn(&mut R) -> Option<T> + 'a) -> Self {
        self.fields.push(Arc::new(Field::new(name, T::data_type(), true)));
        self.columns.push(Box::new(move |records| {
            T::collect(records.iter_mut().map(|record| record.as_mut().and_then(&get)).collect())
        }));
        self
    }

    /// The STRUCT type.
    pub fn data_type(self) -> DataType {
        DataType::Struct(self.fields.into())
    }

    /// The column; `None` is NULL.
    pub fn collect(self, mut records: Vec<Option<R>>) -> Result<ArrayRef> {
        let nulls: NullBuffer = records.iter().map(Option::is_some).collect();
        let columns = self.columns.iter().map(|column| column(&mut records)).collect::<Result<_>>()?;
        let length = nulls.len();
        Ok(Arc::new(StructArray::try_new_with_length(Fields::from(self.fields), columns, Some(nulls), length)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::tester::show;

    struct Mark {
        name: String,
        points: Option<i64>,
    }

    impl Record for Mark {
        fn fields<'a>() -> Structs<'a, Self> {
            structs::<Self>()
                .field("name", |mark| Some(std::mem::take(&mut mark.name)))
                .field("points", |mark| mark.points)
        }
    }

    #[test]
    fn lists_of_records_keep_null_apart_from_empty() {
        let mark = |name: &str, points| Mark { name: name.to_owned(), points };
        let lists = vec![Some(vec![mark("a", Some(1)), mark("ข", None)]), None, Some(vec![])];
        let array = <Vec<Mark> as Output>::collect(lists).unwrap();
        assert_eq!(*array.data_type(), <Vec<Mark> as Output>::data_type());
        assert_eq!(show(&array), ["[{name: a, points: 1}, {name: ข, points: NULL}]", "NULL", "[]"]);
    }

    #[test]
    fn an_empty_batch_is_an_empty_column() {
        assert_eq!(<Vec<Mark> as Output>::collect(vec![]).unwrap().len(), 0);
    }
}
