//! The Mann-Whitney U test.

use super::normal::upper;

/// See [`mann_whitney`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannWhitney {
    /// U of the first sample: pairs in which its value is the larger one, ties counting half.
    pub u: f64,
    /// Two-sided.
    pub p_value: f64,
}

/// Beyond this many steps of U the exact distribution is not computed.
const MOST_STEPS: usize = 1 << 22;

/// Numbers that stand in the order of the values, and are equal where these are: they are sorted in half the time.
fn sorted(values: &[f64]) -> Vec<i64> {
    let key = |x: &f64| {
        // Both zeros are one.
        let bits = (x + 0.0).to_bits().cast_signed();
        bits ^ (bits >> 63).cast_unsigned().wrapping_shr(1).cast_signed()
    };
    let mut keys: Vec<i64> = values.iter().map(key).collect();
    keys.sort_unstable();
    keys
}

/// Whether values of two finite samples tend to differ, two-sided, as scipy's `mannwhitneyu` by default: exact where the smaller sample
/// has at most 8 values and there are no ties, else the normal approximation with corrections for ties and continuity.
/// (Samples so large that the exact counts exceed 128 bits, at least 190,000 values against 8, take the approximation too.)
/// `None` where a sample is empty.
pub fn mann_whitney(first: &[f64], second: &[f64]) -> Option<MannWhitney> {
    let (n1, n2) = (first.len(), second.len());
    if n1 == 0 || n2 == 0 {
        return None;
    }
    let (first, second) = (sorted(first), sorted(second));
    let (mut first, mut second) = (first.as_slice(), second.as_slice());
    // Twice the rank sum, which is whole.
    let (mut twice_ranks, mut ties, mut place) = (0u128, 0.0, 0u128);
    while let Some(least) = first.first().into_iter().chain(second.first()).min().copied() {
        let equal = |keys: &[i64]| keys.iter().take_while(|key| **key == least).count();
        let (firsts, seconds) = (equal(first), equal(second));
        let size = (firsts + seconds) as u128;
        twice_ranks += firsts as u128 * (2 * place + size + 1);
        ties += (size * size * size - size) as f64;
        place += size;
        (first, second) = (&first[firsts..], &second[seconds..]);
    }
    let (m1, m2) = (n1 as f64, n2 as f64);
    let u = twice_ranks as f64 / 2.0 - m1 * (m1 + 1.0) / 2.0;
    let larger = u.max(m1 * m2 - u);
    let exact =
        if n1.min(n2) <= 8 && ties == 0.0 { exact_upper(n1.min(n2), n1.max(n2), larger as usize) } else { None };
    let p_value = match exact {
        Some(upper) => 2.0 * upper,
        None => 2.0 * approximate_upper(m1, m2, ties, larger),
    };
    Some(MannWhitney { u, p_value: p_value.clamp(0.0, 1.0) })
}

fn approximate_upper(m1: f64, m2: f64, ties: f64, u: f64) -> f64 {
    let n = m1 + m2;
    let variance = m1 * m2 / 12.0 * ((n + 1.0) - ties / (n * (n - 1.0)));
    let excess = u - m1 * m2 / 2.0 - 0.5;
    // All values equal: no evidence.
    if variance <= 0.0 { 1.0 } else { upper(excess / variance.sqrt()) }
}

/// P(U ≥ u), from the numbers of arrangements, which are the coefficients of the Gaussian binomial of n1 + n2 over n1.
fn exact_upper(few: usize, many: usize, u: usize) -> Option<f64> {
    let steps = few.checked_mul(many).filter(|steps| *steps <= MOST_STEPS)?;
    let mut total = 1u128;
    for i in 1..=few {
        total = total.checked_mul((many + i) as u128)? / i as u128;
    }
    let mut counts = vec![0u128; steps + 1];
    counts[0] = 1;
    // Wrapping: products and quotients of power series are exact modulo 2^128, and the results are below it.
    for i in 1..=few {
        for j in (many + i..=steps).rev() {
            counts[j] = counts[j].wrapping_sub(counts[j - many - i]);
        }
        for j in i..=steps {
            counts[j] = counts[j].wrapping_add(counts[j - i]);
        }
    }
    let above: u128 = counts[u.min(steps)..].iter().sum();
    Some(above as f64 / total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_against_two_has_six_arrangements() {
        let test = mann_whitney(&[3.0, 4.0], &[1.0, 2.0]).unwrap();
        assert_eq!(test.u, 4.0);
        assert!((test.p_value - 2.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn one_value_against_many_is_uniform() {
        let many: Vec<f64> = (0..99_999).map(f64::from).collect();
        let test = mann_whitney(&[1e9], &many).unwrap();
        assert!((test.p_value - 2.0 / 100_000.0).abs() < 1e-18);
    }

    #[test]
    fn equal_values_are_no_evidence() {
        assert_eq!(mann_whitney(&[1.0; 9], &[1.0; 12]).unwrap(), MannWhitney { u: 54.0, p_value: 1.0 });
        assert_eq!(mann_whitney(&[], &[1.0]), None);
    }
}
