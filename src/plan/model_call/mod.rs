//! Calls of models, in every clause of a query.
//!
//! A model function in SQL is a marker without a body. Once a plan is optimized, [`hoist`] takes every marker out of it,
//! innermost first, and puts a [`node::ModelCallNode`] below the place where it stood, so that a filter, a
//! sort key or an aggregate reads a column that is already there. What it needs to know of each place has a file:
//!
//! - [`guard`]: a branch of CASE, COALESCE, AND, OR or FILTER that is not taken makes no call
//! - [`spread`]: inside a lambda, a call for each element of the list
//! - [`late`]: conditions that call come after the joins that drop rows
//! - [`join`] and [`pairs`]: calls over one side and over both sides of any kind of join
//! - [`first`] and [`union`]: under LIMIT, and ORDER BY … LIMIT, no call for rows that do not come out ([`chain`] finds the calls)
//! - [`grouping_sets`] and [`values`]: ROLLUP, CUBE, GROUPING SETS; VALUES
//!
//! A node holds [`node::Step`]s that follow each other. Its physical twin, [`exec::ModelCallExec`], streams slices of rows
//! through them ([`work`]), as many at once as is of use ([`pace`]), and keeps their order. [`call`] makes requests of
//! a slice and a column of the answers; [`run`] is what all calls of a statement share. [`shown`] is how EXPLAIN shows it.

pub mod call;
mod chain;
mod exec;
mod first;
mod grouping_sets;
mod guard;
mod hoist;
mod join;
mod late;
mod node;
mod pace;
mod pairs;
mod planner;
pub mod run;
mod shown;
mod spread;
mod union;
mod values;
mod work;

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
