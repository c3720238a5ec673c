//! A study: a folder of `.sql` files, run in the order of their names, each skipped where nothing it depends on has changed.
//!
//! A file is up to date when its text and the session's parameters are those of its last whole run, the tables and files
//! that it reads are as that run found them, and what it wrote is as that run left it. Statements that only concern the
//! session (PARAMETER, SET, temporary tables) and queries that print are run all the same.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use datafusion::sql::sqlparser::ast::{self, ObjectName};
use sha2::{Digest, Sha256};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::plan::parse::{Parsed, parse};
use crate::plan::split::{Statement, split};
use crate::read::FileQuery;
use crate::store::TableName;

/// What a statement is to a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Concerns the session only: always run.
    Session,
    /// Prints rows: always run.
    Query,
    /// Makes or changes something that outlives the session: run unless the file is up to date.
    Write,
}

/// One file of a study, about to be run.
#[derive(Debug, Clone)]
pub struct Step {
    pub path: PathBuf,
    pub statements: Vec<(Statement, Role)>,
    pub up_to_date: bool,
    text: String,
    /// The session's parameters before the file's own PARAMETER statements added theirs.
    params: Vec<(String, String)>,
    reads: Vec<String>,
    writes: Vec<String>,
}

/// Something that a step wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrote {
    /// A table, or a file's path.
    pub name: String,
    pub rows: Option<u64>,
    pub bytes: u64,
}

/// All `.sql` files that the arguments mean: files as they are, folders in the order of names.
///
/// # Errors
/// A path that is not there; a folder without a `.sql` file.
pub fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        if !path.is_dir() {
            fs::metadata(path).map_err(|e| Error::io("read", path, &e))?;
            all.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).map_err(|e| Error::io("read", path, &e))?;
        let mut found: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|p| p.is_file() && p.extension().is_some_and(|x| x.eq_ignore_ascii_case("sql")))
            .collect();
        if found.is_empty() {
            return Err(Error::world(format!("there is no .sql file in `{}`", path.display())));
        }
        found.sort();
        all.extend(found);
    }
    Ok(all)
}

/// Reads a file and finds out whether it is up to date now: call it when its turn has come.
///
/// # Errors
/// A file that cannot be read, or a statement that cannot be parsed.
pub async fn open(engine: &Engine, path: &Path, force: bool) -> Result<Step> {
    let bytes = fs::read(path).map_err(|e| Error::io("read", path, &e))?;
    let text = String::from_utf8(bytes).map_err(|e| {
        let line = e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        Error::data(format!("`{}` is not UTF-8: line {line}", path.display())).with_hint("save it as UTF-8")
    })?;
    let mut statements = Vec::new();
    let (mut reads, mut writes) = (Vec::new(), Vec::new());
    for statement in split(Some(&path.to_string_lossy()), &text)? {
        let role = classify(&parse(&statement)?, &mut reads, &mut writes);
        statements.push((statement, role));
    }
    for names in [&mut reads, &mut writes] {
        names.sort();
        names.dedup();
    }
    // What it makes itself is no input, unless it was there before and is only changed.
    reads.retain(|name| !writes.contains(name));
    let mut step =
        Step { path: path.to_owned(), statements, up_to_date: false, text, params: engine.params(), reads, writes };
    if !force && step.statements.iter().any(|(_, role)| *role == Role::Write) {
        let now = fingerprint(engine, &step).await?;
        step.up_to_date = now.is_some() && engine.store().step(&key(path))? == now;
    }
    Ok(step)
}

/// Says what a step that has run left, and remembers that it is up to date if it is `whole`: a step some of whose model
/// calls failed is tried again by the next run.
///
/// # Errors
/// Where the store cannot be written.
pub async fn finished(engine: &Engine, step: &Step, whole: bool) -> Result<Vec<Wrote>> {
    if whole
        && !step.up_to_date
        && !engine.store().is_readonly()
        && let Some(print) = fingerprint(engine, step).await?
    {
        engine.store().put_step(&key(&step.path), &print)?;
    }
    let mut wrote = Vec::new();
    for name in &step.writes {
        if let Some(path) = name.strip_prefix(FILE) {
            if let Ok(meta) = fs::metadata(path) {
                wrote.push(Wrote { name: path.to_owned(), rows: None, bytes: meta.len() });
            }
        } else if let Some(snapshot) = engine.store().snapshot(&table(name)).await? {
            wrote.push(Wrote { name: name.clone(), rows: snapshot.rows(), bytes: snapshot.files().1 });
        }
    }
    Ok(wrote)
}

/// Marks names that are files.
const FILE: &str = "file:";

fn key(path: &Path) -> String {
    path.canonicalize().unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned()
}

fn classify(parsed: &Parsed, reads: &mut Vec<String>, writes: &mut Vec<String>) -> Role {
    match parsed {
        Parsed::Copy(copy) => {
            relations(copy.query.as_ref(), reads);
            // A target with a parameter in it is known only when it runs; its text is good enough to tell it from others.
            if let Ok(target) = crate::plan::rewrite::constant_text(&copy.target) {
                writes.push(format!("{FILE}{target}"));
            }
            Role::Write
        }
        Parsed::CreateModel { .. } | Parsed::DropModel { .. } | Parsed::DropMacro { .. } => Role::Write,
        Parsed::Summarize(_)
        | Parsed::Describe(_)
        | Parsed::Pivot(_)
        | Parsed::Show { .. }
        | Parsed::ExplainCost(_) => Role::Query,
        Parsed::Parameter { .. } | Parsed::Set { .. } | Parsed::Reset { .. } => Role::Session,
        Parsed::Sql(tree) => {
            let target = match tree.as_ref() {
                ast::Statement::Query(_) | ast::Statement::Explain { .. } | ast::Statement::ExplainTable { .. } => {
                    return Role::Query;
                }
                ast::Statement::CreateTable(create) if create.temporary => return Role::Session,
                ast::Statement::CreateMacro { temporary: true, .. } | ast::Statement::Set(_) => return Role::Session,
                ast::Statement::CreateTable(create) => Some(&create.name),
                ast::Statement::Insert(insert) => match &insert.table {
                    ast::TableObject::TableName(name) => Some(name),
                    _ => None,
                },
                ast::Statement::Merge(ast::Merge { table: ast::TableFactor::Table { name, .. }, .. }) => Some(name),
                ast::Statement::Update(ast::Update {
                    table: ast::TableWithJoins { relation: ast::TableFactor::Table { name, .. }, .. },
                    ..
                }) => Some(name),
                _ => None,
            };
            writes.extend(target.map(folded));
            relations(tree.as_ref(), reads);
            Role::Write
        }
    }
}

fn relations(tree: &impl ast::Visit, into: &mut Vec<String>) {
    let _ = ast::visit_relations(tree, |name| {
        into.push(folded(name));
        ControlFlow::<()>::Continue(())
    });
    // Constant paths of read_json('…') and the like are inputs too.
    let _ = ast::visit_expressions(tree, |expr| {
        if let ast::Expr::Value(value) = expr
            && let ast::Value::SingleQuotedString(text) = &value.value
            && Path::new(text).exists()
        {
            into.push(format!("{FILE}{text}"));
        }
        ControlFlow::<()>::Continue(())
    });
}

fn folded(name: &ObjectName) -> String {
    let parts = name.0.iter().filter_map(|p| p.as_ident());
    parts
        .map(|i| if i.quote_style.is_some() { i.value.clone() } else { i.value.to_lowercase() })
        .collect::<Vec<_>>()
        .join(".")
}

fn table(name: &str) -> TableName {
    match name.rsplit_once('.') {
        Some((schema, name)) => TableName::new(schema.rsplit('.').next().unwrap_or(schema), name),
        None => TableName::main(name),
    }
}

/// A digest of all that a step's result depends on and of what it wrote; `None` where something it wrote is not there.
async fn fingerprint(engine: &Engine, step: &Step) -> Result<Option<String>> {
    let mut parts: BTreeMap<String, String> = BTreeMap::new();
    parts.insert("text".into(), step.text.clone());
    parts.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    for (name, value) in &step.params {
        parts.insert(format!("${name}"), value.clone());
    }
    for name in step.reads.iter().chain(&step.writes) {
        let state = match name.strip_prefix(FILE) {
            Some(path) => file_state(Path::new(path)),
            None => table_state(engine, name).await?,
        };
        if state.is_none() && step.writes.contains(name) {
            return Ok(None);
        }
        parts.insert(name.clone(), state.unwrap_or_default());
    }
    let mut digest = Sha256::new();
    for (name, value) in &parts {
        digest.update((name.len() as u64).to_le_bytes());
        digest.update(name);
        digest.update((value.len() as u64).to_le_bytes());
        digest.update(value);
    }
    Ok(Some(digest.finalize().iter().map(|b| format!("{b:02x}")).collect()))
}

async fn table_state(engine: &Engine, name: &str) -> Result<Option<String>> {
    let full = table(name);
    if let Some(view) = engine.store().view(&full)? {
        return Ok(Some(view.sql));
    }
    if let Some(commits) = engine.store().history(&full, 1).await? {
        return Ok(commits.first().map(|c| format!("{}@{:?}", c.version, c.at)));
    }
    Ok(FileQuery::from_table_name(name).and_then(|query| file_state(Path::new(&query.url))))
}

/// Size and time of a file, or of all files of a folder.
fn file_state(path: &Path) -> Option<String> {
    let meta = fs::metadata(path).ok()?;
    if meta.is_file() {
        let modified = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?.as_nanos();
        return Some(format!("{}@{modified}", meta.len()));
    }
    let mut inside: Vec<PathBuf> =
        fs::read_dir(path).ok()?.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.is_file()).collect();
    inside.sort();
    Some(
        inside
            .iter()
            .map(|p| format!("{}:{}", p.display(), file_state(p).unwrap_or_default()))
            .collect::<Vec<_>>()
            .join(","),
    )
}
