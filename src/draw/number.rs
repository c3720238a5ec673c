//! Round numbers for axes, and numbers as they are printed.

/// The shortest text of a number, as a label: `0.7`, `12`, `1e-9`, with a true minus sign.
pub(super) fn plain(value: f64) -> String {
    let text = if value == 0.0 {
        "0".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "∞".to_owned() } else { "-∞".to_owned() }
    } else if (1e-5..1e9).contains(&value.abs()) {
        // Twelve significant digits hide 0.1 + 0.2.
        let digits = (11 - magnitude(value)).clamp(0, 16).unsigned_abs() as usize;
        trimmed(&format!("{value:.digits$}"))
    } else {
        let text = format!("{value:.5e}");
        match text.split_once('e') {
            Some((digits, power)) => format!("{}e{power}", trimmed(digits)),
            None => text,
        }
    };
    minus(&text)
}

fn trimmed(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
}

/// `-` as the sign that figures have; no minus before a zero.
fn minus(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text.to_owned(),
    }
}

/// The power of ten of the first digit.
#[expect(clippy::cast_possible_truncation, reason = "a power of ten of a finite number")]
fn magnitude(value: f64) -> i32 {
    if value == 0.0 || !value.is_finite() { 0 } else { value.abs().log10().floor() as i32 }
}

/// How the numbers of one axis or of one table of cells are printed: all divided by one power of ten, with as many digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    pub power: i32,
    pub decimals: usize,
}

impl Form {
    /// For numbers up to `largest` that differ by `step`.
    pub fn of_steps(largest: f64, step: f64) -> Self {
        let top = magnitude(largest);
        let power = if (-3..6).contains(&top) || largest == 0.0 { 0 } else { top };
        let step = step / 10f64.powi(power);
        // 0.25 needs two digits, 0.2 one.
        let decimals = (0..=12)
            .find(|digits| {
                let scaled = step * 10f64.powi(*digits);
                (scaled - scaled.round()).abs() < 1e-6 * scaled.abs().max(1.0) && scaled.round() != 0.0
            })
            .unwrap_or(12);
        Self { power, decimals: decimals.unsigned_abs() as usize }
    }

    /// For values of about the size of `largest`, three digits of the largest.
    pub fn of_values(largest: f64) -> Self {
        let top = magnitude(largest);
        let power = if (-2..5).contains(&top) || largest == 0.0 { 0 } else { top };
        let decimals = (2 - (top - power).max(0)).clamp(0, 2).unsigned_abs() as usize;
        Self { power, decimals: if top - power < -1 { 3 } else { decimals } }
    }

    pub fn text(self, value: f64) -> String {
        if !value.is_finite() {
            return plain(value);
        }
        minus(&format!("{:.*}", self.decimals, value / 10f64.powi(self.power)))
    }

    /// What stands beside the axis' name: `×10⁻⁹`; empty where numbers stand as they are.
    pub fn factor(self) -> String {
        if self.power == 0 {
            return String::new();
        }
        let raised = |c| match c {
            '-' => '⁻',
            '1' => '¹',
            '2' => '²',
            '3' => '³',
            '0' | '4'..='9' => char::from_u32('⁰' as u32 + c as u32 - '0' as u32).unwrap_or(c),
            other => other,
        };
        format!("×10{}", self.power.to_string().chars().map(raised).collect::<String>())
    }
}

/// Round numbers in `low..=high`, about `wanted` of them, with their form.
pub(super) fn ticks(low: f64, high: f64, wanted: usize) -> (Vec<f64>, Form) {
    let largest = low.abs().max(high.abs());
    let span = high - low;
    // Below this, neighbours are the same number.
    if !(span.is_finite() && span > largest * 1e-13) {
        return (vec![low], Form::of_values(largest));
    }
    let rough = span / (wanted.max(2) as f64 - 1.0);
    let base = 10f64.powi(magnitude(rough));
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|nice| nice * base)
        .find(|step| *step >= rough * 0.999)
        .unwrap_or(base * 10.0);
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).max(0.0);
    let mut at = Vec::new();
    for i in 0..=200u32 {
        if f64::from(i) > count {
            break;
        }
        at.push((first + f64::from(i)) * step);
    }
    (at, Form::of_steps(largest, step))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(ticks(0.0, 1.0, 6).0, [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        for (low, high) in
            [(-3.2e-9, 7.1e-9), (-1.0, 1.0), (0.0, 87.0), (1e9, 1e9 + 3.0), (-5.0, -4.0), (0.0, 1e300), (-1e300, 1e300)]
        {
            for wanted in 2..12 {
                let (at, form) = ticks(low, high, wanted);
                let room = (high - low) * 1e-6;
                assert!(at.iter().all(|t| *t >= low - room && *t <= high + room), "{low} {high} {at:?}");
                assert!(at.len() <= wanted + 1, "{low} {high} {wanted}: {at:?}");
                let mut texts: Vec<String> = at.iter().map(|t| form.text(*t)).collect();
                texts.dedup();
                assert_eq!(texts.len(), at.len(), "{low} {high}: {texts:?}");
            }
        }
    }

    #[test]
    fn small_and_large_numbers_share_a_factor() {
        let (at, form) = ticks(0.0, 4e-9, 5);
        assert_eq!(at.iter().map(|t| form.text(*t)).collect::<Vec<_>>(), ["0", "1", "2", "3", "4"]);
        assert_eq!(form.factor(), "×10⁻⁹");
        assert_eq!(ticks(0.0, 3e7, 4).1.factor(), "×10⁷");
        assert_eq!(ticks(-0.5, 0.5, 5).1.factor(), "");
    }

    #[test]
    fn cells_have_three_digits() {
        assert_eq!(Form::of_values(0.43).text(-0.0512), "−0.05");
        assert_eq!(Form::of_values(0.43).text(-0.0012), "0.00");
        assert_eq!(Form::of_values(87.0).text(3.25), "3.2");
        assert_eq!(Form::of_values(1234.0).text(1234.4), "1234");
        assert_eq!(Form::of_values(0.04).text(0.0312), "0.031");
        assert_eq!(Form::of_values(3e-9).text(2.5e-9), "2.50");
    }

    #[test]
    fn labels_are_the_shortest() {
        for (value, text) in [
            (0.7, "0.7"),
            (12.0, "12"),
            (-2.0, "−2"),
            (0.1 + 0.2, "0.3"),
            (1e-9, "1e-9"),
            (-0.0, "0"),
            (2.5e12, "2.5e12"),
        ] {
            assert_eq!(plain(value), text);
        }
    }
}
