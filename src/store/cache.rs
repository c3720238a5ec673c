//! Tables that were opened before: reopening reads only the commits since.
//!
//! A log is read from its last checkpoint on, up to a hundred files, and every statement needs the newest version. What was
//! read stays valid as long as the table's folder is the same folder: a table that was dropped and made again has another
//! one, even under the same name, and must not be continued from the old one's log.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use deltalake::DeltaTable;

use super::TableName;

/// Each entry keeps a folder open; more than this many are forgotten together.
const MOST: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<TableName, (Identity, DeltaTable)>>);

impl Cache {
    /// What is known of the table `name` if it still lives in the folder `identity`.
    pub(super) fn get(&self, name: &TableName, identity: &Identity) -> Option<DeltaTable> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(name).filter(|(known, _)| known == identity).map(|(_, table)| table.clone())
    }

    pub(super) fn put(&self, name: &TableName, identity: Identity, table: &DeltaTable) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MOST && !entries.contains_key(name) {
            entries.clear();
        }
        entries.insert(name.clone(), (identity, table.clone()));
    }

    pub(super) fn forget(&self, name: &TableName) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }
}

/// Which folder it is, whatever its path. It stays open, because the number of a deleted folder would be given to a new one.
#[derive(Debug)]
pub(super) struct Identity {
    #[cfg(unix)]
    _open: std::fs::File,
    #[cfg(unix)]
    number: (u64, u64),
}

impl Identity {
    /// `None` where there is no such folder, or no way to tell one from another: then nothing is remembered.
    #[cfg(unix)]
    pub(super) fn of(folder: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let open = std::fs::File::open(folder).ok()?;
        let metadata = open.metadata().ok()?;
        Some(Self { number: (metadata.dev(), metadata.ino()), _open: open })
    }

    #[cfg(not(unix))]
    pub(super) fn of(_folder: &Path) -> Option<Self> {
        None
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        #[cfg(unix)]
        return self.number == other.number;
        #[cfg(not(unix))]
        {
            let _ = other;
            false
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_folder_made_again_is_another_folder() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("t");
        std::fs::create_dir(&folder).unwrap();
        let first = Identity::of(&folder).unwrap();
        assert!(first == Identity::of(&folder).unwrap());
        for _ in 0..10 {
            std::fs::remove_dir(&folder).unwrap();
            assert!(Identity::of(&folder).is_none());
            std::fs::create_dir(&folder).unwrap();
            assert!(first != Identity::of(&folder).unwrap());
        }
    }
}
