//! What the line editor asks while one types: is it complete, what colour is it, what comes next, what does it take.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::{Arc, PoisonError, RwLock};

use nu_ansi_term::{Color, Style};
use rustyline::completion::{Completer, Pair};
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::{Hint, Hinter};
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{Context, Helper};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::complete::{call_at, complete};
use super::lex::{Kind, Token, tokens};
use super::names::Names;
use super::script::is_command;
use crate::plan::split::is_complete;

/// Words that psql and sqlite users type bare.
pub const BARE: [&str; 3] = ["exit", "quit", "help"];

pub struct SqlHelper {
    /// Refreshed in the background after each statement.
    names: Arc<RwLock<Names>>,
    /// Where the bracket at the cursor and its partner stand.
    brackets: Cell<Option<(usize, usize)>>,
}

impl SqlHelper {
    pub fn new(names: Arc<RwLock<Names>>) -> Self {
        Self { names, brackets: Cell::new(None) }
    }

    fn with_names<T>(&self, work: impl FnOnce(&Names) -> T) -> T {
        work(&self.names.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Helper for SqlHelper {}

impl Validator for SqlHelper {
    fn validate(&self, context: &mut ValidationContext) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        let (before, last) = input.rsplit_once('\n').unwrap_or(("", input));
        let ends = is_complete(input)
            || BARE.contains(&input.trim())
            || (is_command(last) && (is_complete(before) || is_command(before)));
        Ok(if ends { ValidationResult::Valid(None) } else { ValidationResult::Incomplete })
    }
}

impl Completer for SqlHelper {
    type Candidate = Pair;

    fn complete(&self, line: &str, cursor: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let (start, offers) = self.with_names(|names| complete(names, line, cursor));
        Ok((start, offers.into_iter().map(|offer| Pair { display: offer.shown, replacement: offer.put }).collect()))
    }
}

/// The signature of the function under the cursor; it is shown, never inserted.
pub struct Signature(String);

impl Hint for Signature {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for SqlHelper {
    type Hint = Signature;

    fn hint(&self, line: &str, cursor: usize, _: &Context<'_>) -> Option<Signature> {
        let before = &line[..cursor];
        if is_command(line) || tokens(before).last().is_some_and(|t| t.kind == Kind::Comment) {
            return None;
        }
        let text = self.with_names(|names| {
            let (name, _) = call_at(before)?;
            let known = names.function(&name)?;
            Some(if known.about.is_empty() {
                known.signature.clone()
            } else {
                format!("{}  {}", known.signature, known.about)
            })
        })?;
        let columns = terminal_size::terminal_size_of(std::io::stdout()).map_or(80, |(width, _)| usize::from(width.0));
        let last_line = line.rsplit('\n').next().unwrap_or(line);
        // A hint that wraps would push the prompt around while one types.
        let room = columns.saturating_sub(last_line.width() + 16);
        (room >= 20).then(|| Signature(format!("   {}", cut(&text, room))))
    }
}

fn cut(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    let mut used = 1;
    let kept: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= columns
        })
        .collect();
    kept + "…"
}

impl Highlighter for SqlHelper {
    fn highlight<'l>(&self, line: &'l str, _: usize) -> Cow<'l, str> {
        if is_command(line) {
            let end = line.find(char::is_whitespace).unwrap_or(line.len());
            return Cow::Owned(format!("{}{}", Color::Cyan.paint(&line[..end]), &line[end..]));
        }
        let brackets = self.brackets.get();
        let all = tokens(line);
        let mut out = String::with_capacity(line.len() * 2);
        self.with_names(|names| {
            for (index, token) in all.iter().enumerate() {
                let text = token.text(line);
                let marked = brackets.is_some_and(|(a, b)| [a, b].contains(&token.range.start));
                match if marked { Some(Style::new().bold().reverse()) } else { style(names, &all, index, line) } {
                    Some(style) => out += &paint(style, text),
                    None => out += text,
                }
            }
        });
        Cow::Owned(out)
    }

    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        Cow::Owned(Style::new().dimmed().paint(hint).to_string())
    }

    fn highlight_char(&self, line: &str, cursor: usize, kind: CmdKind) -> bool {
        let before = self.brackets.get();
        self.brackets.set(if kind == CmdKind::ForcedRefresh { None } else { partner(line, cursor) });
        // A moved cursor only changes the brackets; typed text can change everything after it.
        kind != CmdKind::MoveCursor || before != self.brackets.get()
    }
}

/// Line breaks stay outside the colour, where some terminals would paint to the edge.
fn paint(style: Style, text: &str) -> String {
    text.split('\n')
        .map(|line| if line.is_empty() { String::new() } else { style.paint(line).to_string() })
        .collect::<Vec<_>>()
        .join("\n")
}

fn style(names: &Names, all: &[Token], index: usize, line: &str) -> Option<Style> {
    let token = &all[index];
    match token.kind {
        Kind::Comment => Some(Style::new().dimmed()),
        Kind::Text => Some(Color::Green.normal()),
        Kind::Number => Some(Color::Magenta.normal()),
        Kind::Parameter => Some(Color::Cyan.normal()),
        Kind::Word => {
            let word = token.text(line);
            let is_call = all.get(index + 1).is_some_and(|next| next.text(line) == "(");
            if is_call && names.function(word).is_some() {
                Some(Color::Yellow.normal())
            } else if names.is_keyword(word) {
                Some(Color::Blue.bold())
            } else {
                None
            }
        }
        Kind::Name | Kind::Blank | Kind::Sign => None,
    }
}

/// The bracket under or before the cursor and its partner; those in strings and comments do not count.
fn partner(line: &str, cursor: usize) -> Option<(usize, usize)> {
    let signs: Vec<(usize, char)> = tokens(line)
        .iter()
        .filter(|t| t.kind == Kind::Sign)
        .filter_map(|t| Some((t.range.start, t.text(line).chars().next()?)))
        .filter(|(_, sign)| "()[]{}".contains(*sign))
        .collect();
    let here = [Some(cursor), cursor.checked_sub(1)]
        .into_iter()
        .flatten()
        .find_map(|at| signs.iter().position(|(place, _)| *place == at))?;
    let opens = |sign: char| "([{".contains(sign);
    let mut depth = 0i32;
    let mut seek = |place: usize| {
        depth += if opens(signs[place].1) { 1 } else { -1 };
        depth == 0
    };
    let there = if opens(signs[here].1) {
        (here..signs.len()).find(|place| seek(*place))
    } else {
        (0..=here).rev().find(|place| seek(*place))
    }?;
    Some((signs[here].0, signs[there].0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::names::Function;

    fn helper() -> SqlHelper {
        let names = Names {
            keywords: vec!["SELECT".to_owned(), "FROM".to_owned()],
            functions: vec![Function {
                name: "math_boxed".to_owned(),
                signature: "math_boxed(text [, compat])".to_owned(),
                about: "the last box".to_owned(),
            }],
            ..Names::default()
        };
        SqlHelper::new(Arc::new(RwLock::new(names)))
    }

    #[test]
    fn the_signature_shows_inside_the_call_only() {
        let history = rustyline::history::DefaultHistory::new();
        let context = Context::new(&history);
        let shown = |line: &str| helper().hint(line, line.len(), &context).map(|hint| hint.0);
        assert!(shown("SELECT math_boxed(").unwrap().contains("math_boxed(text [, compat])"));
        assert_eq!(shown("SELECT math_boxed(x)"), None);
        assert_eq!(shown("SELECT nothing("), None);
    }

    #[test]
    fn colours_change_nothing_but_colour() {
        let line = "SELECT math_boxed('漢 (字'), 1.5 -- x\nFROM t";
        let shown = helper().highlight(line, 0).into_owned();
        let mut plain = String::new();
        let mut rest = shown.as_str();
        while let Some(escape) = rest.find('\u{1b}') {
            plain += &rest[..escape];
            rest = &rest[escape + rest[escape..].find('m').unwrap() + 1..];
        }
        assert_eq!(plain + rest, line);
        assert!(shown.contains("\u{1b}[33mmath_boxed"));
    }

    #[test]
    fn brackets_in_strings_have_no_partner() {
        assert_eq!(partner("f('(', [1])", 1), Some((1, 10)));
        assert_eq!(partner("f('(', [1])", 11), Some((10, 1)));
        assert_eq!(partner("f('('", 3), None);
        assert_eq!(partner("f(", 2), None);
    }
}
