//! LIMIT and ORDER BY … LIMIT: only the rows that come out are called for.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, Result};
use datafusion::logical_expr::{Expr, FetchType, Limit, LogicalPlan, SkipType, Sort, SortExpr};

use super::calls_model;
use super::chain::Chain;
use super::hoist::{Hoist, restore};
use super::node::{First, ModelCallNode, Step, steps_call};

impl Hoist<'_> {
    /// Calls in sort keys move below; of `ORDER BY … LIMIT k`, the calls that the order does not need come after the sort.
    pub(super) fn rewrite_sort(&self, mut sort: Sort) -> Result<Transformed<LogicalPlan>> {
        let schema = Arc::clone(sort.input.schema());
        let calls = sort.expr.iter().any(|s| calls_model(&s.expr));
        if calls {
            let keys = sort.expr.iter().map(|s| s.expr.clone()).collect();
            let (keys, input) = self.hoist(keys, sort.input.as_ref().clone())?;
            sort.expr = sort.expr.iter().zip(keys).map(|(s, key)| s.with_expr(key)).collect();
            sort.input = Arc::new(input);
        }
        let first = match sort.fetch {
            Some(rows) => self.first_in_order(&sort.input, &sort.expr, rows)?,
            None => None,
        };
        let transformed = calls || first.is_some();
        // The sort above stays: it costs few rows and does not rely on what the operators below keep in order.
        if let Some(first) = first {
            sort.input = Arc::new(first);
        }
        let sorted = LogicalPlan::Sort(sort);
        let plan = if calls { restore(&schema, sorted)? } else { sorted };
        Ok(Transformed::new(plan, transformed, datafusion::common::tree_node::TreeNodeRecursion::Continue))
    }

    /// `plan` where only the first `rows` rows in this order are wanted.
    fn first_in_order(&self, plan: &LogicalPlan, keys: &[SortExpr], rows: usize) -> Result<Option<LogicalPlan>> {
        let Some(chain) = Chain::under(plan) else { return Ok(None) };
        let keys: Option<Vec<SortExpr>> = keys.iter().map(|k| Some(k.with_expr(chain.through(&k.expr)?))).collect();
        let Some(keys) = keys else { return Ok(None) };
        if let LogicalPlan::Union(union) = chain.bottom() {
            // None of the branches has to give more than all of them together.
            if chain.unnests() {
                return Ok(None);
            }
            let mut any = false;
            let mut branches = Vec::with_capacity(union.inputs.len());
            for branch in &union.inputs {
                let keys: Option<Vec<SortExpr>> = keys.iter().map(|k| in_branch(k, &union.schema, branch)).collect();
                let Some(keys) = keys else { return Ok(None) };
                let first = self.first_in_order(branch, &keys, rows)?;
                any |= first.is_some();
                let input = first.map_or_else(|| Arc::clone(branch), Arc::new);
                branches.push(LogicalPlan::Sort(Sort { expr: keys, input, fetch: Some(rows) }));
            }
            if !any {
                return Ok(None);
            }
            return chain.rebuilt(chain.bottom().with_new_exprs(Vec::new(), branches)?).map(Some);
        }
        let Some(node) = chain.node().filter(|n| n.first.is_none()) else { return Ok(None) };
        let Some(weight) = chain.weight() else { return Ok(None) };
        let (before, after) = parted(&node.steps, &keys);
        if !steps_call(&after) {
            return Ok(None);
        }
        let drops = weight.is_some() || after.iter().any(|s| matches!(s, Step::Keep(_)));
        let below = match before.is_empty() {
            true => node.input.clone(),
            false => ModelCallNode::try_new(node.input.clone(), before, false, None)?.into_plan(),
        };
        let fetch = if drops { None } else { Some(rows) };
        let sorted = LogicalPlan::Sort(Sort { expr: keys, input: Arc::new(below), fetch });
        let first = First { rows, weight, ordered: true };
        chain.rebuilt(ModelCallNode::try_new(sorted, after, true, Some(first))?.into_plan()).map(Some)
    }

    /// A LIMIT tells the calls below how many rows it takes.
    pub(super) fn rewrite_limit(&self, limit: Limit) -> Result<Transformed<LogicalPlan>> {
        let told = match (limit.get_skip_type()?, limit.get_fetch_type()?) {
            (SkipType::Literal(skip), FetchType::Literal(Some(fetch))) => told(&limit.input, skip.saturating_add(fetch))?,
            _ => None,
        };
        let Some(input) = told else { return Ok(Transformed::no(LogicalPlan::Limit(limit))) };
        Ok(Transformed::yes(LogicalPlan::Limit(Limit { input: Arc::new(input), ..limit })))
    }
}

fn told(plan: &LogicalPlan, rows: usize) -> Result<Option<LogicalPlan>> {
    let Some(chain) = Chain::under(plan) else { return Ok(None) };
    let Some(node) = chain.node().filter(|n| n.first.is_none()) else { return Ok(None) };
    let Some(weight) = chain.weight() else { return Ok(None) };
    let first = First { rows, weight, ordered: false };
    let node = ModelCallNode::try_new(node.input.clone(), node.steps.clone(), true, Some(first))?;
    chain.rebuilt(node.into_plan()).map(Some)
}

/// A key over a union's columns, over those of one of its branches.
fn in_branch(
    key: &SortExpr,
    union: &datafusion::common::DFSchema,
    branch: &LogicalPlan,
) -> Option<SortExpr> {
    let Expr::Column(column) = &key.expr else { return None };
    let index = union.maybe_index_of_column(column)?;
    Some(key.with_expr(Expr::Column(Column::from(branch.schema().qualified_field(index)))))
}

/// The steps that must come before rows are sorted by `keys`, and those that may come after. A condition that stood before
/// a step that a key needs stays before it.
fn parted(steps: &[Step], keys: &[SortExpr]) -> (Vec<Step>, Vec<Step>) {
    let names = |exprs: &[&Expr]| -> Vec<String> {
        exprs.iter().flat_map(|e| e.column_refs()).filter(|c| c.relation.is_none()).map(|c| c.name.clone()).collect()
    };
    let mut needed = names(&keys.iter().map(|k| &k.expr).collect::<Vec<_>>());
    let is_needed = |needed: &[String], e: &Expr| needed.contains(&e.schema_name().to_string());
    let last = steps.iter().rposition(|s| s.columns().iter().any(|e| is_needed(&needed, e)));
    let Some(last) = last else { return (Vec::new(), steps.to_vec()) };
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for step in steps[..=last].iter().rev() {
        match step {
            Step::Keep(condition) => {
                needed.extend(names(&[condition]));
                before.push(step.clone());
            }
            Step::Column(expr) => {
                if is_needed(&needed, expr) {
                    needed.extend(names(&[expr]));
                    before.push(step.clone());
                } else {
                    after.push(step.clone());
                }
            }
            Step::Calls(calls) => {
                let (yes, no): (Vec<Expr>, Vec<Expr>) = calls.iter().cloned().partition(|c| is_needed(&needed, c));
                needed.extend(names(&yes.iter().collect::<Vec<_>>()));
                before.extend((!yes.is_empty()).then_some(Step::Calls(yes)));
                after.extend((!no.is_empty()).then_some(Step::Calls(no)));
            }
        }
    }
    before.reverse();
    after.reverse();
    after.extend_from_slice(&steps[last + 1..]);
    (before, after)
}
