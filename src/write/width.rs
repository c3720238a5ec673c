//! How many columns of a terminal a text takes, and texts that take a given number.
//!
//! Widths are those of unicode-width: two for Chinese, Japanese and Korean, none for the marks that Bengali, Telugu and Thai put
//! above and below their letters.

use unicode_width::UnicodeWidthStr;

pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The beginning of `text` with `…`, where all of it is wider than `most`.
pub(crate) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most || width(text) <= most {
        return text.to_owned();
    }
    let Some(room) = most.checked_sub(1) else { return String::new() };
    // Widths of letters do not add up where they join, so each beginning is measured as a whole.
    let mut end = 0;
    for (at, letter) in text.char_indices() {
        let next = at + letter.len_utf8();
        if width(&text[..next]) > room {
            break;
        }
        end = next;
    }
    format!("{}…", &text[..end])
}

/// Filled with blanks to `wide`.
pub(crate) fn pad(text: &str, wide: usize, right: bool) -> String {
    let blanks = " ".repeat(wide.saturating_sub(width(text)));
    if right { format!("{blanks}{text}") } else { format!("{text}{blanks}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_have_their_widths() {
        assert_eq!(width("日本語"), 6);
        assert_eq!(width("ที่"), 1);
        assert_eq!(width("de"), 2);
    }

    #[test]
    fn a_cut_text_fits_and_says_so() {
        assert_eq!(cut("language", 5), "lang…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("日本語", 6), "日本語");
        assert_eq!(cut("abc", 0), "");
        for most in 1..12 {
            for text in ["বাংলা ভাষার প্রশ্ন", "ภาษาไทยเป็นภาษา", "తెలుగు భాష", "👩‍👩‍👧‍👦 family"]
            {
                assert!(width(&cut(text, most)) <= most, "{text} {most}");
            }
        }
    }

    #[test]
    fn padded_texts_line_up() {
        for text in ["日本", "বাং", "ไทย", "x"] {
            assert_eq!(width(&pad(text, 9, true)), 9);
        }
    }
}
