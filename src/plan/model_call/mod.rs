//! Calls of models, in every clause of a query.
//!
//! A model function in SQL is a marker without a body. [`hoist`] is the optimizer's last rule: it takes every marker out
//! of the plan, innermost first, and puts a [`node::ModelCallNode`] below the place where it stood, so that a filter, a
//! sort key or an aggregate reads a column that is already there. [`guard`] runs before it and makes sure that a branch
//! of CASE, COALESCE, AND, OR or FILTER that is not taken makes no call. The physical twin, [`exec::ModelCallExec`],
//! streams rows through the models with bounded concurrency and keeps their order.

pub mod call;
mod exec;
mod guard;
mod hoist;
mod node;
mod planner;
pub mod run;

pub use hoist::HoistModelCalls;
pub use planner::ModelCallPlanner;

use datafusion::common::tree_node::TreeNode;
use datafusion::logical_expr::Expr;
use glotrace_udfs::llm::ModelFunction;

/// The model function that this expression calls, if it is a call of one.
fn model_function(expr: &Expr) -> Option<&ModelFunction> {
    match expr {
        Expr::ScalarFunction(f) => f.func.inner().downcast_ref::<ModelFunction>(),
        _ => None,
    }
}

fn calls_model(expr: &Expr) -> bool {
    expr.exists(|e| Ok(model_function(e).is_some())).unwrap_or(false)
}
