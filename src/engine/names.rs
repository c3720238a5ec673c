//! Statements that make and drop names: views, macros, models, schemas, and DROP TABLE.

use std::ops::ControlFlow;
use std::sync::PoisonError;

use datafusion::sql::sqlparser::ast::{self, Expr, MacroDefinition, ObjectName, ObjectType, Query};
use serde_json::{Map, Value};

use super::{Answer, Engine};
use crate::error::{Error, Result};
use crate::models::{Definition, ModelOptions, Uri, known};
use crate::plan::parse::{parse_expr, parse_query};
use crate::plan::rewrite::{Macro, MacroBody, constant_text};
use crate::plan::split::Statement;
use crate::store::{self, MAIN, TableName};

impl Engine {
    /// `None`: the statement is none of these.
    pub(super) async fn names_statement(
        &self,
        statement: &Statement,
        tree: &mut ast::Statement,
    ) -> Result<Option<Answer>> {
        Ok(Some(match tree {
            ast::Statement::CreateView(_) => {
                self.shared.substitute(statement, tree)?;
                let ast::Statement::CreateView(view) = tree else { return Ok(None) };
                self.create_view(statement, view).await?
            }
            ast::Statement::CreateMacro { or_replace, name, args, definition, temporary } => {
                let (name, or_replace, temporary) = (simple(name)?, *or_replace, *temporary);
                let parameters =
                    args.as_deref().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>();
                self.create_macro(statement, &name, &parameters, definition, or_replace, temporary)?
            }
            ast::Statement::CreateSchema { schema_name, if_not_exists, .. } => {
                let name = match schema_name {
                    ast::SchemaName::Simple(name) => simple(name)?,
                    other => return Err(Error::query(format!("`{other}` is no name of a schema"))),
                };
                self.shared.store.create_schema(&name, *if_not_exists)?;
                Answer::done(format!("CREATE SCHEMA {name}"))
            }
            ast::Statement::DropFunction(drop) => {
                let mut message = String::new();
                for function in &drop.func_desc {
                    message = self.drop_macro(&simple(&function.name)?, drop.if_exists)?;
                }
                Answer::done(message)
            }
            ast::Statement::Drop { object_type, names, if_exists, cascade, .. } => {
                let mut message = String::new();
                for name in names.iter() {
                    message = self.drop_object(object_type, name, *if_exists, *cascade).await?;
                }
                Answer::done(message)
            }
            ast::Statement::AlterTable(alter) => {
                return Err(Error::query("ALTER TABLE is not supported")
                    .with_hint(format!("CREATE OR REPLACE TABLE {0} AS SELECT … FROM {0} keeps the old table until the new one is complete", alter.name)));
            }
            _ => return Ok(None),
        }))
    }

    async fn create_view(&self, statement: &Statement, view: &ast::CreateView) -> Result<Answer> {
        let name = self.object_name(&view.name)?;
        if view.temporary {
            return Err(Error::query("temporary views are not supported")
                .with_hint(format!("CREATE TEMP TABLE {name} AS …, or a view with a name of its own")));
        }
        if view.materialized {
            return Err(Error::query("materialized views are not supported")
                .with_hint(format!("CREATE OR REPLACE TABLE {name} AS …")));
        }
        let (there_view, there_table) =
            (self.shared.store.view(&name)?.is_some(), self.shared.snapshot(&name).await?.is_some());
        if there_table {
            return Err(Error::query(format!("`{name}` is a table"))
                .with_hint(format!("DROP TABLE {name} first, or choose another name")));
        }
        if there_view && view.if_not_exists {
            return Ok(Answer::done(format!("CREATE VIEW {name}: it is there already")));
        }
        if there_view && !view.or_replace {
            return Err(Error::query(format!("view `{name}` exists already"))
                .with_hint(format!("CREATE OR REPLACE VIEW {name} …")));
        }
        if self.reads(&view.query, &name, &mut Vec::new())? {
            return Err(Error::query(format!("view `{name}` would read itself")));
        }
        // What cannot be planned is refused now and not when somebody reads the view.
        let plan = self.plan_query(statement, view.query.clone()).await?;
        let columns: Vec<String> = view.columns.iter().map(|c| c.name.value.clone()).collect();
        let fields = plan.schema().fields().len();
        if !columns.is_empty() && columns.len() != fields {
            return Err(Error::query(format!(
                "view `{name}` names {} columns and its query has {fields}",
                columns.len()
            )));
        }
        self.shared.store.put_view(&name, &view.query.to_string(), &columns, view.or_replace)?;
        Ok(Answer::done(format!("CREATE VIEW {name}")))
    }

    /// Whether a query reads `name`, through views too.
    fn reads(&self, query: &Query, name: &TableName, seen: &mut Vec<TableName>) -> Result<bool> {
        let mut read = Vec::new();
        let _ = ast::visit_relations(query, |relation| {
            read.push(relation.clone());
            ControlFlow::<()>::Continue(())
        });
        for relation in read {
            let Ok(table) = self.object_name(&relation) else { continue };
            if table == *name {
                return Ok(true);
            }
            if seen.contains(&table) {
                continue;
            }
            seen.push(table.clone());
            if let Some(view) = self.shared.store.view(&table)?
                && self.reads(&*parse_query(&view.sql)?, name, seen)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn create_macro(
        &self,
        statement: &Statement,
        name: &str,
        parameters: &[String],
        definition: &mut MacroDefinition,
        or_replace: bool,
        temporary: bool,
    ) -> Result<Answer> {
        let body = match definition {
            MacroDefinition::Expr(expr) => {
                self.shared.substitute(statement, expr)?;
                expr.to_string()
            }
            MacroDefinition::Table(query) => {
                self.shared.substitute(statement, query)?;
                format!("{TABLE}{query}")
            }
        };
        let stored = store::Macro { name: name.to_owned(), params: parameters.to_vec(), body };
        let read = read_macro(&stored)?;
        let state = self.context.state();
        if self.shared.functions.parameters(name).is_some()
            || state.scalar_functions().contains_key(name)
            || state.aggregate_functions().contains_key(name)
            || state.window_functions().contains_key(name)
        {
            return Err(
                Error::query(format!("`{name}` is a built-in function")).with_hint("choose another name for the macro")
            );
        }
        let mut macros = self.shared.macros.write().unwrap_or_else(PoisonError::into_inner);
        if macros.contains_key(name) && !or_replace {
            return Err(Error::query(format!("macro `{name}` exists already"))
                .with_hint(format!("CREATE OR REPLACE MACRO {name} …")));
        }
        if !temporary {
            self.shared.store.put_macro(name, &stored.params, &stored.body, true)?;
        }
        macros.insert(name.to_owned(), read);
        Ok(Answer::done(format!("CREATE MACRO {name}")))
    }

    pub(super) fn drop_macro(&self, name: &str, if_exists: bool) -> Result<String> {
        let mut macros = self.shared.macros.write().unwrap_or_else(PoisonError::into_inner);
        let was = macros.remove(name).is_some();
        if !was && !if_exists {
            return Err(Error::query(format!("no macro named `{name}`")));
        }
        self.shared.store.drop_macro(name)?;
        Ok(format!("DROP MACRO {name}"))
    }

    async fn drop_object(
        &self,
        kind: &ObjectType,
        object: &ObjectName,
        if_exists: bool,
        cascade: bool,
    ) -> Result<String> {
        let store = &self.shared.store;
        match kind {
            ObjectType::Table => {
                let name = self.object_name(object)?;
                if name.schema == MAIN
                    && self
                        .shared
                        .session_tables
                        .write()
                        .unwrap_or_else(PoisonError::into_inner)
                        .remove(&name.name)
                        .is_some()
                {
                    return Ok(format!("DROP TABLE {name}"));
                }
                if !store.drop_table(&name).await? && !if_exists {
                    let error = Error::query(format!("no table named `{name}`"));
                    if store.view(&name)?.is_some() {
                        return Err(error.with_hint(format!("it is a view: DROP VIEW {name}")));
                    }
                    let near = store.tables(&name.schema)?;
                    return Err(match crate::suggest::closest(&name.name, near.iter().map(String::as_str)) {
                        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                        None => error,
                    });
                }
                Ok(format!("DROP TABLE {name}"))
            }
            ObjectType::View => {
                let name = self.object_name(object)?;
                if !store.drop_view(&name)? && !if_exists {
                    return Err(Error::query(format!("no view named `{name}`")));
                }
                Ok(format!("DROP VIEW {name}"))
            }
            ObjectType::Schema => {
                let name = simple(object)?;
                store.drop_schema(&name, if_exists, cascade)?;
                Ok(format!("DROP SCHEMA {name}"))
            }
            other => Err(Error::query(format!("DROP {other} is not supported"))),
        }
    }

    pub(super) async fn create_model(
        &self,
        statement: &Statement,
        name: &str,
        or_replace: bool,
        if_not_exists: bool,
        mut uri: Expr,
        options: Vec<(String, Expr)>,
    ) -> Result<Answer> {
        let models = &self.shared.models;
        if models.definition(name).is_some() && !or_replace {
            if if_not_exists {
                return Ok(Answer::done(format!("CREATE MODEL {name}: it is there already")));
            }
            return Err(Error::query(format!("model `{name}` exists already"))
                .with_hint(format!("CREATE OR REPLACE MODEL {name} …")));
        }
        self.shared.substitute(statement, &mut uri)?;
        let mut uri = constant_text(&uri)?;
        if let Some(known) = known(&uri) {
            known.uri.clone_into(&mut uri);
        }
        let options = options
            .into_iter()
            .map(|(key, mut value)| {
                self.shared.substitute(statement, &mut value)?;
                Ok((key.to_lowercase(), json(&value)?))
            })
            .collect::<Result<Map<String, Value>>>()?;
        // Refused now and not when it is used; whether the weights are there is seen when they are needed.
        ModelOptions::read(&options, &Uri::parse(&uri)?)?;
        self.shared.store.put_model(name, &uri, &options, or_replace)?;
        models.create(name, Definition { uri, options }).await;
        Ok(Answer::done(format!("CREATE MODEL {name}")))
    }

    pub(super) async fn drop_model(&self, name: &str, if_exists: bool) -> Result<Answer> {
        if !self.shared.store.drop_model(name)? && !if_exists {
            return Err(Error::query(format!("no model named `{name}`")));
        }
        self.shared.models.forget(name).await;
        Ok(Answer::done(format!("DROP MODEL {name}")))
    }
}

/// A table macro's body in the store starts with this.
const TABLE: &str = "TABLE ";

/// A macro as the store keeps it → as calls of it are expanded.
pub fn read_macro(stored: &store::Macro) -> Result<Macro> {
    let parameters = stored
        .params
        .iter()
        .map(|p| match p.split_once(":=") {
            Some((name, default)) => {
                Ok((name.trim().trim_matches('"').to_lowercase(), Some(parse_expr(default.trim())?)))
            }
            None => Ok((p.trim().trim_matches('"').to_lowercase(), None)),
        })
        .collect::<Result<_>>()?;
    let body = match stored.body.strip_prefix(TABLE) {
        Some(query) => MacroBody::Table(parse_query(query)?),
        None => MacroBody::Scalar(Box::new(parse_expr(&stored.body)?)),
    };
    Ok(Macro { parameters, body })
}

/// A name of one part, folded.
fn simple(name: &ObjectName) -> Result<String> {
    match name.0.as_slice() {
        [one] => match one.as_ident() {
            Some(ident) if ident.quote_style.is_some() => Ok(ident.value.clone()),
            Some(ident) => Ok(ident.value.to_lowercase()),
            None => Err(Error::query(format!("`{name}` is no plain name"))),
        },
        _ => Err(Error::query(format!("`{name}` is no plain name"))),
    }
}

/// A literal as JSON, for a model's options.
fn json(value: &Expr) -> Result<Value> {
    match value {
        Expr::Array(array) => Ok(Value::Array(array.elem.iter().map(json).collect::<Result<_>>()?)),
        Expr::Value(v) => match &v.value {
            ast::Value::Number(n, _) => {
                serde_json::from_str(n).map_err(|_| Error::query(format!("`{n}` is no number")))
            }
            ast::Value::Boolean(b) => Ok(Value::Bool(*b)),
            ast::Value::Null => Ok(Value::Null),
            _ => Ok(Value::String(constant_text(value)?)),
        },
        Expr::UnaryOp { op: ast::UnaryOperator::Minus, .. } => {
            serde_json::from_str(&value.to_string()).map_err(|_| Error::query(format!("`{value}` is no number")))
        }
        other => Ok(Value::String(constant_text(other)?)),
    }
}
