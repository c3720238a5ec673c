//! `(SELECT f(a) … UNION ALL SELECT g(b) …) ORDER BY x LIMIT k`: the branches are sorted together before any of them calls.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::expr::Case;
use datafusion::logical_expr::{
    Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, Sort, SortExpr, Union, ident, lit, not, when,
};

use super::chain::Chain;
use super::guard::guarded;
use super::hoist::Hoist;
use super::model_function;
use super::node::{First, ModelCallNode, Step, steps_call};

/// A branch of a union, taken apart.
struct Branch<'a> {
    /// What its steps read.
    input: &'a LogicalPlan,
    steps: &'a [Step],
    /// The union's columns, over those of the steps.
    columns: Vec<Expr>,
    /// The sort keys, over those of the input.
    keys: Vec<Expr>,
}

impl Hoist {
    /// The first `rows` rows of a union in this order: the union of what the branches' calls read, sorted, and behind it the
    /// calls of all branches, each for the rows of its own. `None` where no branch calls, or the order needs a call.
    pub(super) fn first_of_union(&self, union: &Union, keys: &[SortExpr], rows: usize) -> Result<Option<LogicalPlan>> {
        let branches: Option<Vec<Branch>> = union.inputs.iter().map(|plan| branch(plan, union, keys)).collect();
        let Some(branches) = branches.filter(|all| all.iter().any(|b| steps_call(b.steps))) else { return Ok(None) };
        let tag = self.name("__model_branch");
        let key_names: Vec<String> = keys.iter().map(|_| self.name("__model_key")).collect();
        let names: Vec<HashMap<Column, String>> = branches.iter().map(|b| self.names_of(b)).collect();

        let mut inputs = Vec::with_capacity(branches.len());
        for (i, branch) in (0_i64..).zip(&branches) {
            let mut exprs = vec![lit(i).alias(&tag)];
            exprs.extend(branch.keys.iter().zip(&key_names).map(|(key, name)| key.clone().alias(name)));
            for (other, names) in branches.iter().zip(&names) {
                let mut columns: Vec<(&Column, &String)> = names.iter().collect();
                columns.sort_by_key(|(_, name)| *name);
                for (column, name) in columns {
                    let is_own = std::ptr::eq(other, branch);
                    let own = Expr::Column(column.clone());
                    let null = ScalarValue::try_from(&own.get_type(other.input.schema())?)?;
                    exprs.push(if is_own { own } else { lit(null) }.alias(name));
                }
            }
            inputs.push(Arc::new(LogicalPlanBuilder::from(branch.input.clone()).project(exprs)?.build()?));
        }
        let all = LogicalPlan::Union(Union::try_new_with_loose_types(inputs)?);

        let drops = branches.iter().flat_map(|b| b.steps).any(|s| matches!(s, Step::Keep(_)));
        let order = keys.iter().zip(&key_names).map(|(key, name)| key.with_expr(ident(name))).collect();
        let sorted = Sort { expr: order, input: Arc::new(all), fetch: if drops { None } else { Some(rows) } };
        let is = |i: usize| ident(&tag).eq(lit(i64::try_from(i).unwrap_or(i64::MAX)));
        let steps = branches.iter().zip(&names).enumerate().map(|(i, (branch, names))| {
            branch.steps.iter().map(|step| only_for(step, &is(i), names)).collect::<Result<Vec<_>>>()
        });
        let steps = side_by_side(steps.collect::<Result<Vec<_>>>()?);
        let first = First { rows, weight: None, ordered: true };
        let node = ModelCallNode::try_new(LogicalPlan::Sort(sorted), steps, true, Some(first))?.into_plan();

        let columns = union.schema.iter().enumerate().map(|(k, (qualifier, field))| {
            let each = branches.iter().zip(&names).enumerate().map(|(i, (branch, names))| {
                Ok((Box::new(is(i)), Box::new(renamed(branch.columns[k].clone(), names)?)))
            });
            let case = Case { expr: None, when_then_expr: each.collect::<Result<_>>()?, else_expr: None };
            Ok(Expr::Case(case).alias_qualified(qualifier.cloned(), field.name()))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        LogicalPlanBuilder::from(node).project(columns)?.build().map(Some)
    }

    /// New names for the columns of a branch's input that anything reads.
    fn names_of(&self, branch: &Branch<'_>) -> HashMap<Column, String> {
        let exprs = branch.steps.iter().flat_map(Step::exprs).chain(&branch.columns).chain(&branch.keys);
        let mut names = HashMap::new();
        for column in exprs.flat_map(Expr::column_refs) {
            if branch.input.schema().has_column(column) && !names.contains_key(column) {
                names.insert(column.clone(), self.name("__model_part"));
            }
        }
        names
    }
}

fn branch<'a>(plan: &'a LogicalPlan, union: &Union, keys: &[SortExpr]) -> Option<Branch<'a>> {
    let own: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    let chain = Chain::under(plan).filter(|c| c.node().is_some_and(|n| n.first.is_none()) && !c.unnests());
    let through = |expr: &Expr| chain.as_ref().map_or_else(|| Some(expr.clone()), |c| c.through(expr));
    let node = chain.as_ref().and_then(Chain::node);
    let input = node.map_or(plan, |n| &n.input);
    let keys = keys.iter().map(|key| {
        let Expr::Column(column) = &key.expr else { return None };
        let key = through(&own[union.schema.maybe_index_of_column(column)?])?;
        key.column_refs().into_iter().all(|c| input.schema().has_column(c)).then_some(key)
    });
    let keys = keys.collect::<Option<_>>()?;
    let columns = own.iter().map(through).collect::<Option<_>>()?;
    let steps = node.map_or(&[][..], |n| n.steps.as_slice());
    Some(Branch { input, steps, columns, keys })
}

fn renamed(expr: Expr, names: &HashMap<Column, String>) -> Result<Expr> {
    let renamed = expr.transform_up(|e| match &e {
        Expr::Column(column) => match names.get(column) {
            Some(name) => Ok(Transformed::yes(ident(name))),
            None => Ok(Transformed::no(e)),
        },
        _ => Ok(Transformed::no(e)),
    });
    renamed.map(|t| t.data)
}

/// A step that does nothing to the rows of other branches.
fn only_for(step: &Step, is_own: &Expr, names: &HashMap<Column, String>) -> Result<Step> {
    Ok(match step {
        Step::Keep(condition) => Step::Keep(not(is_own.clone()).or(renamed(condition.clone(), names)?)),
        Step::Column(expr) => {
            let name = expr.schema_name().to_string();
            Step::Column(when(is_own.clone(), renamed(expr.clone().unalias(), names)?).end()?.alias(name))
        }
        Step::Calls(calls) => {
            let only = |call: &Expr| {
                let only = renamed(call.clone(), names)?.transform_down(|e| match model_function(&e).is_some() {
                    true => Ok(Transformed::new(guarded(e, is_own)?, true, TreeNodeRecursion::Jump)),
                    false => Ok(Transformed::no(e)),
                });
                only.map(|t| t.data)
            };
            Step::Calls(calls.iter().map(only).collect::<Result<_>>()?)
        }
    })
}

/// The steps of several branches: calls of different branches are made at the same time.
fn side_by_side(branches: Vec<Vec<Step>>) -> Vec<Step> {
    let mut all = Vec::new();
    let mut branches: Vec<_> = branches.into_iter().map(|steps| steps.into_iter().peekable()).collect();
    loop {
        let mut calls = Vec::new();
        for steps in &mut branches {
            while let Some(step) = steps.next_if(|s| !matches!(s, Step::Calls(_))) {
                all.push(step);
            }
            if let Some(Step::Calls(more)) = steps.next() {
                calls.extend(more);
            }
        }
        if calls.is_empty() {
            return all;
        }
        all.push(Step::Calls(calls));
    }
}
