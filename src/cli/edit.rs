//! A statement in the user's own editor.

use std::io::Write;
use std::process::Command;

use crate::error::{Error, Result};

/// Opens `$VISUAL`, else `$EDITOR`, else vi on `text` and returns what was saved.
///
/// # Errors
/// Where the editor cannot be started or ends with a failure, or the file cannot be written or read.
pub fn edit(text: &str) -> Result<String> {
    let mut file = tempfile::Builder::new()
        .prefix("glotrace-")
        .suffix(".sql")
        .tempfile()
        .map_err(|error| Error::io("write to", std::env::temp_dir(), &error))?;
    let failed = |what: &str, error: &std::io::Error| Error::io(what, "the statement's temporary file", error);
    let begun = if text.is_empty() { String::new() } else { format!("{text};\n") };
    file.write_all(begun.as_bytes()).and_then(|()| file.flush()).map_err(|error| failed("write", &error))?;
    let editor = ["VISUAL", "EDITOR"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| "vi".to_owned());
    // Through the shell, because the variable may hold arguments, as in `code --wait`.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("sh")
        .arg(file.path())
        .status()
        .map_err(|error| Error::world(format!("cannot start the editor `{editor}`: {error}")))?;
    if !status.success() {
        return Err(Error::world(format!("the editor `{editor}` ended with {status}; nothing was changed"))
            .with_hint("$VISUAL or $EDITOR names the editor"));
    }
    let edited = std::fs::read_to_string(file.path()).map_err(|error| failed("read", &error))?;
    Ok(edited.trim_end().to_owned())
}
