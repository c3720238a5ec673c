//! The last number as HighMath read it (Wang, Ma, Wei): no signs, no grouping but commas, 0 where there is none.

use super::fold::digit;

/// The last run `digits[.digits]` of `text` after each comma between two digits was removed; 0.0 where there is none.
///
/// Bug for bug: a minus is dropped, `1.146.269` is 269, `3.25e4` is 4, and of commas with one digit between them every
/// second one stays (`1,2,3` is read as `12,3`). Digits of every script count, the fullwidth comma does not.
///
/// ```
/// assert_eq!(glotrace_text::math::last_number_highmath("x = -7,200."), 7200.0);
/// ```
pub fn last_number_highmath(text: &str) -> f64 {
    let Some((last, digit_char)) = text.char_indices().rfind(|&(_, c)| digit(c).is_some()) else {
        return 0.0;
    };
    let end = last + digit_char.len_utf8();
    // Commas and points only matter within an unbroken run.
    let start = text[..end]
        .char_indices()
        .rev()
        .take_while(|&(_, c)| digit(c).is_some() || matches!(c, ',' | '.'))
        .last()
        .map_or(0, |(i, _)| i);
    let run: Vec<char> = text[start..end].chars().map(|c| digit(c).map_or(c, |d| char::from(b'0' + d))).collect();
    let is_digit = |i: usize| run.get(i).is_some_and(char::is_ascii_digit);
    let mut kept = String::with_capacity(run.len());
    let mut i = 0;
    while i < run.len() {
        if is_digit(i) && run.get(i + 1) == Some(&',') && is_digit(i + 2) {
            // Matches do not overlap: the digit behind the comma is used up.
            kept.push(run[i]);
            kept.push(run[i + 2]);
            i += 3;
        } else {
            kept.push(run[i]);
            i += 1;
        }
    }
    let mut last = "";
    let mut rest = kept.as_str();
    while let Some(from) = rest.find(|c: char| c.is_ascii_digit()) {
        let tail = &rest[from..];
        let whole = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let fraction = tail[whole..]
            .strip_prefix('.')
            .map_or(0, |after| after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len()));
        let width = if fraction > 0 { whole + 1 + fraction } else { whole };
        last = &tail[..width];
        rest = &tail[width..];
    }
    last.parse().unwrap_or(0.0)
}
