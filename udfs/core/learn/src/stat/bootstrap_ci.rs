//! A mean and how sure it is.

use super::quantile::quantile;
use super::resample::{Unit, means};
use super::sum::mean;

/// See [`bootstrap_ci`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The mean of the values.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The mean of finite `values` with its percentile bootstrap interval (Efron 1979) of `level`, from `n_boot` resamples. The interval
/// of one value is that value; `None` of none, and of no resamples.
pub fn bootstrap_ci(values: &[f64], level: f64, n_boot: usize, seed: u64) -> Option<Interval> {
    let mean = mean(values)?;
    let mut resampled = means(values.iter().map(|&sum| Unit { sum, count: 1.0 }).collect(), n_boot, seed);
    resampled.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Some(Interval { mean, low: quantile(&resampled, tail)?, high: quantile(&resampled, 1.0 - tail)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_that_of_the_standard_error() {
        let values: Vec<f64> = (0..200).map(|i| f64::from(i % 20)).collect();
        let interval = bootstrap_ci(&values, 0.95, 4000, 42).unwrap();
        // sd of 0..19 = 5.766; / sqrt(200) · 1.96 = 0.799
        assert_eq!(interval.mean, 9.5);
        assert!((interval.low - (9.5 - 0.799)).abs() < 0.05, "{interval:?}");
        assert!((interval.high - (9.5 + 0.799)).abs() < 0.05, "{interval:?}");
    }

    #[test]
    fn one_value_is_its_own_interval_and_none_has_none() {
        assert_eq!(bootstrap_ci(&[0.3], 0.95, 100, 1), Some(Interval { mean: 0.3, low: 0.3, high: 0.3 }));
        assert_eq!(bootstrap_ci(&[], 0.95, 100, 1), None);
    }
}
