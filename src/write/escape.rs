//! What a text must not do to the place where it is written.

/// For one line of a terminal: line breaks, tabs and other control characters are shown, not obeyed.
pub(super) fn for_terminal(text: &str, keep_lines: bool) -> String {
    if !text.chars().any(|letter| {
        letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    }) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\n' if keep_lines => out.push('\n'),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Separators of lines and overrides of direction would move the lines around them.
            '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
                out.extend(letter.escape_unicode())
            }
            letter if letter.is_control() => out.extend(letter.escape_unicode()),
            letter => out.push(letter),
        }
    }
    out
}

/// For a cell of a Markdown table (GitHub's dialect): it stays in its cell and reads as itself.
pub(super) fn for_markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = None;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let after = letters.peek().copied();
        match letter {
            '\n' => out.push_str("<br>"),
            '\r' => {}
            '|' | '*' | '`' | '<' | '[' | ']' => {
                out.push('\\');
                out.push(letter);
            }
            // Inside of a word it means nothing.
            '_' if !(before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)) => {
                out.push_str("\\_")
            }
            '~' if after == Some('~') || before == Some('~') => out.push_str("\\~"),
            // Before a letter, as in \boxed, it stands for itself.
            '\\' if after.is_none_or(|next| next.is_ascii_punctuation()) => out.push_str("\\\\"),
            letter => out.push(letter),
        }
        before = Some(letter);
    }
    out
}

/// For running text of LaTeX.
pub(super) fn for_latex(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        match letter {
            '\\' => out.push_str("\\textbackslash{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '<' => out.push_str("\\textless{}"),
            '>' => out.push_str("\\textgreater{}"),
            '|' => out.push_str("\\textbar{}"),
            '"' => out.push_str("\\textquotedbl{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                out.push('\\');
                out.push(letter);
            }
            // Kept from becoming a ligature, a list's item or an end of the row's options.
            '[' | ']' => {
                out.push('{');
                out.push(letter);
                out.push('}');
            }
            '\n' | '\r' | '\t' => out.push(' '),
            letter if letter.is_control() => {}
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_sees_control_characters_and_does_not_obey_them() {
        assert_eq!(for_terminal("a\nb\t\x1b[31m\u{2028}", false), "a\\nb\\t\\u{1b}[31m\\u{2028}");
        assert_eq!(for_terminal("a\nb", true), "a\nb");
        assert_eq!(for_terminal("日本 ที่", false), "日本 ที่");
    }

    #[test]
    fn markdown_cells_read_as_themselves() {
        assert_eq!(for_markdown("a|b"), "a\\|b");
        assert_eq!(for_markdown("two\nlines"), "two<br>lines");
        assert_eq!(for_markdown("mean_tokens _x_ *y*"), "mean_tokens \\_x\\_ \\*y\\*");
        assert_eq!(for_markdown("\\boxed{18} \\| \\"), "\\boxed{18} \\\\\\| \\\\");
        assert_eq!(for_markdown("<br> [a](b)"), "\\<br> \\[a\\](b)");
    }

    #[test]
    fn latex_has_no_special_characters_left() {
        assert_eq!(
            for_latex("\\boxed{5} & 10% of $3 #1 a_b x^2 ~y <z> |w| \"q\""),
            "\\textbackslash{}boxed\\{5\\} \\& 10\\% of \\$3 \\#1 a\\_b x\\textasciicircum{}2 \\textasciitilde{}y \\textless{}z\\textgreater{} \\textbar{}w\\textbar{} \\textquotedbl{}q\\textquotedbl{}"
        );
        assert_eq!(for_latex("ভাষা 日本"), "ভাষা 日本");
        assert_eq!(for_latex("[1]"), "{[}1{]}");
    }
}
