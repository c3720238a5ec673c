//! Columns under construction.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::builder::{
    ArrayBuilder, BooleanBuilder, Date32Builder, Float64Builder, Int64Builder, NullBufferBuilder, StringBuilder,
    StringViewBuilder, TimestampMicrosecondBuilder,
};
use datafusion::arrow::array::{ArrayRef, ListArray, StructArray};
use datafusion::arrow::buffer::{OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{DataType, FieldRef, Fields};
use datafusion::arrow::error::ArrowError;

use crate::write::float_text;

/// A value of one kind where the column holds another.
pub(super) struct Mismatch(String);

impl Mismatch {
    pub fn new(column: &Column, found: &str) -> Self {
        Self(format!("expected {}, found {found}", column.holds()))
    }

    pub fn text(column: &Column, found: &str) -> Self {
        let mut shown: String = found.chars().take(40).collect();
        if shown.len() < found.len() {
            shown.push('…');
        }
        Self::new(column, &format!("the text {shown:?}"))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) enum Column {
    Bool(BooleanBuilder),
    Int(Int64Builder),
    Float(Float64Builder),
    Date(Date32Builder),
    /// Microseconds.
    Time(TimestampMicrosecondBuilder),
    View(StringViewBuilder),
    Text(StringBuilder),
    List(Box<List>),
    Struct(Box<Record>),
}

pub(super) struct List {
    field: FieldRef,
    pub item: Column,
    ends: Vec<i32>,
    valid: NullBufferBuilder,
}

impl List {
    /// What was pushed into `item` since the last end is one list.
    pub fn end_row(&mut self) {
        self.ends.push(i32::try_from(self.item.len()).unwrap_or(i32::MAX));
        self.valid.append_non_null();
    }
}

pub(super) struct Record {
    pub columns: Columns,
    pub valid: NullBufferBuilder,
}

impl Column {
    pub fn new(data_type: &DataType) -> Result<Self, ArrowError> {
        Ok(match data_type {
            DataType::Boolean => Column::Bool(BooleanBuilder::new()),
            DataType::Int64 => Column::Int(Int64Builder::new()),
            DataType::Float64 => Column::Float(Float64Builder::new()),
            DataType::Date32 => Column::Date(Date32Builder::new()),
            DataType::Timestamp(..) => {
                Column::Time(TimestampMicrosecondBuilder::new().with_data_type(data_type.clone()))
            }
            DataType::Utf8View => Column::View(StringViewBuilder::new()),
            DataType::Utf8 => Column::Text(StringBuilder::new()),
            DataType::List(field) => Column::List(Box::new(List {
                field: Arc::clone(field),
                item: Column::new(field.data_type())?,
                ends: vec![0],
                valid: NullBufferBuilder::new(0),
            })),
            DataType::Struct(fields) => Column::Struct(Box::new(Record {
                columns: Columns::new(fields, None)?,
                valid: NullBufferBuilder::new(0),
            })),
            other => return Err(ArrowError::NotYetImplemented(format!("reading {other} from text"))),
        })
    }

    pub fn len(&self) -> usize {
        match self {
            Column::Bool(b) => ArrayBuilder::len(b),
            Column::Int(b) => b.values_slice().len(),
            Column::Float(b) => b.values_slice().len(),
            Column::Date(b) => b.values_slice().len(),
            Column::Time(b) => b.values_slice().len(),
            Column::View(b) => ArrayBuilder::len(b),
            Column::Text(b) => ArrayBuilder::len(b),
            Column::List(b) => b.ends.len() - 1,
            Column::Struct(b) => b.valid.len(),
        }
    }

    pub fn is_text(&self) -> bool {
        matches!(self, Column::View(_) | Column::Text(_))
    }

    fn holds(&self) -> &'static str {
        match self {
            Column::Bool(_) => "true or false",
            Column::Int(_) => "an integer",
            Column::Float(_) => "a number",
            Column::Date(_) => "a date",
            Column::Time(_) => "a timestamp",
            Column::View(_) | Column::Text(_) => "text",
            Column::List(_) => "a list",
            Column::Struct(_) => "an object",
        }
    }

    pub fn push_null(&mut self) {
        match self {
            Column::Bool(b) => b.append_null(),
            Column::Int(b) => b.append_null(),
            Column::Float(b) => b.append_null(),
            Column::Date(b) => b.append_null(),
            Column::Time(b) => b.append_null(),
            Column::View(b) => b.append_null(),
            Column::Text(b) => b.append_null(),
            Column::List(list) => {
                list.end_row_null();
            }
            Column::Struct(record) => {
                record.columns.end_row();
                record.valid.append_null();
            }
        }
    }

    pub fn push_bool(&mut self, v: bool) -> Result<(), Mismatch> {
        match self {
            Column::Bool(b) => b.append_value(v),
            column if column.is_text() => return column.push_text(if v { "true" } else { "false" }),
            column => return Err(Mismatch::new(column, if v { "true" } else { "false" })),
        }
        Ok(())
    }

    pub fn push_int(&mut self, v: i64) -> Result<(), Mismatch> {
        match self {
            Column::Int(b) => b.append_value(v),
            #[expect(
                clippy::cast_precision_loss,
                reason = "integers among floats are floats, as in every reader of JSON and CSV"
            )]
            Column::Float(b) => b.append_value(v as f64),
            column if column.is_text() => return column.push_text(&v.to_string()),
            column => return Err(Mismatch::new(column, &format!("the number {v}"))),
        }
        Ok(())
    }

    /// Beyond 64 signed bits.
    pub fn push_big(&mut self, v: u64) -> Result<(), Mismatch> {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "integers among floats are floats")]
            Column::Float(b) => b.append_value(v as f64),
            column if column.is_text() => return column.push_text(&v.to_string()),
            column => return Err(Mismatch::new(column, &format!("the number {v}"))),
        }
        Ok(())
    }

    pub fn push_float(&mut self, v: f64) -> Result<(), Mismatch> {
        match self {
            Column::Float(b) => b.append_value(v),
            column if column.is_text() => return column.push_text(&float_text(v)),
            column => return Err(Mismatch::new(column, &format!("the number {}", float_text(v)))),
        }
        Ok(())
    }

    pub fn push_text(&mut self, v: &str) -> Result<(), Mismatch> {
        match self {
            Column::View(b) => b.append_value(v),
            Column::Text(b) => b.append_value(v),
            column => return Err(Mismatch::text(column, v)),
        }
        Ok(())
    }

    /// The array, and an empty column again.
    pub fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Column::Bool(b) => Arc::new(b.finish()),
            Column::Int(b) => Arc::new(b.finish()),
            Column::Float(b) => Arc::new(b.finish()),
            Column::Date(b) => Arc::new(b.finish()),
            Column::Time(b) => Arc::new(b.finish()),
            Column::View(b) => Arc::new(b.finish()),
            Column::Text(b) => Arc::new(b.finish()),
            Column::List(list) => {
                let ends = std::mem::replace(&mut list.ends, vec![0]);
                let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
                Arc::new(ListArray::try_new(
                    Arc::clone(&list.field),
                    offsets,
                    list.item.finish()?,
                    list.valid.finish(),
                )?)
            }
            Column::Struct(record) => {
                let valid = record.valid.finish();
                Arc::new(StructArray::try_new(record.columns.fields.clone(), record.columns.finish()?, valid)?)
            }
        })
    }
}

impl List {
    fn end_row_null(&mut self) {
        self.ends.push(i32::try_from(self.item.len()).unwrap_or(i32::MAX));
        self.valid.append_null();
    }
}

/// The columns of a table or of a column of objects.
pub(super) struct Columns {
    /// All there are; not all need to be read.
    fields: Fields,
    index: HashMap<String, usize>,
    /// Where a column of `fields` is in `read`.
    place: Vec<Option<usize>>,
    read: Vec<Column>,
    pub rows: usize,
    /// A key that is no column is an error: it was beyond the sample from which the columns were inferred.
    pub strict: bool,
    /// The types were inferred from a part of the rows.
    pub partial: bool,
    /// What to do about either.
    pub advice: String,
}

impl Columns {
    /// Of `fields`, those of `projection` are read, in its order.
    pub fn new(fields: &Fields, projection: Option<&[usize]>) -> Result<Self, ArrowError> {
        let all: Vec<usize> = (0..fields.len()).collect();
        let projection = projection.unwrap_or(&all);
        let mut place = vec![None; fields.len()];
        let mut read = Vec::with_capacity(projection.len());
        for (at, field) in projection.iter().enumerate() {
            place[*field] = Some(at);
            read.push(Column::new(fields[*field].data_type())?);
        }
        let index = fields.iter().enumerate().map(|(at, field)| (field.name().clone(), at)).collect();
        Ok(Self {
            fields: fields.clone(),
            index,
            place,
            read,
            rows: 0,
            strict: false,
            partial: false,
            advice: String::new(),
        })
    }

    /// From here on, keys that are no columns are errors, and errors come with this advice.
    pub fn set_partial(&mut self, advice: &str) {
        self.partial = true;
        self.strict = true;
        self.advice = advice.to_owned();
        for column in &mut self.read {
            let mut column = column;
            while let Column::List(list) = column {
                column = &mut list.item;
            }
            if let Column::Struct(record) = column {
                record.columns.set_partial(advice);
            }
        }
    }

    /// The field named `name`; `turn` is where it is if the keys come in the usual order.
    pub fn find(&self, name: &str, turn: usize) -> Option<usize> {
        if self.fields.get(turn).is_some_and(|field| field.name() == name) {
            return Some(turn);
        }
        self.index.get(name).copied()
    }

    /// The column of field `at`; `None` where it is not read.
    pub fn column(&mut self, at: usize) -> Option<&mut Column> {
        self.place[at].map(|place| &mut self.read[place])
    }

    /// Columns that got no value for this row get NULL.
    pub fn end_row(&mut self) {
        self.rows += 1;
        for column in &mut self.read {
            if column.len() < self.rows {
                column.push_null();
            }
        }
    }

    pub fn finish(&mut self) -> Result<Vec<ArrayRef>, ArrowError> {
        self.rows = 0;
        self.read.iter_mut().map(Column::finish).collect()
    }
}
