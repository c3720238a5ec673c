//! A floating-point number as text.

/// The fewest digits that read back to the same value, with a point or an exponent: `1.0`, `0.1`, `1e20`, `NaN`, `-inf`.
pub fn float_text(value: f64) -> String {
    format!("{value:?}")
}

/// Of a single-precision number: its own fewest digits, not those of the double that it widens to.
pub(super) fn float32_text(value: f32) -> String {
    format!("{value:?}")
}

/// For the eye: six significant digits, but never fewer than all before the point, and at least one after it;
/// `decimals` fixes the number after the point instead.
pub(super) fn rounded_text(value: f64, decimals: Option<usize>) -> String {
    if let (Some(decimals), true) = (decimals, value.is_finite()) {
        return format!("{value:.decimals$}");
    }
    let size = value.abs();
    if !value.is_finite() || size == 0.0 {
        return float_text(value);
    }
    if !(1e-4..1e15).contains(&size) {
        let text = format!("{value:.5e}");
        let Some((digits, exponent)) = text.split_once('e') else { return text };
        return format!("{}e{exponent}", trimmed(digits));
    }
    #[expect(clippy::cast_possible_truncation, reason = "between -4 and 14")]
    let magnitude = size.log10().floor() as i32;
    let decimals = usize::try_from((5 - magnitude).max(1)).unwrap_or(1);
    trimmed(&format!("{value:.decimals$}"))
}

/// Without zeros at the end; one digit stays after the point.
fn trimmed(text: &str) -> String {
    let short = text.trim_end_matches('0');
    if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_reads_back() {
        for value in
            [0.1, 1.0, -0.0, 1e20, 1e-7, f64::MIN_POSITIVE, f64::MAX, 1.0 / 3.0, 123_456_789.123_456_78, 5e-324]
        {
            assert_eq!(float_text(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
        assert_eq!(float_text(1.0), "1.0");
        assert_eq!(float32_text(0.1), "0.1");
    }

    #[test]
    fn the_eye_gets_six_digits_and_never_loses_those_before_the_point() {
        for (value, text) in [
            (1.0, "1.0"),
            (1.0 / 3.0, "0.333333"),
            (2.0 / 3.0 * 100.0, "66.6667"),
            (1_234_567.56, "1234567.6"),
            (0.001_234_567, "0.00123457"),
            (0.000_012_345_678, "1.23457e-5"),
            (1e20, "1.0e20"),
            (0.0, "0.0"),
            (f64::NAN, "NaN"),
            (-0.5, "-0.5"),
            (99.999_999_9, "100.0"),
        ] {
            assert_eq!(rounded_text(value, None), text);
        }
        assert_eq!(rounded_text(0.125, Some(2)), "0.12");
        assert_eq!(rounded_text(2.0, Some(0)), "2");
    }
}
