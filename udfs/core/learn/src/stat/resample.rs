//! Bootstrap means.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use rand_distr::{Binomial, Distribution};
use std::cmp::Ordering;

/// What is drawn at a time: a row, or a cluster of rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// Sum of its values.
    pub sum: f64,
    /// How many values.
    pub count: f64,
}

/// Means of `n_boot` samples as large as `units`, drawn from it with replacement, in order of the replicate.
///
/// Replicate r is drawn from stream r of the generator with this seed, out of the units in a fixed order: the result
/// depends on the units and the seed, and not on the order in which units came.
pub fn means(mut units: Vec<Unit>, n_boot: usize, seed: u64) -> Vec<f64> {
    units.sort_unstable_by(compare);
    let mut kinds: Vec<(Unit, u64)> = Vec::new();
    for unit in &units {
        match kinds.last_mut() {
            Some((last, count)) if compare(last, unit) == Ordering::Equal => *count += 1,
            _ => kinds.push((*unit, 1)),
        }
    }
    // Many equal units (right or wrong, say): how often each kind comes is multinomial, and one draw a kind will do.
    let by_kind = kinds.len() * 16 <= units.len();
    (0..n_boot as u64)
        .map(|replicate| {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            random.set_stream(replicate);
            let (sum, count) = if by_kind { draw_kinds(&kinds, &mut random) } else { draw_units(&units, &mut random) };
            sum / count
        })
        .collect()
}

fn compare(a: &Unit, b: &Unit) -> Ordering {
    a.sum.total_cmp(&b.sum).then_with(|| a.count.total_cmp(&b.count))
}

fn draw_units(units: &[Unit], random: &mut ChaCha8Rng) -> (f64, f64) {
    let n = units.len() as u128;
    let (mut sum, mut count) = (0.0, 0.0);
    for _ in 0..units.len() {
        // The high half of a 128-bit product: uniform to within n / 2^64.
        let unit = units[((u128::from(random.next_u64()) * n) >> 64) as usize];
        sum += unit.sum;
        count += unit.count;
    }
    (sum, count)
}

fn draw_kinds(kinds: &[(Unit, u64)], random: &mut ChaCha8Rng) -> (f64, f64) {
    let mut units: u64 = kinds.iter().map(|(_, count)| count).sum();
    let mut draws = units;
    let (mut sum, mut count) = (0.0, 0.0);
    for &(unit, of_kind) in kinds {
        // Of what is left to draw, this kind's share of what is left to draw from.
        let share = of_kind as f64 / units as f64;
        let times = if of_kind == units {
            draws
        } else {
            // Cannot fail: the share is between 0 and 1.
            Binomial::new(draws, share).map_or(0, |binomial| binomial.sample(random))
        };
        sum += times as f64 * unit.sum;
        count += times as f64 * unit.count;
        draws -= times;
        units -= of_kind;
        if draws == 0 {
            break;
        }
    }
    (sum, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(values: &[f64]) -> Vec<Unit> {
        values.iter().map(|&sum| Unit { sum, count: 1.0 }).collect()
    }

    fn moments(means: &[f64]) -> (f64, f64) {
        let n = means.len() as f64;
        let mean = means.iter().sum::<f64>() / n;
        (mean, (means.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / n).sqrt())
    }

    #[test]
    fn drawing_kinds_and_drawing_units_have_the_same_distribution() {
        // 300 and 100: the mean is 1/4, its standard error sqrt(3/16/400) = 0.02165.
        let zeros_and_ones: Vec<f64> = (0..400).map(|i| f64::from(u8::from(i % 4 == 0))).collect();
        let kinds = moments(&means(units(&zeros_and_ones), 4000, 1));
        // A tiny slope makes all values distinct.
        let distinct: Vec<f64> = zeros_and_ones.iter().enumerate().map(|(i, x)| x + i as f64 * 1e-9).collect();
        let drawn = moments(&means(units(&distinct), 4000, 1));
        for (mean, sd) in [kinds, drawn] {
            assert!((mean - 0.25).abs() < 0.0015, "{mean}");
            assert!((sd - 0.02165).abs() < 0.001, "{sd}");
        }
    }

    #[test]
    fn order_does_not_matter_and_the_seed_does() {
        let values: Vec<f64> = (0..50).map(|i| f64::from(i * i % 17) / 3.0).collect();
        let backwards: Vec<f64> = values.iter().rev().copied().collect();
        assert_eq!(means(units(&values), 20, 7), means(units(&backwards), 20, 7));
        assert_ne!(means(units(&values), 20, 7), means(units(&values), 20, 8));
        assert_eq!(means(units(&values), 20, 7), means(units(&values), 40, 7)[..20]);
    }
}
