//! A result's column without a name is headed by what was written: `count(*)`, `math_boxed(trace)`, as in DuckDB.
//!
//! DataFusion would head it by its plan: `math_boxed(Utf8("…"))`, `row_number() ROWS BETWEEN UNBOUNDED PRECEDING AND …`.

use datafusion::sql::sqlparser::ast::{Expr, Ident, Query, SelectItem, SetExpr};

/// Names the unnamed expressions of the outermost SELECT.
pub fn name(query: &mut Query) {
    let Some(items) = projection(&mut query.body) else { return };
    // A name that two columns would bear is given to the first; the second is told apart by a number.
    let mut taken: Vec<String> = items.iter().filter_map(own_name).collect();
    for item in items {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        if own_name(&SelectItem::UnnamedExpr(expr.clone())).is_some() || unnests(expr) {
            continue;
        }
        let text = heading(expr);
        let mut name = text.clone();
        let mut n = 1;
        while taken.contains(&name) {
            name = format!("{text}_{n}");
            n += 1;
        }
        taken.push(name.clone());
        *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
    }
}

fn projection(body: &mut SetExpr) -> Option<&mut Vec<SelectItem>> {
    match body {
        SetExpr::Select(select) => Some(&mut select.projection),
        SetExpr::Query(query) => projection(&mut query.body),
        SetExpr::SetOperation { left, .. } => projection(left),
        _ => None,
    }
}

/// The name that a plain column or an alias has by itself.
fn own_name(item: &SelectItem) -> Option<String> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias.value.clone()),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name.value.clone()),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => parts.last().map(|p| p.value.clone()),
        _ => None,
    }
}

/// `unnest` of a struct makes several columns, each with a name of its own.
fn unnests(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(f) if f.name.to_string().eq_ignore_ascii_case("unnest"))
}

/// `f(x).field` is headed `field`, as a column would be; anything else by its text.
fn heading(expr: &Expr) -> String {
    if let Expr::CompoundFieldAccess { access_chain, .. } = expr
        && let Some(datafusion::sql::sqlparser::ast::AccessExpr::Dot(Expr::Identifier(field))) = access_chain.last()
    {
        return field.value.clone();
    }
    expr.to_string()
}
