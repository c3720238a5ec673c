//! Numbers as a line of text.

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A character a number, from `▁` for the smallest to `█` for the largest; equal numbers are all `▄`, and what is missing
/// or not finite is a blank.
pub fn sparkline(values: &[Option<f64>]) -> String {
    let known = || values.iter().flatten().filter(|x| x.is_finite());
    let low = known().copied().fold(f64::INFINITY, f64::min);
    let high = known().copied().fold(f64::NEG_INFINITY, f64::max);
    let level = |x: f64| {
        if high <= low {
            return LEVELS[3];
        }
        // Halved, so that the width of the whole range of doubles is finite.
        let share = (x / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        LEVELS[((share * 7.0).round() as usize).min(7)]
    };
    values.iter().map(|value| value.filter(|x| x.is_finite()).map_or(' ', level)).collect()
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn a_line_rises_with_its_numbers() {
        let up: Vec<_> = (0..8).map(|i| Some(f64::from(i))).collect();
        assert_eq!(sparkline(&up), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[Some(1.0), None, Some(f64::NAN), Some(2.0)]), "▁  █");
        assert_eq!(sparkline(&[Some(3.0), Some(3.0)]), "▄▄");
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[Some(f64::MIN), Some(f64::MAX)]), "▁█");
    }
}
