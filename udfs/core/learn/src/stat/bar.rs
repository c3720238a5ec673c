//! A number as a bar of text.

const WIDTH: usize = 20;
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// A bar of up to 20 cells, in eighths of a cell: 20 of them at `max` and beyond, none at 0 and below. `None` where either
/// is not finite, or `max` not above 0.
pub fn bar(x: f64, max: f64) -> Option<String> {
    if !x.is_finite() || !max.is_finite() || max <= 0.0 {
        return None;
    }
    let eighths = ((x / max).clamp(0.0, 1.0) * (WIDTH * 8) as f64).round() as usize;
    let mut bar = "█".repeat(eighths / 8);
    if !eighths.is_multiple_of(8) {
        bar.push(EIGHTHS[eighths % 8]);
    }
    Some(bar)
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        assert_eq!(bar(1.0, 1.0).unwrap(), "█".repeat(20));
        assert_eq!(bar(0.5, 1.0).unwrap(), "█".repeat(10));
        assert_eq!(bar(0.125, 1.0).unwrap(), "██▌");
        assert_eq!(bar(-3.0, 1.0).unwrap(), "");
        assert_eq!(bar(1.0, 0.0), None);
    }
}
