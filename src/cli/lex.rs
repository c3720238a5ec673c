//! SQL cut into tokens for the eye: highlighting and completion. It never fails, whatever half-typed text it gets.

use std::ops::Range;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A bare word: keyword, name or function.
    Word,
    /// `"name"`.
    Name,
    /// `'text'` or `$$text$$`.
    Text,
    Number,
    /// `$name`.
    Parameter,
    Comment,
    Blank,
    Sign,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    pub range: Range<usize>,
    /// Whether a string, name or comment lacks its end.
    pub open: bool,
}

impl Token {
    pub fn text<'a>(&self, line: &'a str) -> &'a str {
        &line[self.range.clone()]
    }
}

/// The tokens of `text`; they cover it without gaps.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let (kind, length, open) = match first {
            c if c.is_whitespace() => (Kind::Blank, run(rest, char::is_whitespace), false),
            '-' if rest.starts_with("--") => (Kind::Comment, rest.find('\n').unwrap_or(rest.len()), false),
            '/' if rest.starts_with("/*") => {
                let (length, open) = block_comment(rest);
                (Kind::Comment, length, open)
            }
            '\'' => quoted(rest, '\'', Kind::Text),
            '"' => quoted(rest, '"', Kind::Name),
            '$' => dollar(rest),
            c if c.is_ascii_digit() => (Kind::Number, number(rest), false),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) && !after_name(&tokens, text) => {
                (Kind::Number, number(rest), false)
            }
            c if is_word(c) => (Kind::Word, run(rest, is_word), false),
            c => (Kind::Sign, c.len_utf8(), false),
        };
        tokens.push(Token { kind, range: at..at + length, open });
        at += length;
    }
    tokens
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Bytes of the characters at the beginning that hold `keep`.
fn run(text: &str, keep: impl Fn(char) -> bool) -> usize {
    text.find(|c| !keep(c)).unwrap_or(text.len())
}

fn quoted(text: &str, quote: char, kind: Kind) -> (Kind, usize, bool) {
    let mut at = 1;
    while let Some(end) = text[at..].find(quote) {
        at += end + 1;
        if !text[at..].starts_with(quote) {
            return (kind, at, false);
        }
        at += 1;
    }
    (kind, text.len(), true)
}

fn dollar(text: &str) -> (Kind, usize, bool) {
    let name = run(&text[1..], is_word);
    if !text[1 + name..].starts_with('$') || text[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return (if name == 0 { Kind::Sign } else { Kind::Parameter }, 1 + name, false);
    }
    let tag = &text[..name + 2];
    match text[tag.len()..].find(tag) {
        Some(end) => (Kind::Text, end + 2 * tag.len(), false),
        None => (Kind::Text, text.len(), true),
    }
}

fn block_comment(text: &str) -> (usize, bool) {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => {
                depth += 1;
                at += 2;
            }
            b"*/" => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return (at, false);
                }
            }
            _ => at += 1,
        }
    }
    (text.len(), true)
}

fn number(text: &str) -> usize {
    let mut at = run(text, |c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    if text[..at].ends_with(['e', 'E']) && text[at..].starts_with(['+', '-']) {
        at += 1 + run(&text[at + 1..], |c| c.is_ascii_digit());
    }
    at
}

/// `a.1` is an element of `a`, not the number .1.
fn after_name(tokens: &[Token], text: &str) -> bool {
    tokens
        .last()
        .is_some_and(|token| matches!(token.kind, Kind::Word | Kind::Name) || [")", "]"].contains(&token.text(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        tokens(text).iter().filter(|t| t.kind != Kind::Blank).map(|t| (t.kind, t.text(text))).collect()
    }

    #[test]
    fn tells_the_kinds_apart() {
        assert_eq!(
            kinds("SELECT 'it''s', \"A b\", $x, $$ ; $$, 1.5e-3, .5 -- end"),
            [
                (Kind::Word, "SELECT"),
                (Kind::Text, "'it''s'"),
                (Kind::Sign, ","),
                (Kind::Name, "\"A b\""),
                (Kind::Sign, ","),
                (Kind::Parameter, "$x"),
                (Kind::Sign, ","),
                (Kind::Text, "$$ ; $$"),
                (Kind::Sign, ","),
                (Kind::Number, "1.5e-3"),
                (Kind::Sign, ","),
                (Kind::Number, ".5"),
                (Kind::Comment, "-- end"),
            ]
        );
    }

    #[test]
    fn covers_any_text_without_gaps() {
        for text in ["'", "\"x", "/* a /* b */", "$", "$a$ x", "漢字 'ش", "a.", "1e", "€", ".", "x.1"] {
            let all = tokens(text);
            assert_eq!(all.iter().map(|t| t.text(text)).collect::<String>(), text);
        }
        assert!(tokens("'x").last().is_some_and(|t| t.open));
        assert!(tokens("/* a /* b */").last().is_some_and(|t| t.open));
    }
}
