//! Names → tables: what a statement may read. Session tables before views before tables before files.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, PoisonError};

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::datasource::ViewTable;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::sql::sqlparser::ast;

use super::query::plan_mending;
use super::{Shared, system};
use crate::error::{Error, Result};
use crate::plan::diagnose::{Names, diagnose};
use crate::plan::parse::parse_query;
use crate::plan::split::Statement;
use crate::read::{FileQuery, open_files};
use crate::store::{Snapshot, TableName, View};

tokio::task_local! {
    /// Versions that the statement being planned has met: it sees one state of each table however often it names it.
    static PINNED: RefCell<HashMap<TableName, Option<Snapshot>>>;
}

/// Runs the planning of one statement over one state of each table.
pub async fn pinned<F: Future>(planning: F) -> F::Output {
    PINNED.scope(RefCell::default(), planning).await
}

impl Shared {
    /// The table as this statement sees it.
    pub(super) async fn snapshot(&self, name: &TableName) -> Result<Option<Snapshot>> {
        if let Ok(Some(met)) = PINNED.try_with(|p| p.borrow().get(name).cloned()) {
            return Ok(met);
        }
        let found = self.store.snapshot(name).await?;
        let _ = PINNED.try_with(|p| p.borrow_mut().insert(name.clone(), found.clone()));
        Ok(found)
    }
}

pub struct Catalog {
    shared: Arc<Shared>,
}

impl Catalog {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl fmt::Debug for Catalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Catalog")
    }
}

impl CatalogProvider for Catalog {
    fn schema_names(&self) -> Vec<String> {
        let mut names = self.shared.store.schemas().unwrap_or_default();
        names.push(system::SCHEMA.to_owned());
        names
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        let known =
            name == system::SCHEMA || name == crate::store::MAIN || self.schema_names().iter().any(|n| n == name);
        known.then(|| {
            Arc::new(Schema { shared: Arc::clone(&self.shared), name: name.to_owned() }) as Arc<dyn SchemaProvider>
        })
    }
}

struct Schema {
    shared: Arc<Shared>,
    name: String,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.name)
    }
}

impl Schema {
    fn is_main(&self) -> bool {
        self.name == crate::store::MAIN
    }

    async fn find(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        if self.name == system::SCHEMA {
            return system::table(&self.shared, name);
        }
        if self.is_main() {
            let session = self.shared.session_tables.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned();
            if let Some(table) = session {
                return Ok(Some(table));
            }
        }
        let full = TableName::new(&self.name, name);
        if let Some(view) = self.shared.store.view(&full)? {
            return plan_view(&self.shared, &view).await.map(Some);
        }
        if let Some(snapshot) = self.shared.snapshot(&full).await? {
            return Ok(Some(snapshot.provider));
        }
        if self.is_main()
            && let Some(files) = FileQuery::from_table_name(name)
        {
            return open_files(&self.shared.state()?, &files).await.map(Some);
        }
        Ok(None)
    }
}

#[async_trait]
impl SchemaProvider for Schema {
    fn table_names(&self) -> Vec<String> {
        if self.name == system::SCHEMA {
            return system::TABLES.iter().map(|t| (*t).to_owned()).collect();
        }
        let store = &self.shared.store;
        let mut names = store.tables(&self.name).unwrap_or_default();
        names.extend(store.views(&self.name).unwrap_or_default().into_iter().map(|v| v.name));
        if self.is_main() {
            names.extend(self.shared.session_tables.read().unwrap_or_else(PoisonError::into_inner).keys().cloned());
        }
        names.sort();
        names.dedup();
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        Ok(self.find(name).await?)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.table_names().iter().any(|n| n == name)
    }
}

/// A view as a table: its text is planned anew each time, so that it sees what its tables hold now.
async fn plan_view(shared: &Arc<Shared>, view: &View) -> Result<Arc<dyn TableProvider>> {
    let broken = |message: String| {
        Error::query(format!("view `{}` cannot be planned: {message}", view.name))
            .with_hint(format!("what it reads may have changed: DROP VIEW {}, or make it anew", view.name))
    };
    let mut query = parse_query(&view.sql).map_err(|e| broken(e.message))?;
    let statement = Statement::new(view.sql.clone());
    shared.rewrite(&statement, &mut query).map_err(|e| broken(e.message))?;
    let state = shared.state()?;
    let plan = Box::pin(plan_mending(&state, ast::Statement::Query(query)))
        .await
        .map_err(|e| broken(diagnose(&statement, &e, &Names::default()).message))?;
    let plan = if view.columns.is_empty() {
        plan
    } else {
        let renamed = plan
            .schema()
            .columns()
            .into_iter()
            .zip(&view.columns)
            .map(|(c, name)| datafusion::prelude::Expr::Column(c).alias(name));
        LogicalPlanBuilder::from(plan.clone())
            .project(renamed.collect::<Vec<_>>())
            .and_then(LogicalPlanBuilder::build)
            .map_err(|e| broken(diagnose(&statement, &e, &Names::default()).message))?
    };
    Ok(Arc::new(ViewTable::new(plan, Some(view.sql.clone()))))
}
