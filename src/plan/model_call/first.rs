//! LIMIT and ORDER BY … LIMIT: only the rows that come out are called for.

use std::sync::Arc;

use datafusion::common::Result;
use datafusion::common::tree_node::Transformed;
use datafusion::logical_expr::{Expr, FetchType, Limit, LogicalPlan, SkipType, Sort, SortExpr};

use super::calls_model;
use super::chain::Chain;
use super::guard::Take;
use super::hoist::{Hoist, restore};
use super::node::{First, ModelCallNode, Step, steps_call};

impl Hoist {
    /// Calls in sort keys move below; of `ORDER BY … LIMIT k`, the calls that the order does not need come after the sort.
    pub(super) fn rewrite_sort(&self, mut sort: Sort) -> Result<Transformed<LogicalPlan>> {
        let schema = Arc::clone(sort.input.schema());
        let calls = sort.expr.iter().any(|s| calls_model(&s.expr));
        if calls {
            let name = |prefix: &str| self.name(prefix);
            let mut take = Take::new(&name, &schema);
            sort.expr = sort.expr.iter().map(|s| Ok(s.with_expr(take.key(s.expr.clone())?))).collect::<Result<_>>()?;
            sort.input = Arc::new(self.with_steps(sort.input.as_ref().clone(), take.steps())?);
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
            if chain.unnests() {
                return Ok(None);
            }
            let first = self.first_of_union(union, &keys, rows)?;
            return first.map(|first| chain.rebuilt(first)).transpose();
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
        let node = ModelCallNode::try_new(sorted, after, true, Some(first))?;
        // Its steps stand in another order, and its columns with them.
        let node = restore(chain.bottom().schema(), node.into_plan())?;
        chain.rebuilt(node).map(Some)
    }

    /// A LIMIT tells the calls below how many rows it takes. Where each row gives one, it cuts before the calls: rows that
    /// OFFSET skips make none.
    pub(super) fn rewrite_limit(&self, limit: Limit) -> Result<Transformed<LogicalPlan>> {
        let (SkipType::Literal(skip), FetchType::Literal(Some(fetch))) =
            (limit.get_skip_type()?, limit.get_fetch_type()?)
        else {
            return Ok(Transformed::no(LogicalPlan::Limit(limit)));
        };
        let (sort, plan) = match limit.input.as_ref() {
            LogicalPlan::Sort(sort) => (Some(sort), &sort.input),
            _ => (None, &limit.input),
        };
        let Some(chain) = Chain::under(plan) else { return Ok(Transformed::no(LogicalPlan::Limit(limit))) };
        let (Some(node), Some(weight)) = (chain.node(), chain.weight()) else {
            return Ok(Transformed::no(LogicalPlan::Limit(limit)));
        };
        let is_ordered = node.first.as_ref().is_some_and(|f| f.ordered);
        if is_ordered != sort.is_some() || node.first.is_some() != is_ordered {
            return Ok(Transformed::no(LogicalPlan::Limit(limit)));
        }
        if weight.is_none() && !node.steps.iter().any(|s| matches!(s, Step::Keep(_))) {
            let input = Arc::new(node.input.clone());
            let cut = LogicalPlan::Limit(Limit { skip: limit.skip.clone(), fetch: limit.fetch.clone(), input });
            let first = First { rows: fetch, weight: None, ordered: is_ordered };
            let node = ModelCallNode::try_new(cut, node.steps.clone(), true, Some(first))?;
            let plan = chain.rebuilt(node.into_plan())?;
            let plan = match sort {
                Some(sort) => {
                    LogicalPlan::Sort(Sort { expr: sort.expr.clone(), input: Arc::new(plan), fetch: Some(fetch) })
                }
                None => plan,
            };
            return Ok(Transformed::yes(plan));
        }
        if sort.is_some() {
            return Ok(Transformed::no(LogicalPlan::Limit(limit)));
        }
        let first = First { rows: skip.saturating_add(fetch), weight, ordered: false };
        let node = ModelCallNode::try_new(node.input.clone(), node.steps.clone(), true, Some(first))?;
        let input = Arc::new(chain.rebuilt(node.into_plan())?);
        Ok(Transformed::yes(LogicalPlan::Limit(Limit { input, ..limit })))
    }
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
