//! Models: a name for a language model's address and its options.

use rusqlite::params;
use serde_json::{Map, Value};

use super::{from_json, now, to_json};
use crate::error::{Error, Result};
use crate::store::Store;

/// `CREATE MODEL name FROM 'uri' WITH (options)`. Secrets are not among the options: they are named, not kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelEntry {
    pub name: String,
    pub uri: String,
    /// In the order in which they were given.
    pub options: Map<String, Value>,
}

impl Store {
    /// All models, sorted by name.
    pub fn models(&self) -> Result<Vec<ModelEntry>> {
        self.meta.read(|c| {
            c.prepare_cached("SELECT name, uri, options FROM models ORDER BY name")?
                .query_map([], |row| {
                    Ok(ModelEntry {
                        name: row.get(0)?,
                        uri: row.get(1)?,
                        options: from_json(2, &row.get::<_, String>(2)?)?,
                    })
                })?
                .collect()
        })
    }

    /// # Errors
    /// [`Query`](crate::error::ErrorKind::Query) where the model exists, unless `or_replace`.
    pub fn put_model(&self, name: &str, uri: &str, options: &Map<String, Value>, or_replace: bool) -> Result<()> {
        let put = if or_replace { "INSERT OR REPLACE" } else { "INSERT OR IGNORE" };
        let stored = self.meta.write(|c| {
            c.execute(
                &format!("{put} INTO models (name, uri, options, created) VALUES (?, ?, ?, ?)"),
                params![name, uri, to_json(options)?, now()],
            )
        })?;
        if stored == 0 {
            Err(Error::query(format!("the model `{name}` already exists"))
                .with_hint("CREATE OR REPLACE MODEL replaces it"))
        } else {
            Ok(())
        }
    }

    /// `false` where there is no such model.
    pub fn drop_model(&self, name: &str) -> Result<bool> {
        self.meta.write(|c| Ok(c.execute("DELETE FROM models WHERE name = ?", [name])? > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_keeps_its_options_in_their_order() {
        let root = tempfile::tempdir().unwrap();
        let options: Map<String, Value> =
            [("z".to_owned(), Value::from(1)), ("a".to_owned(), Value::from("x"))].into_iter().collect();
        Store::open(root.path(), false).unwrap().put_model("m", "gguf:x", &options, false).unwrap();
        let store = Store::open(root.path(), false).unwrap();
        let models = store.models().unwrap();
        assert_eq!(models, [ModelEntry { name: "m".into(), uri: "gguf:x".into(), options: options.clone() }]);
        assert_eq!(models[0].options.keys().collect::<Vec<_>>(), ["z", "a"]);
        assert!(store.put_model("m", "y", &options, false).is_err());
        assert!(store.drop_model("m").unwrap() && !store.drop_model("m").unwrap());
    }
}
