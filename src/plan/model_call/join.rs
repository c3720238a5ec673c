//! Calls in the condition of a join.

use std::sync::Arc;

use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, Filter, Join, JoinType, LogicalPlan};

use super::calls_model;
use super::guard::Take;
use super::hoist::Hoist;
use super::shown::shown_expr;

impl Hoist {
    /// What reads one side is called there, for any kind of join. What reads both sides waits for the pairs.
    pub(super) fn rewrite_join(&self, mut join: Join) -> Result<LogicalPlan> {
        let (left_keys, right_keys): (Vec<_>, Vec<_>) = std::mem::take(&mut join.on).into_iter().unzip();
        let (left_keys, mut left) = self.hoist(left_keys, join.left.as_ref().clone())?;
        let (right_keys, mut right) = self.hoist(right_keys, join.right.as_ref().clone())?;
        let mut later = Vec::new();
        let mut kept = Vec::new();
        for condition in join.filter.take().iter().flat_map(split_conjunction).cloned() {
            if !calls_model(&condition) {
                kept.push(condition);
                continue;
            }
            let name = |prefix: &str| self.name(prefix);
            let mut take = Take::new(&name, &join.left.schema().join(join.right.schema())?);
            let without_calls = take.from(condition.clone())?;
            match take.split(|c| join.left.schema().has_column(c), |c| join.right.schema().has_column(c)) {
                Some((on_left, on_right)) => {
                    left = self.with_steps(left, on_left)?;
                    right = self.with_steps(right, on_right)?;
                    kept.push(without_calls);
                }
                None => later.push(condition),
            }
        }
        join.on = left_keys.into_iter().zip(right_keys).collect();
        join.filter = conjunction(kept);
        (join.left, join.right) = (Arc::new(left), Arc::new(right));
        let Some(later) = conjunction(later) else { return remade(join).map(LogicalPlan::Join) };
        match join.join_type {
            JoinType::Inner => {
                let joined = LogicalPlan::Join(remade(join)?);
                self.rewrite_filter(Filter::try_new(later, Arc::new(joined))?)
            }
            _ if join.null_aware => plan_err!(
                "a model cannot be called over both sides of NOT IN: {}\n\nhint: write it as NOT EXISTS",
                shown_expr(&later)
            ),
            _ => self.rewrite_pairs(join, later),
        }
    }
}

/// A join whose inputs have changed, with the schema that they give.
pub(super) fn remade(join: Join) -> Result<Join> {
    Join::try_new(
        join.left,
        join.right,
        join.on,
        join.filter,
        join.join_type,
        join.join_constraint,
        join.null_equality,
        join.null_aware,
    )
}

/// The same join with its sides swapped.
pub(super) fn swapped(join: Join) -> Result<Join> {
    remade(Join {
        left: join.right,
        right: join.left,
        on: join.on.into_iter().map(|(l, r): (Expr, Expr)| (r, l)).collect(),
        join_type: join.join_type.swap(),
        ..join
    })
}
