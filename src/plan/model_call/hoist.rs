//! Model calls leave the expressions they stand in and become columns of a node below.
//!
//! This happens between the optimizer and the physical plan. A rule of the optimizer would not do: it runs its rules several
//! times, and those that come after this one do not know that a step reads the columns of the steps before it.

use std::cell::Cell;
use std::sync::Arc;

use datafusion::common::display::{PlanType, StringifiedPlan};
use datafusion::common::tree_node::{Transformed, TreeNodeRecursion};
use datafusion::common::{DFSchema, Result, plan_err};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::utils::{conjunction, split_conjunction};
use datafusion::logical_expr::{Expr, Filter, LogicalPlan, LogicalPlanBuilder, Projection, Sort};

use super::calls_model;
use super::chain::{Chain, through_projection};
use super::guard::{Take, has_chance};
use super::late;
use super::node::{ModelCallNode, Step};
use super::shown::shown_expr;

/// An optimized plan with every model call taken out of its clause.
///
/// # Errors
/// A call where none can be made.
pub fn hoisted(plan: LogicalPlan) -> Result<LogicalPlan> {
    let (mut lazy, mut calls) = (false, false);
    plan.apply_with_subqueries(|node| {
        lazy |= matches!(node, LogicalPlan::Limit(_) | LogicalPlan::Sort(Sort { fetch: Some(_), .. }));
        calls |= node.expressions().iter().any(calls_model);
        Ok(TreeNodeRecursion::Continue)
    })?;
    if !calls {
        return Ok(plan);
    }
    let hoist = Hoist { made: Cell::new(0), lazy };
    let plan = plan.transform_up_with_subqueries(|node| late::after_joins(node, &|prefix| hoist.name(prefix)))?.data;
    let plan = plan.transform_up_with_subqueries(|node| hoist.rewrite_node(node))?.data;
    // Nothing may be left: a marker that is reached at run time has no body.
    plan.apply_with_subqueries(|node| {
        if matches!(node, LogicalPlan::Extension(_)) {
            return Ok(TreeNodeRecursion::Continue);
        }
        match node.expressions().iter().find(|e| calls_model(e)) {
            Some(e) => plan_err!("a model cannot be called here: {}", shown_expr(e)),
            None => Ok(TreeNodeRecursion::Continue),
        }
    })?;
    Ok(shown(plan))
}

/// EXPLAIN shows the plan that is run.
fn shown(plan: LogicalPlan) -> LogicalPlan {
    let LogicalPlan::Explain(mut explain) = plan else { return plan };
    for stage in &mut explain.stringified_plans {
        if stage.plan_type == PlanType::FinalLogicalPlan {
            *stage = StringifiedPlan::new(PlanType::FinalLogicalPlan, explain.plan.display_indent().to_string());
        }
    }
    LogicalPlan::Explain(explain)
}

/// One plan being rewritten.
pub(super) struct Hoist {
    /// How many columns have been named.
    made: Cell<usize>,
    /// Somewhere above, a LIMIT may be content with the first rows.
    pub lazy: bool,
}

impl Hoist {
    pub(super) fn rewrite_node(&self, node: LogicalPlan) -> Result<Transformed<LogicalPlan>> {
        match node {
            LogicalPlan::Extension(_) => return Ok(Transformed::no(node)),
            LogicalPlan::Sort(sort) => return self.rewrite_sort(sort),
            LogicalPlan::Limit(limit) => return self.rewrite_limit(limit),
            LogicalPlan::Filter(filter) if !calls_model(&filter.predicate) => {
                let kept = self.kept(&filter.input, &filter.predicate)?;
                return Ok(kept.map_or_else(|| Transformed::no(LogicalPlan::Filter(filter)), Transformed::yes));
            }
            _ => {}
        }
        if !node.expressions().iter().any(calls_model) {
            return Ok(Transformed::no(node));
        }
        let schema = Arc::clone(node.schema());
        Ok(Transformed::yes(match node {
            LogicalPlan::Filter(filter) => restore(&schema, self.rewrite_filter(filter)?)?,
            LogicalPlan::Join(join) => restore(&schema, self.rewrite_join(join)?)?,
            LogicalPlan::Values(values) => self.rewrite_values(&values, &schema)?,
            LogicalPlan::Aggregate(aggregate) => match self.rewrite_grouping_sets(&aggregate)? {
                Some(rewritten) => rewritten,
                None => self.rewrite_unary(LogicalPlan::Aggregate(aggregate), &schema)?,
            },
            node if node.inputs().len() == 1 => self.rewrite_unary(node, &schema)?,
            other => return plan_err!("a model cannot be called in {}", other.display()),
        }))
    }

    fn rewrite_unary(&self, node: LogicalPlan, schema: &DFSchema) -> Result<LogicalPlan> {
        let names = NamePreserver::new(&node);
        let exprs = node.expressions();
        let saved: Vec<_> = exprs.iter().map(|e| names.save(e)).collect();
        let passes_input = matches!(node, LogicalPlan::Window(_) | LogicalPlan::Repartition(_));
        let input = node.inputs()[0].clone();
        let (exprs, input) = self.hoist(exprs, input)?;
        let exprs = exprs.into_iter().zip(saved).map(|(e, name)| name.restore(e)).collect();
        let rewritten = node.with_new_exprs(exprs, vec![input])?;
        if passes_input { restore(schema, rewritten) } else { Ok(rewritten) }
    }

    /// Cheap conditions first, then one model condition after another, each over the rows that the ones before it left.
    pub(super) fn rewrite_filter(&self, filter: Filter) -> Result<LogicalPlan> {
        let (calling, cheap): (Vec<Expr>, Vec<Expr>) =
            split_conjunction(&filter.predicate).into_iter().cloned().partition(calls_model);
        let mut plan = Arc::unwrap_or_clone(filter.input);
        if let Some(cheap) = conjunction(cheap) {
            plan = match self.kept(&plan, &cheap)? {
                Some(kept) => kept,
                None => LogicalPlanBuilder::from(plan).filter(cheap)?.build()?,
            };
        }
        for condition in calling {
            let (mut exprs, input) = self.hoist(vec![condition], plan)?;
            plan = self.with_steps(input, vec![Step::Keep(exprs.swap_remove(0))])?;
        }
        Ok(plan)
    }

    /// A cheap condition over rows that come from calls: a step like the others, so that a LIMIT sees what passes it.
    fn kept(&self, input: &LogicalPlan, condition: &Expr) -> Result<Option<LogicalPlan>> {
        let Some(chain) = Chain::under(input) else { return Ok(None) };
        let Some(node) = chain.node().filter(|n| n.first.is_none() && !chain.unnests()) else { return Ok(None) };
        let Some(condition) = chain.through(condition).filter(|c| !has_chance(c)) else { return Ok(None) };
        let steps = node.steps.iter().cloned().chain([Step::Keep(condition)]).collect();
        let node = ModelCallNode::try_new(node.input.clone(), steps, self.lazy, None)?;
        chain.rebuilt(node.into_plan()).map(Some)
    }

    /// Takes the calls out of `exprs` and puts them below, as steps over `input`.
    pub(super) fn hoist(&self, exprs: Vec<Expr>, input: LogicalPlan) -> Result<(Vec<Expr>, LogicalPlan)> {
        let name = |prefix: &str| self.name(prefix);
        let mut take = Take::new(&name, input.schema());
        let exprs = exprs.into_iter().map(|e| take.from(e)).collect::<Result<Vec<_>>>()?;
        Ok((exprs, self.with_steps(input, take.steps())?))
    }

    pub(super) fn name(&self, prefix: &str) -> String {
        format!("{prefix}_{}", self.made.replace(self.made.get() + 1))
    }

    /// `steps` over `input`; where it ends in steps itself, in the same node.
    pub(super) fn with_steps(&self, input: LogicalPlan, steps: Vec<Step>) -> Result<LogicalPlan> {
        if steps.is_empty() {
            return Ok(input);
        }
        let input = uncovered(input);
        if let Some(node) = ModelCallNode::of(&input).filter(|n| n.first.is_none()) {
            let all = joined(&node.steps, steps);
            return Ok(ModelCallNode::try_new(node.input.clone(), all, self.lazy, None)?.into_plan());
        }
        if let LogicalPlan::Projection(projection) = &input
            && let Some(node) = ModelCallNode::of(&uncovered(projection.input.as_ref().clone()))
            && node.first.is_none()
            && let Some(steps) = below(&steps, projection)
        {
            let made: Vec<Expr> = made_by(&steps);
            let all = joined(&node.steps, steps);
            let node = ModelCallNode::try_new(node.input.clone(), all, self.lazy, None)?.into_plan();
            let exprs = projection.expr.iter().cloned().chain(made).collect();
            return Ok(LogicalPlan::Projection(Projection::try_new(exprs, Arc::new(node))?));
        }
        Ok(ModelCallNode::try_new(input, steps, self.lazy, None)?.into_plan())
    }
}

/// The columns of `schema` and no others: what stood here before its calls moved below.
pub(super) fn restore(schema: &DFSchema, plan: LogicalPlan) -> Result<LogicalPlan> {
    LogicalPlanBuilder::from(plan).project(schema.columns().into_iter().map(Expr::Column))?.build()
}

/// A node without the projections over it that only leave columns out.
fn uncovered(plan: LogicalPlan) -> LogicalPlan {
    let mut below = &plan;
    while let LogicalPlan::Projection(projection) = below {
        if !projection.expr.iter().all(|e| matches!(e, Expr::Column(_))) {
            return plan;
        }
        below = &projection.input;
    }
    if ModelCallNode::of(below).is_some() { below.clone() } else { plan }
}

/// The steps of two nodes in one. A call that was made before is not made again.
fn joined(before: &[Step], steps: Vec<Step>) -> Vec<Step> {
    let mut all = before.to_vec();
    for step in steps {
        let Step::Calls(calls) = step else {
            all.push(step);
            continue;
        };
        let mut new = Vec::with_capacity(calls.len());
        for call in calls {
            match known(&all, &call) {
                Some(known) => all.push(Step::Column(known)),
                None => new.push(call),
            }
        }
        if !new.is_empty() {
            all.push(Step::Calls(new));
        }
    }
    all
}

/// The column of an equal call, under the name that this one has.
fn known(steps: &[Step], call: &Expr) -> Option<Expr> {
    let Expr::Alias(wanted) = call else { return None };
    if has_chance(call) {
        return None;
    }
    steps.iter().flat_map(Step::columns).find_map(|made| match made {
        Expr::Alias(made) if made.expr == wanted.expr => {
            Some(datafusion::logical_expr::ident(&made.name).alias(&wanted.name))
        }
        _ => None,
    })
}

/// Steps over a projection, in terms of what it reads.
fn below(steps: &[Step], projection: &Projection) -> Option<Vec<Step>> {
    let made: Vec<String> = steps.iter().flat_map(Step::columns).map(|e| e.schema_name().to_string()).collect();
    let through = |e: &Expr| through_projection(e, projection, &made);
    steps
        .iter()
        .map(|step| {
            Some(match step {
                Step::Calls(calls) => Step::Calls(calls.iter().map(through).collect::<Option<_>>()?),
                Step::Column(expr) => Step::Column(through(expr)?),
                Step::Keep(condition) => Step::Keep(through(condition)?),
            })
        })
        .collect()
}

fn made_by(steps: &[Step]) -> Vec<Expr> {
    let names = steps.iter().flat_map(Step::columns).map(|e| e.schema_name().to_string());
    names.map(datafusion::logical_expr::ident).collect()
}
