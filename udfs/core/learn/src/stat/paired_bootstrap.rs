//! Whether one policy beats another on the same items.

use super::quantile::quantile;
use super::resample::{Unit, means};
use super::sum::{mean, sum};

/// See [`paired_bootstrap`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedBootstrap {
    /// Mean of the first minus mean of the second.
    pub diff: f64,
    /// Lower end of the 95% interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Two-sided.
    pub p_value: f64,
}

/// The mean of paired differences (first minus second, finite), its 95% percentile interval, and
/// `p = 2 · min(P(d ≤ 0), P(d ≥ 0))`, at most 1, over `n_boot` resamples.
///
/// With `clusters`, a number for each difference, whole clusters are drawn: items of one question in several languages are not
/// independent. `None` of no differences, and of no resamples.
pub fn paired_bootstrap(
    differences: &[f64],
    clusters: Option<&[u32]>,
    n_boot: usize,
    seed: u64,
) -> Option<PairedBootstrap> {
    let diff = mean(differences)?;
    let units = match clusters {
        None => differences.iter().map(|&sum| Unit { sum, count: 1.0 }).collect(),
        Some(clusters) => units_of(differences, clusters),
    };
    let mut resampled = means(units, n_boot, seed);
    resampled.sort_unstable_by(f64::total_cmp);
    let share = |side: fn(f64) -> bool| resampled.iter().filter(|d| side(**d)).count() as f64 / n_boot as f64;
    let p_value = (2.0 * share(|d| d <= 0.0).min(share(|d| d >= 0.0))).min(1.0);
    Some(PairedBootstrap { diff, low: quantile(&resampled, 0.025)?, high: quantile(&resampled, 0.975)?, p_value })
}

/// A unit a cluster.
fn units_of(differences: &[f64], clusters: &[u32]) -> Vec<Unit> {
    let mut rows: Vec<(u32, f64)> = clusters.iter().copied().zip(differences.iter().copied()).collect();
    rows.sort_unstable_by_key(|row| row.0);
    rows.chunk_by(|a, b| a.0 == b.0)
        .map(|rows| Unit { sum: sum(rows.iter().map(|row| row.1)), count: rows.len() as f64 })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_policies_do_not_differ() {
        let test = paired_bootstrap(&[0.0; 40], None, 500, 42).unwrap();
        assert_eq!(test, PairedBootstrap { diff: 0.0, low: 0.0, high: 0.0, p_value: 1.0 });
    }

    #[test]
    fn copies_of_a_question_are_no_evidence() {
        // 20 questions, each nine times.
        let of_question: Vec<f64> = (0..20).map(|i| if i < 8 { 1.0 } else { -f64::from(u8::from(i < 11)) }).collect();
        let differences: Vec<f64> = of_question.iter().flat_map(|d| [*d; 9]).collect();
        let clusters: Vec<u32> = (0..20).flat_map(|i| [i; 9]).collect();
        let alone = paired_bootstrap(&of_question, None, 2000, 1).unwrap();
        let copied = paired_bootstrap(&differences, Some(&clusters), 2000, 1).unwrap();
        assert_eq!(alone.p_value, copied.p_value);
        assert_eq!((alone.low, alone.high), (copied.low, copied.high));
        let wrongly = paired_bootstrap(&differences, None, 2000, 1).unwrap();
        assert!(wrongly.high - wrongly.low < 0.5 * (copied.high - copied.low));
    }
}
