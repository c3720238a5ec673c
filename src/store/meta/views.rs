//! Views: a name for a query, kept as its text.

use rusqlite::{OptionalExtension, Row, params};

use super::{Meta, from_json, now, to_json};
use crate::error::{Error, Result};
use crate::store::{Store, TableName};

/// `CREATE VIEW name (columns) AS sql`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    pub name: String,
    /// The query.
    pub sql: String,
    /// New names for the query's columns; empty where they keep theirs.
    pub columns: Vec<String>,
}

fn view(row: &Row<'_>) -> rusqlite::Result<View> {
    Ok(View { name: row.get(0)?, sql: row.get(1)?, columns: from_json(2, &row.get::<_, String>(2)?)? })
}

impl Store {
    /// The views of a schema, sorted by name.
    pub fn views(&self, schema: &str) -> Result<Vec<View>> {
        self.meta.read(|c| {
            c.prepare_cached("SELECT name, sql, columns FROM views WHERE schema = ? ORDER BY name")?
                .query_map([schema], view)?
                .collect()
        })
    }

    pub fn view(&self, name: &TableName) -> Result<Option<View>> {
        self.meta.read(|c| {
            c.prepare_cached("SELECT name, sql, columns FROM views WHERE schema = ? AND name = ?")?
                .query_row([&name.schema, &name.name], view)
                .optional()
        })
    }

    /// # Errors
    /// [`Query`](crate::error::ErrorKind::Query) where the view exists, unless `or_replace`.
    pub fn put_view(&self, name: &TableName, sql: &str, columns: &[String], or_replace: bool) -> Result<()> {
        let put = if or_replace { "INSERT OR REPLACE" } else { "INSERT OR IGNORE" };
        let stored = self.meta.write(|c| {
            c.execute(
                &format!("{put} INTO views (schema, name, sql, columns, created) VALUES (?, ?, ?, ?, ?)"),
                params![name.schema, name.name, sql, to_json(columns)?, now()],
            )
        })?;
        if stored == 0 {
            Err(Error::query(format!("the view `{name}` already exists"))
                .with_hint("CREATE OR REPLACE VIEW replaces it"))
        } else {
            Ok(())
        }
    }

    /// `false` where there is no such view.
    pub fn drop_view(&self, name: &TableName) -> Result<bool> {
        self.meta.write(|c| {
            Ok(c.execute("DELETE FROM views WHERE schema = ? AND name = ?", [&name.schema, &name.name])? > 0)
        })
    }
}

impl Meta {
    pub(in crate::store) fn drop_views_of(&self, schema: &str) -> Result<()> {
        self.write(|c| c.execute("DELETE FROM views WHERE schema = ?", [schema]).map(|_| ()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_outlives_the_process_until_it_is_dropped() {
        let root = tempfile::tempdir().unwrap();
        let name = TableName::main("বাংলা");
        Store::open(root.path(), false).unwrap().put_view(&name, "SELECT 'x' AS a", &["b".to_owned()], false).unwrap();
        let store = Store::open(root.path(), false).unwrap();
        let expected =
            View { name: "বাংলা".into(), sql: "SELECT 'x' AS a".into(), columns: vec!["b".into()] };
        assert_eq!(store.view(&name).unwrap(), Some(expected.clone()));
        assert_eq!(store.views("main").unwrap(), [expected]);
        assert!(store.views("other").unwrap().is_empty());
        assert!(store.put_view(&name, "SELECT 2", &[], false).is_err());
        store.put_view(&name, "SELECT 2", &[], true).unwrap();
        assert_eq!(store.view(&name).unwrap().unwrap().sql, "SELECT 2");
        assert!(store.drop_view(&name).unwrap());
        assert!(!store.drop_view(&name).unwrap());
    }
}
