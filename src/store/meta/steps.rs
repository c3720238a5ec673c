//! Steps of studies: for each `.sql` file the fingerprint of its last whole run.

use rusqlite::{OptionalExtension, params};

use super::now;
use crate::error::Result;
use crate::store::Store;

impl Store {
    /// The fingerprint that the step at `path` left; `None` where it never ran to its end.
    pub fn step(&self, path: &str) -> Result<Option<String>> {
        self.meta.read(|c| {
            c.prepare_cached("SELECT fingerprint FROM steps WHERE path = ?")?
                .query_row([path], |row| row.get(0))
                .optional()
        })
    }

    pub fn put_step(&self, path: &str, fingerprint: &str) -> Result<()> {
        self.meta.write(|c| {
            c.execute(
                "INSERT OR REPLACE INTO steps (path, fingerprint, finished) VALUES (?, ?, ?)",
                params![path, fingerprint, now()],
            )
            .map(|_| ())
        })
    }
}
