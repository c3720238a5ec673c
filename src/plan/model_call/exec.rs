//! The operator: streams rows through models, several rows at once, and gives them back in their order.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result, internal_datafusion_err, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::projection::ProjectionMapping;
use datafusion::physical_expr::{PhysicalExpr, ScalarFunctionExpr};
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::stream::FuturesOrdered;
use futures::{StreamExt, TryStreamExt};
use glotrace_udfs::llm::ModelFunction;

use super::call;
use super::run::StatementRun;

/// The most rows of one partition whose calls run at once. Models batch what arrives together; rows beyond this wait.
const ROWS_IN_FLIGHT: usize = 128;

/// The most rows of one task: small enough that results flow, large enough that slicing costs nothing.
const ROWS_PER_TASK: usize = 16;

#[derive(Debug)]
pub struct ModelCallExec {
    calls: Vec<(Arc<dyn PhysicalExpr>, String)>,
    lazy: bool,
    schema: SchemaRef,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ModelCallExec {
    pub fn try_new(
        calls: Vec<(Arc<dyn PhysicalExpr>, String)>,
        lazy: bool,
        input: Arc<dyn ExecutionPlan>,
    ) -> Result<Self> {
        let in_schema = input.schema();
        let mut fields: Vec<Arc<Field>> = in_schema.fields().iter().cloned().collect();
        for (call, name) in &calls {
            fields.push(Arc::new(call.return_field(&in_schema)?.as_ref().clone().with_name(name)));
        }
        let schema = Arc::new(Schema::new_with_metadata(fields, in_schema.metadata().clone()));
        // What is known of the input (orderings, constants) holds for the same columns of the output.
        let identity = in_schema.fields().iter().enumerate().map(|(i, f)| {
            let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(f.name(), i));
            (column, f.name().clone())
        });
        let mapping = ProjectionMapping::try_new(identity, &in_schema)?;
        let equivalences = input.equivalence_properties().project(&mapping, Arc::clone(&schema));
        let properties = PlanProperties::new(
            equivalences,
            input.output_partitioning().clone(),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Ok(Self {
            calls,
            lazy,
            schema,
            input,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for ModelCallExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls: Vec<String> = self.calls.iter().map(|(call, name)| format!("{call} as {name}")).collect();
        write!(f, "ModelCallExec: {}", calls.join(", "))
    }
}

impl ExecutionPlan for ModelCallExec {
    fn name(&self) -> &str {
        "ModelCallExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    /// Concurrency is the operator's own; more partitions would only split the batches that models like large.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for (call, _) in &self.calls {
            f(call)?;
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::try_new(self.calls.clone(), self.lazy, children.swap_remove(0))?))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let run = context
            .session_config()
            .get_extension::<StatementRun>()
            .ok_or_else(|| internal_datafusion_err!("a model call outside of a statement"))?;
        let rows = Rows {
            input: self.input.execute(partition, context)?,
            calls: Arc::new(self.calls.iter().map(|(call, _)| Arc::clone(call)).collect()),
            schema: Arc::clone(&self.schema),
            run,
            waiting: VecDeque::new(),
            running: FuturesOrdered::new(),
            rows_running: 0,
            window: if self.lazy { 1 } else { ROWS_IN_FLIGHT },
            input_ended: false,
            baseline: BaselineMetrics::new(&self.metrics, partition),
        };
        let stream =
            futures::stream::try_unfold(
                rows,
                |mut rows| async move { Ok(rows.next().await?.map(|batch| (batch, rows))) },
            );
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), stream)))
    }
}

type Task = futures::future::BoxFuture<'static, Result<RecordBatch>>;

/// One partition under way.
struct Rows {
    input: SendableRecordBatchStream,
    calls: Arc<Vec<Arc<dyn PhysicalExpr>>>,
    schema: SchemaRef,
    run: Arc<StatementRun>,
    /// Slices of input that no task has taken.
    waiting: VecDeque<RecordBatch>,
    running: FuturesOrdered<Task>,
    rows_running: usize,
    /// How many rows may run at once. Under a LIMIT it starts at one and doubles with each finished task, so that a limit
    /// that is content with the first rows has not set a hundred calls going.
    window: usize,
    input_ended: bool,
    baseline: BaselineMetrics,
}

impl Rows {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            self.start_tasks();
            let may_read = !self.input_ended && self.waiting.is_empty() && self.rows_running < self.window;
            // Finished rows leave and new input comes in, whichever is there first.
            tokio::select! {
                biased;
                Some(done) = self.running.next(), if !self.running.is_empty() => {
                    let batch = done?;
                    self.rows_running -= batch.num_rows();
                    self.window = (self.window * 2).min(ROWS_IN_FLIGHT);
                    self.run.counters.rows.fetch_add(batch.num_rows() as u64, Ordering::Relaxed);
                    self.baseline.record_output(batch.num_rows());
                    return Ok(Some(batch));
                }
                batch = self.input.try_next(), if may_read => match batch? {
                    Some(batch) if batch.num_rows() > 0 => self.waiting.push_back(batch),
                    Some(_) => {}
                    None => self.input_ended = true,
                },
                else => {
                    if self.running.is_empty() && self.waiting.is_empty() && self.input_ended {
                        self.baseline.done();
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn start_tasks(&mut self) {
        while self.rows_running < self.window {
            let Some(batch) = self.waiting.pop_front() else { return };
            let take = batch.num_rows().min(ROWS_PER_TASK).min(self.window - self.rows_running);
            if take < batch.num_rows() {
                self.waiting.push_front(batch.slice(take, batch.num_rows() - take));
            }
            self.rows_running += take;
            let (calls, schema, run) = (Arc::clone(&self.calls), Arc::clone(&self.schema), Arc::clone(&self.run));
            self.running.push_back(Box::pin(call_rows(calls, schema, run, batch.slice(0, take))));
        }
    }
}

/// One slice of rows through all calls of the node.
async fn call_rows(
    calls: Arc<Vec<Arc<dyn PhysicalExpr>>>,
    schema: SchemaRef,
    run: Arc<StatementRun>,
    batch: RecordBatch,
) -> Result<RecordBatch> {
    let mut columns = batch.columns().to_vec();
    let results = futures::future::try_join_all(calls.iter().map(|call| one_call(call, &run, &batch))).await?;
    columns.extend(results);
    Ok(RecordBatch::try_new(schema, columns)?)
}

async fn one_call(
    call: &Arc<dyn PhysicalExpr>,
    run: &StatementRun,
    batch: &RecordBatch,
) -> Result<datafusion::arrow::array::ArrayRef> {
    let Some(function) = call.downcast_ref::<ScalarFunctionExpr>() else {
        return internal_err!("a model call that is no function: {call}");
    };
    let Some(marker) = function.fun().inner().downcast_ref::<ModelFunction>() else {
        return internal_err!("not a model function: {call}");
    };
    let args = function
        .args()
        .iter()
        .map(|arg| arg.evaluate(batch)?.into_array(batch.num_rows()))
        .collect::<Result<Vec<_>>>()?;
    call::column(marker, &args, batch.num_rows(), run).await
}
