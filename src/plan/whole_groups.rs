//! Aggregates that keep all rows of a group see them in one place.
//!
//! DataFusion aggregates the rows of each partition, and then what came of that. For a sum this saves moving rows; an aggregate
//! that keeps them, as statistics do, would move them all the same, in lists, and hold them three times on the way. Where there is
//! one, rows go to the partition of their group first:
//!
//! ```text
//! final ◀── by group ◀── partial ◀── rows        becomes        single ◀── by group ◀── rows
//! ```

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};

/// The rule, with the names of the aggregates that keep rows.
#[derive(Debug)]
pub struct WholeGroups(pub HashSet<String>);

impl PhysicalOptimizerRule for WholeGroups {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let changed = plan.transform_down(|plan| match self.single(&plan)? {
            Some(single) => Ok(Transformed::yes(single)),
            None => Ok(Transformed::no(plan)),
        });
        changed.data()
    }

    fn name(&self) -> &str {
        "whole_groups"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

impl WholeGroups {
    /// One aggregation in place of a partial and a final one, where that is better.
    fn single(&self, plan: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(last) = plan.downcast_ref::<AggregateExec>() else { return Ok(None) };
        let between = last.input();
        let below = between.children();
        let Some(partial) = below.first().and_then(|below| below.downcast_ref::<AggregateExec>()) else {
            return Ok(None);
        };
        let keeps_rows = |name: &str| self.0.contains(name);
        let aggregates = partial.aggr_expr();
        // A row belongs to several groups of ROLLUP and its like. An aggregate that wants its rows in an order has them so now, and
        // might not then.
        if *partial.mode() != AggregateMode::Partial
            || !partial.group_expr().is_single()
            || !aggregates.iter().any(|aggregate| keeps_rows(aggregate.fun().name()))
            || aggregates.iter().any(|aggregate| !aggregate.order_bys().is_empty())
        {
            return Ok(None);
        }
        let rows = Arc::clone(partial.input());
        let (mode, input): (_, Arc<dyn ExecutionPlan>) = match last.mode() {
            AggregateMode::FinalPartitioned if between.downcast_ref::<RepartitionExec>().is_some() => {
                let keys = partial.group_expr().expr().iter().map(|(key, _)| Arc::clone(key)).collect();
                let to = Partitioning::Hash(keys, between.output_partitioning().partition_count());
                (AggregateMode::SinglePartitioned, Arc::new(RepartitionExec::try_new(rows, to)?))
            }
            AggregateMode::Final if between.downcast_ref::<CoalescePartitionsExec>().is_some() => {
                (AggregateMode::Single, Arc::new(CoalescePartitionsExec::new(rows)))
            }
            _ => return Ok(None),
        };
        let single = AggregateExec::try_new(
            mode,
            partial.group_expr().clone(),
            aggregates.to_vec(),
            partial.filter_expr().to_vec(),
            input,
            partial.input_schema(),
        )?;
        Ok(Some(Arc::new(single.with_limit_options(last.limit_options()))))
    }
}
