//! Blanks off both ends, as the published segmentation takes them off.
//!
//! Python's `str.strip` also removes the four information separators U+001C to U+001F, which are
//! not White_Space and which [`str::trim`] keeps. U+200B and U+FEFF stay in both.

/// `text` without Unicode White_Space and U+001C..=U+001F at its ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}'))
}

#[cfg(test)]
mod tests {
    use super::trim;

    #[test]
    fn information_separators_go_and_zero_width_characters_stay() {
        assert_eq!(trim("\u{1f}\u{2028} a\u{a0}b \u{3000}\u{1c}"), "a\u{a0}b");
        assert_eq!(trim("\u{feff}a\u{200b}"), "\u{feff}a\u{200b}");
    }
}
