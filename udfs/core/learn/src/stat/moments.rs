//! Mean and deviation of a column.

use super::exact::{self, LANES};
use super::vectorised::vectorised;

/// What is known of finite values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// The least.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// Their mean.
    pub mean: f64,
    /// Their population deviation.
    pub deviation: f64,
}

vectorised! {
    /// The moments of finite `values`; `None` of none. In any order the same bits; nothing over- or underflows.
    fn moments<'a>(values: &'a [f64]) -> Option<Moments> {
        let first = *values.first()?;
        let (mut lows, mut highs) = ([first; LANES], [first; LANES]);
        let (wholes, rest) = values.as_chunks::<LANES>();
        for values in wholes {
            for lane in 0..LANES {
                let x = values[lane];
                lows[lane] = if x < lows[lane] { x } else { lows[lane] };
                highs[lane] = if x > highs[lane] { x } else { highs[lane] };
            }
        }
        let low = lows.iter().chain(rest).fold(first, |low, x| low.min(*x));
        let high = highs.iter().chain(rest).fold(first, |high, x| high.max(*x));
        let (half, middle) = (high / 2.0 - low / 2.0, high / 2.0 + low / 2.0);
        if half <= 0.0 {
            return Some(Moments { low, high, mean: low, deviation: 0.0 });
        }
        let n = values.len() as f64;
        // Between -1 and 1.
        let inner = |x: f64| (x / 2.0 - middle / 2.0) / half * 2.0;
        let mean = exact::sum(values, inner) / n;
        let square = |x: f64| {
            let t = inner(x) - mean;
            t * t / 4.0
        };
        let variance = exact::sum(values, square) / n * 4.0;
        Some(Moments { low, high, mean: middle + half * mean, deviation: half * variance.sqrt() })
    }
}

#[cfg(test)]
mod tests {
    use super::moments;

    #[test]
    fn far_off_units_do_not_matter() {
        for unit in [1e-300, 1.0, 1e300] {
            let found = moments(&[unit, 3.0 * unit, 5.0 * unit, 7.0 * unit]).unwrap();
            assert!((found.mean / unit - 4.0).abs() < 1e-15 && (found.deviation / unit - 5f64.sqrt()).abs() < 1e-15);
        }
        assert_eq!(moments(&[0.1; 3]).unwrap().deviation, 0.0);
        assert_eq!(moments(&[]), None);
    }
}
