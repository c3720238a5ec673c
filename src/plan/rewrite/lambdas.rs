//! `array_transform(steps, s -> s.tags[1])`: the parameter of a lambda is no table, so `s.tags` is a field of it.

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Ident, LambdaFunction, Subscript, Value, VisitMut};

use super::each_expr;
use crate::error::Result;

pub fn rewrite<T: VisitMut>(tree: &mut T) -> Result<()> {
    each_expr(tree, |expr| {
        let Expr::Lambda(lambda) = expr else { return Ok(()) };
        let bound = parameters(lambda);
        each_expr(lambda.body.as_mut(), |inner| {
            field_of_parameter(inner, &bound);
            Ok(())
        })
    })
}

/// The names that a lambda binds, folded.
pub fn parameters(lambda: &LambdaFunction) -> Vec<String> {
    lambda.params.iter().map(|p| p.name.value.to_lowercase()).collect()
}

fn field_of_parameter(expr: &mut Expr, bound: &[String]) {
    let is_bound = |ident: &Ident| bound.contains(&ident.value.to_lowercase());
    match expr {
        Expr::CompoundIdentifier(parts) if parts.first().is_some_and(is_bound) => {
            let root = Expr::Identifier(parts.remove(0));
            let access_chain = parts.iter().map(subscript).collect();
            *expr = Expr::CompoundFieldAccess { root: Box::new(root), access_chain };
        }
        Expr::CompoundFieldAccess { root, access_chain } if matches!(root.as_ref(), Expr::Identifier(i) if is_bound(i)) => {
            for access in access_chain {
                if let AccessExpr::Dot(Expr::Identifier(field)) = access {
                    *access = subscript(field);
                }
            }
        }
        _ => {}
    }
}

fn subscript(field: &Ident) -> AccessExpr {
    let name = Expr::Value(Value::SingleQuotedString(field.value.clone()).with_span(field.span));
    AccessExpr::Subscript(Subscript::Index { index: name })
}
