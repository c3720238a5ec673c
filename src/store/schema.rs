//! Schemas: the folders of a database.

use std::fs;

use super::name::{folder_name, name_of_folder};
use super::table::folders;
use super::{MAIN, Store};
use crate::error::{Error, Result};

impl Store {
    /// All schemas, sorted; `main` is always there.
    pub fn schemas(&self) -> Result<Vec<String>> {
        let mut schemas: Vec<String> =
            folders(self.root())?.iter().filter_map(|folder| name_of_folder(folder)).collect();
        schemas.push(MAIN.to_owned());
        schemas.sort();
        schemas.dedup();
        Ok(schemas)
    }

    /// # Errors
    /// [`Query`](crate::error::ErrorKind::Query) where it exists, unless `if_not_exists`.
    pub fn create_schema(&self, name: &str, if_not_exists: bool) -> Result<()> {
        self.writable()?;
        let folder = self.root().join(folder_name(name)?);
        let exists = name == MAIN || self.schema_folder(name)?.is_dir();
        match (exists, if_not_exists) {
            (true, true) => return Ok(()),
            (true, false) => {
                return Err(Error::query(format!("the schema `{name}` already exists"))
                    .with_hint("CREATE SCHEMA IF NOT EXISTS accepts that"));
            }
            (false, _) => {}
        }
        match fs::create_dir(&folder) {
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists && if_not_exists => {}
            other => other.map_err(|e| Error::io("create", &folder, &e))?,
        }
        self.sync(self.root())
    }

    /// Drops a schema, with its tables and views if `cascade`. Waits for the database's lock.
    ///
    /// # Errors
    /// [`Query`](crate::error::ErrorKind::Query) for `main`, a schema that is missing (unless `if_exists`) or not empty
    /// (unless `cascade`).
    pub fn drop_schema(&self, name: &str, if_exists: bool, cascade: bool) -> Result<()> {
        self.writable()?;
        if name == MAIN {
            return Err(Error::query("the schema `main` cannot be dropped"));
        }
        let lock = super::Lock::acquire(&self.lock_path())?;
        let folder = self.schema_folder(name)?;
        if !folder.is_dir() {
            return if if_exists {
                Ok(())
            } else {
                Err(Error::query(format!("there is no schema `{name}`"))
                    .with_hint("DROP SCHEMA IF EXISTS accepts that"))
            };
        }
        let (tables, views) = (self.tables(name)?, self.views(name)?);
        let empty = tables.is_empty() && views.is_empty();
        if !cascade && !empty {
            let holds = tables.iter().cloned().chain(views.into_iter().map(|v| v.name)).collect::<Vec<_>>().join(", ");
            return Err(Error::query(format!("the schema `{name}` is not empty: {holds}"))
                .with_hint("DROP SCHEMA … CASCADE drops them too"));
        }
        // Views first: without their schema they would be names that nothing lists.
        self.meta.drop_views_of(name)?;
        self.discard(&folder)?;
        drop(lock);
        self.empty_trash();
        Ok(())
    }
}
