//! Calls under way, so that equal calls of two processes run once.
//!
//! A process that makes calls holds the lock of a file as long as it lives; a call under way names that file. Whoever finds
//! a call under way whose file is not locked takes it over: its maker died.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::record::CallKey;
use crate::error::{Error, Result};
use crate::store::claim::{Access, Claim, clear_stale, is_alive};
use crate::store::failure;

const FILE: &str = "flights.sqlite";
const PREFIX: &str = "flight-";
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Flights {
    folder: PathBuf,
    connection: Mutex<Connection>,
    /// Names this process, and lives as long.
    owner: Claim,
}

/// A call that its holder is to make. Dropping it gives the claim back.
#[derive(Debug)]
pub struct Flight {
    flights: Arc<Flights>,
    key: CallKey,
    landed: bool,
}

impl Flights {
    pub(super) fn open(folder: &Path) -> Result<Arc<Self>> {
        clear_stale(folder, PREFIX);
        let path = folder.join(FILE);
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&path)?;
            connection.busy_timeout(PATIENCE)?;
            connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
            // Nothing here outlives the processes that wrote it, so nothing is synced.
            connection.execute_batch(
                "PRAGMA synchronous = OFF;
                 CREATE TABLE IF NOT EXISTS flights (key BLOB PRIMARY KEY, owner TEXT NOT NULL) STRICT, WITHOUT ROWID;",
            )?;
            Ok(connection)
        };
        let opened = open().or_else(|e| {
            // What a power loss has damaged is worth nothing. Another process that has it open keeps its copy, and the two
            // may make a call twice, once.
            match e.sqlite_error_code() {
                Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                    let _ = std::fs::remove_file(&path);
                    open()
                }
                _ => Err(e),
            }
        });
        let connection = opened.map_err(|e| failure::sqlite("open", &path, &e))?;
        let owner =
            Claim::new(folder, PREFIX, Access::Umask).map_err(|e| Error::io("keep model calls in", folder, &e))?;
        Ok(Arc::new(Self { folder: folder.to_owned(), connection: Mutex::new(connection), owner }))
    }

    /// Claims the calls, in one transaction; `None` for those that a living process makes.
    pub(super) fn claim(self: &Arc<Self>, keys: &[CallKey]) -> Result<Vec<Option<Flight>>> {
        let mut connection = self.connection();
        let mut alive: HashMap<String, bool> = HashMap::new();
        let me = self.owner_name();
        let mut claim = || -> rusqlite::Result<Vec<bool>> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut claimed = Vec::with_capacity(keys.len());
            {
                let mut owner = transaction.prepare_cached("SELECT owner FROM flights WHERE key = ?")?;
                let mut insert =
                    transaction.prepare_cached("INSERT OR REPLACE INTO flights (key, owner) VALUES (?, ?)")?;
                for key in keys {
                    let held: Option<String> = owner.query_row([key], |row| row.get(0)).optional()?;
                    let free = held.is_none_or(|held| {
                        held != me && !*alive.entry(held).or_insert_with_key(|held| is_alive(&self.folder, held))
                    });
                    if free {
                        insert.execute((key, &me))?;
                    }
                    claimed.push(free);
                }
            }
            transaction.commit()?;
            Ok(claimed)
        };
        let claimed = claim().map_err(|e| failure::sqlite("write to", &self.folder.join(FILE), &e))?;
        let flight = |key: &CallKey| Flight { flights: Arc::clone(self), key: *key, landed: false };
        Ok(keys.iter().zip(claimed).map(|(key, claimed)| claimed.then(|| flight(key))).collect())
    }

    /// Gives claims back, in one transaction.
    fn give_back(&self, keys: impl Iterator<Item = CallKey>) {
        let mut connection = self.connection();
        let delete = || -> rusqlite::Result<()> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for key in keys {
                transaction
                    .prepare_cached("DELETE FROM flights WHERE key = ? AND owner = ?")?
                    .execute((key, self.owner_name()))?;
            }
            transaction.commit()
        };
        // A claim that stays is free when this process ends.
        let _ = delete();
    }

    fn owner_name(&self) -> String {
        self.owner.folder().file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Ends many at once.
    pub(super) fn land(flights: impl Iterator<Item = Self>) {
        let mut ended: Vec<Self> = flights.collect();
        let Some(first) = ended.first() else { return };
        let room = Arc::clone(&first.flights);
        room.give_back(ended.iter().map(|f| f.key));
        ended.iter_mut().for_each(|f| f.landed = true);
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        if !self.landed {
            self.flights.give_back(std::iter::once(self.key));
        }
    }
}
