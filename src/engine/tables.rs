//! Statements that change tables: CREATE TABLE, INSERT, UPDATE, DELETE, MERGE, TRUNCATE.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use datafusion::arrow::array::{AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{
    CreateMemoryTable, DmlStatement, LogicalPlan, LogicalPlanBuilder, WriteOp, cast, col, ident,
};
use datafusion::physical_plan::common::collect;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::sql::sqlparser::ast;
use futures::StreamExt;

use super::{Answer, CATALOG, Engine, system};
use crate::error::{Error, Result};
use crate::plan::change::{self, CHANGE, Target};
use crate::plan::model_call::run::StatementRun;
use crate::plan::parse::parse_query;
use crate::plan::split::Statement;
use crate::store::{MAIN, Snapshot, TableName, WriteMode};

/// An UPDATE, DELETE or MERGE as a query.
pub(super) struct PlannedChange {
    name: TableName,
    table: Changeable,
    /// What the table holds afterwards.
    pub(super) plan: LogicalPlan,
    /// Its scans must give their rows in one order.
    serial: bool,
}

impl Engine {
    /// A table's name in full.
    pub(super) fn table_name(&self, name: &TableReference) -> Result<TableName> {
        if name.catalog().is_some_and(|c| c != CATALOG) {
            return Err(Error::query(format!("no database named `{}`", name.catalog().unwrap_or_default()))
                .with_hint("a session has one database; its schemas are folders in it"));
        }
        let schema = name.schema().unwrap_or(MAIN);
        if schema == system::SCHEMA || schema == "information_schema" {
            return Err(Error::query(format!("the tables of `{schema}` are read-only")));
        }
        Ok(TableName::new(schema, name.table()))
    }

    pub(super) fn object_name(&self, name: &ast::ObjectName) -> Result<TableName> {
        let parts: Vec<String> = name
            .0
            .iter()
            .filter_map(|p| p.as_ident())
            .map(|i| if i.quote_style.is_some() { i.value.clone() } else { i.value.to_lowercase() })
            .collect();
        let reference = match parts.as_slice() {
            [table] => TableReference::bare(table.as_str()),
            [schema, table] => TableReference::partial(schema.as_str(), table.as_str()),
            [catalog, schema, table] => TableReference::full(catalog.as_str(), schema.as_str(), table.as_str()),
            _ => return Err(Error::query(format!("`{name}` is no table's name"))),
        };
        self.table_name(&reference)
    }

    fn provenance(statement: &Statement) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("statement".to_owned(), statement.text.clone()),
            ("version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ])
    }

    pub(super) fn writable(&self) -> Result<()> {
        if self.shared.store.is_readonly() {
            return Err(
                Error::query("the database was opened read-only").with_hint("leave out --readonly to write to it")
            );
        }
        Ok(())
    }

    pub(super) async fn create_table(
        &self,
        statement: &Statement,
        create: CreateMemoryTable,
        run: &Arc<StatementRun>,
    ) -> Result<Answer> {
        self.writable()?;
        let name = self.table_name(&create.name)?;
        if create.constraints.iter().next().is_some() || !create.column_defaults.is_empty() {
            return Err(Error::query("keys, constraints and defaults are not enforced here, so they are not taken")
                .with_hint("leave them out of CREATE TABLE; check with a query instead"));
        }
        if self.shared.store.view(&name)?.is_some() {
            return Err(Error::query(format!("`{name}` is a view")).with_hint(format!("DROP VIEW {name} first")));
        }
        let exists = self.shared.snapshot(&name).await?.is_some();
        if exists && create.if_not_exists {
            return Ok(Answer::done(format!("CREATE TABLE {name}: it is there already")));
        }
        if exists && !create.or_replace {
            return Err(Error::query(format!("table `{name}` exists already")).with_hint(format!(
                "CREATE OR REPLACE TABLE {name} …, CREATE TABLE IF NOT EXISTS, or INSERT INTO {name}"
            )));
        }
        let store = &self.shared.store;
        let provenance = Self::provenance(statement);
        let written = if let LogicalPlan::EmptyRelation(empty) = create.input.as_ref()
            && !empty.produce_one_row
        {
            let schema: SchemaRef = Arc::new(empty.schema.as_arrow().clone());
            store.create_table(&name, schema, create.or_replace, provenance).await?
        } else {
            let mode = if create.or_replace { WriteMode::CreateOrReplace } else { WriteMode::Create };
            let stream = self.stream(statement, Arc::unwrap_or_clone(create.input), run).await?;
            let stream = self.explained(statement, stream);
            store.write(&name, mode, stream, provenance).await?
        };
        Ok(Answer::Done { message: format!("CREATE TABLE {name}: {}", rows(written.rows)), rows: Some(written.rows) })
    }

    pub(super) async fn create_session_table(
        &self,
        statement: &Statement,
        create: CreateMemoryTable,
        run: &Arc<StatementRun>,
    ) -> Result<Answer> {
        let name = create.name.table().to_owned();
        let there = self.shared.session_tables.read().unwrap_or_else(PoisonError::into_inner).contains_key(&name);
        if there && create.if_not_exists {
            return Ok(Answer::done(format!("CREATE TABLE {name}: it is there already")));
        }
        if there && !create.or_replace {
            return Err(Error::query(format!("temporary table `{name}` exists already"))
                .with_hint("CREATE OR REPLACE TEMP TABLE …"));
        }
        let stream = self.stream(statement, Arc::unwrap_or_clone(create.input), run).await?;
        let schema = stream.schema();
        let batches = collect(stream).await.map_err(|e| self.explain(statement, e))?;
        let n: u64 = batches.iter().map(|b| b.num_rows() as u64).sum();
        let table = MemTable::try_new(schema, vec![batches]).map_err(|e| self.explain(statement, e))?;
        self.shared
            .session_tables
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.clone(), Arc::new(table));
        Ok(Answer::Done { message: format!("CREATE TEMP TABLE {name}: {}", rows(n)), rows: Some(n) })
    }

    pub(super) async fn insert(
        &self,
        statement: &Statement,
        dml: DmlStatement,
        run: &Arc<StatementRun>,
    ) -> Result<Answer> {
        let name = self.table_name(&dml.table_name)?;
        let Some(table) = self.changeable(&name).await? else {
            let what =
                if self.shared.store.view(&name)?.is_some() { "is a view" } else { "is no table of the database" };
            return Err(Error::query(format!("`{name}` {what} and cannot be written")));
        };
        let WriteOp::Insert(op) = &dml.op else { return Err(Error::query(format!("{} is not supported", dml.op))) };
        let stream = self.stream(statement, Arc::unwrap_or_clone(dml.input), run).await?;
        let stream = self.explained(statement, stream);
        let written = match (op, table) {
            (InsertOp::Replace, _) => {
                return Err(Error::query("INSERT OR REPLACE is not supported")
                    .with_hint("MERGE INTO says which rows are the same"));
            }
            (InsertOp::Append, Changeable::Stored(_)) => {
                let (every, seconds) = self.shared.settings.commit_every();
                let store = &self.shared.store;
                store.append_in_chunks(&name, stream, every, seconds, Self::provenance(statement)).await?.rows
            }
            (InsertOp::Append, Changeable::Session(table)) => {
                let mut batches = batches_of(&table).await;
                let new = collect(stream).await.map_err(|e| self.explain(statement, e))?;
                let rows = new.iter().map(|b| b.num_rows() as u64).sum();
                batches.extend(new);
                self.put_session_table(statement, &name, table.schema(), batches)?;
                rows
            }
            (InsertOp::Overwrite, table) => self.replace_content(statement, &name, table, stream).await?,
        };
        Ok(Answer::Done { message: format!("INSERT INTO {name}: {}", rows(written)), rows: Some(written) })
    }

    /// The table that a name means when it is changed: as when it is read, a session's table comes before a stored one.
    async fn changeable(&self, name: &TableName) -> Result<Option<Changeable>> {
        if name.schema == MAIN {
            let tables = self.shared.session_tables.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(table) = tables.get(&name.name) {
                return Ok(Some(Changeable::Session(Arc::clone(table))));
            }
        }
        self.writable()?;
        Ok(self.shared.snapshot(name).await?.map(Changeable::Stored))
    }

    /// Puts other rows in place of a table's. Returns how many.
    async fn replace_content(
        &self,
        statement: &Statement,
        name: &TableName,
        table: Changeable,
        stream: SendableRecordBatchStream,
    ) -> Result<u64> {
        match table {
            Changeable::Stored(snapshot) => {
                let mode = WriteMode::Replace { version: snapshot.version };
                Ok(self.shared.store.write(name, mode, stream, Self::provenance(statement)).await?.rows)
            }
            Changeable::Session(table) => {
                let batches = collect(stream).await.map_err(|e| self.explain(statement, e))?;
                let rows = batches.iter().map(|b| b.num_rows() as u64).sum();
                self.put_session_table(statement, name, table.schema(), batches)?;
                Ok(rows)
            }
        }
    }

    fn put_session_table(
        &self,
        statement: &Statement,
        name: &TableName,
        schema: SchemaRef,
        batches: Vec<RecordBatch>,
    ) -> Result<()> {
        let batches = batches
            .into_iter()
            .map(|b| conform(&b, &schema).map_err(|e| self.explain(statement, e)))
            .collect::<Result<Vec<_>>>()?;
        let table = MemTable::try_new(schema, vec![batches]).map_err(|e| self.explain(statement, e))?;
        let mut tables = self.shared.session_tables.write().unwrap_or_else(PoisonError::into_inner);
        tables.insert(name.name.clone(), Arc::new(table));
        Ok(())
    }

    /// UPDATE, DELETE, MERGE and TRUNCATE: the table's new content is a query, written as its next version.
    pub(super) async fn change_statement(
        &self,
        statement: &Statement,
        tree: &ast::Statement,
        run: &Arc<StatementRun>,
    ) -> Result<Option<Answer>> {
        let Some(PlannedChange { name, table, plan, serial }) = self.planned_change(statement, tree).await? else {
            return Ok(None);
        };
        let counts = Arc::new(Mutex::new(Counts::default()));
        let stream = if serial {
            self.stream_serially(statement, plan, run).await?
        } else {
            self.stream(statement, plan, run).await?
        };
        let stream = applied(stream, &name, Arc::clone(&counts));
        let stream = self.explained(statement, stream);
        self.replace_content(statement, &name, table, stream).await?;
        let counts = *counts.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(Answer::Done { message: format!("{} {name}: {counts}", verb(tree)), rows: Some(counts.all()) }))
    }

    /// The query for what an UPDATE, DELETE or MERGE leaves of its table; `None` for other statements.
    pub(super) async fn planned_change(
        &self,
        statement: &Statement,
        tree: &ast::Statement,
    ) -> Result<Option<PlannedChange>> {
        let Some(target) = change::target(tree)? else { return Ok(None) };
        let name = self.object_name(&target)?;
        let Some(table) = self.changeable(&name).await? else {
            if self.shared.store.view(&name)?.is_some() {
                return Err(Error::query(format!("`{name}` is a view and cannot be changed")));
            }
            let error = DataFusionError::Plan(format!("table 'glotrace.{}.{}' not found", name.schema, name.name));
            return Err(self.explain(statement, error));
        };
        let schema = table.schema();
        let columns: Vec<Target> = schema
            .fields()
            .iter()
            .map(|f| Target { name: f.name().clone(), data_type: f.data_type().clone() })
            .collect();
        let mut tree = tree.clone();
        self.shared.substitute(statement, &mut tree)?;
        let Some(changed) = change::change(&tree, &columns)? else { return Ok(None) };
        let plan = self.plan_query(statement, parse_query(&changed.sql)?).await?;
        let typed = schema.fields().iter().map(|f| cast(ident(f.name()), f.data_type().clone()).alias(f.name()));
        let plan = LogicalPlanBuilder::from(plan)
            .project(
                typed
                    .chain([cast(col(CHANGE), datafusion::arrow::datatypes::DataType::Int64).alias(CHANGE)])
                    .collect::<Vec<_>>(),
            )
            .and_then(LogicalPlanBuilder::build)
            .map_err(|e| self.explain(statement, e))?;
        Ok(Some(PlannedChange { name, table, plan, serial: changed.serial }))
    }

    /// Errors of a stream that the store reads get their place and hint here: the store does not know the statement.
    pub(super) fn explained(
        &self,
        statement: &Statement,
        stream: SendableRecordBatchStream,
    ) -> SendableRecordBatchStream {
        let names = self.names();
        let statement = statement.clone();
        let schema = stream.schema();
        let run = self.run();
        let stream = stream.map(move |batch| {
            batch.map_err(|e| {
                if run.cancel.is_cancelled() {
                    return Error::interrupted().into();
                }
                crate::plan::diagnose::diagnose(&statement, &e, &names).into()
            })
        });
        Box::pin(RecordBatchStreamAdapter::new(schema, stream))
    }
}

/// A table that a statement may change.
enum Changeable {
    Session(Arc<MemTable>),
    Stored(Snapshot),
}

impl Changeable {
    fn schema(&self) -> SchemaRef {
        match self {
            Self::Session(table) => table.schema(),
            Self::Stored(snapshot) => Arc::clone(&snapshot.schema),
        }
    }
}

async fn batches_of(table: &MemTable) -> Vec<RecordBatch> {
    let mut all = Vec::new();
    for partition in &table.batches {
        all.extend(partition.read().await.iter().cloned());
    }
    all
}

/// A batch in the types of `schema`, columns by position.
fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    let columns = batch.columns().iter().zip(schema.fields());
    let columns =
        columns.map(|(c, f)| datafusion::arrow::compute::cast(c, f.data_type())).collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// How many rows a change did what to.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    updated: u64,
    deleted: u64,
    inserted: u64,
}

impl Counts {
    fn all(self) -> u64 {
        self.updated + self.deleted + self.inserted
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let parts: Vec<String> = [(self.updated, "updated"), (self.deleted, "deleted"), (self.inserted, "inserted")]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, what)| format!("{} {what}", rows(n)))
            .collect();
        if parts.is_empty() { f.write_str("0 rows") } else { f.write_str(&parts.join(", ")) }
    }
}

/// Drops the rows that go and the column that says so, and counts.
fn applied(
    stream: SendableRecordBatchStream,
    table: &TableName,
    counts: Arc<Mutex<Counts>>,
) -> SendableRecordBatchStream {
    let schema = stream.schema();
    let kept: Vec<usize> = (0..schema.fields().len() - 1).collect();
    let out = schema.project(&kept).map(Arc::new).unwrap_or_else(|_| Arc::clone(&schema));
    let table = table.clone();
    let stream = stream.map(move |batch| apply(&batch?, &kept, &table, &counts));
    Box::pin(RecordBatchStreamAdapter::new(out, stream))
}

fn apply(
    batch: &RecordBatch,
    kept: &[usize],
    table: &TableName,
    counts: &Mutex<Counts>,
) -> Result<RecordBatch, DataFusionError> {
    let changes = batch.column(batch.num_columns() - 1).as_primitive::<Int64Type>();
    let mut counted = counts.lock().unwrap_or_else(PoisonError::into_inner);
    let mut stays = Vec::with_capacity(batch.num_rows());
    for change in changes.values() {
        match *change {
            change::UPDATED => counted.updated += 1,
            change::DELETED => counted.deleted += 1,
            change::INSERTED => counted.inserted += 1,
            change::AMBIGUOUS => {
                return Err(Error::data(format!("a row of `{table}` is matched by several source rows"))
                    .with_hint(
                        "make the source unique first: SELECT DISTINCT ON, or GROUP BY the columns that are joined",
                    )
                    .into());
            }
            _ => {}
        }
        stays.push(!matches!(*change, change::DELETED | change::DROPPED));
    }
    Ok(filter_record_batch(&batch.project(kept)?, &BooleanArray::from(stays))?)
}

fn verb(tree: &ast::Statement) -> &'static str {
    match tree {
        ast::Statement::Update(_) => "UPDATE",
        ast::Statement::Delete(_) => "DELETE FROM",
        ast::Statement::Merge(_) => "MERGE INTO",
        _ => "TRUNCATE",
    }
}

pub(super) fn rows(n: u64) -> String {
    if n == 1 { "1 row".to_owned() } else { format!("{n} rows") }
}
