//! The small things a database remembers beside its tables, in `glotrace.sqlite`: one kind a file.
//!
//! SQLite in WAL mode: readers of other processes are never blocked, writers wait for each other at most [`PATIENCE`], and
//! with `synchronous=FULL` what is reported done survives a power loss. The format counts in `PRAGMA user_version`; a newer
//! glotrace carries older files forward, step by step, in [`MIGRATIONS`].

mod macros;
mod models;
mod runs;
mod steps;
mod views;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use url::Url;

pub use macros::Macro;
pub use models::ModelEntry;
pub use runs::Run;
pub use views::View;

use super::failure;
use crate::error::{Error, Result};

const FILE: &str = "glotrace.sqlite";
const PATIENCE: Duration = Duration::from_secs(10);

/// Step `i` leads from format `i` to `i + 1`. Steps are only ever added.
const MIGRATIONS: [&str; 2] = [
    concat!(
        "CREATE TABLE views (schema TEXT NOT NULL, name TEXT NOT NULL, sql TEXT NOT NULL, columns TEXT NOT NULL, created TEXT NOT NULL,",
        " PRIMARY KEY (schema, name)) STRICT;",
        "CREATE TABLE macros (name TEXT NOT NULL PRIMARY KEY, params TEXT NOT NULL, body TEXT NOT NULL, created TEXT NOT NULL) STRICT;",
        "CREATE TABLE models (name TEXT NOT NULL PRIMARY KEY, uri TEXT NOT NULL, options TEXT NOT NULL, created TEXT NOT NULL) STRICT;",
        "CREATE TABLE runs (id INTEGER PRIMARY KEY, statement TEXT NOT NULL, started TEXT NOT NULL, seconds REAL NOT NULL, rows INTEGER,",
        " calls INTEGER NOT NULL, version TEXT NOT NULL, error TEXT) STRICT;",
        "CREATE TABLE steps (path TEXT NOT NULL PRIMARY KEY, fingerprint TEXT NOT NULL, finished TEXT NOT NULL) STRICT;",
    ),
    "ALTER TABLE runs ADD COLUMN usd REAL NOT NULL DEFAULT 0;",
];

/// The open file; `None` where a database that is only read has none.
#[derive(Debug)]
pub(super) struct Meta {
    path: PathBuf,
    connection: Option<Mutex<Connection>>,
    readonly: bool,
}

impl Meta {
    /// Opens or makes the file in `root`; the database's lock is held.
    pub(super) fn open(root: &Path, durable: bool) -> Result<Self> {
        let path = root.join(FILE);
        let failed = |e: &rusqlite::Error| failure::sqlite("open", &path, e);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&path, flags).map_err(|e| failed(&e))?;
        connection.busy_timeout(PATIENCE).map_err(|e| failed(&e))?;
        let prepare = |connection: &Connection| -> rusqlite::Result<()> {
            if durable {
                connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
                connection.execute_batch("PRAGMA synchronous = FULL")
            } else {
                connection.query_row("PRAGMA journal_mode = MEMORY", [], |_| Ok(()))?;
                connection.execute_batch("PRAGMA synchronous = OFF")
            }
        };
        prepare(&connection).map_err(|e| failed(&e))?;
        migrate(&mut connection, &path)?;
        Ok(Self { path, connection: Some(Mutex::new(connection)), readonly: false })
    }

    /// Opens the file in `root` for reading; where there is none, there is nothing to remember.
    pub(super) fn open_readonly(root: &Path) -> Result<Self> {
        let path = root.join(FILE);
        if !path.exists() {
            return Ok(Self { path, connection: None, readonly: true });
        }
        let url = Url::from_file_path(&path)
            .map_err(|()| Error::internal(format!("`{}` is not an absolute path", path.display())))?;
        let open = |access: OpenFlags, query: &str| -> rusqlite::Result<(Connection, i64)> {
            let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
            let connection = Connection::open_with_flags(format!("{url}{query}"), flags)?;
            connection.busy_timeout(PATIENCE)?;
            connection.execute_batch("PRAGMA query_only = ON")?;
            let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            // Touches the file's pages, which reading the header alone may not.
            connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            Ok((connection, version))
        };
        // WAL keeps two small files beside the database while it is open. Only who may write can take them away again; who
        // may not can share those of a writer; and where nobody can write, the file may be read as it is.
        let (writing, reading) = (OpenFlags::SQLITE_OPEN_READ_WRITE, OpenFlags::SQLITE_OPEN_READ_ONLY);
        let (connection, version) = open(writing, "")
            .or_else(|_| open(reading, ""))
            .or_else(|_| open(reading, "?immutable=1"))
            .map_err(|e| failure::sqlite("open", &path, &e))?;
        refuse_newer(version, &path)?;
        if version < newest() {
            return Err(Error::world(format!(
                "`{}` is of an older glotrace (format {version}, now {})",
                path.display(),
                newest()
            ))
            .with_hint("open the database once for writing, which carries it forward"));
        }
        Ok(Self { path, connection: Some(Mutex::new(connection)), readonly: true })
    }

    /// Runs `work` on the connection; `what` is for errors, as in "cannot `what` `glotrace.sqlite`". Without a file: `default`.
    fn read<T: Default>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let Some(connection) = self.connection() else { return Ok(T::default()) };
        work(&connection).map_err(|e| failure::sqlite("read", &self.path, &e))
    }

    /// Runs `work` in one transaction.
    fn write<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let connection = self.connection().filter(|_| !self.readonly);
        let Some(mut connection) = connection else {
            return Err(failure::read_only(self.path.parent().unwrap_or(&self.path)));
        };
        let run = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        run(&mut connection).map_err(|e| failure::sqlite("write to", &self.path, &e))
    }

    fn connection(&self) -> Option<MutexGuard<'_, Connection>> {
        // A panic in between leaves a transaction that SQLite has rolled back, so the connection is sound.
        self.connection.as_ref().map(|c| c.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn newest() -> i64 {
    MIGRATIONS.len() as i64
}

fn refuse_newer(version: i64, path: &Path) -> Result<()> {
    if version > newest() {
        return Err(Error::data(format!(
            "`{}` is of a newer glotrace (format {version}, this one knows {})",
            path.display(),
            newest()
        ))
        .with_hint("update glotrace"));
    }
    Ok(())
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<()> {
    let failed = |e: &rusqlite::Error| failure::sqlite("open", path, e);
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(|e| failed(&e))?;
    refuse_newer(version, path)?;
    if version == newest() {
        return Ok(());
    }
    let mut carry = || -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let version: i64 = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        for step in MIGRATIONS.iter().skip(usize::try_from(version).unwrap_or(0)) {
            transaction.execute_batch(step)?;
        }
        transaction.pragma_update(None, "user_version", newest())?;
        transaction.commit()
    };
    carry().map_err(|e| failed(&e))
}

fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
}

/// A list or object of ours as the text that a column keeps.
fn to_json<T: serde::Serialize + ?Sized>(value: &T) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

fn from_json<T: serde::de::DeserializeOwned>(column: usize, text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_may_open_a_new_database_at_once() {
        let root = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for i in 0..8 {
                let root = root.path();
                scope.spawn(move || {
                    let store = crate::store::Store::open(root, false).unwrap();
                    store.put_macro(&format!("m{i}"), &["x".to_owned()], "x + 1", false).unwrap();
                });
            }
        });
        let store = crate::store::Store::open(root.path(), true).unwrap();
        assert_eq!(store.macros().unwrap().len(), 8);
    }

    #[test]
    fn a_newer_format_is_refused_by_name() {
        let root = tempfile::tempdir().unwrap();
        drop(Meta::open(root.path(), true).unwrap());
        Connection::open(root.path().join(FILE)).unwrap().pragma_update(None, "user_version", 99).unwrap();
        for error in [Meta::open(root.path(), true).unwrap_err(), Meta::open_readonly(root.path()).unwrap_err()] {
            assert!(error.message.contains("newer"), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_not_sqlite_is_named() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(
            root.path().join(FILE),
            "this is not a database, and long enough to be mistaken for none".repeat(20),
        )
        .unwrap();
        let error = Meta::open(root.path(), true).unwrap_err();
        assert!(error.message.contains("not a SQLite file"), "{error}");
    }

    #[test]
    fn reading_needs_no_file_and_makes_none() {
        let root = tempfile::tempdir().unwrap();
        let meta = Meta::open_readonly(root.path()).unwrap();
        assert!(meta.read(|_| Ok(vec![1])).unwrap().is_empty());
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
