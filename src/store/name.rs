//! Names of tables and the folders that hold them.
//!
//! A schema or table may bear any Unicode name; a folder may not. Bytes outside of `[A-Za-z0-9_]` are written as `~` and two
//! hexadecimal digits, so that every name has one folder on every file system and nothing in a name can leave the
//! database's folder. It is percent-encoding with another sign: deltalake 1.1 decodes the `%` of a path once too often and
//! then does not find its files.

use std::fmt;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// The schema of names without one; it exists in every database.
pub const MAIN: &str = "main";

const ESCAPE: char = '~';

/// Most file systems end a file name at 255 bytes.
const LONGEST_FOLDER: usize = 255;

/// A table, view or schema-bound name as SQL resolved it: compared byte for byte.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    pub schema: String,
    pub name: String,
}

impl TableName {
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }

    /// A name in the schema [`MAIN`].
    pub fn main(name: impl Into<String>) -> Self {
        Self::new(MAIN, name)
    }

    /// The table's folder, relative to the root of the database.
    ///
    /// # Errors
    /// A [`Query`](crate::error::ErrorKind::Query) error where the name is empty or its folder's name would pass 255 bytes.
    pub(super) fn folder(&self) -> Result<PathBuf> {
        Ok(PathBuf::from(folder_name(&self.schema)?).join(folder_name(&self.name)?))
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema != MAIN {
            write!(f, "{}.", self.schema)?;
        }
        f.write_str(&self.name)
    }
}

/// The folder of a schema or table called `name`.
pub(super) fn folder_name(name: &str) -> Result<String> {
    if name.is_empty() {
        return Err(Error::query("a table or schema needs a name, got ''"));
    }
    let mut folder = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            folder.push(char::from(byte));
        } else {
            folder.push_str(&format!("{ESCAPE}{byte:02X}"));
        }
    }
    if folder.len() > LONGEST_FOLDER {
        return Err(Error::query(format!(
            "the name `{name}` is too long: it needs a folder name of {} bytes, at most {LONGEST_FOLDER} are possible",
            folder.len()
        ))
        .with_hint("letters outside of ASCII take 6 to 12 bytes each"));
    }
    Ok(folder)
}

/// The name that a folder stands for; `None` where the folder belongs to no table or schema (hidden, or not a name).
///
/// A folder that another program made, such as `my-table`, is its own name.
pub(super) fn name_of_folder(folder: &str) -> Option<String> {
    if folder.is_empty() || folder.starts_with('.') {
        return None;
    }
    let decoded = decode(folder).filter(|name| folder_name(name).is_ok_and(|encoded| encoded == folder));
    Some(decoded.unwrap_or_else(|| folder.to_owned()))
}

fn decode(folder: &str) -> Option<String> {
    let mut name = Vec::with_capacity(folder.len());
    let mut rest = folder;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        if first == ESCAPE {
            name.push(u8::from_str_radix(after.get(..2)?, 16).ok()?);
            rest = &after[2..];
        } else {
            name.extend_from_slice(&rest.as_bytes()[..first.len_utf8()]);
            rest = after;
        }
    }
    String::from_utf8(name).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unicode_name_comes_back_from_its_folder() {
        for name in [
            "traces",
            "My Table",
            "পরীক্ষা",
            "数学",
            "a/b",
            "..",
            ".lock",
            "~41",
            "a~",
            "%41",
            "e\u{301}",
            "'\"`",
            "😀",
            "con",
        ] {
            let folder = folder_name(name).unwrap();
            assert!(folder.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'~'), "{folder}");
            assert_eq!(name_of_folder(&folder).as_deref(), Some(name));
        }
    }

    #[test]
    fn different_names_have_different_folders() {
        assert_ne!(folder_name("a b").unwrap(), folder_name("a_b").unwrap());
        assert_ne!(folder_name("A").unwrap(), folder_name("a").unwrap());
        assert_ne!(folder_name("~41").unwrap(), folder_name("A").unwrap());
    }

    #[test]
    fn empty_and_endless_names_are_refused() {
        assert!(folder_name("").is_err());
        assert!(folder_name(&"x".repeat(256)).is_err());
        assert!(folder_name(&"x".repeat(255)).is_ok());
    }

    #[test]
    fn a_folder_of_another_program_is_its_own_name() {
        assert_eq!(name_of_folder("my-table").as_deref(), Some("my-table"));
        assert_eq!(name_of_folder("a~41").as_deref(), Some("a~41"));
        assert_eq!(name_of_folder("~FF").as_deref(), Some("~FF"));
        assert_eq!(name_of_folder("~日").as_deref(), Some("~日"));
        assert_eq!(name_of_folder(".trash"), None);
    }

    #[test]
    fn the_main_schema_is_not_spelled_out() {
        assert_eq!(TableName::main("t").to_string(), "t");
        assert_eq!(TableName::new("s", "t").to_string(), "s.t");
    }
}
