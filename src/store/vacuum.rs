//! Deleting the files that no current version of a table names.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use deltalake::operations::vacuum::VacuumMode;

use super::{Store, TableName, failure};
use crate::error::{Error, Result};

/// What a vacuum has deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vacuumed {
    pub files: u64,
}

impl Store {
    /// Deletes the files of a table that its newest version does not name and that are older than `age`: those of replaced
    /// rows, and what writers left that died in the moment of their commit. `None` where there is no such table.
    ///
    /// Versions that need a deleted file cannot be read any more, and a statement that still reads one will fail: an age of
    /// a week, Delta's custom, outlives any statement. It is recorded in the table's log as two commits.
    ///
    /// # Errors
    /// [`World`](crate::error::ErrorKind::World) where files cannot be deleted.
    pub async fn vacuum(&self, table: &TableName, age: Duration) -> Result<Option<Vacuumed>> {
        self.writable()?;
        // Under the lock no writer of ours has files in the table that its log does not name yet.
        let _lock = self.lock().await?;
        let Some(loaded) = self.load(table).await? else { return Ok(None) };
        let folder = self.folder(table)?;
        let period = chrono::Duration::from_std(age).map_err(|_| Error::query("the age is too large"))?;
        let vacuum = loaded
            .vacuum()
            .with_mode(VacuumMode::Full)
            .with_retention_period(period)
            .with_enforce_retention_duration(false);
        let (_, metrics) = vacuum.await.map_err(|e| failure::delta("vacuum", table, &folder, &e))?;
        let staged = remove_staged(&folder, age) + remove_staged(&folder.join("_delta_log"), age);
        Ok(Some(Vacuumed { files: metrics.files_deleted.len() as u64 + staged }))
    }
}

/// Half-written files of dead writers (`name#123`), which Delta's own vacuum does not see.
fn remove_staged(folder: &Path, age: Duration) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let old = |entry: &fs::DirEntry| {
        let modified = entry.metadata().and_then(|m| m.modified()).ok();
        modified.and_then(|at| SystemTime::now().duration_since(at).ok()).is_some_and(|passed| passed >= age)
    };
    entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            let suffix = name.to_str().and_then(|name| name.rsplit_once('#')).map(|(_, digits)| digits);
            suffix.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
                && old(entry)
                && fs::remove_file(entry.path()).is_ok()
        })
        .count() as u64
}
