//! DROP: a table vanishes by one rename, then its files are deleted in peace.

use std::fs;
use std::path::Path;

use super::table::is_table;
use super::{Store, TableName};
use crate::error::{Error, Result};

impl Store {
    /// Drops a table; `false` where there is none. A statement of another process that is just reading it will fail.
    ///
    /// # Errors
    /// [`World`](crate::error::ErrorKind::World) where the folder cannot be moved; then the table is still there.
    pub async fn drop_table(&self, table: &TableName) -> Result<bool> {
        self.writable()?;
        let lock = self.lock().await?;
        let folder = self.folder(table)?;
        if !is_table(&folder) {
            return Ok(false);
        }
        self.discard(&folder)?;
        drop(lock);
        self.cache.forget(table);
        self.empty_trash_async().await;
        Ok(true)
    }

    /// Moves a folder out of sight, durably; the lock is held.
    pub(super) fn discard(&self, folder: &Path) -> Result<()> {
        let trash = self.trash();
        let failed = |e: &std::io::Error| Error::io("drop", folder, e);
        fs::create_dir_all(&trash).map_err(|e| failed(&e))?;
        let place = tempfile::Builder::new().prefix("").tempdir_in(&trash).map_err(|e| failed(&e))?.keep();
        fs::rename(folder, place.join("dropped")).map_err(|e| {
            let _ = fs::remove_dir(&place);
            failed(&e)
        })?;
        self.sync(&place)?;
        folder.parent().map_or(Ok(()), |parent| self.sync(parent))
    }

    /// Deletes what was dropped, by this process or one that died over it. What cannot be deleted now is deleted later.
    pub(super) fn empty_trash(&self) {
        let _ = fs::remove_dir_all(self.trash());
    }

    pub(super) async fn empty_trash_async(&self) {
        let trash = self.trash();
        let _ = tokio::task::spawn_blocking(move || fs::remove_dir_all(trash)).await;
    }
}
