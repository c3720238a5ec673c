//! One character, folded for a comparison that ignores case.
//!
//! The published segmentation matches with Python's `re.IGNORECASE`: two characters are equal when
//! their simple lower case is, or when their upper case is (ſ and s, ς and σ, µ and μ, ı and i).
//! One character stays one character, so ß never equals ss, and offsets in the folded text are
//! offsets in the text.

/// The representative of all characters that equal `c` without regard to case.
pub(super) fn fold(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        // Indic scripts and Thai, kana and Han, Hangul: no case, and no search for one.
        '\u{900}'..='\u{109f}' | '\u{3040}'..='\u{a63f}' | '\u{ac00}'..='\u{d7ff}' => c,
        // These pairs share an upper case of several characters, which the two mappings below
        // cannot see.
        '\u{1fd3}' => '\u{390}',
        '\u{1fe3}' => '\u{3b0}',
        '\u{fb05}' => '\u{fb06}',
        _ => {
            let lower = first(c.to_lowercase()).unwrap_or(c);
            only(lower.to_uppercase()).and_then(|upper| first(upper.to_lowercase())).unwrap_or(lower)
        }
    }
}

fn first(mut chars: impl Iterator<Item = char>) -> Option<char> {
    chars.next()
}

fn only(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let c = chars.next()?;
    chars.next().is_none().then_some(c)
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn equal_letters_fold_to_one() {
        for (a, b) in [('ſ', 'S'), ('\u{212a}', 'k'), ('ẞ', 'ß'), ('ς', 'Σ'), ('µ', 'Μ'), ('İ', 'ı'), ('Т', 'т')]
        {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
    }

    #[test]
    fn sharp_s_is_not_two_letters_and_scripts_without_case_stay() {
        assert_eq!(fold('ß'), 'ß');
        assert_eq!(fold('ক'), 'ক');
        assert_eq!(fold('所'), '所');
    }
}
