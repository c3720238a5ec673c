//! The arguments of one call over one batch.
//!
//! Reads each argument as what its parameter says, whatever Arrow type it came in, and maps a function over the rows:
//! rows in which a required argument is NULL are NULL, and a call of scalars only gives a scalar.

use super::check::is_text;
use super::{
    Annotations, Doubles, Kind, Output, Param, Presence, Sequences, Text, Texts, Value, Verdicts, exec_error,
    internal_error,
};
use datafusion_common::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, new_null_array,
};
use datafusion_common::arrow::buffer::NullBuffer;
use datafusion_common::arrow::compute::{CastOptions, cast_with_options};
use datafusion_common::arrow::datatypes::{DataType, Float64Type};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::ColumnarValue;
use std::sync::Arc;

/// The evaluated arguments of a call whose types [`super::check_types`] has accepted.
#[derive(Debug)]
pub struct Args {
    function: &'static str,
    params: &'static [Param],
    arrays: Vec<(ArrayRef, IsScalar)>,
    rows: usize,
    is_scalar: bool,
    required: Option<NullBuffer>,
    is_null: bool,
}

type IsScalar = bool;

impl Args {
    /// `rows` is the length of the batch; scalars among `values` stand for that many rows.
    ///
    /// # Errors
    /// An internal error where there are more values than parameters, or where a column is not `rows` long.
    pub fn new(
        function: &'static str,
        params: &'static [Param],
        values: &[ColumnarValue],
        rows: usize,
    ) -> Result<Self> {
        if values.len() > params.len() {
            return Err(internal_error(function, "more arguments than parameters"));
        }
        let is_scalar = values.iter().all(|value| matches!(value, ColumnarValue::Scalar(_)));
        let mut arrays = Vec::with_capacity(values.len());
        let mut required = None;
        let mut is_null = false;
        for (value, param) in values.iter().zip(params) {
            let (array, one) = match value {
                ColumnarValue::Array(array) => (ArrayRef::clone(array), false),
                ColumnarValue::Scalar(scalar) => (scalar.to_array()?, true),
            };
            if !one && array.len() != rows {
                return Err(internal_error(function, format!("{} values for {rows} rows", array.len())));
            }
            if param.presence == Presence::Required {
                let nulls = array.logical_nulls();
                if one {
                    is_null |= nulls.is_some_and(|nulls| nulls.null_count() > 0);
                } else {
                    required = NullBuffer::union(required.as_ref(), nulls.as_ref());
                }
            }
            arrays.push((array, one));
        }
        Ok(Self { function, params, arrays, rows: if is_scalar { 1 } else { rows }, is_scalar, required, is_null })
    }

    /// The number of rows to compute: that of the batch, or 1 where all arguments are scalars.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether a required argument is NULL in this row, and the result with it.
    pub fn is_null(&self, row: usize) -> bool {
        self.is_null || self.required.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Argument `i` as text.
    ///
    /// # Errors
    /// An execution error where the parameter is a choice and a value in a column is none of them.
    pub fn text(&self, i: usize) -> Result<Text> {
        let Some((array, one)) = self.arrays.get(i) else { return Ok(Text::absent()) };
        let text = Text::new(array, *one)?;
        if let Some(Param { kind: kind @ Kind::Choice(_), name, .. }) = self.params.get(i) {
            for row in 0..array.len() {
                if let Some((what, hint)) = text.get(row).and_then(|value| kind.refusal(value)) {
                    return Err(self.error(format!("argument {} `{name}` {what}", i + 1), hint));
                }
            }
        }
        Ok(text)
    }

    /// Argument `i` as a list of texts; a single text is a list of one.
    pub fn texts(&self, i: usize) -> Result<Texts> {
        let Some((array, one)) = self.arrays.get(i) else { return Ok(Texts::absent()) };
        Texts::new(array, *one)
    }

    /// Argument `i` as lists of numbers.
    pub fn doubles(&self, i: usize) -> Result<Doubles> {
        let Some((array, one)) = self.arrays.get(i) else { return Ok(Doubles::absent()) };
        Doubles::new(array, *one)
    }

    /// Argument `i` as annotations.
    pub fn annotations(&self, i: usize) -> Result<Annotations> {
        let (array, one) = self.array_or_null(i);
        Annotations::new(&array, one)
    }

    /// Argument `i` as sequences of texts or numbers.
    pub fn sequences(&self, i: usize) -> Result<Sequences> {
        let (array, one) = self.array_or_null(i);
        Sequences::new(&array, one)
    }

    /// Argument `i` as tables of verdicts.
    pub fn verdicts(&self, i: usize) -> Result<Verdicts> {
        let (array, one) = self.array_or_null(i);
        Verdicts::new(&array, one)
    }

    /// Argument `i`; one that was left out is a NULL.
    fn array_or_null(&self, i: usize) -> (ArrayRef, IsScalar) {
        self.arrays.get(i).cloned().unwrap_or_else(|| (new_null_array(&DataType::Null, 1), true))
    }

    /// Argument `i` as whole numbers.
    ///
    /// # Errors
    /// An execution error where a value is not whole, or not within 64 bits.
    pub fn bigint(&self, i: usize) -> Result<Value<Int64Array>> {
        let Some((array, one)) = self.arrays.get(i) else { return Ok(Value::absent()) };
        if array.data_type().is_floating() {
            let floats = self.cast(i, array, &DataType::Float64)?;
            let broken = floats.as_primitive::<Float64Type>().iter().flatten().find(|value| value.fract() != 0.0);
            if let Some(value) = broken {
                return Err(self.error(format!("{} must be a whole number, got {value}", self.place(i)), "round it"));
            }
        }
        Ok(Value::primitive(&self.cast(i, array, &DataType::Int64)?, *one))
    }

    /// Argument `i` as numbers.
    pub fn double(&self, i: usize) -> Result<Value<Float64Array>> {
        let Some((array, one)) = self.arrays.get(i) else { return Ok(Value::absent()) };
        Ok(Value::primitive(&self.cast(i, array, &DataType::Float64)?, *one))
    }

    /// Argument `i` as truth values.
    pub fn boolean(&self, i: usize) -> Result<Value<BooleanArray>> {
        let Some((array, one)) = self.arrays.get(i) else { return Ok(Value::absent()) };
        Ok(Value::boolean(array, *one))
    }

    /// Argument `i` as numbers; true and false are 1 and 0.
    pub fn measure(&self, i: usize) -> Result<Value<Float64Array>> {
        let Some((array, one)) = self.arrays.get(i) else { return Ok(Value::absent()) };
        Ok(Value::primitive(&self.cast(i, array, &DataType::Float64)?, *one))
    }

    /// Argument `i` as truth values; 1 and 0 are true and false.
    ///
    /// # Errors
    /// An execution error where a number is neither.
    pub fn truth(&self, i: usize) -> Result<Value<BooleanArray>> {
        let Some((array, one)) = self.arrays.get(i) else { return Ok(Value::absent()) };
        if matches!(array.data_type(), DataType::Boolean | DataType::Null) {
            return Ok(Value::boolean(array, *one));
        }
        let numbers = self.cast(i, array, &DataType::Float64)?;
        let numbers = numbers.as_primitive::<Float64Type>();
        if let Some(other) = numbers.iter().flatten().find(|number| *number != 0.0 && *number != 1.0) {
            let what = format!("{} must be true or false, or 0 or 1, got {other}", self.place(i));
            return Err(self.error(what, "compare it, as in score >= 0.5"));
        }
        let truths: BooleanArray = numbers.iter().map(|number| number.map(|number| number == 1.0)).collect();
        Ok(Value::boolean(&(Arc::new(truths) as ArrayRef), *one))
    }

    /// Argument `i` as text that tells its values apart.
    pub fn key(&self, i: usize) -> Result<Text> {
        let Some((array, one)) = self.arrays.get(i) else { return Ok(Text::absent()) };
        if is_text(array.data_type()) {
            return Text::new(array, *one);
        }
        Text::new(&self.cast(i, array, &DataType::Utf8)?, *one)
    }

    /// Argument `i` as it came, and whether its one element stands for every row.
    pub fn array(&self, i: usize) -> Option<(&ArrayRef, bool)> {
        self.arrays.get(i).map(|(array, one)| (array, *one))
    }

    /// `f` of each row in which no required argument is NULL, and `None` of the other rows.
    ///
    /// # Errors
    /// The first error of `f`.
    pub fn each<T>(&self, mut f: impl FnMut(usize) -> Result<Option<T>>) -> Result<Vec<Option<T>>> {
        (0..self.rows).map(|row| if self.is_null(row) { Ok(None) } else { f(row) }).collect()
    }

    /// A column of `f` of each row in which no required argument is NULL; the other rows are NULL.
    ///
    /// # Errors
    /// The first error of `f`, or one from building the column.
    pub fn map<T: Output>(&self, f: impl FnMut(usize) -> Result<Option<T>>) -> Result<ColumnarValue> {
        let array = T::collect(self.each(f)?)?;
        if self.is_scalar {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&array, 0)?));
        }
        Ok(ColumnarValue::Array(array))
    }

    /// [`Self::map`] for a function of one text.
    pub fn map_text<T: Output>(&self, f: impl Fn(&str) -> Option<T>) -> Result<ColumnarValue> {
        let text = self.text(0)?;
        self.map(|row| Ok(f(text.at(row))))
    }

    /// [`Self::map`] for a function of two texts.
    pub fn map_texts<T: Output>(&self, f: impl Fn(&str, &str) -> Option<T>) -> Result<ColumnarValue> {
        let (first, second) = (self.text(0)?, self.text(1)?);
        self.map(|row| Ok(f(first.at(row), second.at(row))))
    }

    /// ``argument 2 `compat` ``, as it stands in messages.
    pub fn place(&self, i: usize) -> String {
        format!("argument {} `{}`", i + 1, self.params.get(i).map_or("?", |param| param.name))
    }

    /// An execution error of this function.
    pub fn error(
        &self,
        what: impl std::fmt::Display,
        hint: impl std::fmt::Display,
    ) -> datafusion_common::DataFusionError {
        exec_error(self.function, what, hint)
    }

    pub(super) fn cast(&self, i: usize, array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
        // Not `safe`: a number that does not fit must not become NULL, which would mean "the default".
        let options = CastOptions { safe: false, ..CastOptions::default() };
        cast_with_options(array, to, &options).map_err(|error| {
            let kind = self.params.get(i).map_or("a number".to_owned(), |param| param.kind.to_string());
            self.error(format!("{} must be {kind}: {error}", self.place(i)), "it must lie within 64 bits")
        })
    }
}
