//! Macros: a name for an expression with parameters.

use rusqlite::params;

use super::{from_json, now, to_json};
use crate::error::{Error, Result};
use crate::store::Store;

/// `CREATE MACRO name(params) AS body`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Macro {
    pub name: String,
    pub params: Vec<String>,
    /// An expression in which the parameters stand for themselves.
    pub body: String,
}

impl Store {
    /// All macros, sorted by name.
    pub fn macros(&self) -> Result<Vec<Macro>> {
        self.meta.read(|c| {
            c.prepare_cached("SELECT name, params, body FROM macros ORDER BY name")?
                .query_map([], |row| {
                    Ok(Macro { name: row.get(0)?, params: from_json(1, &row.get::<_, String>(1)?)?, body: row.get(2)? })
                })?
                .collect()
        })
    }

    /// # Errors
    /// [`Query`](crate::error::ErrorKind::Query) where the macro exists, unless `or_replace`.
    pub fn put_macro(&self, name: &str, params: &[String], body: &str, or_replace: bool) -> Result<()> {
        let put = if or_replace { "INSERT OR REPLACE" } else { "INSERT OR IGNORE" };
        let stored = self.meta.write(|c| {
            c.execute(
                &format!("{put} INTO macros (name, params, body, created) VALUES (?, ?, ?, ?)"),
                params![name, to_json(params)?, body, now()],
            )
        })?;
        if stored == 0 {
            Err(Error::query(format!("the macro `{name}` already exists"))
                .with_hint("CREATE OR REPLACE MACRO replaces it"))
        } else {
            Ok(())
        }
    }

    /// `false` where there is no such macro.
    pub fn drop_macro(&self, name: &str) -> Result<bool> {
        self.meta.write(|c| Ok(c.execute("DELETE FROM macros WHERE name = ?", [name])? > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_macro_outlives_the_process_until_it_is_dropped() {
        let root = tempfile::tempdir().unwrap();
        let params = ["a".to_owned(), "b".to_owned()];
        Store::open(root.path(), false).unwrap().put_macro("plus", &params, "a + b", false).unwrap();
        let store = Store::open(root.path(), false).unwrap();
        assert_eq!(
            store.macros().unwrap(),
            [Macro { name: "plus".into(), params: params.to_vec(), body: "a + b".into() }]
        );
        assert!(store.put_macro("plus", &[], "1", false).is_err());
        store.put_macro("plus", &[], "1", true).unwrap();
        assert!(store.drop_macro("plus").unwrap());
        assert!(!store.drop_macro("plus").unwrap());
    }
}
