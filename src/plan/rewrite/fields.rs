//! `trace_split(output).thinking`, `f(x)[1].text`: a dot on an expression → the subscript that DataFusion plans.

use datafusion::sql::sqlparser::ast::{AccessExpr, Expr, Ident, Subscript, Value, VisitMut};

use super::each_expr;
use crate::error::Result;

pub fn rewrite<T: VisitMut>(tree: &mut T) -> Result<()> {
    each_expr(tree, |expr| {
        if let Expr::CompoundFieldAccess { root, access_chain } = expr {
            // `t.column[1]`: the leading names are a qualified column, not fields.
            let qualifies = |root: &Expr| matches!(root, Expr::Identifier(_) | Expr::CompoundIdentifier(_));
            while qualifies(root) && matches!(access_chain.first(), Some(AccessExpr::Dot(Expr::Identifier(_)))) {
                let AccessExpr::Dot(Expr::Identifier(field)) = access_chain.remove(0) else { break };
                let mut parts = match root.as_ref() {
                    Expr::Identifier(name) => vec![name.clone()],
                    Expr::CompoundIdentifier(names) => names.clone(),
                    _ => break,
                };
                parts.push(field);
                **root = Expr::CompoundIdentifier(parts);
            }
            for access in access_chain.iter_mut() {
                if let AccessExpr::Dot(Expr::Identifier(field)) = access {
                    *access = AccessExpr::Subscript(Subscript::Index { index: field_name(field) });
                }
            }
            if access_chain.is_empty() {
                *expr = root.as_ref().clone();
            }
        }
        Ok(())
    })
}

fn field_name(field: &Ident) -> Expr {
    Expr::Value(Value::SingleQuotedString(field.value.clone()).with_span(field.span))
}
