//! The file `calls.sqlite`: its tables and every statement on them.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use chrono::Utc;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row, params};

use super::record::{CallKey, CallRecord, CallRow, Stored};
use crate::error::{Error, Result};
use crate::store::failure;

pub(super) const FILE: &str = "calls.sqlite";
const PATIENCE: Duration = Duration::from_secs(30);
const FORMAT: i64 = 1;

/// Outputs above this size are compressed: a trace to about a third.
const COMPRESS: usize = 512;

const TABLES: &str = "
CREATE TABLE models (id INTEGER PRIMARY KEY, name TEXT NOT NULL, identity TEXT NOT NULL, UNIQUE (identity, name)) STRICT;
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, model INTEGER NOT NULL, task TEXT NOT NULL, input TEXT NOT NULL,
    sample INTEGER NOT NULL, output BLOB, error TEXT, message TEXT, finish_reason TEXT, prompt_tokens INTEGER,
    completion_tokens INTEGER, seconds REAL, usd REAL, attempts INTEGER NOT NULL, finished INTEGER NOT NULL
) STRICT;
";

const INSERT: &str = "
INSERT INTO calls (key, model, task, input, sample, output, error, message, finish_reason, prompt_tokens, completion_tokens,
    seconds, usd, attempts, finished)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET model = excluded.model, output = excluded.output, error = excluded.error,
    message = excluded.message, finish_reason = excluded.finish_reason, prompt_tokens = excluded.prompt_tokens,
    completion_tokens = excluded.completion_tokens, seconds = excluded.seconds, usd = excluded.usd,
    attempts = calls.attempts + excluded.attempts, finished = excluded.finished
WHERE calls.error IS NOT NULL OR excluded.error IS NULL";

/// For reading and writing, made where it is not there.
pub(super) fn open(folder: &Path) -> Result<Connection> {
    let path = folder.join(FILE);
    let open = || -> rusqlite::Result<(Connection, i64)> {
        let mut connection = Connection::open(&path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
        // What is reported kept survives a power loss.
        connection.execute_batch("PRAGMA synchronous = FULL")?;
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let format = transaction.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        if format == 0 {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "user_version", FORMAT)?;
        }
        transaction.commit()?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok((connection, if format == 0 { FORMAT } else { format }))
    };
    let (connection, format) = open().map_err(|e| failure::sqlite("open", &path, &e))?;
    if format > FORMAT {
        return Err(Error::data(format!("`{}` is of a newer glotrace", path.display())).with_hint("update glotrace"));
    }
    Ok(connection)
}

/// For reading what another process or user wrote; `None` where even that is not allowed.
pub(super) fn open_readonly(folder: &Path) -> Result<Option<Connection>> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(&path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok(connection)
    };
    Ok(open().ok())
}

/// What is served under this key: errors are not.
pub(super) fn stored(connection: &Connection, key: &CallKey) -> rusqlite::Result<Option<Stored>> {
    let mut select = connection.prepare_cached("SELECT output FROM calls WHERE key = ? AND error IS NULL")?;
    let output: Option<Vec<u8>> = select.query_row([key], |row| row.get(0)).optional()?;
    Ok(output.map(Stored))
}

/// Writes what finished, in one transaction.
pub(super) fn keep<'a>(
    connection: &mut Connection,
    models: &mut HashMap<(String, String), i64>,
    records: impl Iterator<Item = &'a CallRecord>,
) -> rusqlite::Result<()> {
    let now = Utc::now().timestamp_micros();
    let count = |n: Option<u64>| n.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    {
        let mut insert = transaction.prepare_cached(INSERT)?;
        for record in records {
            let model = model(&transaction, models, record)?;
            let (output, error, message) = match &record.outcome {
                Ok(output) => (Some(pack(output)), None, None),
                Err((kind, message)) => (None, Some(kind), Some(message)),
            };
            insert.execute(params![
                record.key,
                model,
                record.task,
                record.input,
                i64::try_from(record.sample).unwrap_or(i64::MAX),
                output,
                error,
                message,
                record.finish_reason,
                count(record.prompt_tokens),
                count(record.completion_tokens),
                record.seconds,
                record.usd,
                record.attempts,
                now,
            ])?;
        }
    }
    transaction.commit()
}

fn model(
    connection: &Connection,
    known: &mut HashMap<(String, String), i64>,
    record: &CallRecord,
) -> rusqlite::Result<i64> {
    let names = (record.identity.clone(), record.model.clone());
    if let Some(id) = known.get(&names) {
        return Ok(*id);
    }
    connection
        .prepare_cached("INSERT OR IGNORE INTO models (identity, name) VALUES (?, ?)")?
        .execute([&names.0, &names.1])?;
    let id = connection
        .prepare_cached("SELECT id FROM models WHERE identity = ? AND name = ?")?
        .query_row([&names.0, &names.1], |row| row.get(0))?;
    known.insert(names, id);
    Ok(id)
}

pub(super) fn rows(folder: &Path, each: &mut dyn FnMut(CallRow) -> bool) -> Result<()> {
    let path = folder.join(FILE);
    let mut read = || -> rusqlite::Result<()> {
        let Ok(Some(connection)) = open_readonly(folder) else { return Ok(()) };
        let mut select = connection.prepare(
            "SELECT name, identity, task, input, sample, output, error, message, finish_reason, prompt_tokens,
                completion_tokens, seconds, usd, attempts, finished FROM calls JOIN models ON models.id = calls.model ORDER BY calls.id",
        )?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            if !each(call_row(row)?) {
                break;
            }
        }
        Ok(())
    };
    read().map_err(|e| failure::sqlite("read", &path, &e))
}

fn call_row(row: &Row<'_>) -> rusqlite::Result<CallRow> {
    let count = |n: Option<i64>| n.map(i64::unsigned_abs);
    Ok(CallRow {
        model: row.get(0)?,
        identity: row.get(1)?,
        task: row.get(2)?,
        input: row.get(3)?,
        sample: row.get::<_, i64>(4)?.unsigned_abs(),
        output: row.get::<_, Option<Vec<u8>>>(5)?.and_then(|packed| Stored(packed).json()),
        error: row.get(6)?,
        message: row.get(7)?,
        finish_reason: row.get(8)?,
        prompt_tokens: count(row.get(9)?),
        completion_tokens: count(row.get(10)?),
        seconds: row.get(11)?,
        usd: row.get(12)?,
        attempts: row.get(13)?,
        finished: row.get(14)?,
    })
}

/// Which calls to delete; conditions that are given hold together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pruning {
    /// Finished longer ago than this.
    pub older_than: Option<Duration>,
    /// By the name that statements used, or by identity.
    pub model: Option<String>,
    /// Failed ones only.
    pub errors: bool,
    /// Say what would be deleted, and delete nothing.
    pub dry_run: bool,
}

impl Pruning {
    /// Nothing says which calls.
    pub fn is_empty(&self) -> bool {
        self.older_than.is_none() && self.model.is_none() && !self.errors
    }
}

/// What was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pruned {
    pub calls: u64,
    pub left: u64,
    /// By how much the file has shrunk.
    pub bytes: u64,
}

pub(super) fn prune(folder: &Path, what: &Pruning) -> Result<Pruned> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(Pruned { calls: 0, left: 0, bytes: 0 });
    }
    let size = || std::fs::metadata(&path).map_or(0, |m| m.len());
    let before = size();
    let mut connection = open(folder)?;
    let oldest = what.older_than.map(|age| {
        let age = i64::try_from(age.as_micros()).unwrap_or(i64::MAX);
        Utc::now().timestamp_micros().saturating_sub(age)
    });
    let chosen = "FROM calls WHERE (?1 IS NULL OR finished < ?1) AND (?2 = 0 OR error IS NOT NULL)
         AND (?3 IS NULL OR model IN (SELECT id FROM models WHERE name = ?3 OR identity = ?3))";
    let prune = |connection: &mut Connection| -> rusqlite::Result<(u64, u64)> {
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let chosen_by = params![oldest, what.errors, what.model];
        let calls: i64 = transaction.query_row(&format!("SELECT count(*) {chosen}"), chosen_by, |row| row.get(0))?;
        let all: i64 = transaction.query_row("SELECT count(*) FROM calls", [], |row| row.get(0))?;
        if !what.dry_run {
            transaction.execute(&format!("DELETE {chosen}"), chosen_by)?;
        }
        transaction.commit()?;
        if !what.dry_run {
            connection.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")?;
        }
        let left = if what.dry_run { all } else { all - calls };
        Ok((calls.unsigned_abs(), left.unsigned_abs()))
    };
    let (calls, left) = prune(&mut connection).map_err(|e| failure::sqlite("prune", &path, &e))?;
    drop(connection);
    Ok(Pruned { calls, left, bytes: before.saturating_sub(size()) })
}

fn pack(output: &[u8]) -> Vec<u8> {
    if output.len() > COMPRESS
        && let Ok(packed) = zstd::bulk::compress(output, 3)
        && packed.len() < output.len()
    {
        return packed;
    }
    output.to_vec()
}
