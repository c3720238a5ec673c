//! Letters and digits of all scripts, made alike.

/// The zero of the decimal digits of the scripts in which the twelve languages are written, and of their neighbours.
const ZEROS: [char; 8] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{9e6}', '\u{c66}', '\u{e50}', '\u{ff10}', '\u{ae6}'];

/// The value of a decimal digit.
pub(super) fn digit(c: char) -> Option<u8> {
    if c.is_ascii_digit() {
        return Some(c as u8 - b'0');
    }
    if (c as u32) < 0x660 {
        return None;
    }
    ZEROS.into_iter().find_map(|zero| {
        let value = (c as u32).wrapping_sub(zero as u32);
        // Below ten, so the cast keeps it.
        (value < 10).then_some(value as u8)
    })
}

/// Whether `c` is part of a word: a letter, a digit, or a mark that shapes one.
pub(super) fn in_word(c: char) -> bool {
    // Viramas and tone marks of Indic scripts and Thai are not alphabetic, yet stand inside words. Dandas do not.
    c.is_alphanumeric()
        || matches!(c, '\u{900}'..='\u{963}' | '\u{966}'..='\u{dff}' | '\u{e31}'..='\u{e3a}' | '\u{e45}'..='\u{e4e}')
}

/// What a feature sees of `text`: lower case, one `0` for a number with its separators, one blank for blanks, a line
/// end for line ends. Framed by U+0002 and U+0003, so that n-grams know the edges.
///
/// Of a long text only the first 240 and the last 120 characters are kept: a step says at its edges what it does.
pub(super) fn normalise(text: &str, out: &mut Vec<char>) {
    const HEAD: usize = 240;
    const TAIL: usize = 120;
    out.clear();
    out.push('\u{2}');
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        let last = out[out.len() - 1];
        if digit(c).is_some() {
            if last != '0' {
                out.push('0');
            }
        } else if matches!(c, '.' | ',' | '\u{a0}' | '\u{202f}')
            && last == '0'
            && chars.peek().is_some_and(|&next| digit(next).is_some())
        {
            // A separator inside a number.
        } else if c == '\n' {
            if last == ' ' {
                out.pop();
            }
            if out[out.len() - 1] != '\n' {
                out.push('\n');
            }
        } else if c.is_whitespace() {
            if !matches!(last, ' ' | '\n') {
                out.push(' ');
            }
        } else if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
        } else {
            out.extend(c.to_lowercase().next());
        }
    }
    out.push('\u{3}');
    if out.len() > HEAD + TAIL {
        out.drain(HEAD..out.len() - TAIL);
    }
}

#[cfg(test)]
mod tests {
    use super::{digit, normalise};

    #[test]
    fn numbers_of_all_scripts_look_alike() {
        let folded = |text: &str| {
            let mut out = Vec::new();
            normalise(text, &mut out);
            out.into_iter().collect::<String>()
        };
        assert_eq!(folded("So  1,250.5 kg"), "\u{2}so 0 kg\u{3}");
        assert_eq!(folded("১২,৩৪৫ টাকা"), "\u{2}0 টাকা\u{3}");
        assert_eq!(folded("a \n\n b"), "\u{2}a\nb\u{3}");
        assert_eq!(folded(&"x".repeat(1000)).chars().count(), 360);
    }

    #[test]
    fn digits_have_values() {
        assert_eq!(
            ['7', '๗', '৭', '౭', '７', 'x', '〇'].map(digit),
            [Some(7), Some(7), Some(7), Some(7), Some(7), None, None]
        );
    }
}
