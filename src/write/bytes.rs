//! A whole file at once: a picture, a page.

use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};

use super::target::Target;

/// Writes `bytes` to `path`: the file appears under its name when it is complete and durable, and on any error the old one stays.
///
/// # Errors
/// The folder is missing or unwritable; the disk is full.
pub fn write_bytes(bytes: &[u8], path: &Path) -> Result<()> {
    let target = Target::create(path, None)?;
    match target.sink().write_all(bytes) {
        Ok(()) => target.commit(),
        Err(source) => Err(target.explain(Error::io("write", path, &source))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.svg");
        write_bytes(b"first and longer", &path).unwrap();
        write_bytes(b"second", &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(write_bytes(b"x", &folder.path().join("no/x.svg")).is_err());
    }
}
