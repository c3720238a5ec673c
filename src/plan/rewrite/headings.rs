//! Names of columns that were given none.
//!
//! A result's column is headed by what was written (`count(*)`, `math_boxed(trace)`), and a field of a struct by the
//! field's name (`g.text`, `f(x)[1].text` → `text`), as in DuckDB. DataFusion would head them by its plan:
//! `math_boxed(Utf8("…"))`, `t.g[text]`, `row_number() ROWS BETWEEN UNBOUNDED PRECEDING AND …`.

use std::collections::HashSet;
use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, Ident, Query, Select, SelectItem, SetExpr, TableFactor, VisitMut, VisitorMut,
    visit_expressions_mut,
};

/// An expression without the brackets that `plan::parse` puts around a column that is compared in an argument.
fn written(expr: &Expr) -> String {
    let mut plain = expr.clone();
    let _ = visit_expressions_mut(&mut plain, |expr| {
        if let Expr::Nested(inner) = expr
            && matches!(**inner, Expr::Identifier(_))
        {
            *expr = (**inner).clone();
        }
        ControlFlow::<()>::Continue(())
    });
    plain.to_string()
}

/// Names the unnamed expressions of the outermost SELECT.
pub fn name(query: &mut Query) {
    let Some(items) = projection(&mut query.body) else { return };
    // A name that two columns would bear is given to the first; the second is told apart by a number.
    let mut taken: Vec<String> = items.iter().filter_map(own_name).collect();
    let mut repeated = HashSet::new();
    for item in items {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        if unnests(expr) {
            continue;
        }
        let text = match &*expr {
            Expr::Identifier(column) => {
                // The first of two equal columns keeps its name; `taken` holds it once for each.
                if taken.iter().filter(|t| **t == column.value).count() < 2 || repeated.insert(column.value.clone()) {
                    continue;
                }
                column.value.clone()
            }
            Expr::CompoundIdentifier(_) => continue,
            other => field(other).map_or_else(|| written(other), |f| f.value.clone()),
        };
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

/// Names the fields of structs in every SELECT of a tree, so that a query around it can say the field's name.
pub fn name_fields<T: VisitMut>(tree: &mut T) {
    struct Fields;
    impl VisitorMut for Fields {
        type Break = ();
        fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
            fields_of(select);
            ControlFlow::Continue(())
        }
    }
    let _ = tree.visit(&mut Fields);
}

fn fields_of(select: &mut Select) {
    let relations: Vec<String> = select
        .from
        .iter()
        .flat_map(|from| std::iter::once(&from.relation).chain(from.joins.iter().map(|j| &j.relation)))
        .filter_map(relation)
        .collect();
    let mut taken: Vec<String> = select.projection.iter().filter_map(own_name).collect();
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(expr) = item else { continue };
        let name = match &*expr {
            Expr::CompoundIdentifier(parts) => {
                let qualified = parts.first().is_some_and(|p| relations.contains(&p.value.to_lowercase()));
                match parts.last() {
                    // `g.text` where no relation is called g, and `t.g.text` where one is called t.
                    Some(last) if !qualified || parts.len() > 2 => last.value.clone(),
                    _ => continue,
                }
            }
            other => match field(other) {
                Some(field) => field.value.clone(),
                None => continue,
            },
        };
        if !taken.contains(&name) {
            taken.push(name.clone());
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
        }
    }
}

/// The name by which a SELECT knows an item of its FROM clause.
fn relation(factor: &TableFactor) -> Option<String> {
    let name = match factor {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. }
        | TableFactor::UNNEST { alias: Some(alias), .. }
        | TableFactor::Function { alias: Some(alias), .. } => alias.name.value.clone(),
        TableFactor::Table { name, .. } | TableFactor::Function { name, .. } => {
            name.0.last()?.as_ident()?.value.clone()
        }
        _ => return None,
    };
    Some(name.to_lowercase())
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
        _ => None,
    }
}

/// `unnest` of a struct makes several columns, each with a name of its own.
fn unnests(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(f) if f.name.to_string().eq_ignore_ascii_case("unnest"))
}

/// The field that an expression ends with: `f(x).field`.
fn field(expr: &Expr) -> Option<&Ident> {
    match expr {
        Expr::CompoundFieldAccess { access_chain, .. } => match access_chain.last()? {
            AccessExpr::Dot(Expr::Identifier(field)) => Some(field),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{name, name_fields};
    use crate::plan::parse::parse_query;

    fn named(sql: &str) -> String {
        let mut query = parse_query(sql).unwrap();
        name_fields(&mut query);
        name(&mut query);
        query.to_string()
    }

    #[test]
    fn expressions_are_headed_by_their_text_and_columns_by_their_name() {
        assert_eq!(
            named("SELECT a, t.b, count(*), 1, 1 FROM t"),
            "SELECT a, t.b, count(*) AS \"count(*)\", 1 AS \"1\", 1 AS \"1_1\" FROM t"
        );
    }

    #[test]
    fn a_field_is_headed_by_its_name_in_subqueries_too() {
        assert_eq!(
            named("SELECT text FROM (SELECT g.text, t.g.sample, f(x)[1].seconds FROM t) AS s"),
            "SELECT text FROM (SELECT g.text AS \"text\", t.g.sample AS \"sample\", f(x)[1].seconds AS \"seconds\" FROM t) AS s"
        );
    }
}
