//! What a word is made of, for boundaries of discourse markers.

use unicode_normalization::char::is_combining_mark;

/// Letters, numbers and the underscore: Python's `\w`.
///
/// A combining mark is no word character here, although Unicode calls many of them alphabetic: `कि`
/// is a word character followed by something that is none. Circled letters are symbols.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphanumeric() || c == '_';
    }
    let circled =
        matches!(c, 'Ⓐ'..='ⓩ' | '\u{1f130}'..='\u{1f149}' | '\u{1f150}'..='\u{1f169}' | '\u{1f170}'..='\u{1f189}');
    c.is_numeric() || (c.is_alphabetic() && !circled && !is_combining_mark(c))
}

#[cfg(test)]
mod tests {
    use super::is_word;

    #[test]
    fn letters_numbers_and_the_underscore_are_words() {
        assert!("aZ_9éяক所ไ౩½Ⅷ²".chars().all(is_word));
    }

    #[test]
    fn marks_and_symbols_are_not() {
        assert!(!"\u{9be}\u{9cd}\u{c3e}\u{e48}\u{e31}\u{301}Ⓐ-।。 \u{200b}".chars().any(is_word));
    }
}
