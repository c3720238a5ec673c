//! Axes: categories side by side, or numbers along a line.

use super::number::{self, Form};
use super::text;

pub(super) const LABEL: f64 = 11.0;
/// Longer labels are cut.
const LONGEST: f64 = 200.0;

#[derive(Debug, Clone)]
pub(super) enum Axis {
    /// Bands of one width in order; `heading` is bold and has no marks.
    Bands {
        labels: Vec<String>,
        heading: Vec<bool>,
    },
    Numbers {
        low: f64,
        high: f64,
        ticks: Vec<f64>,
        form: Form,
    },
}

/// What is drawn beside an axis: where along it (0 to 1), and what.
pub(super) struct Tick {
    pub at: f64,
    pub label: String,
    pub heading: bool,
}

impl Axis {
    pub fn bands(labels: &[String]) -> Self {
        Self::Bands { labels: text::fitting(labels, LABEL, LONGEST), heading: vec![false; labels.len()] }
    }

    pub fn bands_with_headings(labels: &[String], heading: Vec<bool>) -> Self {
        Self::Bands { labels: text::fitting(labels, LABEL, LONGEST), heading }
    }

    /// Across `pixels`, with as many labels as have room beside each other.
    pub fn across(low: f64, high: f64, pixels: f64) -> Self {
        for wanted in (2..=9).rev() {
            let (ticks, form) = number::ticks(low, high, wanted);
            let step = if let [a, b, ..] = ticks.as_slice() { (b - a) / (high - low) * pixels } else { pixels };
            let widest = ticks.iter().map(|t| text::width(&form.text(*t), LABEL, false)).fold(0.0, f64::max);
            if widest + 10.0 <= step || wanted == 2 {
                return Self::Numbers { low, high, ticks, form };
            }
        }
        Self::Numbers { low, high, ticks: Vec::new(), form: Form::of_values(1.0) }
    }

    /// Upwards over `pixels`.
    pub fn up(low: f64, high: f64, pixels: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
        let wanted = (pixels / 34.0).clamp(2.0, 9.0) as usize;
        let (ticks, form) = number::ticks(low, high, wanted);
        Self::Numbers { low, high, ticks, form }
    }

    /// Where a number lies, 0 to 1; outside for numbers beyond the ends.
    pub fn at(&self, value: f64) -> f64 {
        match self {
            Self::Numbers { low, high, .. } => (value - low) / (high - low),
            Self::Bands { .. } => self.middle(0),
        }
    }

    /// The middle of a band.
    pub fn middle(&self, band: usize) -> f64 {
        (band as f64 + 0.5) * self.step()
    }

    /// The width of a band.
    pub fn step(&self) -> f64 {
        match self {
            Self::Bands { labels, .. } => 1.0 / labels.len().max(1) as f64,
            Self::Numbers { .. } => 1.0,
        }
    }

    pub fn factor(&self) -> String {
        match self {
            Self::Numbers { form, .. } => form.factor(),
            Self::Bands { .. } => String::new(),
        }
    }

    /// Labels with room for each: of bands narrower than a line, only some are named.
    pub fn ticks(&self, pixels: f64) -> Vec<Tick> {
        match self {
            Self::Bands { labels, heading } => {
                let step = self.step() * pixels;
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
                let every = ((LABEL + 2.5) / step).ceil().max(1.0) as usize;
                (0..labels.len())
                    .step_by(every)
                    .map(|at| Tick { at: self.middle(at), label: labels[at].clone(), heading: heading[at] })
                    .collect()
            }
            Self::Numbers { ticks, form, .. } => {
                ticks.iter().map(|t| Tick { at: self.at(*t), label: form.text(*t), heading: false }).collect()
            }
        }
    }

    /// Whether labels of bands stand upright beside each other on `pixels`.
    pub fn labels_fit_across(&self, pixels: f64) -> bool {
        match self {
            Self::Bands { labels, .. } => {
                let step = self.step() * pixels;
                labels.iter().all(|label| text::width(label, LABEL, false) + 5.0 <= step)
            }
            Self::Numbers { .. } => true,
        }
    }
}

/// Ends of an axis that holds all `values`, with some air; `zero`: with zero, and no air beyond it.
pub(super) fn ends(values: impl Iterator<Item = f64>, zero: bool, min: Option<f64>, max: Option<f64>) -> (f64, f64) {
    let (mut low, mut high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        (low, high) = (0.0, 1.0);
    }
    if zero {
        (low, high) = (low.min(0.0), high.max(0.0));
    }
    let largest = low.abs().max(high.abs());
    if high - low <= largest * 1e-12 {
        let air = if largest == 0.0 { 1.0 } else { largest * 0.1 };
        (low, high) = (low - air, high + air);
        if zero && largest == 0.0 {
            low = 0.0;
        }
    } else {
        let air = (high - low) * 0.05;
        let (under, over) = (!(zero && low == 0.0), !(zero && high == 0.0));
        low -= if under { air } else { 0.0 };
        high += if over { air } else { 0.0 };
    }
    // An end that was asked for holds, whatever lies beyond it; the other one gives way.
    match (min, max) {
        (Some(min), Some(max)) => (min, max),
        (Some(min), None) => (min, if high > min { high } else { min + (high - low) }),
        (None, Some(max)) => (if low < max { low } else { max - (high - low) }, max),
        (None, None) => (low, high),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_hold_all_values_and_are_apart() {
        for values in [vec![], vec![0.0], vec![3.0], vec![-2e-9, 1e-9], vec![1e300, -1e300], vec![5.0, 5.0]] {
            for zero in [true, false] {
                let (low, high) = ends(values.iter().copied(), zero, None, None);
                assert!(low < high, "{values:?}: {low} {high}");
                assert!(values.iter().all(|v| low <= *v && *v <= high), "{values:?}: {low} {high}");
            }
        }
        assert_eq!(ends([0.2, 0.8].into_iter(), true, None, None).0, 0.0);
        assert_eq!(ends([0.2, 0.8].into_iter(), true, Some(-1.0), Some(1.0)), (-1.0, 1.0));
        let (low, high) = ends([0.2].into_iter(), false, Some(5.0), None);
        assert!(low == 5.0 && high > low);
    }

    #[test]
    fn labels_across_do_not_touch() {
        for (low, high) in [(-0.123, 0.456), (0.0, 1.0), (0.0, 123_456.0), (-3e-9, 2e-9), (1e9, 1e9 + 1.0)] {
            for pixels in [120.0, 240.0, 600.0] {
                let axis = Axis::across(low, high, pixels);
                let ticks = axis.ticks(pixels);
                for pair in ticks.windows(2) {
                    let half = |tick: &Tick| text::width(&tick.label, LABEL, false) / 2.0;
                    let room = (pair[1].at - pair[0].at) * pixels;
                    assert!(half(&pair[0]) + half(&pair[1]) < room || ticks.len() <= 2, "{low} {high} {pixels}");
                }
            }
        }
    }
}
