//! The operator: streams rows through models, several rows at once, and gives them back in their order.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_datafusion_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::projection::ProjectionMapping;
use datafusion::physical_expr::{Distribution, OrderingRequirements, PhysicalExpr};
use datafusion::physical_plan::distribution_requirements::InputDistributionRequirements;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::metrics::{BaselineMetrics, Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::stream::FuturesOrdered;
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::node::First;
use super::pace::Pace;
use super::run::{Counters, StatementRun};
use super::work::{Done, PlannedStep, Work};

/// The most rows of one task: small enough that results flow, large enough that slicing costs nothing.
const ROWS_PER_TASK: usize = 16;

/// The most rows of one batch that comes out.
const ROWS_PER_BATCH: usize = 8192;

#[derive(Debug)]
pub struct ModelCallExec {
    work: Arc<Work>,
    /// The steps, as EXPLAIN shows them.
    shown: Vec<String>,
    lazy: bool,
    first: Option<First>,
    /// The order that the input has and must keep.
    ordering: Option<OrderingRequirements>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ModelCallExec {
    /// `shown`: the steps, in words. `weight`: that of `first`.
    pub fn try_new(
        steps: Vec<PlannedStep>,
        shown: Vec<String>,
        lazy: bool,
        first: Option<First>,
        weight: Option<Arc<dyn PhysicalExpr>>,
        input: Arc<dyn ExecutionPlan>,
    ) -> Result<Self> {
        let in_schema = input.schema();
        let made = steps.iter().flat_map(PlannedStep::fields);
        let fields: Vec<Arc<Field>> = in_schema.fields().iter().cloned().chain(made).collect();
        let schema: SchemaRef = Arc::new(Schema::new_with_metadata(fields, in_schema.metadata().clone()));
        let ordering = match &first {
            Some(First { ordered: true, .. }) => input.output_ordering().cloned().map(OrderingRequirements::from),
            _ => None,
        };
        let properties = properties(input.as_ref(), &schema)?;
        let work = Arc::new(Work { steps, weight, schema });
        Ok(Self { work, shown, lazy, first, ordering, input, properties, metrics: ExecutionPlanMetricsSet::new() })
    }

    fn drops_rows(&self) -> bool {
        self.first.is_some() || self.work.steps.iter().any(|s| matches!(s, PlannedStep::Keep(_)))
    }
}

/// What is known of the input (orderings, constants) holds for the same columns of the output.
fn properties(input: &dyn ExecutionPlan, schema: &SchemaRef) -> Result<Arc<PlanProperties>> {
    let in_schema = input.schema();
    let identity = in_schema.fields().iter().enumerate().map(|(i, f)| {
        let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(f.name(), i));
        (column, f.name().clone())
    });
    let mapping = ProjectionMapping::try_new(identity, &in_schema)?;
    Ok(Arc::new(PlanProperties::new(
        input.equivalence_properties().project(&mapping, Arc::clone(schema)),
        input.output_partitioning().clone(),
        input.pipeline_behavior(),
        input.boundedness(),
    )))
}

impl DisplayAs for ModelCallExec {
    fn fmt_as(&self, format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match format {
            DisplayFormatType::TreeRender => {
                for step in &self.shown {
                    writeln!(f, "{step}")?;
                }
            }
            _ => write!(f, "ModelCallExec: {}", self.shown.join("; "))?,
        }
        match &self.first {
            Some(first) => write!(f, "; first {}", first.rows),
            None => Ok(()),
        }
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

    /// The first rows of several partitions would be too many.
    fn input_distribution_requirements(&self) -> InputDistributionRequirements {
        InputDistributionRequirements::new(vec![match self.first {
            Some(_) => Distribution::SinglePartition,
            None => Distribution::UnspecifiedDistribution,
        }])
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.ordering.clone()]
    }

    /// Concurrency is the operator's own; more partitions would only split the batches that models like large.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        if self.drops_rows() { CardinalityEffect::LowerEqual } else { CardinalityEffect::Equal }
    }

    fn supports_limit_pushdown(&self) -> bool {
        !self.drops_rows()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for expr in self.work.steps.iter().flat_map(PlannedStep::exprs).chain(&self.work.weight) {
            if f(expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, mut children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let input = children.swap_remove(0);
        Ok(Arc::new(Self {
            properties: properties(input.as_ref(), &self.work.schema)?,
            input,
            work: Arc::clone(&self.work),
            shown: self.shown.clone(),
            lazy: self.lazy,
            first: self.first.clone(),
            ordering: self.ordering.clone(),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let run = context
            .session_config()
            .get_extension::<StatementRun>()
            .ok_or_else(|| internal_datafusion_err!("a model call outside of a statement"))?;
        let tally = Tally::new(&self.metrics, partition);
        let rows = Rows {
            input: self.input.execute(partition, context)?,
            work: Arc::clone(&self.work),
            run: Arc::new(run.counting_in(Arc::clone(&tally.counters))),
            tally,
            waiting: VecDeque::new(),
            running: FuturesOrdered::new(),
            rows_running: 0,
            pace: Pace::new(self.lazy, self.first.as_ref()),
            input_ended: false,
            baseline: BaselineMetrics::new(&self.metrics, partition),
        };
        let stream =
            futures::stream::try_unfold(
                rows,
                |mut rows| async move { Ok(rows.next().await?.map(|batch| (batch, rows))) },
            );
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.work.schema), stream)))
    }
}

/// One of the counters.
type Counter = fn(&Counters) -> &AtomicU64;

/// What EXPLAIN ANALYZE says of the calls of one partition.
struct Tally {
    counters: Arc<Counters>,
    told: [(Counter, Count); 5],
}

impl Tally {
    fn new(metrics: &ExecutionPlanMetricsSet, partition: usize) -> Self {
        let count = |name: &'static str| MetricBuilder::new(metrics).counter(name, partition);
        let told: [(Counter, Count); 5] = [
            (|c| &c.asked, count("calls_asked")),
            (|c| &c.made, count("calls_made")),
            (|c| &c.shared, count("calls_shared")),
            (|c| &c.stored, count("calls_stored")),
            (|c| &c.failed, count("calls_failed")),
        ];
        Self { counters: Arc::default(), told }
    }

    fn tell(&self) {
        for (counter, told) in &self.told {
            let now = usize::try_from(counter(&self.counters).load(Ordering::Relaxed)).unwrap_or(usize::MAX);
            told.add(now.saturating_sub(told.value()));
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.tell();
    }
}

type Task = futures::future::BoxFuture<'static, Result<Done>>;

/// One partition under way.
struct Rows {
    input: SendableRecordBatchStream,
    work: Arc<Work>,
    run: Arc<StatementRun>,
    tally: Tally,
    /// Slices of input that no task has taken.
    waiting: VecDeque<RecordBatch>,
    running: FuturesOrdered<Task>,
    rows_running: usize,
    pace: Pace,
    input_ended: bool,
    baseline: BaselineMetrics,
}

impl Rows {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if self.pace.left() == Some(0) {
                self.baseline.done();
                return Ok(None);
            }
            self.start_tasks();
            let may_read = !self.input_ended && self.waiting.is_empty() && self.rows_running < self.pace.window();
            // Finished rows leave and new input comes in, whichever is there first.
            tokio::select! {
                biased;
                Some(done) = self.running.next(), if !self.running.is_empty() => {
                    let batch = self.gather(done?)?;
                    if batch.num_rows() == 0 {
                        continue;
                    }
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

    /// What is done already goes up as one batch.
    fn gather(&mut self, first: Done) -> Result<RecordBatch> {
        let mut parts = vec![self.taken(first)];
        let mut rows = parts[0].num_rows();
        while rows < ROWS_PER_BATCH && self.pace.left() != Some(0) {
            self.start_tasks();
            let Some(Some(done)) = self.running.next().now_or_never() else { break };
            let batch = self.taken(done?);
            rows += batch.num_rows();
            parts.push(batch);
        }
        match parts.as_slice() {
            [one] => Ok(one.clone()),
            parts => Ok(concat_batches(&self.work.schema, parts)?),
        }
    }

    fn taken(&mut self, done: Done) -> RecordBatch {
        self.tally.tell();
        self.rows_running -= done.rows_in;
        self.run.counters.rows.fetch_add(done.rows_in as u64, Ordering::Relaxed);
        let is_weighed = self.work.weight.is_some();
        let wanted = self.pace.left().filter(|_| !is_weighed).unwrap_or(usize::MAX);
        self.pace.done(done.rows_in, done.rows_out);
        if done.batch.num_rows() > wanted { done.batch.slice(0, wanted) } else { done.batch }
    }

    fn start_tasks(&mut self) {
        while self.rows_running < self.pace.window() {
            let Some(batch) = self.waiting.pop_front() else { return };
            let take = batch.num_rows().min(ROWS_PER_TASK).min(self.pace.window() - self.rows_running);
            if take < batch.num_rows() {
                self.waiting.push_front(batch.slice(take, batch.num_rows() - take));
            }
            self.rows_running += take;
            // On its own, so that a call goes on while nobody reads here: an equal call elsewhere may wait for it.
            let task = SpawnedTask::spawn(Arc::clone(&self.work).run(Arc::clone(&self.run), batch.slice(0, take)));
            self.running.push_back(Box::pin(async move {
                task.join_unwind().await.map_err(|e| DataFusionError::ExecutionJoin(Box::new(e)))?
            }));
        }
    }
}
