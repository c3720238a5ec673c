//! The last number of a text, in any script and convention.

use super::chinese;
use super::convention_of;
use super::fold::{digit, fold};
use super::numeral::{Convention, scan};

/// The last number of `text`, as a double; `None` where there is none.
///
/// Signs, thousands separators, decimal commas, digits of every script and attached exponents are read. A minus counts
/// where it is attached to the number and no letter, digit or closing bracket stands before it (`x-23` ends in 23).
/// `lang` is the ISO 639-1 code whose convention applies; without it the convention is taken from the text: its script,
/// its frequent words, then the shape of the number itself.
///
/// ```
/// use glotrace_text::math::last_number;
/// assert_eq!(last_number("Es bleiben 1.146.269,5 Eier übrig.", None), Some(1146269.5));
/// assert_eq!(last_number("కాబట్టి మొత్తం ౧౪౦౮ డాలర్లు.", None), Some(1408.0));
/// assert_eq!(last_number("890.194", Some("de")), Some(890194.0));
/// ```
pub fn last_number(text: &str, lang: Option<&str>) -> Option<f64> {
    let convention = convention_of(lang, text);
    let (start, end) = cluster(text)?;
    let chars: Vec<char> = text[start..end].chars().map(fold).collect();
    let number = last_in(&chars, convention)?;
    let mut value = number.value.double();
    // 3万, 1.5億: the unit is part of the number. What follows the cluster starts right at its end.
    if number.value.end == chars.len()
        && let Some(power) = text[end..].chars().next().and_then(chinese::section_unit)
    {
        value *= 10f64.powi(power.cast_signed());
    }
    Some(if number.negative { -value } else { value })
}

/// A number with its sign and place.
pub(crate) struct Found {
    /// First position, the sign included.
    pub start: usize,
    pub negative: bool,
    pub value: super::numeral::Numeral,
}

/// The last number of folded text.
pub(crate) fn last_in(chars: &[char], convention: Convention) -> Option<Found> {
    let mut found = None;
    let mut i = 0;
    while i < chars.len() {
        match scan(chars, i, convention) {
            Some(value) => {
                let negative = sign_before(chars, i);
                let start = i - usize::from(negative);
                i = value.end;
                found = Some(Found { start, negative, value });
            }
            None => i += 1,
        }
    }
    found
}

/// Whether the character before position `i` of folded text is a minus and no operator or hyphen.
pub(crate) fn sign_before(chars: &[char], i: usize) -> bool {
    let before = |back: usize| i.checked_sub(back).map(|at| chars[at]);
    before(1) == Some('-') && !before(2).is_some_and(|c| c.is_alphanumeric() || matches!(c, ')' | ']' | '}'))
}

/// Byte range of the last stretch of digits and number marks of `text`, with up to two characters before it (they tell
/// a sign from an operator). Ends after the last digit.
pub(crate) fn cluster(text: &str) -> Option<(usize, usize)> {
    let (last, c) = text.char_indices().rfind(|&(_, c)| digit(c).is_some())?;
    let end = last + c.len_utf8();
    let mut start = last;
    let mut before = 0;
    for (i, c) in text[..last].char_indices().rev() {
        let part = digit(c).is_some()
            || matches!(
                fold(c),
                ',' | '.' | ' ' | '\u{A0}' | '~' | '\\' | '\'' | '{' | '}' | ';' | ':' | 'e' | 'E' | '+' | '-'
            );
        if !part {
            before += 1;
        }
        start = i;
        if before == 2 {
            break;
        }
    }
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minus_is_a_sign_only_where_nothing_is_before_it() {
        assert_eq!(last_number("Jibu: -533", None), Some(-533.0));
        assert_eq!(last_number("సమాధానం: −740", None), Some(-740.0));
        assert_eq!(last_number("x-23", None), Some(23.0));
        assert_eq!(last_number("(63)-32", None), Some(32.0));
        assert_eq!(last_number("78 - 21", None), Some(21.0));
        assert_eq!(last_number("2024-11", None), Some(11.0));
    }

    #[test]
    fn the_text_gives_the_convention_where_no_language_does() {
        assert_eq!(last_number("Quedan 2.581.891 huevos.", None), Some(2581891.0));
        assert_eq!(last_number("Es bleiben 890.194 Eier übrig.", None), Some(890194.0));
        assert_eq!(last_number("The total is 890.194.", None), Some(890.194));
        assert_eq!(last_number("Le total est 680 880.", None), Some(680880.0));
        assert_eq!(last_number("ফলাফল 32,31,755।", None), Some(3231755.0));
        assert_eq!(last_number("所以她每天赚６１，０４９美元。", None), Some(61049.0));
        assert_eq!(last_number("合計は3万円", None), Some(30000.0));
    }

    #[test]
    fn no_number_is_none() {
        assert_eq!(last_number("", None), None);
        assert_eq!(last_number("위의 풀이를 보세요.", Some("ko")), None);
    }
}
