//! One character at a time, writing systems become ASCII: native digits, fullwidth forms, dashes, separators.
//!
//! Folding is one-to-one, so a position in folded text is the same position in the text it came from.

/// The zero of every run of decimal digits (Unicode general category Nd, version 17); the nine digits after each zero
/// follow it in order, which the Unicode stability policy guarantees.
const ZEROS: [u32; 77] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x10D40, 0x11066,
    0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x116D0, 0x116DA, 0x11730, 0x118E0,
    0x11950, 0x11BF0, 0x11C50, 0x11D50, 0x11DA0, 0x11DE0, 0x11F50, 0x16130, 0x16A60, 0x16AC0, 0x16B50, 0x16D70,
    0x1CCF0, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E5F1, 0x1E950, 0x1FBF0,
];

/// The value 0 to 9 of a decimal digit of any script, or `None`.
pub(crate) fn digit(c: char) -> Option<u8> {
    if c.is_ascii_digit() {
        return Some(c as u8 - b'0');
    }
    let code = c as u32;
    if code < 0x0660 {
        return None;
    }
    let zero = ZEROS[ZEROS.partition_point(|&zero| zero <= code) - 1];
    // The difference is below ten, so the cast keeps it.
    (code - zero < 10).then_some((code - zero) as u8)
}

/// The ASCII character that stands for `c` in mathematics, or `c` itself.
///
/// A blank that does not break (U+00A0, U+202F, the thin and the figure space) becomes U+00A0, because between two
/// digits it groups thousands, which a plain blank does only in some languages.
pub(crate) fn fold(c: char) -> char {
    if c.is_ascii() {
        return c;
    }
    if let Some(value) = digit(c) {
        return char::from(b'0' + value);
    }
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{2212}' | '\u{2010}' | '\u{2011}' | '\u{2012}' | '\u{2013}' | '\u{FE63}' | '\u{FE58}' => '-',
        '\u{066B}' => '.',
        '\u{066C}' | '\u{3001}' | '\u{060C}' | '\u{FE50}' | '\u{FE51}' => ',',
        '\u{066A}' => '%',
        '\u{061B}' => ';',
        '\u{00A0}' | '\u{202F}' | '\u{2009}' | '\u{2007}' | '\u{2008}' | '\u{200A}' => '\u{00A0}',
        '\u{3000}' | '\u{2002}'..='\u{2006}' | '\u{205F}' => ' ',
        '\u{2019}' | '\u{2018}' | '\u{02BC}' => '\'',
        '\u{2044}' | '\u{2215}' => '/',
        '\u{2217}' => '*',
        '\u{2236}' => ':',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digit_knows_every_decimal_digit_that_the_regex_crate_knows() {
        let nd = regex::Regex::new(r"^\p{Nd}$").unwrap();
        for c in (0..=0x10FFFF).filter_map(char::from_u32) {
            let known = nd.is_match(c.encode_utf8(&mut [0; 4]));
            assert!(!known || digit(c).is_some(), "U+{:04X}", c as u32);
        }
    }

    #[test]
    fn letters_are_not_digits() {
        for c in ['a', 'é', 'x', '一', '²', '½', '௰', '\u{D7FF}', '\u{10FFFF}'] {
            assert_eq!(digit(c), None, "{c}");
        }
        assert_eq!("٤٩ ৪ ౪ ๔ ４ 𝟜".chars().map(fold).collect::<String>(), "49 4 4 4 4 4");
    }
}
