//! The optimizer's last rule: model calls leave the expressions they stand in and become columns of a node below.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, plan_err};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{
    Expr, ExprSchemable, Extension, Filter, Join, JoinType, LogicalPlan, LogicalPlanBuilder, Sort, Union, Values, col,
    lit,
};
use datafusion::optimizer::{OptimizerConfig, OptimizerRule};

use super::calls_model;
use super::guard::Take;
use super::node::ModelCallNode;

/// Takes every model call of a plan out of its clause. Numbers the columns it makes.
#[derive(Debug, Default)]
pub struct HoistModelCalls {
    made: AtomicUsize,
}

impl OptimizerRule for HoistModelCalls {
    fn name(&self) -> &str {
        "hoist_model_calls"
    }

    fn rewrite(&self, plan: LogicalPlan, _: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let lazy = plan.exists(|node| {
            Ok(matches!(node, LogicalPlan::Limit(_) | LogicalPlan::Sort(Sort { fetch: Some(_), .. })))
        })?;
        let hoist = Hoist { made: &self.made, lazy };
        let hoisted = plan.transform_up_with_subqueries(|node| hoist.rewrite_node(node))?;
        if !hoisted.transformed {
            return Ok(hoisted);
        }
        // Nothing may be left: a marker that is reached at run time has no body.
        hoisted.data.apply_with_subqueries(|node| {
            if matches!(node, LogicalPlan::Extension(_)) {
                return Ok(TreeNodeRecursion::Continue);
            }
            match node.expressions().iter().find(|e| calls_model(e)) {
                Some(e) => plan_err!("a model cannot be called here: {e}"),
                None => Ok(TreeNodeRecursion::Continue),
            }
        })?;
        Ok(hoisted)
    }
}

/// One plan being rewritten.
struct Hoist<'a> {
    made: &'a AtomicUsize,
    /// Somewhere above, a LIMIT may be content with the first rows.
    lazy: bool,
}

impl Hoist<'_> {
    fn rewrite_node(&self, node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        if let LogicalPlan::Sort(sort) = node {
            return self.rewrite_sort(sort);
        }
        if matches!(node, LogicalPlan::Extension(_)) || !node.expressions().iter().any(calls_model) {
            return Ok(Transformed::no(node));
        }
        if node.expressions().iter().any(in_lambda) {
            return plan_err!(
                "a model cannot be called inside a lambda\n\nhint: unnest the list, call the model a row, and array_agg the results"
            );
        }
        let schema = Arc::clone(node.schema());
        Ok(Transformed::yes(match node {
            LogicalPlan::Filter(filter) => restore(&schema, self.rewrite_filter(filter)?)?,
            LogicalPlan::Join(join) => restore(&schema, self.rewrite_join(join)?)?,
            LogicalPlan::Values(values) => self.rewrite_values(&values, &schema)?,
            node if node.inputs().len() == 1 => self.rewrite_unary(node, &schema)?,
            other => return plan_err!("a model cannot be called in {}", other.display()),
        }))
    }

    fn rewrite_unary(&self, node: LogicalPlan, schema: &DFSchema) -> Result<LogicalPlan> {
        let names = NamePreserver::new(&node);
        let exprs = node.expressions();
        let saved: Vec<_> = exprs.iter().map(|e| names.save(e)).collect();
        let passes_input = matches!(node, LogicalPlan::Window(_) | LogicalPlan::Limit(_) | LogicalPlan::Repartition(_));
        let input = node.inputs()[0].clone();
        let (exprs, input) = self.hoist(exprs, input)?;
        let exprs = exprs.into_iter().zip(saved).map(|(e, name)| name.restore(e)).collect();
        let rewritten = node.with_new_exprs(exprs, vec![input])?;
        if passes_input { restore(schema, rewritten) } else { Ok(rewritten) }
    }

    /// Cheap conditions first, then one model condition after another, each over the rows that the ones before it left.
    fn rewrite_filter(&self, filter: Filter) -> Result<LogicalPlan> {
        let (calling, cheap): (Vec<Expr>, Vec<Expr>) =
            split_conjunction(&filter.predicate).into_iter().cloned().partition(calls_model);
        let mut plan = Arc::unwrap_or_clone(filter.input);
        if let Some(cheap) = conjunction(cheap) {
            plan = LogicalPlanBuilder::from(plan).filter(cheap)?.build()?;
        }
        for condition in calling {
            let (mut exprs, input) = self.hoist(vec![condition], plan)?;
            plan = LogicalPlan::Filter(Filter::try_new(exprs.swap_remove(0), Arc::new(input))?);
        }
        Ok(plan)
    }

    /// Keys are called on their own side. What reads both sides becomes a filter over an inner join; an outer join
    /// cannot be filtered after the fact.
    fn rewrite_join(&self, mut join: Join) -> Result<LogicalPlan> {
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
            // What reads one side is called there, for any kind of join.
            let name = |prefix: &str| self.name(prefix);
            let mut take = Take::new(&name);
            let without_calls = take.from(condition.clone())?;
            let sides = take.split(|c| left.schema().has_column(c), |c| right.schema().has_column(c));
            if let Some((on_left, on_right)) = sides {
                left = on_left.over(left, |plan, calls| self.with_calls(plan, calls))?;
                right = on_right.over(right, |plan, calls| self.with_calls(plan, calls))?;
                kept.push(without_calls);
            } else if join.join_type == JoinType::Inner {
                later.push(condition); // it waits for the joined rows
            } else {
                return plan_err!(
                    "a condition that calls a model over both sides of this join cannot be in its ON clause: {condition}\n\nhint: \
                     join first in a subquery, and call the model over its rows"
                );
            }
        }
        let joined = LogicalPlan::Join(Join::try_new(
            Arc::new(left),
            Arc::new(right),
            left_keys.into_iter().zip(right_keys).collect(),
            conjunction(kept),
            join.join_type,
            join.join_constraint,
            join.null_equality,
            join.null_aware,
        )?);
        match conjunction(later) {
            Some(predicate) => self.rewrite_filter(Filter::try_new(predicate, Arc::new(joined))?),
            None => Ok(joined),
        }
    }

    /// Rows are numbered and sorted, because the branches of a union end in any order.
    fn rewrite_values(&self, values: &Values, schema: &DFSchema) -> Result<LogicalPlan> {
        const ROW: &str = "__model_call_row";
        let rows = values.values.iter().zip(0_i64..).map(|(row, number)| {
            let cells = row.iter().zip(schema.fields());
            let typed = cells.map(|(e, f)| Ok(e.clone().cast_to(f.data_type(), &DFSchema::empty())?.alias(f.name())));
            let named = typed.chain([Ok(lit(number).alias(ROW))]).collect::<Result<Vec<_>>>()?;
            let project = LogicalPlanBuilder::empty(true).project(named)?.build()?;
            Ok(Arc::new(self.rewrite_node(project)?.data))
        });
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let all = match rows.as_slice() {
            [one] => one.as_ref().clone(),
            _ => LogicalPlan::Union(Union::try_new_with_loose_types(rows)?),
        };
        let sorted = LogicalPlanBuilder::from(all).sort([col(ROW).sort(true, false)])?.build()?;
        LogicalPlanBuilder::from(sorted).project(schema.columns().into_iter().map(Expr::Column))?.build()
    }

    /// `ORDER BY … LIMIT k` over a projection that calls models: where the sort does not need the calls, sort and cut
    /// first, and call for k rows only.
    fn rewrite_sort(&self, sort: Sort) -> Result<Transformed<LogicalPlan>> {
        let schema = Arc::clone(sort.input.schema());
        if sort.expr.iter().any(|s| calls_model(&s.expr)) {
            let node = LogicalPlan::Sort(sort);
            let exprs = node.expressions();
            let input = node.inputs()[0].clone();
            let (exprs, input) = self.hoist(exprs, input)?;
            let sorted = node.with_new_exprs(exprs, vec![input])?;
            return Ok(Transformed::yes(restore(&schema, sorted)?));
        }
        if sort.fetch.is_none() {
            return Ok(Transformed::no(LogicalPlan::Sort(sort)));
        }
        let LogicalPlan::Projection(projection) = sort.input.as_ref() else {
            return Ok(Transformed::no(LogicalPlan::Sort(sort)));
        };
        let LogicalPlan::Extension(extension) = projection.input.as_ref() else {
            return Ok(Transformed::no(LogicalPlan::Sort(sort)));
        };
        let Some(called) = extension.node.as_any().downcast_ref::<ModelCallNode>() else {
            return Ok(Transformed::no(LogicalPlan::Sort(sort)));
        };
        let below: Option<Vec<_>> = sort
            .expr
            .iter()
            .map(|key| {
                let expr = through_projection(&key.expr, projection)?;
                reads_only(&expr, called.input.schema()).then(|| key.with_expr(expr))
            })
            .collect();
        let Some(keys) = below else { return Ok(Transformed::no(LogicalPlan::Sort(sort))) };
        let first = LogicalPlan::Sort(Sort { expr: keys, input: Arc::new(called.input.clone()), fetch: sort.fetch });
        let calls = self.with_calls(first, called.calls.clone())?;
        let projected = LogicalPlan::Projection(datafusion::logical_expr::Projection::try_new(
            projection.expr.clone(),
            Arc::new(calls),
        )?);
        // The sort above stays: it costs k rows and does not rely on what the operators below keep in order.
        Ok(Transformed::yes(LogicalPlan::Sort(Sort {
            expr: sort.expr.clone(),
            input: Arc::new(projected),
            fetch: sort.fetch,
        })))
    }

    /// Takes the calls out of `exprs` and puts them below, as nodes over `input`.
    fn hoist(&self, exprs: Vec<Expr>, input: LogicalPlan) -> Result<(Vec<Expr>, LogicalPlan)> {
        let name = |prefix: &str| self.name(prefix);
        let mut take = Take::new(&name);
        let exprs = exprs.into_iter().map(|e| take.from(e)).collect::<Result<Vec<_>>>()?;
        Ok((exprs, take.over(input, |plan, calls| self.with_calls(plan, calls))?))
    }

    fn name(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.made.fetch_add(1, Ordering::Relaxed))
    }

    fn with_calls(&self, input: LogicalPlan, calls: Vec<Expr>) -> Result<LogicalPlan> {
        if calls.is_empty() {
            return Ok(input);
        }
        Ok(LogicalPlan::Extension(Extension { node: Arc::new(ModelCallNode::try_new(input, calls, self.lazy)?) }))
    }
}

/// The columns of `schema` and no others: what stood here before its calls moved below.
fn restore(schema: &DFSchema, plan: LogicalPlan) -> Result<LogicalPlan> {
    LogicalPlanBuilder::from(plan).project(schema.columns().into_iter().map(Expr::Column))?.build()
}

fn reads_only(expr: &Expr, schema: &DFSchema) -> bool {
    expr.column_refs().into_iter().all(|c| schema.has_column(c))
}

/// A sort key over a projection's output, in terms of the projection's input.
fn through_projection(expr: &Expr, projection: &datafusion::logical_expr::Projection) -> Option<Expr> {
    let replaced = expr.clone().transform_up(|e| {
        let Expr::Column(column) = &e else { return Ok(Transformed::no(e)) };
        let index = projection.schema.index_of_column(column)?;
        Ok(Transformed::yes(projection.expr[index].clone().unalias()))
    });
    replaced.ok().map(|t| t.data)
}

fn in_lambda(expr: &Expr) -> bool {
    expr.exists(|e| Ok(matches!(e, Expr::Lambda(lambda) if calls_model(&lambda.body)))).unwrap_or(false)
}
