//! Queries: plan, optimize, run.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::SchemaError;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::logical_expr::{DdlStatement, LogicalPlan, Statement as PlanStatement};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{common::collect, execute_stream};
use datafusion::sql::parser::Statement as DfStatement;
use datafusion::sql::sqlparser::ast::{self, Ident, Query};
use futures::StreamExt;

use super::{Answer, Engine};
use crate::error::{Error, Result};
use crate::plan::diagnose::Names;
use crate::plan::model_call::run::{Counters, StatementRun};
use crate::plan::parse::Pivot;
use crate::plan::rewrite::{headings, pivot};
use crate::plan::split::Statement;
use crate::plan::summarize;

/// Misspelt capitals are mended this many times in one statement before its error is shown.
const MENDED_NAMES: usize = 64;

/// An answer of one batch.
pub fn of_batch(batch: RecordBatch) -> Answer {
    let schema = batch.schema();
    Answer::Rows(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter([Ok(batch)]))))
}

impl Engine {
    /// A statement that is not one of glotrace's own.
    pub(super) async fn sql(
        &self,
        statement: &Statement,
        mut tree: ast::Statement,
        run: &Arc<StatementRun>,
    ) -> Result<Answer> {
        if let Some(answer) = self.names_statement(statement, &mut tree).await? {
            return Ok(answer);
        }
        if let Some(answer) = self.change_statement(statement, &tree, run).await? {
            return Ok(answer);
        }
        head(&mut tree);
        // DataFusion refuses the word; here such a table lives in the session.
        let temporary = match &mut tree {
            ast::Statement::CreateTable(create) => std::mem::take(&mut create.temporary),
            _ => false,
        };
        self.shared.rewrite(statement, &mut tree)?;
        let plan = self.plan(statement, tree).await?;
        refuse_hidden_writes(&plan)?;
        match plan {
            LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(create)) if temporary => {
                self.create_session_table(statement, create, run).await
            }
            LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(create)) => {
                self.create_table(statement, create, run).await
            }
            LogicalPlan::Dml(dml) => self.insert(statement, dml, run).await,
            LogicalPlan::Statement(PlanStatement::Execute(_)) => {
                let frame = self.context.execute_logical_plan(plan).await.map_err(|e| self.explain(statement, e))?;
                self.rows(statement, frame.into_unoptimized_plan(), run).await
            }
            LogicalPlan::Statement(PlanStatement::TransactionStart(_) | PlanStatement::TransactionEnd(_)) => {
                Err(Error::query("there are no transactions over several statements")
                    .with_hint("each statement is atomic by itself"))
            }
            LogicalPlan::Statement(_) => {
                self.context.execute_logical_plan(plan).await.map_err(|e| self.explain(statement, e))?;
                Ok(Answer::done(""))
            }
            LogicalPlan::Ddl(ddl) => Err(Error::query(format!("`{}` is not supported", ddl.name()))),
            LogicalPlan::Copy(_) => Err(Error::internal("COPY reached the planner")),
            plan => self.rows(statement, plan, run).await,
        }
    }

    /// A rewritten tree → plan.
    pub(super) async fn plan(&self, statement: &Statement, tree: ast::Statement) -> Result<LogicalPlan> {
        plan_mending(&self.context.state(), tree).await.map_err(|e| self.explain(statement, e))
    }

    /// Plans a query that has not been rewritten yet.
    pub(super) async fn plan_query(&self, statement: &Statement, mut query: Box<Query>) -> Result<LogicalPlan> {
        headings::name(&mut query);
        self.shared.rewrite(statement, &mut query)?;
        self.plan(statement, ast::Statement::Query(query)).await
    }

    pub(super) async fn rows(
        &self,
        statement: &Statement,
        plan: LogicalPlan,
        run: &Arc<StatementRun>,
    ) -> Result<Answer> {
        Ok(Answer::Rows(self.stream(statement, plan, run).await?))
    }

    /// Optimizes and starts a plan. Its rows are counted for the progress line.
    pub(super) async fn stream(
        &self,
        statement: &Statement,
        plan: LogicalPlan,
        run: &Arc<StatementRun>,
    ) -> Result<SendableRecordBatchStream> {
        self.stream_in(statement, plan, run, self.state_of(run)).await
    }

    /// As [`Engine::stream`], in one partition: two scans of a table then give its rows in one order.
    pub(super) async fn stream_serially(
        &self,
        statement: &Statement,
        plan: LogicalPlan,
        run: &Arc<StatementRun>,
    ) -> Result<SendableRecordBatchStream> {
        let mut state = self.state_of(run);
        state.config_mut().options_mut().execution.target_partitions = 1;
        self.stream_in(statement, plan, run, state).await
    }

    async fn stream_in(
        &self,
        statement: &Statement,
        plan: LogicalPlan,
        run: &Arc<StatementRun>,
        state: SessionState,
    ) -> Result<SendableRecordBatchStream> {
        let started = async {
            let physical = state.create_physical_plan(&plan).await?;
            execute_stream(physical, state.task_ctx())
        };
        let stream = started.await.map_err(|e| self.explain(statement, e))?;
        let run = Arc::clone(run);
        let counted = stream.map(move |batch| {
            if let Ok(batch) = &batch {
                Counters::add(&run.counters.rows, batch.num_rows() as u64);
            }
            batch
        });
        // The plan's own names, not those that the operators may have lost on the way.
        let schema: SchemaRef = Arc::new(plan.schema().as_arrow().clone());
        let named = {
            let schema = Arc::clone(&schema);
            counted.map(move |batch| batch.and_then(|b| rename(b, &schema)))
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, named)))
    }

    /// The session with what this statement's operators look up.
    fn state_of(&self, run: &Arc<StatementRun>) -> SessionState {
        let mut state = self.context.state();
        state.config_mut().set_extension(Arc::clone(run));
        state
    }

    async fn collect(
        &self,
        statement: &Statement,
        plan: LogicalPlan,
        run: &Arc<StatementRun>,
    ) -> Result<Vec<RecordBatch>> {
        let stream = self.stream(statement, plan, run).await?;
        collect(stream).await.map_err(|e| self.explain(statement, e))
    }

    pub(super) async fn describe(&self, statement: &Statement, query: Box<Query>) -> Result<Answer> {
        let plan = self.plan_query(statement, query).await?;
        let schema: SchemaRef = Arc::new(plan.schema().as_arrow().clone());
        summarize::describe(&schema).map(of_batch)
    }

    pub(super) async fn summarize(
        &self,
        statement: &Statement,
        query: Box<Query>,
        run: &Arc<StatementRun>,
    ) -> Result<Answer> {
        let text = query.to_string();
        let plan = self.plan_query(statement, query).await?;
        let schema: SchemaRef = Arc::new(plan.schema().as_arrow().clone());
        let aggregate = crate::plan::parse::parse_query(&summarize::query(&text, &schema))?;
        let plan = self.plan_query(statement, aggregate).await?;
        let batches = self.collect(statement, plan, run).await?;
        let answer = batches.first().ok_or_else(|| Error::internal("aggregates without a row"))?;
        summarize::table(&schema, answer).map(of_batch)
    }

    pub(super) async fn pivot(
        &self,
        statement: &Statement,
        mut pivoted: Pivot,
        run: &Arc<StatementRun>,
    ) -> Result<Answer> {
        self.shared.substitute(statement, &mut pivoted.source)?;
        let source = crate::plan::parse::parse_query(&format!("SELECT * FROM {}", pivoted.source))?;
        let columns: Vec<String> =
            self.plan_query(statement, source).await?.schema().fields().iter().map(|f| f.name().clone()).collect();
        let values = match &pivoted.values {
            Some(listed) => listed.iter().map(crate::plan::rewrite::constant_text).collect::<Result<Vec<_>>>()?,
            None => {
                let plan = self.plan_query(statement, pivot::values_query(&pivoted)?).await?;
                let batches = self.collect(statement, plan, run).await?;
                texts(&batches)?
            }
        };
        let plan = self.plan_query(statement, pivot::query(&pivoted, &columns, &values)?).await?;
        self.rows(statement, plan, run).await
    }

    /// Names that a misspelt one may have meant.
    pub(super) fn names(&self) -> Names {
        let state = self.context.state();
        let store = &self.shared.store;
        let mut tables = store.tables(crate::store::MAIN).unwrap_or_default();
        tables.extend(store.views(crate::store::MAIN).unwrap_or_default().into_iter().map(|v| v.name));
        let mut functions: Vec<String> = state
            .scalar_functions()
            .keys()
            .chain(state.aggregate_functions().keys())
            .chain(state.window_functions().keys())
            .cloned()
            .collect();
        functions.sort();
        Names { tables, functions }
    }
}

/// A tree → plan. A column whose capitals differ from what is there is found all the same, as in DuckDB.
pub(super) async fn plan_mending(
    state: &SessionState,
    mut tree: ast::Statement,
) -> Result<LogicalPlan, DataFusionError> {
    for _ in 0..MENDED_NAMES {
        let planned = state.statement_to_plan(DfStatement::Statement(Box::new(tree.clone()))).await;
        match planned {
            Ok(plan) => return Ok(plan),
            Err(error) => match same_but_for_case(&error) {
                Some((wrong, right)) if mend(&mut tree, &wrong, &right) => {}
                _ => return Err(error),
            },
        }
    }
    state.statement_to_plan(DfStatement::Statement(Box::new(tree))).await
}

/// Writes go through the store, which DataFusion does not know: they cannot be prepared, or run to be explained.
fn refuse_hidden_writes(plan: &LogicalPlan) -> Result<()> {
    let writes = |plan: &LogicalPlan| matches!(plan, LogicalPlan::Dml(_) | LogicalPlan::Ddl(_) | LogicalPlan::Copy(_));
    match plan {
        LogicalPlan::Analyze(analyze) if writes(&analyze.input) => {
            Err(Error::query("EXPLAIN ANALYZE would run a statement that writes")
                .with_hint("explain the query that it writes"))
        }
        LogicalPlan::Statement(PlanStatement::Prepare(prepare)) if writes(&prepare.input) => {
            Err(Error::query("only queries can be prepared").with_hint("write `$name` and give it with -p or .param"))
        }
        _ => Ok(()),
    }
}

/// Columns of the result, or of the table that is made of it, are named by what was written.
fn head(tree: &mut ast::Statement) {
    match tree {
        ast::Statement::Query(query) => headings::name(query),
        ast::Statement::CreateTable(ast::CreateTable { query: Some(query), columns, .. }) if columns.is_empty() => {
            headings::name(query)
        }
        ast::Statement::Insert(ast::Insert { source: Some(query), .. }) => headings::name(query),
        _ => {}
    }
}

/// The first column of all batches, as text.
fn texts(batches: &[RecordBatch]) -> Result<Vec<String>> {
    let mut values = Vec::new();
    for batch in batches {
        let column = datafusion::arrow::compute::cast(batch.column(0), &datafusion::arrow::datatypes::DataType::Utf8)
            .map_err(|e| Error::internal(e.to_string()))?;
        let column = datafusion::arrow::array::AsArray::as_string::<i32>(&column);
        values.extend(column.iter().flatten().map(str::to_owned));
    }
    Ok(values)
}

fn rename(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    if batch.schema_ref() == schema {
        return Ok(batch);
    }
    let same_types =
        batch.schema_ref().fields().iter().zip(schema.fields()).all(|(a, b)| a.data_type() == b.data_type());
    if !same_types || batch.num_columns() != schema.fields().len() {
        return Ok(batch);
    }
    let options = datafusion::arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let nullable: Vec<_> = schema.fields().iter().map(|f| f.as_ref().clone().with_nullable(true)).collect();
    match RecordBatch::try_new_with_options(Arc::clone(schema), batch.columns().to_vec(), &options) {
        Ok(renamed) => Ok(renamed),
        // An operator may give NULL where the plan promised none.
        Err(_) => Ok(RecordBatch::try_new_with_options(
            Arc::new(datafusion::arrow::datatypes::Schema::new(nullable)),
            batch.columns().to_vec(),
            &options,
        )?),
    }
}

/// A column that is missing under this spelling and there under exactly one other that differs in capitals only.
fn same_but_for_case(error: &DataFusionError) -> Option<(String, String)> {
    match error {
        DataFusionError::Diagnostic(_, inner) | DataFusionError::Context(_, inner) => same_but_for_case(inner),
        DataFusionError::Collection(all) => all.iter().find_map(same_but_for_case),
        DataFusionError::SchemaError(schema, _) => match schema.as_ref() {
            SchemaError::FieldNotFound { field, valid_fields } => {
                let mut same: Vec<&String> = valid_fields
                    .iter()
                    .map(|c| &c.name)
                    .filter(|n| n.to_lowercase() == field.name.to_lowercase())
                    .collect();
                same.sort();
                same.dedup();
                match same.as_slice() {
                    [one] if **one != field.name => Some((field.name.clone(), (*one).clone())),
                    _ => None,
                }
            }
            _ => None,
        },
        _ => None,
    }
}

/// Quotes unquoted names that mean `right`. `false` where there was none to mend.
fn mend(tree: &mut ast::Statement, wrong: &str, right: &str) -> bool {
    let mut mended = false;
    let mut fix = |ident: &mut Ident| {
        if ident.quote_style.is_none() && ident.value.to_lowercase() == wrong.to_lowercase() {
            ident.value = right.to_owned();
            ident.quote_style = Some('"');
            mended = true;
        }
    };
    let _ = ast::visit_expressions_mut(tree, |expr| {
        match expr {
            ast::Expr::Identifier(ident) => fix(ident),
            ast::Expr::CompoundIdentifier(parts) => {
                if let Some(last) = parts.last_mut() {
                    fix(last);
                }
            }
            _ => {}
        }
        std::ops::ControlFlow::<()>::Continue(())
    });
    mended
}
