//! McNemar's test.

/// See [`mcnemar`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct McNemar {
    /// The smaller number of discordant pairs.
    pub statistic: f64,
    /// Two-sided.
    pub p_value: f64,
}

/// Whether two policies are right equally often, exactly: of the pairs in which one is right, `only_first` and `only_second`
/// are binomial with 1/2. As statsmodels' `mcnemar(exact=True)`.
pub fn mcnemar(only_first: u64, only_second: u64) -> McNemar {
    let (fewer, n) = (only_first.min(only_second), only_first + only_second);
    let p_value = if only_first == only_second { 1.0 } else { (2.0 * at_most(fewer, n)).min(1.0) };
    McNemar { statistic: fewer as f64, p_value }
}

/// P(X ≤ k) of a binomial with n trials and 1/2, 2k < n: exact up to rounding, and exactly so while the counts are below 2⁵³.
fn at_most(k: u64, n: u64) -> f64 {
    // C(n, k) / 2ⁿ, halved on the way so that it stays within range.
    let (mut term, mut halvings) = (1.0, n);
    for i in 1..=k {
        term = term * (n - k + i) as f64 / i as f64;
        while term > 1.0 && halvings > 0 {
            term *= 0.5;
            halvings -= 1;
        }
    }
    let mut sum = term;
    for i in (1..=k).rev() {
        term = term * i as f64 / (n - i + 1) as f64;
        sum += term;
        if term < sum * 1e-18 {
            break;
        }
    }
    // 2⁻¹⁰⁸⁰ is 0.
    sum * 0.5f64.powi(i32::try_from(halvings.min(1080)).unwrap_or(1080))
}

#[cfg(test)]
mod tests {
    use super::mcnemar;

    #[test]
    fn five_to_none_is_one_in_sixteen() {
        assert_eq!([mcnemar(5, 0).p_value, mcnemar(1, 3).p_value], [0.0625, 0.625]);
        assert_eq!(mcnemar(0, 5).statistic, 0.0);
    }

    #[test]
    fn no_difference_is_no_evidence() {
        assert_eq!([mcnemar(0, 0).p_value, mcnemar(7, 7).p_value], [1.0, 1.0]);
    }
}
