//! A folder that belongs to a living process: unfinished writes and the databases of sessions without one.
//!
//! Beside the folder `prefixXXXX` lies `prefixXXXX.lock`, locked as long as the process lives. After a `kill -9` the lock is
//! free, and [`clear_stale`] knows that nobody will come back for the folder.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

const SUFFIX: &str = ".lock";

/// Who may enter a claimed folder, where the system knows users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// In a folder that all users share.
    Owner,
    /// Whom the umask lets: the folder may become a table.
    Umask,
}

/// The folder is deleted, then its lock file, when this is dropped.
#[derive(Debug)]
pub(super) struct Claim {
    folder: PathBuf,
    lock_path: PathBuf,
    lock: Option<File>,
}

impl Claim {
    /// A new empty folder in `parent`, which must exist.
    pub(super) fn new(parent: &Path, prefix: &str, access: Access) -> io::Result<Self> {
        // Each turn loses only to a process that clears stale folders in the instant between creating and locking.
        for _ in 0..100 {
            let (file, lock_path) = tempfile::Builder::new()
                .prefix(prefix)
                .suffix(SUFFIX)
                .rand_bytes(12)
                .tempfile_in(parent)?
                .keep()
                .map_err(|e| e.error)?;
            if lock(&file).is_err() || !lock_path.exists() {
                continue;
            }
            let folder = folder_of(&lock_path);
            let claim = Self { folder, lock_path, lock: Some(file) };
            make_folder(&claim.folder, access)?;
            return Ok(claim);
        }
        Err(io::Error::other("no lock file could be locked"))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // The folder first: a folder without a lock file must never belong to a living process.
        if matches!(fs::remove_dir_all(&self.folder), Err(e) if e.kind() != io::ErrorKind::NotFound) {
            // A blocking task may have put a last file there in between; once more, then it is the next opening's work.
            let _ = fs::remove_dir_all(&self.folder);
        }
        drop(self.lock.take());
        let _ = fs::remove_file(&self.lock_path);
    }
}

/// Deletes what dead processes left in `parent` under `prefix`. What cannot be deleted stays for another time.
pub(super) fn clear_stale(parent: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if !name.starts_with(prefix) || !name.ends_with(SUFFIX) {
            continue;
        }
        let Ok(file) = File::options().write(true).open(&path) else { continue };
        if lock(&file).is_ok() {
            let _ = fs::remove_dir_all(folder_of(&path));
            let _ = fs::remove_file(&path);
        }
    }
}

/// Whether the process that claimed the folder `name` in `parent` lives.
pub(super) fn is_alive(parent: &Path, name: &str) -> bool {
    let path = parent.join(format!("{name}{SUFFIX}"));
    match File::options().write(true).open(path) {
        Ok(file) => lock(&file).is_err(),
        Err(e) => e.kind() != io::ErrorKind::NotFound,
    }
}

/// Without locks (some network file systems) nothing is ever stale, which errs on the safe side.
fn lock(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(fs::TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        Err(fs::TryLockError::Error(e)) => Err(e),
    }
}

fn folder_of(lock_path: &Path) -> PathBuf {
    lock_path.with_extension("")
}

fn make_folder(path: &Path, access: Access) -> io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are Unix's"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    if access == Access::Owner {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    #[cfg(not(unix))]
    let _ = access;
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_a_claim_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let claim = Claim::new(parent.path(), "w-", Access::Owner).unwrap();
        fs::write(claim.folder().join("x"), "x").unwrap();
        drop(claim);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }

    #[test]
    fn only_folders_of_the_dead_are_cleared() {
        let parent = tempfile::tempdir().unwrap();
        let alive = Claim::new(parent.path(), "w-", Access::Owner).unwrap();
        let dead = parent.path().join("w-dead");
        fs::create_dir(&dead).unwrap();
        fs::write(parent.path().join("w-dead.lock"), "").unwrap();
        let other = parent.path().join("x-other");
        fs::create_dir(&other).unwrap();
        clear_stale(parent.path(), "w-");
        assert!(alive.folder().exists() && other.exists());
        assert!(!dead.exists() && !parent.path().join("w-dead.lock").exists());
    }

    #[test]
    fn claiming_and_clearing_at_once_never_takes_a_living_folder() {
        let parent = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..200).for_each(|_| clear_stale(parent.path(), "w-")));
            }
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..100 {
                        let claim = Claim::new(parent.path(), "w-", Access::Owner).unwrap();
                        fs::write(claim.folder().join("x"), "x").unwrap();
                        assert!(claim.folder().join("x").exists());
                    }
                });
            }
        });
    }
}
