//! GROUP BY ROLLUP, CUBE and GROUPING SETS over calls.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder};

use super::calls_model;
use super::hoist::Hoist;

impl Hoist {
    /// What a grouping set calls becomes a column of the same name below: DataFusion expands the sets by their columns.
    /// `None` where no set calls.
    pub(super) fn rewrite_grouping_sets(&self, aggregate: &Aggregate) -> Result<Option<LogicalPlan>> {
        let mut leaves: Vec<Expr> = Vec::new();
        for expr in &aggregate.group_expr {
            let Expr::GroupingSet(set) = expr else { continue };
            leaves.extend(set.distinct_expr().into_iter().filter(|e| calls_model(e)).cloned());
        }
        if leaves.is_empty() {
            return Ok(None);
        }
        let name = |e: &Expr| e.schema_name().to_string();
        let input = aggregate.input.as_ref().clone();
        let columns = input.schema().columns().into_iter().map(Expr::Column);
        let columns: Vec<Expr> = columns.chain(leaves.iter().map(|e| e.clone().alias(name(e)))).collect();
        let input = self.rewrite_node(LogicalPlanBuilder::from(input).project(columns)?.build()?)?.data;
        let group_expr = aggregate.group_expr.iter().cloned().map(|expr| {
            let swapped = expr.transform_down(|e| match leaves.contains(&e) {
                true => {
                    let column = Expr::Column(Column::new_unqualified(name(&e)));
                    Ok(Transformed::new(column, true, TreeNodeRecursion::Jump))
                }
                false => Ok(Transformed::no(e)),
            });
            swapped.map(|t| t.data)
        });
        let group_expr = group_expr.collect::<Result<Vec<_>>>()?;
        let grouped = LogicalPlan::Aggregate(Aggregate::try_new_with_schema(
            Arc::new(input),
            group_expr,
            aggregate.aggr_expr.clone(),
            Arc::clone(&aggregate.schema),
        )?);
        self.rewrite_node(grouped).map(|t| Some(t.data))
    }
}
