//! A table function over a column of a table beside it: DataFusion would take the bare column and give a cross join.
//! Better an error that says what to write.

use datafusion::sql::sqlparser::ast::{Expr, Visit, VisitMut, Visitor};
use std::ops::ControlFlow;

use super::{Context, each_factor};
use crate::error::{Error, Result};
use crate::plan::parse::place_of;
use datafusion::sql::sqlparser::ast::TableFactor;

pub fn refuse<T: VisitMut>(tree: &mut T, context: &Context<'_>) -> Result<()> {
    each_factor(tree, |factor| {
        let (what, has_column) = match factor {
            TableFactor::Function { name, args, .. } => (name.to_string(), args.iter().any(has_column)),
            TableFactor::Table { name, args: Some(args), .. } => (name.to_string(), args.args.iter().any(has_column)),
            TableFactor::UNNEST { array_exprs, .. } => ("unnest".to_owned(), array_exprs.iter().any(has_column)),
            _ => return Ok(()),
        };
        if !has_column {
            return Ok(());
        }
        let error = Error::query(format!("`{what}` in FROM cannot read a column of another table"))
            .with_hint(format!("call it in SELECT and unnest its result: `SELECT t.*, unnest({what}(…)) FROM t`"));
        Err(match place_of(context.statement, &*factor) {
            Some(place) => error.at(place),
            None => error,
        })
    })
}

/// A column that is not inside a subquery of its own.
fn has_column<T: Visit>(tree: &T) -> bool {
    struct Columns;
    impl Visitor for Columns {
        type Break = bool;
        fn pre_visit_query(&mut self, _: &datafusion::sql::sqlparser::ast::Query) -> ControlFlow<bool> {
            ControlFlow::Break(false)
        }
        fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<bool> {
            match expr {
                Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(true),
                _ => ControlFlow::Continue(()),
            }
        }
    }
    tree.visit(&mut Columns) == ControlFlow::Break(true)
}
