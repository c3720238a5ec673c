//! What outlives the process: a database is a folder.
//!
//! ```text
//! study.glo/
//! ├── main/traces/_delta_log/…   a Delta table: Parquet files and a log of commits       table.rs, write.rs
//! ├── main/answers/…             any program that reads Delta reads it; folders are encoded names            name.rs
//! ├── .calls/                    finished model calls                                    calls/
//! ├── glotrace.sqlite            views, macros, models, runs                              meta/
//! ├── .lock                      held for the moment in which something changes           lock.rs
//! ├── .staging/                  rows on their way, until their commit                    stage.rs, claim.rs
//! └── .trash/                    what was dropped and is being deleted                    drop.rs
//! ```
//!
//! A write streams rows into Parquet files under `.staging` (flat memory), syncs them, then takes the lock, moves them into
//! the table and commits: one log entry, put in place atomically, makes all of it visible at once. Whoever dies before that
//! leaves nothing but a staging folder, which the next opening of the database deletes. Readers take no lock: a
//! [`Snapshot`] is a version, and the files of a version stay until a [`vacuum`](Store::vacuum).
//!
//! A session without a database gets the same in a temporary folder, without the syncing.

mod cache;
pub mod calls;
mod claim;
mod drop;
mod failure;
mod fsync;
mod history;
mod lock;
mod meta;
mod name;
mod schema;
mod stage;
mod table;
mod types;
mod vacuum;
mod write;

#[cfg(test)]
mod tests;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub use history::Commit;
pub use meta::{Macro, ModelEntry, Run, View};
pub use name::{MAIN, TableName};
pub use table::Snapshot;
pub use vacuum::Vacuumed;
pub use write::{WriteMode, Written};

use cache::Cache;
use claim::{Access, Claim, clear_stale};
use fsync::{Promise, sync_folder};
use lock::Lock;
use meta::Meta;

use crate::error::{Error, Result};

/// What the folders of sessions without a database are called in the system's temporary folder.
const TEMPORARY: &str = "glotrace-session-";

/// An open database. Many may have one open at once, in one process or several.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    promise: Promise,
    meta: Meta,
    cache: Cache,
    /// Keeps a temporary database's folder; deletes it at the end.
    _temporary: Option<Claim>,
}

impl Store {
    /// Opens the database in the folder `root`, which is made where it does not exist, unless `readonly`.
    ///
    /// # Errors
    /// [`World`](crate::error::ErrorKind::World) where `root` is not a folder or may not be written;
    /// [`Data`](crate::error::ErrorKind::Data) where its SQLite file is damaged or of a newer glotrace.
    pub fn open(root: &Path, readonly: bool) -> Result<Self> {
        if root.exists() && !root.is_dir() {
            return Err(Error::world(format!("`{}` is not a folder", root.display()))
                .with_hint("a database is a folder; a single file can be queried: SELECT * FROM 'file'"));
        }
        if root.to_string_lossy().contains('%') {
            // Found out when its tables would not open again: deltalake decodes such a path twice.
            return Err(Error::world(format!("the path of a database cannot contain `%`: `{}`", root.display()))
                .with_hint("rename the folder"));
        }
        if readonly {
            let root = root.canonicalize().map_err(|e| Error::io("open the database", root, &e))?;
            let meta = Meta::open_readonly(&root)?;
            return Ok(Self { root, promise: Promise::ReadOnly, meta, cache: Cache::default(), _temporary: None });
        }
        let made = !root.exists();
        fs::create_dir_all(root).map_err(|e| may_be_readonly(root, &e))?;
        let root = root.canonicalize().map_err(|e| Error::io("open the database", root, &e))?;
        if made && let Some(parent) = root.parent() {
            sync_folder(parent).map_err(|e| Error::io("sync", parent, &e))?;
        }
        Self::open_writable(root, Promise::PowerLoss, None)
    }

    /// An empty database for as long as the process lives, in the system's temporary folder. What dead processes left there
    /// is deleted.
    ///
    /// # Errors
    /// [`World`](crate::error::ErrorKind::World) where the temporary folder may not be written.
    pub fn temporary() -> Result<Self> {
        let parent = std::env::temp_dir();
        clear_stale(&parent, TEMPORARY);
        let failed = |e: &io::Error| {
            Error::io("make a temporary database in", &parent, e)
                .with_hint("TMPDIR names the folder for temporary files")
        };
        let claim = Claim::new(&parent, TEMPORARY, Access::Owner).map_err(|e| failed(&e))?;
        let root = claim.folder().canonicalize().map_err(|e| failed(&e))?;
        Self::open_writable(root, Promise::Process, Some(claim))
    }

    fn open_writable(root: PathBuf, promise: Promise, temporary: Option<Claim>) -> Result<Self> {
        let staging = root.join(STAGING);
        fs::create_dir_all(&staging).map_err(|e| may_be_readonly(&root, &e))?;
        // Several processes may open a new database at once; the first makes the SQLite file.
        let lock = Lock::acquire(&root.join(LOCK))?;
        let meta = Meta::open(&root, promise == Promise::PowerLoss)?;
        if promise == Promise::PowerLoss {
            sync_folder(&root).map_err(|e| Error::io("sync", &root, &e))?;
        }
        drop(lock);
        clear_stale(&staging, "");
        let store = Self { root, promise, meta, cache: Cache::default(), _temporary: temporary };
        store.empty_trash();
        Ok(store)
    }

    /// The database's folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn is_readonly(&self) -> bool {
        self.promise == Promise::ReadOnly
    }

    /// Does what is reported done survive a power loss? Not in a temporary database.
    pub fn is_durable(&self) -> bool {
        self.promise == Promise::PowerLoss
    }

    fn promise(&self) -> Promise {
        self.promise
    }

    fn writable(&self) -> Result<()> {
        if self.is_readonly() { Err(failure::read_only(&self.root)) } else { Ok(()) }
    }

    fn lock_path(&self) -> PathBuf {
        self.root.join(LOCK)
    }

    fn staging(&self) -> PathBuf {
        self.root.join(STAGING)
    }

    fn trash(&self) -> PathBuf {
        self.root.join(TRASH)
    }
}

const LOCK: &str = ".lock";
const STAGING: &str = ".staging";
const TRASH: &str = ".trash";

fn may_be_readonly(root: &Path, error: &io::Error) -> Error {
    let told = Error::io("open the database", root, error);
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            told.with_hint("to only read it, open it read-only")
        }
        _ => told,
    }
}
