//! UPDATE, DELETE, MERGE and ALTER TABLE → the query that computes the table's new content.
//!
//! The engine writes that content as a new version in one commit. So a change may use everything a query may: subqueries,
//! model calls, other tables. Each row of the query says in a last column what became of it.

use std::ops::ControlFlow;

use datafusion::arrow::datatypes::DataType;
use datafusion::sql::sqlparser::ast::{
    self, Assignment, AssignmentTarget, Delete, Expr, FromTable, Merge, MergeAction, MergeClauseKind, MergeInsertKind,
    ObjectName, TableFactor, Update, UpdateTableFromKind,
};

use crate::error::{Error, Result};
use crate::suggest::closest;

/// The column that says what became of a row; its values are [`KEPT`] and so on.
pub const CHANGE: &str = "__glotrace_change";
pub const KEPT: i64 = 0;
pub const UPDATED: i64 = 1;
pub const DELETED: i64 = 2;
pub const INSERTED: i64 = 3;
/// Not part of the result and not a change: a source row that no clause inserts.
pub const DROPPED: i64 = -1;
/// A target row that several source rows would update: an error when it is met.
pub const AMBIGUOUS: i64 = 9;

/// The query over a table, and whether a target row that several source rows match is an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// As the statement names it.
    pub table: ObjectName,
    /// Columns of the table in order, then [`CHANGE`].
    pub sql: String,
    /// The query numbers the table's rows twice and must find the same numbers: run it in one partition.
    pub serial: bool,
}

/// A column of the table that is changed.
#[derive(Debug, Clone)]
pub struct Target {
    pub name: String,
    pub data_type: DataType,
}

impl Target {
    /// A value for this column, in its type: CASE over the old and the new value would else take their common type, and
    /// old values that are not touched would go through it.
    fn typed(&self, value: &str) -> String {
        if self.data_type.is_nested() {
            return value.to_owned();
        }
        format!("arrow_cast({value}, '{}')", self.data_type.to_string().replace('\'', "''"))
    }
}

/// The target of a statement that changes a table, if it is one.
pub fn target(statement: &ast::Statement) -> Result<Option<ObjectName>> {
    Ok(match statement {
        ast::Statement::Update(update) => Some(only_table(&update.table)?.0),
        ast::Statement::Delete(delete) => {
            let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
            match from.as_slice() {
                [one] => Some(only_table(one)?.0),
                _ => return Err(Error::query("DELETE takes one table").with_hint("DELETE FROM t USING others WHERE …")),
            }
        }
        ast::Statement::Merge(merge) => Some(named(&merge.table)?.0),
        ast::Statement::Truncate(truncate) => match truncate.table_names.as_slice() {
            [one] => Some(one.name.clone()),
            _ => return Err(Error::query("TRUNCATE takes one table")),
        },
        ast::Statement::AlterTable(alter) => Some(alter.name.clone()),
        _ => None,
    })
}

/// `columns`: the target's columns in order.
pub fn change(statement: &ast::Statement, columns: &[Target]) -> Result<Option<Change>> {
    Ok(Some(match statement {
        ast::Statement::Update(u) => update(u, columns)?,
        ast::Statement::Delete(d) => delete(d, columns)?,
        ast::Statement::Merge(m) => merge(m, columns)?,
        ast::Statement::Truncate(t) => {
            let Some(table) = t.table_names.first() else { return Ok(None) };
            let sql = format!("SELECT *, {DELETED} AS {CHANGE} FROM {}", table.name);
            Change { table: table.name.clone(), sql, serial: false }
        }
        _ => return Ok(None),
    }))
}

fn update(update: &Update, columns: &[Target]) -> Result<Change> {
    refuse(update.returning.is_some(), "RETURNING")?;
    refuse(update.limit.is_some() || !update.order_by.is_empty(), "UPDATE … ORDER BY or LIMIT")?;
    let (table, alias) = only_table(&update.table)?;
    let assignments = assignments(&update.assignments, &alias, columns)?;
    if let Some(UpdateTableFromKind::AfterSet(from) | UpdateTableFromKind::BeforeSet(from)) = &update.from {
        let source = from.iter().map(ToString::to_string).collect::<Vec<_>>().join(" CROSS JOIN ");
        let on = update.selection.as_ref().map_or("TRUE".to_owned(), Expr::to_string);
        let clause = Clause { kind: Kind::Matched, condition: None, action: Action::Update(assignments) };
        return Ok(merged(&table, &alias, &Source::Joined(source), &on, &[clause], columns));
    }
    let values = columns.iter().map(|c| match assignments.iter().find(|(name, _)| *name == c.name) {
        Some((_, value)) => {
            format!("CASE WHEN {HIT} THEN {value} ELSE {alias}.{0} END AS {0}", quote(&c.name))
        }
        None => format!("{alias}.{}", quote(&c.name)),
    });
    let values = values.collect::<Vec<_>>().join(", ");
    let (hits, serial) = hits(&table, &alias, update.selection.as_ref());
    let sql =
        format!("SELECT {values}, CASE WHEN {HIT} THEN {UPDATED} ELSE {KEPT} END AS {CHANGE} FROM {hits} AS {alias}");
    Ok(Change { table, sql, serial })
}

/// The column that says whether the condition of an UPDATE or DELETE holds.
const HIT: &str = "__glotrace_hit";

/// The table's rows with [`HIT`], and whether they are numbered in two scans.
///
/// DataFusion plans IN (SELECT …) and EXISTS in WHERE only, and there it must stand by itself: under IS TRUE its NULLs
/// go wrong. So the rows that a plain WHERE keeps are looked up by their number.
fn hits(table: &ObjectName, alias: &str, condition: Option<&Expr>) -> (String, bool) {
    const ROW: &str = "__glotrace_row";
    let Some(condition) = condition else {
        return (format!("(SELECT *, TRUE AS {HIT} FROM {table} AS {alias})"), false);
    };
    let asks = ast::visit_expressions(condition, |e| match e {
        Expr::InSubquery { .. } | Expr::Exists { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    if asks.is_continue() {
        return (format!("(SELECT *, ({condition}) IS TRUE AS {HIT} FROM {table} AS {alias})"), false);
    }
    let numbered = format!("(SELECT *, row_number() OVER () AS {ROW} FROM {table} AS {alias}) AS {alias}");
    let found = format!("(SELECT {ROW} AS __glotrace_found FROM {numbered} WHERE {condition}) AS __glotrace_hits");
    let joined = format!("{numbered} LEFT JOIN {found} ON {alias}.{ROW} = __glotrace_found");
    (format!("(SELECT {alias}.*, __glotrace_found IS NOT NULL AS {HIT} FROM {joined})"), true)
}

fn delete(delete: &Delete, columns: &[Target]) -> Result<Change> {
    refuse(delete.returning.is_some(), "RETURNING")?;
    refuse(delete.limit.is_some() || !delete.order_by.is_empty(), "DELETE … ORDER BY or LIMIT")?;
    let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
    let Some(first) = from.first() else { return Err(Error::query("DELETE needs a table")) };
    let (table, alias) = only_table(first)?;
    if let Some(using) = &delete.using {
        let source = using.iter().map(ToString::to_string).collect::<Vec<_>>().join(" CROSS JOIN ");
        let condition = delete.selection.as_ref().map_or("TRUE".to_owned(), Expr::to_string);
        let clause = Clause { kind: Kind::Matched, condition: None, action: Action::Delete };
        return Ok(merged(&table, &alias, &Source::Joined(source), &condition, &[clause], columns));
    }
    let plain = columns.iter().map(|c| format!("{alias}.{}", quote(&c.name))).collect::<Vec<_>>().join(", ");
    let (hits, serial) = hits(&table, &alias, delete.selection.as_ref());
    let sql =
        format!("SELECT {plain}, CASE WHEN {HIT} THEN {DELETED} ELSE {KEPT} END AS {CHANGE} FROM {hits} AS {alias}");
    Ok(Change { table, sql, serial })
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Kind {
    Matched,
    NotMatched,
    NotMatchedBySource,
}

enum Action {
    Update(Vec<(String, String)>),
    Delete,
    /// Column → value; a column that is missing becomes NULL.
    Insert(Vec<(String, String)>),
}

struct Clause {
    kind: Kind,
    condition: Option<String>,
    action: Action,
}

enum Source {
    /// A table or subquery with the name under which the clauses know it.
    Named { sql: String, alias: String },
    /// One or more tables of UPDATE … FROM and DELETE … USING.
    Joined(String),
}

fn merge(merge: &Merge, columns: &[Target]) -> Result<Change> {
    refuse(merge.output.is_some(), "MERGE … OUTPUT or RETURNING")?;
    let (table, alias) = named(&merge.table)?;
    let source = match &merge.source {
        TableFactor::Table { name, alias: None, .. } => {
            Source::Named { sql: name.to_string(), alias: name.0.last().map(ToString::to_string).unwrap_or_default() }
        }
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Source::Named { sql: merge.source.to_string(), alias: alias.name.to_string() }
        }
        other => return Err(Error::query(format!("MERGE … USING needs a table or a named subquery, got `{other}`"))),
    };
    let clauses = merge
        .clauses
        .iter()
        .map(|clause| {
            let kind = match clause.clause_kind {
                MergeClauseKind::Matched => Kind::Matched,
                MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget => Kind::NotMatched,
                MergeClauseKind::NotMatchedBySource => Kind::NotMatchedBySource,
            };
            let action = match &clause.action {
                MergeAction::Update(update) => Action::Update(assignments(&update.assignments, &alias, columns)?),
                MergeAction::Delete { .. } => Action::Delete,
                MergeAction::Insert(insert) => {
                    let names: Vec<&Target> = if insert.columns.is_empty() {
                        columns.iter().collect()
                    } else {
                        insert.columns.iter().map(|c| column(c, columns)).collect::<Result<_>>()?
                    };
                    let MergeInsertKind::Values(values) = &insert.kind else {
                        return Err(Error::query("MERGE … INSERT ROW is not supported")
                            .with_hint("list the columns: INSERT (a, b) VALUES (s.a, s.b)"));
                    };
                    let row = values
                        .rows
                        .first()
                        .map(|r| r.iter().map(Expr::to_string).collect::<Vec<_>>())
                        .unwrap_or_default();
                    if row.len() != names.len() || values.rows.len() != 1 {
                        return Err(Error::query(format!(
                            "MERGE … INSERT has {} columns and {} values",
                            names.len(),
                            row.len()
                        )));
                    }
                    Action::Insert(
                        names.into_iter().zip(row).map(|(c, value)| (c.name.clone(), c.typed(&value))).collect(),
                    )
                }
            };
            let fits = matches!(
                (kind, &action),
                (Kind::Matched | Kind::NotMatchedBySource, Action::Update(_) | Action::Delete)
                    | (Kind::NotMatched, Action::Insert(_))
            );
            if !fits {
                return Err(Error::query(format!(
                    "`{}` cannot do this: a matched row is updated or deleted, an unmatched one inserted",
                    clause.clause_kind
                )));
            }
            Ok(Clause { kind, condition: clause.predicate.as_ref().map(Expr::to_string), action })
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(merged(&table, &alias, &source, &merge.on.to_string(), &clauses, columns))
}

/// The full join of target and source; the first clause whose condition holds decides a row.
fn merged(
    table: &ObjectName,
    alias: &str,
    source: &Source,
    on: &str,
    clauses: &[Clause],
    columns: &[Target],
) -> Change {
    const ROW: &str = "__glotrace_row";
    const SOURCE: &str = "__glotrace_source";
    let target_sql = format!("(SELECT *, row_number() OVER () AS {ROW} FROM {table} AS {alias}) AS {alias}");
    let mut cases: Vec<(String, &Action)> = Vec::new();
    for clause in clauses {
        let kind = match clause.kind {
            Kind::Matched => format!("{ROW} IS NOT NULL AND {SOURCE} IS NOT NULL"),
            Kind::NotMatched => format!("{ROW} IS NULL"),
            Kind::NotMatchedBySource => format!("{SOURCE} IS NULL"),
        };
        cases.push((clause.condition.as_ref().map_or(kind.clone(), |c| format!("{kind} AND ({c})")), &clause.action));
    }
    // Columns are computed under names of their own: `t.x` must mean the old value in all clauses.
    let value = |c: &Target| {
        let mut branches = String::new();
        for (condition, action) in &cases {
            let (Action::Update(values) | Action::Insert(values)) = action else {
                branches += &format!(" WHEN {condition} THEN {alias}.{}", quote(&c.name));
                continue;
            };
            let new = values.iter().find(|(name, _)| *name == c.name).map(|(_, v)| v.clone());
            let new = new.unwrap_or_else(|| match action {
                Action::Insert(_) => "NULL".to_owned(),
                _ => format!("{alias}.{}", quote(&c.name)),
            });
            branches += &format!(" WHEN {condition} THEN {new}");
        }
        format!("CASE{branches} ELSE {alias}.{} END AS {}", quote(&c.name), quote(&c.name))
    };
    let values = columns.iter().map(value).collect::<Vec<_>>().join(", ");
    let mut becomes = String::new();
    for (condition, action) in &cases {
        let code = match action {
            Action::Update(_) => UPDATED,
            Action::Delete => DELETED,
            Action::Insert(_) => INSERTED,
        };
        becomes += &format!(" WHEN {condition} THEN {code}");
    }
    let becomes = format!("CASE{becomes} WHEN {ROW} IS NULL THEN {DROPPED} ELSE {KEPT} END");
    let joined = match source {
        Source::Named { sql, alias: source } => {
            format!("{target_sql} FULL JOIN (SELECT *, TRUE AS {SOURCE} FROM {sql}) AS {source} ON {on}")
        }
        // The source's own names must stay visible to the expressions, so it is joined as it stands and marked by matching.
        Source::Joined(source) => {
            format!("{target_sql} LEFT JOIN ({source} CROSS JOIN (SELECT TRUE AS {SOURCE}) AS __glotrace_mark) ON {on}")
        }
    };
    let plain = columns.iter().map(|c| quote(&c.name)).collect::<Vec<_>>().join(", ");
    // One target row may have met several source rows: it must be changed at most once, and appear once.
    Change {
        table: table.clone(),
        serial: false,
        sql: format!(
            "SELECT {plain}, CASE \
               WHEN {ROW} IS NULL THEN {CHANGE} \
               WHEN updates > 0 AND changes > 1 THEN {AMBIGUOUS} \
               WHEN place > 1 THEN {DROPPED} \
               ELSE {CHANGE} END AS {CHANGE} \
             FROM (SELECT *, \
               sum(CASE WHEN {CHANGE} = {UPDATED} THEN 1 ELSE 0 END) OVER (PARTITION BY {ROW}) AS updates, \
               sum(CASE WHEN {CHANGE} IN ({UPDATED}, {DELETED}) THEN 1 ELSE 0 END) OVER (PARTITION BY {ROW}) AS changes, \
               row_number() OVER (PARTITION BY {ROW} ORDER BY {CHANGE} DESC) AS place \
             FROM (SELECT {values}, {ROW}, {becomes} AS {CHANGE} FROM {joined}) AS __glotrace_joined) AS __glotrace_ranked"
        ),
    }
}

fn refuse(there: bool, what: &str) -> Result<()> {
    if there { Err(Error::query(format!("{what} is not supported"))) } else { Ok(()) }
}

/// A table that stands alone: its name, and the name by which expressions know it.
fn only_table(table: &ast::TableWithJoins) -> Result<(ObjectName, String)> {
    if !table.joins.is_empty() {
        return Err(Error::query(format!("one table is changed at a time, got `{table}`"))
            .with_hint("UPDATE t SET … FROM others WHERE …"));
    }
    named(&table.relation)
}

fn named(factor: &TableFactor) -> Result<(ObjectName, String)> {
    match factor {
        TableFactor::Table { name, alias, .. } => {
            let own = || name.0.last().map(ToString::to_string).unwrap_or_default();
            Ok((name.clone(), alias.as_ref().map_or_else(own, |a| a.name.to_string())))
        }
        other => Err(Error::query(format!("`{other}` is no table that can be changed"))),
    }
}

fn assignments(all: &[Assignment], table: &str, columns: &[Target]) -> Result<Vec<(String, String)>> {
    let mut values = Vec::new();
    for assignment in all {
        let AssignmentTarget::ColumnName(name) = &assignment.target else {
            return Err(Error::query(format!("`{assignment}`: columns are assigned one by one")));
        };
        // `SET g.id = 1` with a struct g must not change a column that happens to be called id.
        let qualifier = name.0.len().checked_sub(2).and_then(|i| name.0[i].as_ident());
        if let Some(qualifier) = qualifier
            && !qualifier.value.eq_ignore_ascii_case(table.trim_matches('"'))
        {
            return Err(Error::query(format!("`{name}` is no column of the table that is updated"))
                .with_hint("a struct is assigned whole: SET g = {…}"));
        }
        let target = column(name, columns)?;
        if values.iter().any(|(n, _)| *n == target.name) {
            return Err(Error::query(format!("column `{}` is assigned twice", target.name)));
        }
        values.push((target.name.clone(), target.typed(&assignment.value.to_string())));
    }
    Ok(values)
}

/// The column that a name means: folded as SQL folds names, qualified or not.
fn column<'a>(name: &ObjectName, columns: &'a [Target]) -> Result<&'a Target> {
    let ident =
        name.0.last().and_then(|p| p.as_ident()).ok_or_else(|| Error::query(format!("`{name}` is no column")))?;
    let folded = if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() };
    let exact = columns.iter().find(|c| c.name == folded);
    if let Some(found) = exact.or_else(|| columns.iter().find(|c| c.name.to_lowercase() == folded.to_lowercase())) {
        return Ok(found);
    }
    let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
    let error = Error::query(format!("no column named `{}`", ident.value));
    Err(match closest(&folded, names.iter().copied()) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint(format!("the columns are {}", names.join(", "))),
    })
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
