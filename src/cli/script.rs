//! A script cut into SQL and dot commands.
//!
//! A line that begins with `.` or `\` where a statement could begin is a command; inside a statement it is SQL.

use crate::error::{Error, Place, Result};
use crate::plan::split::{self, Statement};

#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    Sql(Statement),
    Command { line: String, place: Place },
}

/// # Errors
/// As [`split::split`]: something opens and is never closed.
pub fn pieces(origin: Option<&str>, text: &str) -> Result<Vec<Piece>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pieces = Vec::new();
    let mut pending = String::new();
    let mut pending_line = 1;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        if is_command(line) && split::is_complete(&pending) {
            flush(origin, &mut pending, pending_line, &mut pieces)?;
            let line = line.trim_end();
            let place = Place {
                origin: origin.map(str::to_owned),
                line: index + 1,
                column: 1,
                width: line.chars().count(),
                text: line.to_owned(),
            };
            pieces.push(Piece::Command { line: line.to_owned(), place });
            pending_line = index + 2;
        } else {
            pending += line;
        }
    }
    flush(origin, &mut pending, pending_line, &mut pieces)?;
    Ok(pieces)
}

/// Whether a line is a dot or backslash command, given that no statement is open.
pub fn is_command(line: &str) -> bool {
    let mut characters = line.chars();
    match characters.next() {
        Some('.') => characters.next().is_some_and(char::is_alphabetic),
        Some('\\') => characters.next().is_some_and(|c| c.is_alphabetic() || c == '?'),
        _ => false,
    }
}

fn flush(origin: Option<&str>, pending: &mut String, line: usize, pieces: &mut Vec<Piece>) -> Result<()> {
    let below = |mut place: Place| {
        place.line += line - 1;
        place
    };
    let statements = split::split(origin, pending)
        .map_err(|error| Error { place: error.place.map(|place| Box::new(below(*place))), ..error })?;
    pieces.extend(statements.into_iter().map(|mut statement| {
        statement.line += line - 1;
        Piece::Sql(statement)
    }));
    pending.clear();
    Ok(())
}

/// Reads a script file or standard input (`-`); a byte order mark is dropped.
///
/// # Errors
/// Where it cannot be read, or is no UTF-8: then with the line of the first bad byte.
pub fn read(path: &std::path::Path) -> Result<String> {
    let from_stdin = path.as_os_str() == "-";
    let shown = if from_stdin { "standard input".into() } else { path.to_string_lossy() };
    let bytes = if from_stdin {
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    let bytes = bytes.map_err(|error| Error::io("read", &*shown, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Error::data(format!("`{shown}` is not UTF-8: bad byte 0x{:02x} in line {line}", error.as_bytes()[before.len()]))
            .with_hint("save it as UTF-8")
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stand_between_statements_and_places_count_through() {
        let text = "\u{feff}.mode csv\r\nSELECT 1;\r\n\\timing\nSELECT\n.5;\n  SELECT 'a\n.b';";
        let all = pieces(Some("x.sql"), text).unwrap();
        let shown: Vec<(String, usize)> = all
            .into_iter()
            .map(|piece| match piece {
                Piece::Sql(statement) => (statement.text, statement.line),
                Piece::Command { line, place } => (line, place.line),
            })
            .collect();
        let expected = [(".mode csv", 1), ("SELECT 1", 2), ("\\timing", 3), ("SELECT\n.5", 4), ("SELECT 'a\n.b'", 6)];
        assert_eq!(shown, expected.map(|(text, line)| (text.to_owned(), line)));
    }

    #[test]
    fn an_open_string_after_a_command_is_placed_in_the_file() {
        assert_eq!(pieces(None, ".timer on\n\nSELECT 'abc").unwrap_err().place.unwrap().line, 3);
    }
}
