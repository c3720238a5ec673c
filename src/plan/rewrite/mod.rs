//! Rewrites of the syntax tree, before planning: what people write and DataFusion does not know.
//!
//! Each pass is a file. They run in this order: `$name` parameters become literals; macros become what they stand for;
//! fields name their columns; dots on expressions become subscripts; named arguments become positional ones; file functions become table names;
//! samples become filters.

mod arguments;
mod fields;
mod files;
pub mod headings;
mod lambdas;
mod lateral;
mod macros;
mod parameters;
pub mod pivot;
mod relations;
mod sample;

use std::collections::HashMap;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{Expr, VisitMut, VisitorMut};

pub use files::constant_text;
pub use macros::{Macro, MacroBody};
pub use parameters::value_of_text;

use crate::error::{Error, Result};
use crate::plan::split::Statement;

/// What the passes need to know.
pub struct Context<'a> {
    /// For places in errors.
    pub statement: &'a Statement,
    /// `$name` → value.
    pub parameters: &'a HashMap<String, Expr>,
    pub macros: &'a HashMap<String, Macro>,
    /// Parameter names of glotrace's own functions, in order; `None` for all others.
    pub function_parameters: &'a dyn Fn(&str) -> Option<Vec<String>>,
}

/// Rewrites `tree` in place.
///
/// # Errors
/// Unknown parameters and arguments, wrong macro calls, samples that cannot be honoured, each with its place.
pub fn rewrite<T: VisitMut>(tree: &mut T, context: &Context<'_>) -> Result<()> {
    parameters::substitute(tree, context)?;
    macros::expand(tree, context)?;
    relations::rewrite(tree);
    headings::name_fields(tree);
    lambdas::rewrite(tree)?;
    fields::rewrite(tree)?;
    arguments::order(tree, context)?;
    files::encode(tree, context)?;
    lateral::refuse(tree, context)?;
    sample::rewrite(tree)
}

/// Parameters only: what a view or macro keeps, which outlives the session that knows them.
pub fn substitute_parameters<T: VisitMut>(tree: &mut T, context: &Context<'_>) -> Result<()> {
    parameters::substitute(tree, context)
}

/// Visits every expression after its children, and stops at the first error.
fn each_expr<T: VisitMut>(tree: &mut T, visit: impl FnMut(&mut Expr) -> Result<()>) -> Result<()> {
    struct Each<F>(F);
    impl<F: FnMut(&mut Expr) -> Result<()>> VisitorMut for Each<F> {
        type Break = Error;
        fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Error> {
            match (self.0)(expr) {
                Ok(()) => ControlFlow::Continue(()),
                Err(e) => ControlFlow::Break(e),
            }
        }
    }
    finish(tree.visit(&mut Each(visit)))
}

/// Visits every item of a FROM clause after what is inside it, and stops at the first error.
fn each_factor<T: VisitMut>(
    tree: &mut T,
    visit: impl FnMut(&mut datafusion::sql::sqlparser::ast::TableFactor) -> Result<()>,
) -> Result<()> {
    struct Each<F>(F);
    impl<F: FnMut(&mut datafusion::sql::sqlparser::ast::TableFactor) -> Result<()>> VisitorMut for Each<F> {
        type Break = Error;
        fn post_visit_table_factor(
            &mut self,
            factor: &mut datafusion::sql::sqlparser::ast::TableFactor,
        ) -> ControlFlow<Error> {
            match (self.0)(factor) {
                Ok(()) => ControlFlow::Continue(()),
                Err(e) => ControlFlow::Break(e),
            }
        }
    }
    finish(tree.visit(&mut Each(visit)))
}

fn finish(flow: ControlFlow<Error>) -> Result<()> {
    match flow {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(e) => Err(e),
    }
}
