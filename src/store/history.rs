//! Who committed what to a table, and from which statement.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use deltalake::kernel::Action;
use deltalake::logstore::get_actions;

use super::{Store, TableName, failure};
use crate::error::Result;

/// One entry of a table's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    pub version: u64,
    /// The committing machine's clock.
    pub at: Option<DateTime<Utc>>,
    /// As the writer called it: `WRITE`, `VACUUM END`, …
    pub operation: Option<String>,
    /// What [`Store::write`] was given, without the `glotrace.` before each key.
    pub provenance: BTreeMap<String, String>,
}

impl Store {
    /// The newest `limit` commits, newest first; `None` where there is no such table. Delta deletes entries after 30 days
    /// (`delta.logRetentionDuration`), so that old ones may be missing.
    ///
    /// # Errors
    /// As [`Store::snapshot`].
    pub async fn history(&self, table: &TableName, limit: usize) -> Result<Option<Vec<Commit>>> {
        let Some(loaded) = self.load(table).await? else { return Ok(None) };
        let folder = self.folder(table)?;
        let log = loaded.log_store();
        let mut commits = Vec::new();
        for version in (0..=loaded.version().unwrap_or(0)).rev().take(limit) {
            let entry = log
                .read_commit_entry(version)
                .await
                .map_err(|e| failure::delta("read the history of", table, &folder, &e))?;
            let Some(bytes) = entry else { break };
            let actions =
                get_actions(version, &bytes).map_err(|e| failure::delta("read the history of", table, &folder, &e))?;
            let info = actions
                .into_iter()
                .find_map(|action| if let Action::CommitInfo(info) = action { Some(info) } else { None })
                .unwrap_or_default();
            let provenance = info
                .info
                .iter()
                .filter_map(|(key, value)| {
                    Some((key.strip_prefix("glotrace.")?.to_owned(), value.as_str()?.to_owned()))
                })
                .collect();
            commits.push(Commit {
                version,
                at: info.timestamp.and_then(DateTime::from_timestamp_millis),
                operation: info.operation,
                provenance,
            });
        }
        Ok(Some(commits))
    }
}
