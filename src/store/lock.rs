//! The database's lock: one glotrace process at a time changes what a database consists of.
//!
//! Correctness of a single table does not rest on it (a commit is a put-if-absent, which other Delta writers obey too). It
//! orders what a table's log cannot: a commit against a DROP of the same table, two processes that create one table, and
//! the first opening of a new database. It is held for the moment of the change, never while rows are computed, and the
//! operating system gives it back when its holder dies.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Holders need milliseconds; who waits this long waits for a stopped process.
const PATIENCE: Duration = Duration::from_secs(30);

/// Held until dropped.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "the lock ends where its file is closed")] File);

impl Lock {
    /// Waits for the lock file at `path`, at most half a minute.
    pub(super) fn acquire(path: &Path) -> Result<Self> {
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(|e| super::may_be_readonly(path.parent().unwrap_or(path), &e))?;
        let start = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                // A file system without locks: single-table commits stay safe, see above.
                Err(TryLockError::Error(e)) if e.kind() == std::io::ErrorKind::Unsupported => return Ok(Self(file)),
                Err(TryLockError::Error(e)) => return Err(Error::io("lock", path, &e)),
                Err(TryLockError::WouldBlock) if start.elapsed() > PATIENCE => {
                    return Err(Error::conflict(format!(
                        "another process has held `{}` for {} s",
                        path.display(),
                        PATIENCE.as_secs()
                    ))
                    .with_hint("it may be suspended: let it go on or end it, then run the statement again"));
                }
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(16));
                }
            }
        }
    }

    /// [`acquire`](Self::acquire) off the runtime's threads.
    pub(super) async fn acquire_async(path: PathBuf) -> Result<Self> {
        tokio::task::spawn_blocking(move || Self::acquire(&path))
            .await
            .map_err(|e| Error::internal(format!("waiting for the database's lock failed: {e}")))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn one_holder_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".lock");
        let inside = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let lock = Lock::acquire(&path).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::sleep(Duration::from_micros(200));
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }
}
