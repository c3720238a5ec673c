//! Arguments that must be the same for all rows: options of aggregates and windows.

use super::check::check_literals;
use super::{Param, plan_error};
use datafusion_common::arrow::array::RecordBatch;
use datafusion_common::arrow::datatypes::{DataType, Schema};
use datafusion_common::{DataFusionError, Result, ScalarValue};
use datafusion_expr::ColumnarValue;
use std::fmt::Display;
use std::sync::Arc;

/// The constants among the arguments of a call, and the types of all.
#[derive(Debug)]
pub struct Constants<'a> {
    function: &'static str,
    params: &'a [Param],
    types: Vec<DataType>,
    values: Vec<Option<ScalarValue>>,
}

impl<'a> Constants<'a> {
    /// From what each argument is over [`no_rows`]: what is a scalar there is constant.
    ///
    /// # Errors
    /// A plan error where a literal is none of its parameter's choices.
    pub fn new(
        function: &'static str,
        params: &'a [Param],
        types: Vec<DataType>,
        evaluated: impl Iterator<Item = Result<ColumnarValue>>,
    ) -> Result<Self> {
        let values: Vec<_> = evaluated
            .map(|value| match value {
                Ok(ColumnarValue::Scalar(value)) => Some(value),
                _ => None,
            })
            .collect();
        check_literals(function, params, &values.iter().map(Option::as_ref).collect::<Vec<_>>())?;
        Ok(Self { function, params, types, values })
    }

    /// The type of argument `i`; `None` where it was left out.
    pub fn data_type(&self, i: usize) -> Option<&DataType> {
        self.types.get(i).filter(|data_type| !data_type.is_null())
    }

    /// Argument `i` as text; `None` where it is NULL or was left out.
    ///
    /// # Errors
    /// A plan error where it is not constant.
    pub fn text(&self, i: usize) -> Result<Option<&str>> {
        Ok(self.value(i)?.and_then(|value| value.try_as_str().flatten()))
    }

    /// Argument `i` as a number.
    ///
    /// # Errors
    /// A plan error where it is not constant.
    pub fn double(&self, i: usize) -> Result<Option<f64>> {
        let Some(value) = self.value(i)? else { return Ok(None) };
        match value.cast_to(&DataType::Float64)? {
            ScalarValue::Float64(number) => Ok(number),
            _ => Ok(None),
        }
    }

    /// Argument `i` as a whole number.
    ///
    /// # Errors
    /// A plan error where it is not constant, or not whole.
    pub fn bigint(&self, i: usize) -> Result<Option<i64>> {
        let Some(value) = self.value(i)? else { return Ok(None) };
        if let Some(number) = self.double(i)?.filter(|number| number.fract() != 0.0) {
            return Err(self.refuse(i, "must be a whole number", number, "round it"));
        }
        match value.cast_to(&DataType::Int64)? {
            ScalarValue::Int64(number) => Ok(number),
            _ => Ok(None),
        }
    }

    /// A plan error about the value of argument `i`.
    pub fn refuse(&self, i: usize, must: &str, got: impl Display, hint: &str) -> DataFusionError {
        let name = self.params.get(i).map_or("?", |param| param.name);
        plan_error(self.function, format!("argument {} `{name}` {must}, got {got}", i + 1), hint)
    }

    fn value(&self, i: usize) -> Result<Option<&ScalarValue>> {
        match self.values.get(i) {
            None => Ok(None),
            Some(Some(value)) => Ok(Some(value).filter(|value| !value.is_null())),
            Some(None) => {
                Err(self.refuse(i, "must be constant", "an expression over rows", "write a literal or a $parameter"))
            }
        }
    }
}

/// A batch to evaluate constants over.
pub fn no_rows() -> RecordBatch {
    RecordBatch::new_empty(Arc::new(Schema::empty()))
}
