//! An aggregate's page, and the DataFusion function that is made of it.

use super::constants::no_rows;
use super::{Args, Constants, Output, Param, check_types, internal_error, plan_error, signature};
use datafusion_common::arrow::array::{Array, ArrayRef};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion_expr::{Accumulator, AggregateUDFImpl, ColumnarValue, Documentation, Signature, Volatility};
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::Arc;

/// An aggregate function: what its page says of it. Its result depends on the rows and not on their order.
pub trait Aggregate: Debug + Eq + Hash + Send + Sync + 'static {
    /// The SQL name.
    const NAME: &'static str;
    /// What it takes, in order; optional ones last.
    const PARAMS: &'static [Param];
    /// What is kept of the rows of a group.
    type Rows: Rows;

    /// No rows yet. Checks the arguments that must be constant.
    ///
    /// # Errors
    /// Plan errors for constants that the function cannot take.
    fn start(&self, constants: &Constants<'_>) -> Result<Self::Rows>;

    /// The page of the reference.
    fn documentation(&self) -> Option<&Documentation>;
}

/// What an aggregate keeps of the rows of one group, and makes of them.
pub trait Rows: Debug + Send + Sync + 'static {
    /// The result.
    type Returns: Output;

    /// The columns in which what was kept travels from one partition's part of the group to the next.
    fn state_types() -> Vec<(&'static str, DataType)>;

    /// Adds the rows of a batch.
    ///
    /// # Errors
    /// Execution errors for values that the function cannot take.
    fn update(&mut self, args: &Args) -> Result<()>;

    /// What was kept, for [`Self::merge`]; may be moved out.
    fn state(&mut self) -> Result<Vec<ScalarValue>>;

    /// Adds what others have kept: a row each, in the columns of [`Self::state_types`].
    fn merge(&mut self, states: &[ArrayRef]) -> Result<()>;

    /// The result of the rows so far; more may come.
    fn evaluate(&mut self) -> Result<Option<Self::Returns>>;

    /// Bytes on the heap, about.
    fn size(&self) -> usize;
}

/// The DataFusion function of an [`Aggregate`].
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Aggregated<A> {
    aggregate: A,
    signature: Signature,
}

impl<A: Aggregate> Aggregated<A> {
    /// Wraps a page.
    pub fn new(aggregate: A) -> Self {
        Self { aggregate, signature: signature(A::PARAMS, Volatility::Immutable) }
    }
}

impl<A: Aggregate> AggregateUDFImpl for Aggregated<A> {
    fn name(&self) -> &str {
        A::NAME
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Every type as it comes: [`Args`] reads them all, and [`check_types`] refuses the wrong ones.
    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        check_types(A::NAME, A::PARAMS, types)?;
        Ok(<A::Rows as Rows>::Returns::data_type())
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        if args.is_distinct {
            let hint = "SELECT DISTINCT in a subquery, and aggregate over that";
            return Err(plan_error(A::NAME, "takes no DISTINCT", hint));
        }
        let types: Vec<_> = args.expr_fields.iter().map(|field| field.data_type().clone()).collect();
        let nothing = no_rows();
        let evaluated = args.exprs.iter().map(|expression| expression.evaluate(&nothing));
        let constants = Constants::new(A::NAME, A::PARAMS, types, evaluated)?;
        Ok(Box::new(Group::<A> { rows: self.aggregate.start(&constants)? }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let field = |(name, data_type)| Arc::new(Field::new(format!("{}[{name}]", args.name), data_type, true));
        Ok(A::Rows::state_types().into_iter().map(field).collect())
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.aggregate.documentation()
    }
}

#[derive(Debug)]
struct Group<A: Aggregate> {
    rows: A::Rows,
}

impl<A: Aggregate> Accumulator for Group<A> {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let rows = values.first().map_or(0, Array::len);
        let values: Vec<_> = values.iter().map(|array| ColumnarValue::Array(ArrayRef::clone(array))).collect();
        self.rows.update(&Args::new(A::NAME, A::PARAMS, &values, rows)?)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let result = <A::Rows as Rows>::Returns::collect(vec![self.rows.evaluate()?])?;
        ScalarValue::try_from_array(&result, 0)
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.rows.size()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.rows.state()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        if states.len() != A::Rows::state_types().len() {
            return Err(internal_error(A::NAME, format!("{} columns of states", states.len())));
        }
        self.rows.merge(states)
    }
}
