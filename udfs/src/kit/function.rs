//! A function's page, and the DataFusion function that is made of it.

use super::{Args, Output, Param, check_literals, check_types, signature};
use datafusion_common::Result;
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

/// A scalar function: what its page says of it. Its result depends on its arguments only.
pub trait Function: Debug + Eq + Hash + Send + Sync + 'static {
    /// The SQL name.
    const NAME: &'static str;
    /// What it takes, in order; optional ones last.
    const PARAMS: &'static [Param];
    /// What it returns for a row.
    type Returns: Output;

    /// The result column: one call to the core a row.
    ///
    /// # Errors
    /// Execution errors for values that the function cannot take.
    fn call(&self, args: &Args) -> Result<ColumnarValue>;

    /// The page of the reference.
    fn documentation(&self) -> Option<&Documentation>;
}

/// The DataFusion function of a [`Function`].
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Scalar<F> {
    function: F,
    signature: Signature,
}

impl<F: Function> Scalar<F> {
    /// Wraps a page.
    pub fn new(function: F) -> Self {
        Self { function, signature: signature(F::PARAMS, Volatility::Immutable) }
    }
}

impl<F: Function> ScalarUDFImpl for Scalar<F> {
    fn name(&self) -> &str {
        F::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Every type as it comes: [`Args`] reads them all, and [`check_types`] refuses the wrong ones.
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        check_types(F::NAME, F::PARAMS, types)?;
        Ok(F::Returns::data_type())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<_> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let data_type = self.return_type(&types)?;
        check_literals(F::NAME, F::PARAMS, args.scalar_arguments)?;
        Ok(Arc::new(Field::new(F::NAME, data_type, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        self.function.call(&Args::new(F::NAME, F::PARAMS, &args.args, args.number_rows)?)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.function.documentation()
    }
}
