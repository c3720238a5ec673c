//! McNemar's test.

use statrs::function::beta::beta_reg;

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

/// P(X ≤ k) of a binomial with n trials and 1/2, k < n.
fn at_most(k: u64, n: u64) -> f64 {
    beta_reg((n - k) as f64, k as f64 + 1.0, 0.5)
}

#[cfg(test)]
mod tests {
    use super::mcnemar;

    #[test]
    fn five_to_none_is_one_in_sixteen() {
        assert!((mcnemar(5, 0).p_value - 0.0625).abs() < 1e-15);
        assert_eq!(mcnemar(0, 5).statistic, 0.0);
    }

    #[test]
    fn no_difference_is_no_evidence() {
        assert_eq!([mcnemar(0, 0).p_value, mcnemar(7, 7).p_value], [1.0, 1.0]);
    }
}
