//! How an error looks: what failed, where, the line with a caret, the way out.

use nu_ansi_term::{Color, Style};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::error::{Error, ErrorKind, Place};

/// Columns an excerpt may take; longer lines are cut around the caret.
const EXCERPT: usize = 110;

/// The report of one error, ending with a newline.
///
/// ```text
/// error: no column named `langage` in `traces`
///   queries/20_features.sql:14:8
///    14 | SELECT langage, math_boxed(trace)
///       |        ^^^^^^^
/// hint: did you mean `lang`?
/// ```
pub fn report(error: &Error, color: bool) -> String {
    let paint = |style: Style, text: &str| if color { style.paint(text).to_string() } else { text.to_owned() };
    if error.kind == ErrorKind::Interrupted {
        return format!("{}\n", harmless(error.message.trim_end())); // what the user wanted is no error
    }
    let mut out = format!("{} {}\n", paint(Color::Red.bold(), "error:"), harmless(error.message.trim_end()));
    if let Some(place) = &error.place {
        if let Some(origin) = &place.origin {
            let at = format!("{}:{}:{}", harmless(origin), place.line, place.column);
            out += &format!("  {}\n", paint(Style::new().dimmed(), &at));
        }
        if !place.text.trim().is_empty() {
            let number = place.line.to_string();
            let (line, lead, carets) = excerpt(place);
            out += &format!("   {} {line}\n", paint(Style::new().dimmed(), &format!("{number} |")));
            let gutter = format!("{:width$} |", "", width = number.len());
            out +=
                &format!("   {} {lead}{}\n", paint(Style::new().dimmed(), &gutter), paint(Color::Red.bold(), &carets));
        }
    }
    if let Some(hint) = &error.hint {
        out += &format!("{} {}\n", paint(Color::Cyan.bold(), "hint:"), harmless(hint.trim_end()));
    }
    out
}

/// The line (cut where it is long), the blanks before the caret and the carets.
fn excerpt(place: &Place) -> (String, String, String) {
    let characters: Vec<char> = place.text.trim_end().chars().map(visible).collect();
    let from = (place.column.max(1) - 1).min(characters.len());
    let to = (from + place.width.max(1)).min(characters.len()).max(from);

    let (first, last) = window(&characters, from, to);
    let cut_left = first > 0;
    let cut_right = last < characters.len();
    let text = |range: &[char]| range.iter().collect::<String>();
    let line = format!(
        "{}{}{}",
        if cut_left { "…" } else { "" },
        text(&characters[first..last]),
        if cut_right { "…" } else { "" }
    );
    // A tab before the caret stays a tab, so that both lines move alike whatever the terminal's tab stops are.
    let mut lead = if cut_left { " ".to_owned() } else { String::new() };
    for piece in text(&characters[first..from]).split_inclusive('\t') {
        let (blank, tab) = piece.strip_suffix('\t').map_or((piece, ""), |rest| (rest, "\t"));
        lead += &" ".repeat(blank.width());
        lead += tab;
    }
    let marked = text(&characters[from..to.min(last)]).width().max(1);
    (line, lead, "^".repeat(marked))
}

/// The characters to show of a long line: all of the marked ones where they fit, and what stands around them.
fn window(characters: &[char], from: usize, to: usize) -> (usize, usize) {
    let width = |range: &[char]| range.iter().map(|c| c.width().unwrap_or(1)).sum::<usize>();
    if width(characters) <= EXCERPT {
        return (0, characters.len());
    }
    let mut first = from;
    let mut taken = width(&characters[from..to]).min(EXCERPT);
    while first > 0 && taken < EXCERPT / 2 {
        first -= 1;
        taken += characters[first].width().unwrap_or(1);
    }
    let mut last = first;
    let mut shown = 0;
    while last < characters.len() && shown < EXCERPT {
        shown += characters[last].width().unwrap_or(1);
        last += 1;
    }
    (first, last)
}

/// Text from data or from a server must not move the cursor or recolour the terminal.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { c } else { visible(c) }).collect()
}

fn visible(c: char) -> char {
    if c.is_control() && c != '\t' { '\u{fffd}' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, column: usize, width: usize) -> Error {
        Error::query("no column named `langage` in `traces`")
            .at(Place {
                origin: Some("queries/20_features.sql".to_owned()),
                line: 14,
                column,
                width,
                text: text.to_owned(),
            })
            .with_hint("did you mean `lang`?")
    }

    #[test]
    fn looks_as_the_contract_says() {
        let expected = "\
error: no column named `langage` in `traces`
  queries/20_features.sql:14:8
   14 | SELECT langage, math_boxed(trace)
      |        ^^^^^^^
hint: did you mean `lang`?
";
        assert_eq!(report(&error("SELECT langage, math_boxed(trace)", 8, 7), false), expected);
    }

    #[test]
    fn the_caret_stands_under_wide_and_combining_characters() {
        let shown = report(&error("SELECT '漢字', cafe\u{301}, x", 21, 1), false);
        let lines: Vec<&str> = shown.lines().collect();
        let caret = lines[3].find('^').map(|byte| lines[3][..byte].width());
        let x = lines[2].rfind('x').map(|byte| lines[2][..byte].width());
        assert_eq!(caret, x);
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let long = format!("SELECT {} wrong {}", "a, ".repeat(400), "b, ".repeat(400));
        let column = long.find("wrong").map_or(0, |n| n + 1);
        let shown = report(&error(&long, column, 5), false);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[2].width() < EXCERPT + 12 && lines[2].contains("wrong"));
        assert_eq!(
            lines[2].find("wrong").map(|byte| lines[2][..byte].width()),
            lines[3].find('^').map(|byte| lines[3][..byte].width())
        );
    }

    #[test]
    fn a_place_after_the_end_still_has_a_caret() {
        assert!(report(&error("SELECT", 7, 3), false).contains("      |       ^\n"));
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let shown = report(&Error::data("bad \u{1b}[2J value"), false);
        assert!(!shown.contains('\u{1b}'));
    }
}
