//! The engine: session, store, models and functions put together. The only place of assembly.
//!
//! A statement goes through [`Engine::execute`]: parse, rewrite, plan (`plan`), then one of the files here: a query
//! (`query`), a change of a table (`tables`), a name that is made or dropped (`names`), a file that is written (`copy`).

mod calls;
mod catalog;
mod completions;
mod copy;
mod cost;
mod names;
mod query;
mod records;
mod system;
mod tables;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock, Weak};
use std::time::Instant;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::disk_manager::DiskManagerBuilder;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};
use datafusion::sql::sqlparser::ast::Expr;
use glotrace_udfs::{Functions, Services, all_functions};

pub use completions::{Completions, FunctionName, TableColumns};

use crate::error::{Error, Result};
use crate::models::{Definition, ModelTokenizers, Models};
use crate::plan::division::Division;
use crate::plan::model_call::ModelCallPlanner;
use crate::plan::model_call::run::{Failure, Limits, Rules, StatementRun};
use crate::plan::parse::{Parsed, parse};
use crate::plan::rewrite::{self, Macro, value_of_text};
use crate::plan::split::{Statement, split};
use crate::plan::whole_groups::WholeGroups;
use crate::settings::Settings;
use crate::store::Store;
use crate::store::calls::CallStore;

/// How to open an engine.
#[derive(Debug, Clone, Default)]
pub struct EngineOptions {
    /// The database's folder; `None` for a session that leaves nothing behind.
    pub database: Option<PathBuf>,
    /// Refuse every statement that writes.
    pub readonly: bool,
    /// As SET would, in order.
    pub settings: Vec<(String, String)>,
    /// Where fetched weights lie, and the model calls of sessions without a database; `None` for the user's own folder.
    pub cache: Option<PathBuf>,
}

/// What a statement gives.
pub enum Answer {
    Rows(SendableRecordBatchStream),
    Done {
        /// `CREATE TABLE traces: 240 rows`; empty where there is nothing to say.
        message: String,
        rows: Option<u64>,
    },
}

impl Answer {
    fn done(message: impl Into<String>) -> Self {
        Self::Done { message: message.into(), rows: None }
    }
}

/// How far the running statement is.
#[derive(Debug, Clone, Default)]
pub struct ProgressSnapshot {
    /// Rows that came out so far.
    pub rows: u64,
    pub total_rows: Option<u64>,
    pub calls_done: u64,
    /// Calls asked for so far; more may come.
    pub calls_total: u64,
    /// Calls that an equal one answered, of the same statement or of an earlier one.
    pub from_store: u64,
    /// Calls that the model made.
    pub calls_made: u64,
    /// Calls of this statement that an equal one of it answered.
    pub calls_shared: u64,
    pub calls_failed: u64,
    pub tokens: u64,
    pub usd: f64,
    pub what: String,
}

/// An open database and all that runs on it.
pub struct Engine {
    context: Arc<SessionContext>,
    shared: Arc<Shared>,
    /// The statement that runs now or ran last.
    running: RwLock<Arc<StatementRun>>,
}

/// What the catalog needs too: it plans views and opens tables while a statement is planned.
struct Shared {
    store: Store,
    calls: CallStore,
    models: Arc<Models>,
    settings: Arc<Settings>,
    functions: Functions,
    /// `$name` → value.
    parameters: RwLock<HashMap<String, Expr>>,
    macros: RwLock<HashMap<String, Macro>>,
    /// Tables of this session only: `_`, CREATE TEMPORARY TABLE.
    session_tables: RwLock<HashMap<String, Arc<MemTable>>>,
    context: OnceLock<Weak<SessionContext>>,
}

impl Shared {
    fn new_run(&self, dry: bool) -> StatementRun {
        let settings = &self.settings;
        let limits =
            Limits { calls: settings.budget("calls"), tokens: settings.budget("tokens"), usd: settings.budget("usd") };
        let rules = Rules { on_error: settings.on_error(), reuse: settings.reuse_calls(), limits, dry };
        StatementRun::new(Arc::clone(&self.models), self.calls.clone(), rules)
    }
}

pub(crate) const CATALOG: &str = "glotrace";

impl Engine {
    /// # Errors
    /// A database that cannot be opened; an unknown setting.
    pub async fn open(options: EngineOptions) -> Result<Self> {
        let store = match &options.database {
            Some(root) => Store::open(root, options.readonly)?,
            None => Store::temporary()?,
        };
        let settings = Arc::new(Settings::default());
        let created =
            store.models()?.into_iter().map(|m| (m.name, Definition { uri: m.uri, options: m.options })).collect();
        let cache = options.cache.clone().unwrap_or_else(cache_folder);
        // Calls outlive a session without a database, and a database that is only read takes none.
        let calls = match &options.database {
            Some(root) if !options.readonly => CallStore::new(root.clone(), None),
            only_read => CallStore::new(cache.clone(), only_read.clone()),
        };
        let models =
            Arc::new(Models::new(cache, created, Arc::new(|name| std::env::var(name).ok()), Arc::clone(&settings)));
        let macros =
            store.macros()?.iter().map(|m| Ok((m.name.clone(), names::read_macro(m)?))).collect::<Result<_>>()?;
        let functions = all_functions(&Services { tokenizers: Arc::new(ModelTokenizers::new(Arc::clone(&models))) });
        let shared = Arc::new(Shared {
            store,
            calls,
            models,
            settings,
            functions,
            parameters: RwLock::default(),
            macros: RwLock::new(macros),
            session_tables: RwLock::default(),
            context: OnceLock::new(),
        });
        let context = Arc::new(session(&shared)?);
        let _ = shared.context.set(Arc::downgrade(&context));
        let run = Arc::new(shared.new_run(false));
        let engine = Self { context, shared, running: RwLock::new(run) };
        for (name, value) in &options.settings {
            engine.set(name, value).await?;
        }
        Ok(engine)
    }

    /// Cuts a script into statements that know where they stand.
    ///
    /// # Errors
    /// A string or comment that is not closed.
    pub fn split(origin: Option<&str>, text: &str) -> Result<Vec<Statement>> {
        split(origin, text)
    }

    /// Gives `$name` a value: a literal where the text parses as one, else the text.
    pub fn set_param(&self, name: &str, value: &str) {
        let mut parameters = self.shared.parameters.write().unwrap_or_else(PoisonError::into_inner);
        parameters.insert(name.trim_start_matches('$').to_owned(), value_of_text(value));
    }

    /// The parameters that have a value, by name, as SQL.
    pub fn params(&self) -> Vec<(String, String)> {
        let parameters = self.shared.parameters.read().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = parameters.iter().map(|(n, v)| (n.clone(), v.to_string())).collect();
        all.sort();
        all
    }

    /// Runs one statement. Rows stream; what changes tables is durable when this returns.
    ///
    /// # Errors
    /// See [`crate::error::ErrorKind`]; where the statement's text is to blame, with the place in it.
    pub async fn execute(&self, statement: &Statement) -> Result<Answer> {
        let run = Arc::new(self.shared.new_run(false));
        *self.running.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&run);
        let started = Instant::now();
        let answer = catalog::pinned(self.dispatch(statement, &run)).await;
        records::record(&self.shared, statement, started, &run, answer)
    }

    async fn dispatch(&self, statement: &Statement, run: &Arc<StatementRun>) -> Result<Answer> {
        match parse(statement)? {
            Parsed::Sql(tree) => self.sql(statement, *tree, run).await,
            Parsed::Copy(copy) => self.copy(statement, copy, run).await,
            Parsed::ExplainCost(explained) => self.explain_cost(statement, *explained).await,
            Parsed::CreateModel { name, or_replace, if_not_exists, uri, options } => {
                self.create_model(statement, &name, or_replace, if_not_exists, uri, options).await
            }
            Parsed::DropModel { name, if_exists } => self.drop_model(&name, if_exists).await,
            Parsed::DropMacro { name, if_exists } => self.drop_macro(&name, if_exists).map(Answer::done),
            Parsed::Summarize(query) => self.summarize(statement, query, run).await,
            Parsed::Describe(query) => self.describe(statement, query).await,
            Parsed::Pivot(pivot) => self.pivot(statement, *pivot, run).await,
            Parsed::Parameter { name, default } => {
                let mut parameters = self.shared.parameters.write().unwrap_or_else(PoisonError::into_inner);
                match (parameters.contains_key(&name), default) {
                    (true, _) => {}
                    (false, Some(default)) => {
                        parameters.insert(name, default);
                    }
                    (false, None) => {
                        return Err(Error::query(format!("parameter `${name}` has no value"))
                            .at(statement.place(1, 1, "PARAMETER".len()))
                            .with_hint(format!("give it one: `-p {name}=VALUE` or `.param {name} VALUE`")));
                    }
                }
                Ok(Answer::done(""))
            }
            Parsed::Set { name, value } => {
                self.set(&name, &setting_value(&value)?).await?;
                Ok(Answer::done(""))
            }
            Parsed::Reset { name } => {
                match name {
                    Some(name) => self.shared.settings.reset(&name)?,
                    None => self.shared.settings.reset_all(),
                }
                Ok(Answer::done(""))
            }
            Parsed::Show { name } => {
                let value = self.shared.settings.get(&name)?;
                system::setting_row(&name, &value).map(query::of_batch)
            }
        }
    }

    /// As SET would, for `glotrace.*` and for DataFusion's own.
    async fn set(&self, name: &str, value: &str) -> Result<()> {
        let name = name.to_lowercase();
        if !name.starts_with("datafusion.") {
            return self.shared.settings.set(&name, value);
        }
        let statement = Statement::new(format!("SET {name} = '{}'", value.replace('\'', "''")));
        let explain = |e: DataFusionError| self.explain(&statement, e);
        self.context.sql(&statement.text).await.map_err(explain)?;
        Ok(())
    }

    /// Asks the running statement's model calls to stop. Dropping its stream stops the rest.
    pub fn cancel(&self) {
        self.run().cancel.cancel();
    }

    fn run(&self) -> Arc<StatementRun> {
        Arc::clone(&self.running.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How far the running statement is, or how far the last one came.
    pub fn progress(&self) -> ProgressSnapshot {
        use std::sync::atomic::Ordering::Relaxed;
        let run = self.run();
        let c = &run.counters;
        ProgressSnapshot {
            rows: c.rows.load(Relaxed),
            total_rows: None,
            calls_done: c.done.load(Relaxed),
            calls_total: c.asked.load(Relaxed),
            from_store: c.shared.load(Relaxed) + c.stored.load(Relaxed),
            calls_made: c.made.load(Relaxed),
            calls_shared: c.shared.load(Relaxed),
            calls_failed: c.failed.load(Relaxed),
            tokens: c.tokens.load(Relaxed),
            usd: c.usd(),
            what: String::new(),
        }
    }

    /// Model calls of the last statement that failed while it went on.
    pub fn failures(&self) -> Vec<Failure> {
        self.run().failures()
    }

    /// What users should know of the models and the texts of the last statement, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        self.run().notes()
    }

    /// Makes the last result a table named `_`.
    ///
    /// # Errors
    /// Batches that are not of this schema.
    pub fn set_last(&self, schema: SchemaRef, batches: Vec<RecordBatch>) -> Result<()> {
        let table = MemTable::try_new(schema, vec![batches]).map_err(|e| Error::internal(e.to_string()))?;
        let mut tables = self.shared.session_tables.write().unwrap_or_else(PoisonError::into_inner);
        tables.insert("_".to_owned(), Arc::new(table));
        Ok(())
    }

    /// What went wrong while a statement's rows were read, with its place and hint.
    pub fn explain(&self, statement: &Statement, error: DataFusionError) -> Error {
        let names = self.names();
        let run = self.run();
        if run.cancel.is_cancelled() {
            return Error::interrupted();
        }
        crate::plan::diagnose::diagnose(statement, &error, &names)
    }

    /// The store of finished model calls.
    pub fn calls(&self) -> &CallStore {
        &self.shared.calls
    }

    pub fn models(&self) -> &Arc<Models> {
        &self.shared.models
    }

    pub fn store(&self) -> &Store {
        &self.shared.store
    }
}

impl Shared {
    /// Runs the rewriting passes over a tree.
    fn rewrite<T: datafusion::sql::sqlparser::ast::VisitMut>(&self, statement: &Statement, tree: &mut T) -> Result<()> {
        self.with_rewriter(statement, |context| rewrite::rewrite(tree, context))
    }

    /// Parameters only.
    fn substitute<T: datafusion::sql::sqlparser::ast::VisitMut>(
        &self,
        statement: &Statement,
        tree: &mut T,
    ) -> Result<()> {
        self.with_rewriter(statement, |context| rewrite::substitute_parameters(tree, context))
    }

    fn with_rewriter<R>(&self, statement: &Statement, run: impl FnOnce(&rewrite::Context<'_>) -> R) -> R {
        let parameters = self.parameters.read().unwrap_or_else(PoisonError::into_inner);
        let macros = self.macros.read().unwrap_or_else(PoisonError::into_inner);
        let function_parameters =
            |name: &str| self.functions.parameters(name).map(|all| all.iter().map(|p| p.name.to_owned()).collect());
        run(&rewrite::Context {
            statement,
            parameters: &parameters,
            macros: &macros,
            function_parameters: &function_parameters,
        })
    }

    fn state(&self) -> Result<SessionState> {
        let context = self.context.get().and_then(Weak::upgrade);
        context.map(|c| c.state()).ok_or_else(|| Error::internal("the session has ended"))
    }
}

fn setting_value(value: &Expr) -> Result<String> {
    match value {
        Expr::Identifier(ident) => Ok(ident.value.clone()),
        other => rewrite::constant_text(other),
    }
}

/// `$XDG_CACHE_HOME/glotrace`, `~/.cache/glotrace` and what other systems have for it.
fn cache_folder() -> PathBuf {
    use etcetera::BaseStrategy;
    match etcetera::choose_base_strategy() {
        Ok(strategy) => strategy.cache_dir().join("glotrace"),
        Err(_) => std::env::temp_dir().join("glotrace-cache"),
    }
}

fn session(shared: &Arc<Shared>) -> Result<SessionContext> {
    let failed = |e: DataFusionError| Error::internal(e.to_string());
    let mut runtime = RuntimeEnvBuilder::new().with_disk_manager_builder(DiskManagerBuilder::default());
    if let Some(bytes) = memory_limit() {
        let top = std::num::NonZeroUsize::new(5).unwrap_or(std::num::NonZeroUsize::MIN);
        runtime = runtime.with_memory_pool(Arc::new(TrackConsumersPool::new(FairSpillPool::new(bytes), top)));
    }
    let runtime = Arc::new(runtime.build().map_err(failed)?);
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, crate::store::MAIN)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true);
    let options = config.options_mut();
    options.sql_parser.dialect = datafusion::config::Dialect::DuckDB;
    options.sql_parser.collect_spans = true;
    // DuckDB's order: NULL comes last, ascending or descending.
    options.sql_parser.default_null_ordering = "nulls_last".into();
    // DataFusion 55.2 loses qualifiers here: two fields of one struct, over a UNION BY NAME, become "ambiguous".
    options.optimizer.enable_leaf_expression_pushdown = false;
    let mut state = SessionStateBuilder::new()
        .with_config(config)
        .with_runtime_env(runtime)
        .with_default_features()
        .with_query_planner(Arc::new(ModelCallPlanner))
        .with_physical_optimizer_rule(Arc::new(WholeGroups(
            // All of ours keep the rows of a group.
            shared.functions.aggregate.iter().map(|function| function.name().to_owned()).collect(),
        )))
        .build();
    for function in &shared.functions.scalar {
        datafusion::execution::FunctionRegistry::register_udf(&mut state, Arc::clone(function)).map_err(failed)?;
    }
    for function in &shared.functions.aggregate {
        datafusion::execution::FunctionRegistry::register_udaf(&mut state, Arc::clone(function)).map_err(failed)?;
    }
    for function in &shared.functions.window {
        datafusion::execution::FunctionRegistry::register_udwf(&mut state, Arc::clone(function)).map_err(failed)?;
    }
    datafusion::execution::FunctionRegistry::register_expr_planner(&mut state, Arc::new(Division)).map_err(failed)?;
    let context = SessionContext::new_with_state(state);
    context.register_catalog(CATALOG, Arc::new(catalog::Catalog::new(Arc::clone(shared))));
    Ok(context)
}

/// Eight tenths of the machine's memory, beyond which sorts and aggregates spill; `None` where the system does not say.
fn memory_limit() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kib: usize =
        text.lines().find_map(|l| l.strip_prefix("MemTotal:"))?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 10 * 8 * 1024)
}
