//! A script cut into statements, each knowing where it stands.
//!
//! Semicolons inside strings, quoted names, dollar quotes and comments (nested ones too) do not end a statement. The
//! REPL asks the same lexer whether what was typed so far is complete.

use crate::error::{Error, Place, Result};

/// One statement of a script, without its semicolon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    pub text: String,
    /// File name, `-c`, `stdin`; `None` at the REPL.
    pub origin: Option<String>,
    /// Line of the first character in its origin, from 1.
    pub line: usize,
    /// Column of the first character, in characters from 1.
    pub column: usize,
}

impl Statement {
    /// A statement that stands alone, as a test or a program writes it.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), origin: None, line: 1, column: 1 }
    }

    /// The place of `line`:`column` of this statement (both from 1, in characters) in its origin.
    pub fn place(&self, line: usize, column: usize, width: usize) -> Place {
        let text = self.text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
        let (indent, column) = if line == 1 { (self.column - 1, column + self.column - 1) } else { (0, column) };
        Place {
            origin: self.origin.clone(),
            line: self.line + line.max(1) - 1,
            column,
            width: width.max(1),
            text: " ".repeat(indent) + text,
        }
    }
}

/// Where a scan of the text ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Nothing,
    String { at: usize },
    Name { at: usize },
    Dollar { at: usize },
    Comment { at: usize },
}

/// Cuts `text` into statements; empty ones (only blanks and comments) are dropped. The last may lack its semicolon.
///
/// # Errors
/// A string, quoted name, dollar quote or block comment that is not closed, with the place where it opens.
pub fn split(origin: Option<&str>, text: &str) -> Result<Vec<Statement>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut statements = Vec::new();
    let mut start = 0;
    let (ends, open) = scan(text);
    let what = match open {
        Open::Nothing => None,
        Open::String { at } => Some(("string", "'", at)),
        Open::Name { at } => Some(("quoted name", "\"", at)),
        Open::Dollar { at } => Some(("dollar-quoted string", "$", at)),
        Open::Comment { at } => Some(("comment", "*/", at)),
    };
    if let Some((what, end, at)) = what {
        let (line, column) = position(text, at);
        let whole = Statement { text: text.to_owned(), origin: origin.map(str::to_owned), line: 1, column: 1 };
        return Err(Error::query(format!("a {what} opens here and is never closed"))
            .at(whole.place(line, column, 1))
            .with_hint(format!("close it with {end}")));
    }
    let mut position_of_start = (1, 1);
    for end in ends.into_iter().chain([text.len()]) {
        let piece = &text[start..end];
        let skipped = leading_trivia(piece);
        let body = piece[skipped..].trim_end();
        if !body.is_empty() {
            let (line, column) = advance(position_of_start, &piece[..skipped]);
            statements.push(Statement { text: body.to_owned(), origin: origin.map(str::to_owned), line, column });
        }
        let next = (end + 1).min(text.len());
        position_of_start = advance(position_of_start, &text[start..next]);
        start = next;
    }
    Ok(statements)
}

/// Whether the text ends with a whole statement (or holds nothing but blanks and comments): what Enter sends at the REPL.
pub fn is_complete(text: &str) -> bool {
    let (ends, open) = scan(text);
    if open != Open::Nothing {
        return false;
    }
    let rest = ends.last().map_or(text, |end| &text[end + 1..]);
    leading_trivia(rest) == rest.len()
}

/// Byte offsets of the semicolons that end statements, and what is still open at the end.
fn scan(text: &str) -> (Vec<usize>, Open) {
    let bytes = text.as_bytes();
    let mut ends = Vec::new();
    let mut i = 0;
    while i < bytes.len() {
        let at = i;
        match bytes[i] {
            b';' => {
                ends.push(i);
                i += 1;
            }
            quote @ (b'\'' | b'"') => {
                i += 1;
                loop {
                    match bytes[i..].iter().position(|&b| b == quote) {
                        None if quote == b'\'' => return (ends, Open::String { at }),
                        None => return (ends, Open::Name { at }),
                        Some(n) => i += n + 1,
                    }
                    if bytes.get(i) != Some(&quote) {
                        break; // a doubled quote stands for itself
                    }
                    i += 1;
                }
            }
            b'-' if bytes.get(i + 1) == Some(&b'-') => {
                i = bytes[i..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |n| i + n);
            }
            b'/' if bytes.get(i + 1) == Some(&b'*') => match block_comment_end(bytes, i) {
                Some(end) => i = end,
                None => return (ends, Open::Comment { at }),
            },
            b'$' if !preceded_by_word(bytes, i) => match dollar_tag(bytes, i) {
                Some(tag) => match find(bytes, i + tag.len(), tag) {
                    Some(end) => i = end + tag.len(),
                    None => return (ends, Open::Dollar { at }),
                },
                None => i += 1,
            },
            _ => i += 1,
        }
    }
    (ends, Open::Nothing)
}

fn block_comment_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut i = start;
    while i + 1 < bytes.len() {
        match (bytes[i], bytes[i + 1]) {
            (b'/', b'*') => {
                depth += 1;
                i += 2;
            }
            (b'*', b'/') => {
                depth -= 1;
                i += 2;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => i += 1,
        }
    }
    None
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

fn preceded_by_word(bytes: &[u8], i: usize) -> bool {
    i > 0 && is_word(bytes[i - 1])
}

/// `$$` or `$tag$` at `i`; `$name` without a second dollar is a parameter.
fn dollar_tag(bytes: &[u8], i: usize) -> Option<&[u8]> {
    let mut j = i + 1;
    while j < bytes.len() && is_word(bytes[j]) {
        if j == i + 1 && bytes[j].is_ascii_digit() {
            return None;
        }
        j += 1;
    }
    (bytes.get(j) == Some(&b'$')).then(|| &bytes[i..=j])
}

fn find(bytes: &[u8], from: usize, needle: &[u8]) -> Option<usize> {
    bytes.get(from..)?.windows(needle.len()).position(|w| w == needle).map(|n| n + from)
}

/// Bytes of blanks and comments before the first token.
fn leading_trivia(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut i = 0;
    loop {
        let rest = &text[i..];
        i += rest.len() - rest.trim_start().len();
        if text[i..].starts_with("--") {
            i = bytes[i..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |n| i + n + 1);
        } else if text[i..].starts_with("/*") {
            match block_comment_end(bytes, i) {
                Some(end) => i = end,
                None => return i,
            }
        } else {
            return i;
        }
    }
}

/// Line and column (from 1, in characters) of byte `at`.
pub fn position(text: &str, at: usize) -> (usize, usize) {
    advance((1, 1), &text[..at])
}

fn advance((line, column): (usize, usize), passed: &str) -> (usize, usize) {
    match passed.rfind('\n') {
        Some(n) => (line + passed.matches('\n').count(), passed[n + 1..].chars().count() + 1),
        None => (line, column + passed.chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(sql: &str) -> Vec<String> {
        split(None, sql).unwrap().into_iter().map(|s| s.text).collect()
    }

    #[test]
    fn semicolons_in_strings_names_comments_and_dollar_quotes_do_not_end_a_statement() {
        let sql = "SELECT ';', \"a;b\", $$ ; $$, $x$ ';' $x$ -- ;\n/* ; /* ; */ ; */ ; SELECT $n;";
        assert_eq!(texts(sql).len(), 2);
        assert_eq!(texts(sql)[1], "SELECT $n");
    }

    #[test]
    fn a_doubled_quote_stays_inside_and_a_backslash_is_a_character() {
        assert_eq!(texts(r"SELECT 'it''s; '; SELECT '\'; SELECT 1").len(), 3);
    }

    #[test]
    fn a_statement_knows_its_place() {
        let all = split(Some("a.sql"), "-- head\n\n  SELECT 1;\nSELECT\n  x").unwrap();
        assert_eq!((all[0].line, all[0].column), (3, 3));
        assert_eq!((all[1].line, all[1].column), (4, 1));
        let place = all[1].place(2, 3, 1);
        assert_eq!((place.line, place.column, place.text.as_str()), (5, 3, "  x"));
        let place = all[0].place(1, 8, 1);
        assert_eq!((place.line, place.column, place.text.as_str()), (3, 10, "  SELECT 1"));
    }

    #[test]
    fn comments_alone_are_no_statement() {
        assert_eq!(texts("-- nothing\n;;/* x */;"), Vec::<String>::new());
    }

    #[test]
    fn an_open_string_is_named_with_its_place() {
        let error = split(None, "SELECT 1;\nSELECT 'abc").unwrap_err();
        assert_eq!(error.place.unwrap().line, 2);
    }

    #[test]
    fn enter_sends_only_what_is_complete() {
        assert!(is_complete("SELECT 1;"));
        assert!(is_complete("SELECT 1; -- done"));
        assert!(is_complete("  "));
        assert!(!is_complete("SELECT 1"));
        assert!(!is_complete("SELECT ';"));
        assert!(!is_complete("SELECT 1; SELECT"));
    }
}
