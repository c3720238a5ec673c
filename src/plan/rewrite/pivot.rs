//! `PIVOT t ON column USING aggregate` → one filtered aggregate a value.

use datafusion::sql::sqlparser::ast::{Expr, Query};

use crate::error::{Error, Result};
use crate::plan::parse::{Pivot, parse_query};

/// The query that finds the values where the statement does not list them: run it, then call [`query`].
pub fn values_query(pivot: &Pivot) -> Result<Box<Query>> {
    let on = key(pivot)?;
    parse_query(&format!(
        "SELECT DISTINCT CAST({on} AS TEXT) AS v FROM {} WHERE {on} IS NOT NULL ORDER BY 1",
        pivot.source
    ))
}

/// `columns`: all columns of the source, in order; `values`: one output column each.
///
/// Without GROUP BY the groups are the columns that neither ON nor USING mention, as in DuckDB.
pub fn query(pivot: &Pivot, columns: &[String], values: &[String]) -> Result<Box<Query>> {
    let on = key(pivot)?;
    if pivot.using.is_empty() {
        return Err(Error::query("PIVOT needs an aggregate").with_hint("as in `PIVOT t ON lang USING avg(correct)`"));
    }
    let groups: Vec<String> = match &pivot.group_by {
        Some(groups) => groups.iter().map(Expr::to_string).collect(),
        None => {
            let mut mentioned: Vec<String> = pivot.on.iter().flat_map(names_in).collect();
            mentioned.extend(pivot.using.iter().flat_map(|(e, _)| names_in(e)));
            columns.iter().filter(|c| !mentioned.iter().any(|m| m.eq_ignore_ascii_case(c))).map(|c| quote(c)).collect()
        }
    };
    let mut select = groups.clone();
    for value in values {
        for (aggregate, alias) in &pivot.using {
            let name = match alias {
                Some(alias) => format!("{value}_{}", alias.value),
                None if pivot.using.len() > 1 => format!("{value}_{aggregate}"),
                None => value.clone(),
            };
            select.push(format!(
                "{aggregate} FILTER (WHERE CAST({on} AS TEXT) = '{}') AS {}",
                value.replace('\'', "''"),
                quote(&name)
            ));
        }
    }
    let mut sql = format!("SELECT {} FROM {}", select.join(", "), pivot.source);
    if !groups.is_empty() {
        sql += &format!(" GROUP BY {}", groups.join(", "));
    }
    if let Some(order) = &pivot.order_by {
        sql += &format!(" {order}");
    } else if !groups.is_empty() {
        sql += &format!(" ORDER BY {}", (1..=groups.len()).map(|n| n.to_string()).collect::<Vec<_>>().join(", "));
    }
    if let Some(limit) = &pivot.limit {
        sql += &format!(" LIMIT {limit}");
    }
    parse_query(&sql)
}

/// Several ON columns make one key, joined as DuckDB joins them.
fn key(pivot: &Pivot) -> Result<String> {
    match pivot.on.as_slice() {
        [] => Err(Error::query("PIVOT needs ON")),
        [one] => Ok(one.to_string()),
        many => Ok(many.iter().map(|e| format!("CAST({e} AS TEXT)")).collect::<Vec<_>>().join(" || '_' || ")),
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The last part of every column name in an expression.
fn names_in(expr: &Expr) -> Vec<String> {
    let mut names = Vec::new();
    let _ = datafusion::sql::sqlparser::ast::visit_expressions(expr, |e| {
        match e {
            Expr::Identifier(i) => names.push(i.value.clone()),
            Expr::CompoundIdentifier(parts) => names.extend(parts.last().map(|i| i.value.clone())),
            _ => {}
        }
        std::ops::ControlFlow::<()>::Continue(())
    });
    names
}
