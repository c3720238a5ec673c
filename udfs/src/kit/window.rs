//! A window function's page, and the DataFusion function that is made of it.

use super::constants::no_rows;
use super::{Args, Constants, Output, Param, check_types, signature};
use datafusion_common::Result;
use datafusion_common::arrow::array::ArrayRef;
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_expr::function::{PartitionEvaluatorArgs, WindowUDFFieldArgs};
use datafusion_expr::{ColumnarValue, Documentation, PartitionEvaluator, Signature, Volatility, WindowUDFImpl};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

/// A function that gives each row of a window's partition a value that depends on all of them, whatever their order and the frame.
pub trait Window: Clone + Debug + Eq + Hash + Send + Sync + 'static {
    /// The SQL name.
    const NAME: &'static str;
    /// What it takes, in order; optional ones last.
    const PARAMS: &'static [Param];
    /// What it returns for a row.
    type Returns: Output;

    /// Checks the arguments that must be constant.
    ///
    /// # Errors
    /// Plan errors for constants that the function cannot take.
    fn check(&self, _constants: &Constants<'_>) -> Result<()> {
        Ok(())
    }

    /// The result of each row of a partition.
    ///
    /// # Errors
    /// Execution errors for values that the function cannot take.
    fn call(&self, args: &Args) -> Result<Vec<Option<Self::Returns>>>;

    /// The same as a column.
    ///
    /// # Errors
    /// As above.
    fn column(&self, args: &Args) -> Result<ArrayRef> {
        Self::Returns::collect(self.call(args)?)
    }

    /// The page of the reference.
    fn documentation(&self) -> Option<&Documentation>;
}

/// The DataFusion function of a [`Window`].
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Windowed<W> {
    window: W,
    signature: Signature,
}

impl<W: Window> Windowed<W> {
    /// Wraps a page.
    pub fn new(window: W) -> Self {
        Self { window, signature: signature(W::PARAMS, Volatility::Immutable) }
    }
}

impl<W: Window> WindowUDFImpl for Windowed<W> {
    fn name(&self) -> &str {
        W::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Every type as it comes: [`Args`] reads them all, and [`check_types`] refuses the wrong ones.
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        let types: Vec<_> = args.input_fields().iter().map(|field| field.data_type().clone()).collect();
        check_types(W::NAME, W::PARAMS, &types)?;
        Ok(Arc::new(Field::new(args.name(), W::Returns::data_type(), true)))
    }

    fn partition_evaluator(&self, args: PartitionEvaluatorArgs) -> Result<Box<dyn PartitionEvaluator>> {
        let types = args.input_fields().iter().map(|field| field.data_type().clone()).collect();
        let nothing = no_rows();
        let evaluated = args.input_exprs().iter().map(|expression| expression.evaluate(&nothing));
        self.window.check(&Constants::new(W::NAME, W::PARAMS, types, evaluated)?)?;
        Ok(Box::new(Partition(self.window.clone())))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.window.documentation()
    }
}

#[derive(Debug)]
struct Partition<W>(W);

impl<W: Window> PartitionEvaluator for Partition<W> {
    fn evaluate_all(&mut self, values: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
        let values: Vec<_> = values.iter().map(|array| ColumnarValue::Array(ArrayRef::clone(array))).collect();
        self.0.column(&Args::new(W::NAME, W::PARAMS, &values, rows)?)
    }
}
