//! What the operator does to a slice of rows.

use std::sync::Arc;

use datafusion::arrow::array::ListArray;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions, UInt32Array};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer};
use datafusion::arrow::compute::{filter_record_batch, take_record_batch};
use datafusion::arrow::datatypes::{FieldRef, Int64Type, Schema, SchemaRef};
use datafusion::common::utils::{adjust_offsets_for_slice, list_values};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::ScalarUDF;
use datafusion::physical_expr::PhysicalExpr;
use glotrace_udfs::llm::ModelFunction;

use super::call;
use super::run::StatementRun;

/// A call whose arguments can be computed.
#[derive(Debug, Clone)]
pub struct PlannedCall {
    pub function: Arc<ScalarUDF>,
    /// One a parameter; lists of lists … where the call is made for each element.
    pub args: Vec<Arc<dyn PhysicalExpr>>,
    /// The elements of the lists that the call is made over, outermost first; empty for a call a row.
    pub items: Vec<FieldRef>,
    /// The column that it makes.
    pub field: FieldRef,
}

/// A step whose expressions can be computed.
#[derive(Debug, Clone)]
pub enum PlannedStep {
    Calls(Vec<PlannedCall>),
    Column(Arc<dyn PhysicalExpr>, FieldRef),
    Keep(Arc<dyn PhysicalExpr>),
}

impl PlannedStep {
    pub fn fields(&self) -> Vec<FieldRef> {
        match self {
            Self::Calls(calls) => calls.iter().map(|c| Arc::clone(&c.field)).collect(),
            Self::Column(_, field) => vec![Arc::clone(field)],
            Self::Keep(_) => Vec::new(),
        }
    }

    pub fn exprs(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        match self {
            Self::Calls(calls) => calls.iter().flat_map(|c| &c.args).collect(),
            Self::Column(expr, _) | Self::Keep(expr) => vec![expr],
        }
    }
}

/// All steps, and what they need.
#[derive(Debug)]
pub struct Work {
    pub steps: Vec<PlannedStep>,
    pub weight: Option<Arc<dyn PhysicalExpr>>,
    pub schema: SchemaRef,
}

/// What became of a slice.
pub struct Done {
    pub batch: RecordBatch,
    pub rows_in: usize,
    /// How many rows the slice becomes further up.
    pub rows_out: usize,
}

impl Work {
    /// A slice of rows through all steps.
    pub async fn run(self: Arc<Self>, run: Arc<StatementRun>, batch: RecordBatch) -> Result<Done> {
        let rows_in = batch.num_rows();
        // A slice holds on to all rows that it was cut from; a copy of its own holds only these.
        let mut batch = compact(batch)?;
        for step in &self.steps {
            if batch.num_rows() == 0 {
                break;
            }
            let columns = match step {
                PlannedStep::Keep(condition) => {
                    let kept = condition.evaluate(&batch)?.into_array(batch.num_rows())?;
                    let Some(kept) = kept.as_boolean_opt() else {
                        return internal_err!("a condition that is no truth value: {condition}");
                    };
                    batch = filter_record_batch(&batch, kept)?;
                    continue;
                }
                PlannedStep::Column(expr, _) => vec![expr.evaluate(&batch)?.into_array(batch.num_rows())?],
                PlannedStep::Calls(calls) => {
                    futures::future::try_join_all(calls.iter().map(|call| call.column(&batch, &run))).await?
                }
            };
            batch = widened(&batch, step.fields(), columns)?;
        }
        if batch.num_rows() == 0 {
            return Ok(Done { batch: RecordBatch::new_empty(Arc::clone(&self.schema)), rows_in, rows_out: 0 });
        }
        let rows_out = match &self.weight {
            None => batch.num_rows(),
            Some(weight) => {
                let each = weight.evaluate(&batch)?.into_array(batch.num_rows())?;
                let Some(each) = each.as_primitive_opt::<Int64Type>() else {
                    return internal_err!("a weight that is no number: {weight}");
                };
                usize::try_from(each.iter().flatten().sum::<i64>()).unwrap_or(0)
            }
        };
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), batch.columns().to_vec(), &options)?;
        Ok(Done { batch, rows_in, rows_out })
    }
}

fn compact(batch: RecordBatch) -> Result<RecordBatch> {
    if batch.num_columns() == 0 {
        return Ok(batch);
    }
    let rows = UInt32Array::from_iter_values(0..u32::try_from(batch.num_rows()).unwrap_or(u32::MAX));
    Ok(take_record_batch(&batch, &rows)?)
}

fn widened(batch: &RecordBatch, fields: Vec<FieldRef>, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    let fields: Vec<FieldRef> = batch.schema_ref().fields().iter().cloned().chain(fields).collect();
    let columns = batch.columns().iter().cloned().chain(columns).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options)?)
}

impl PlannedCall {
    async fn column(&self, batch: &RecordBatch, run: &StatementRun) -> Result<ArrayRef> {
        let Some(marker) = self.function.inner().downcast_ref::<ModelFunction>() else {
            return internal_err!("not a model function: {}", self.function.name());
        };
        let mut args = self
            .args
            .iter()
            .map(|arg| arg.evaluate(batch)?.into_array(batch.num_rows()))
            .collect::<Result<Vec<_>>>()?;
        let mut rows = batch.num_rows();
        let mut shapes: Vec<(OffsetBuffer<i32>, Option<NullBuffer>)> = Vec::with_capacity(self.items.len());
        for _ in &self.items {
            let Some(lists) = args.first().and_then(|a| a.as_list_opt::<i32>()) else {
                return internal_err!("{}: no list to call over", self.function.name());
            };
            shapes.push((adjust_offsets_for_slice(lists), lists.nulls().cloned()));
            args = args.iter().map(|arg| list_values(arg.as_ref())).collect::<Result<Vec<_>>>()?;
            rows = args.first().map_or(0, |a| a.len());
            if args.iter().any(|a| a.len() != rows) {
                return internal_err!("{}: lists of different lengths to call over", self.function.name());
            }
        }
        let mut column = call::column(marker, &args, rows, run).await?;
        for (item, (offsets, nulls)) in self.items.iter().zip(shapes).rev() {
            column = Arc::new(ListArray::try_new(Arc::clone(item), offsets, column, nulls)?);
        }
        Ok(column)
    }
}
