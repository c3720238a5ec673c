//! A join that drops rows is a cheap condition: conditions that call come after it.
//!
//! Optimizer rules push conditions below joins, where they see rows that will find no partner. As equal calls are one call, a
//! condition above the join never calls more than one below it.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, DFSchema, NullEquality, Result};
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{
    Expr, Filter, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Operator, Projection, SubqueryAlias, binary_expr,
};

use super::calls_model;
use super::guard::has_chance;
use super::hoist::restore;

/// Moves the calling conditions of a join and of what lies below it above it. `name` makes names of columns.
pub fn after_joins(node: LogicalPlan, name: &dyn Fn(&str) -> String) -> Result<Transformed<LogicalPlan>> {
    let LogicalPlan::Join(join) = node else { return Ok(Transformed::no(node)) };
    let (from_left, from_right) = match join.join_type {
        JoinType::Inner => (true, true),
        JoinType::LeftSemi | JoinType::LeftAnti => (true, false),
        JoinType::RightSemi | JoinType::RightAnti => (false, true),
        _ => (false, false),
    };
    let (calling_on, on): (Vec<_>, Vec<_>) =
        join.on.iter().cloned().partition(|(l, r)| calls_model(l) || calls_model(r));
    let (calling, kept): (Vec<Expr>, Vec<Expr>) =
        join.filter.iter().flat_map(split_conjunction).cloned().partition(calls_model);
    let is_inner = join.join_type == JoinType::Inner;
    let calls = !calling_on.is_empty() || !calling.is_empty();
    // Without a cheap key the join is a product, and a condition below it keeps it small.
    if (is_inner && on.is_empty()) || (!is_inner && calls) || join.null_aware || !(from_left || from_right) {
        return Ok(Transformed::no(LogicalPlan::Join(join)));
    }
    let mut later = Vec::new();
    let mut side = |plan: &Arc<LogicalPlan>, pulls: bool| -> Result<Arc<LogicalPlan>> {
        match if pulls { pulled(plan, name)? } else { None } {
            Some((below, conditions)) => {
                later.extend(conditions);
                Ok(Arc::new(below))
            }
            None => Ok(Arc::clone(plan)),
        }
    };
    let left = side(&join.left, from_left)?;
    let right = side(&join.right, from_right)?;
    later.extend(calling_on.into_iter().map(|(l, r)| match join.null_equality {
        NullEquality::NullEqualsNothing => l.eq(r),
        NullEquality::NullEqualsNull => binary_expr(l, Operator::IsNotDistinctFrom, r),
    }));
    later.extend(calling);
    let Some(condition) = conjunction(later) else { return Ok(Transformed::no(LogicalPlan::Join(join))) };
    let joined = Join::try_new(
        left,
        right,
        on,
        conjunction(kept),
        join.join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    )?;
    let filtered = Filter::try_new(condition, Arc::new(LogicalPlan::Join(joined)))?;
    Ok(Transformed::yes(restore(&join.schema, LogicalPlan::Filter(filtered))?))
}

type Pulled = (LogicalPlan, Vec<Expr>);

/// `plan` without its topmost calling conditions, and those, over its columns. The plan may have more columns than before.
fn pulled(plan: &LogicalPlan, name: &dyn Fn(&str) -> String) -> Result<Option<Pulled>> {
    match plan {
        LogicalPlan::Filter(filter) => {
            let conditions = split_conjunction(&filter.predicate).into_iter().cloned();
            let (late, early): (Vec<Expr>, Vec<Expr>) = conditions.partition(|c| calls_model(c) && !has_chance(c));
            let (mut below, mut conditions) = match pulled(&filter.input, name)? {
                Some(pulled) => pulled,
                None => (filter.input.as_ref().clone(), Vec::new()),
            };
            conditions.extend(late);
            if conditions.is_empty() {
                return Ok(None);
            }
            if let Some(early) = conjunction(early) {
                below = LogicalPlanBuilder::from(below).filter(early)?.build()?;
            }
            Ok(Some((below, conditions)))
        }
        LogicalPlan::Projection(projection) if projection.expr.iter().all(is_plain) => {
            let Some((below, conditions)) = pulled(&projection.input, name)? else { return Ok(None) };
            let mut exprs = projection.expr.clone();
            let conditions = renamed(conditions, |column| {
                let passed = projection.expr.iter().position(|e| matches!(plain(e), Expr::Column(c) if c == column));
                if let Some(index) = passed {
                    return Some(Column::from(projection.schema.qualified_field(index)));
                }
                let new = name("__model_pulled");
                exprs.push(Expr::Column(column.clone()).alias(&new));
                Some(Column::new_unqualified(new))
            })?;
            let Some(conditions) = conditions else { return Ok(None) };
            Ok(Some((LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(below))?), conditions)))
        }
        LogicalPlan::SubqueryAlias(alias) => {
            let Some((below, conditions)) = pulled(&alias.input, name)? else { return Ok(None) };
            let below = LogicalPlan::SubqueryAlias(SubqueryAlias::try_new(Arc::new(below), alias.alias.clone())?);
            let inner: &DFSchema = match &below {
                LogicalPlan::SubqueryAlias(alias) => alias.input.schema(),
                other => other.schema(),
            };
            let conditions = renamed(conditions, |column| {
                Some(Column::from(below.schema().qualified_field(inner.maybe_index_of_column(column)?)))
            })?;
            Ok(conditions.map(|conditions| (below.clone(), conditions)))
        }
        _ => Ok(None),
    }
}

fn plain(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => plain(&alias.expr),
        other => other,
    }
}

/// Rows that a condition would have dropped must not be able to fail.
fn is_plain(expr: &Expr) -> bool {
    matches!(plain(expr), Expr::Column(_) | Expr::Literal(..))
}

fn renamed(conditions: Vec<Expr>, mut to: impl FnMut(&Column) -> Option<Column>) -> Result<Option<Vec<Expr>>> {
    use datafusion::common::tree_node::TreeNode;
    use std::collections::HashMap;
    let mut known: HashMap<Column, Column> = HashMap::new();
    let mut lost = false;
    let conditions = conditions.into_iter().map(|condition| {
        let renamed = condition.transform_up(|e| {
            let Expr::Column(column) = &e else { return Ok(Transformed::no(e)) };
            if !known.contains_key(column) {
                match to(column) {
                    Some(new) => known.insert(column.clone(), new),
                    None => {
                        lost = true;
                        return Ok(Transformed::no(e));
                    }
                };
            }
            Ok(Transformed::yes(Expr::Column(known[column].clone())))
        });
        renamed.map(|t| t.data)
    });
    let conditions = conditions.collect::<Result<Vec<_>>>()?;
    Ok((!lost).then_some(conditions))
}
