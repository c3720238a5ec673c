//! Runs: the statements that changed something, with their cost and how they ended.

use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::params;

use crate::error::Result;
use crate::store::Store;

/// One statement as it ran.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub statement: String,
    pub started: DateTime<Utc>,
    pub seconds: f64,
    /// Rows written or returned, where the statement has any.
    pub rows: Option<u64>,
    /// Model calls made.
    pub calls: u64,
    /// What they cost, in US dollars, where their models have prices.
    pub usd: f64,
    /// The glotrace that ran it.
    pub version: String,
    /// The message of the error it ended with.
    pub error: Option<String>,
}

impl Store {
    /// Remembers a run. A database that is open read-only remembers none, which is not an error.
    pub fn record_run(&self, run: &Run) -> Result<()> {
        if self.is_readonly() {
            return Ok(());
        }
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let started = run.started.to_rfc3339_opts(SecondsFormat::Micros, true);
        self.meta.write(|c| {
            c.execute(
                "INSERT INTO runs (statement, started, seconds, rows, calls, usd, version, error) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                params![run.statement, started, run.seconds, run.rows.map(count), count(run.calls), run.usd, run.version, run.error],
            )
            .map(|_| ())
        })
    }

    /// All runs, oldest first.
    pub fn runs(&self) -> Result<Vec<Run>> {
        self.meta.read(|c| {
            c.prepare_cached(
                "SELECT statement, started, seconds, rows, calls, version, error, usd FROM runs ORDER BY id",
            )?
            .query_map([], |row| {
                let started: String = row.get(1)?;
                let started = DateTime::parse_from_rfc3339(&started).map_err(|e| {
                    rusqlite::Error::FromSqlConversionFailure(1, rusqlite::types::Type::Text, Box::new(e))
                })?;
                Ok(Run {
                    statement: row.get(0)?,
                    started: started.with_timezone(&Utc),
                    seconds: row.get(2)?,
                    rows: row.get::<_, Option<i64>>(3)?.map(i64::unsigned_abs),
                    calls: row.get::<_, i64>(4)?.unsigned_abs(),
                    version: row.get(5)?,
                    error: row.get(6)?,
                    usd: row.get(7)?,
                })
            })?
            .collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_come_back_in_order() {
        let root = tempfile::tempdir().unwrap();
        let run = |statement: &str, rows, error: Option<&str>| Run {
            statement: statement.to_owned(),
            started: DateTime::from_timestamp_micros(1_700_000_000_123_456).unwrap(),
            seconds: 0.25,
            rows,
            calls: 3,
            usd: 0.25,
            version: "0.1.0".to_owned(),
            error: error.map(str::to_owned),
        };
        let runs = [
            run("CREATE TABLE t AS SELECT 1", Some(1), None),
            run("DROP TABLE x", None, Some("there is no table `x`")),
        ];
        let store = Store::open(root.path(), false).unwrap();
        runs.iter().for_each(|r| store.record_run(r).unwrap());
        assert_eq!(Store::open(root.path(), true).unwrap().runs().unwrap(), runs);
    }
}
