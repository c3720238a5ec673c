//! Typed reading of a JSON file whose errors name the file and the key.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use serde_json::{Map, Value};

use crate::{Error, Kind, Result};

/// A JSON object and where it stands.
pub(in crate::local) struct Json {
    path: PathBuf,
    /// Keys that lead to it, with a dot after each.
    prefix: String,
    keys: Map<String, Value>,
}

impl Json {
    /// The object in the file at `path`; `None` where there is no such file.
    pub(in crate::local) fn open(path: &Path) -> Result<Option<Self>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(path, &e)),
        };
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(keys)) => Ok(Some(Self { keys, ..Self::empty(path) })),
            Ok(_) => Err(Error::new(Kind::Model, format!("{}: must hold a JSON object", path.display()))),
            Err(e) => Err(Error::new(Kind::Model, format!("{} is not JSON: {e}", path.display()))
                .with_hint("an interrupted download looks like this: fetch the file again")),
        }
    }

    /// The objects of the list in the file at `path`; `None` where there is no such file.
    pub(in crate::local) fn open_list(path: &Path) -> Result<Option<Vec<Self>>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(path, &e)),
        };
        let list: Vec<Map<String, Value>> = serde_json::from_slice(&bytes)
            .map_err(|e| Error::new(Kind::Model, format!("{} is no list of JSON objects: {e}", path.display())))?;
        Ok(Some(list.into_iter().map(|keys| Self { keys, ..Self::empty(path) }).collect()))
    }

    /// The settings in the YAML file at `path`; `None` where there is no such file.
    pub(in crate::local) fn open_yaml(path: &Path) -> Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::io(path, &e)),
        };
        match serde_saphyr::from_str(&text) {
            Ok(Value::Object(keys)) => Ok(Some(Self { keys, ..Self::empty(path) })),
            Ok(_) => Err(Error::new(Kind::Model, format!("{}: must hold keys and values", path.display()))),
            Err(e) => Err(Error::new(Kind::Model, format!("{} is not YAML: {e}", path.display()))),
        }
    }

    /// An object without keys, as if it stood in the file at `path`.
    pub(in crate::local) fn empty(path: &Path) -> Self {
        Self { path: path.to_owned(), prefix: String::new(), keys: Map::new() }
    }

    /// The object under `key`.
    pub(in crate::local) fn within(&self, key: &str) -> Result<Option<Self>> {
        let keys = self.typed(key, "an object", |v| v.as_object().cloned())?;
        Ok(keys.map(|keys| Self { path: self.path.clone(), prefix: format!("{}{key}.", self.prefix), keys }))
    }

    /// Whether the key is there, be it null.
    pub(in crate::local) fn holds(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// The first key under which an object stands.
    pub(in crate::local) fn first_object(&self) -> Option<&str> {
        self.keys.iter().find(|(_, value)| value.is_object()).map(|(key, _)| key.as_str())
    }

    /// What stands under `key`; `None` where it is absent or null.
    pub(in crate::local) fn get(&self, key: &str) -> Option<&Value> {
        self.keys.get(key).filter(|value| !value.is_null())
    }

    pub(in crate::local) fn text(&self, key: &str) -> Result<Option<&str>> {
        self.typed(key, "text", Value::as_str)
    }

    pub(in crate::local) fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.typed(key, "true or false", Value::as_bool)
    }

    pub(in crate::local) fn number(&self, key: &str) -> Result<Option<f64>> {
        self.typed(key, "a number", Value::as_f64)
    }

    pub(in crate::local) fn count(&self, key: &str) -> Result<Option<usize>> {
        self.typed(key, "a whole number, 0 or more", |v| usize::try_from(v.as_u64()?).ok())
    }

    /// The list of texts under `key`.
    pub(in crate::local) fn texts(&self, key: &str) -> Result<Option<Vec<&str>>> {
        self.typed(key, "a list of texts", |v| v.as_array()?.iter().map(Value::as_str).collect())
    }

    /// The whole numbers under `key`.
    pub(in crate::local) fn counts(&self, key: &str) -> Result<Option<Vec<usize>>> {
        let count = |v: &Value| usize::try_from(v.as_u64()?).ok();
        self.typed(key, "a list of whole numbers", |v| v.as_array()?.iter().map(count).collect())
    }

    /// The token numbers under `key`, one or a list; none where the key is absent.
    pub(in crate::local) fn ids(&self, key: &str) -> Result<Vec<u32>> {
        let id = |v: &Value| u32::try_from(v.as_u64()?).ok();
        let ids = self.typed(key, "a token number or a list of them", |v| match v {
            Value::Array(ids) => ids.iter().map(id).collect(),
            one => id(one).map(|id| vec![id]),
        })?;
        Ok(ids.unwrap_or_default())
    }

    /// The token under `key`, which is a text or an object with its text as `content`.
    pub(in crate::local) fn token(&self, key: &str) -> Result<Option<String>> {
        let text = |v: &Value| v.as_str().or_else(|| v.get("content")?.as_str()).map(str::to_owned);
        self.typed(key, "a token", text)
    }

    /// `added_tokens_decoder`: number, text, whether it is a control token; in the order of the numbers.
    pub(in crate::local) fn added_tokens(&self) -> Result<Vec<(u32, String, bool)>> {
        let read = |v: &Value| {
            let token = |(id, token): (&String, &Value)| {
                let special = token.get("special").and_then(Value::as_bool).unwrap_or(false);
                Some((id.parse().ok()?, token.get("content")?.as_str()?.to_owned(), special))
            };
            v.as_object()?.iter().map(token).collect::<Option<Vec<_>>>()
        };
        let mut tokens = self.typed("added_tokens_decoder", "an object of tokens", read)?.unwrap_or_default();
        tokens.sort_unstable();
        Ok(tokens)
    }

    /// What `get` finds under `key`, or an error that names the key.
    pub(in crate::local) fn require<'a, T>(
        &'a self,
        key: &str,
        get: impl FnOnce(&'a Self, &str) -> Result<Option<T>>,
    ) -> Result<T> {
        get(self, key)?.ok_or_else(|| self.invalid(format!("{}{key} is missing", self.prefix)))
    }

    /// An error about this file.
    pub(in crate::local) fn invalid(&self, what: impl std::fmt::Display) -> Error {
        Error::new(Kind::Model, format!("{}: {what}", self.path.display()))
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        expected: &str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>> {
        let Some(value) = self.get(key) else {
            return Ok(None);
        };
        match read(value) {
            Some(read) => Ok(Some(read)),
            None => Err(self.invalid(format!("{}{key} must be {expected}, got {value}", self.prefix))),
        }
    }
}
