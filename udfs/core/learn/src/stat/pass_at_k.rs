//! pass@k.

/// The chance that at least one of `k` samples is right, drawn without replacement from `n` of which `c` are:
/// `1 − C(n−c, k) / C(n, k)` (Chen et al. 2021, arXiv 2107.03374). `None` unless `0 ≤ c ≤ n` and `1 ≤ k ≤ n`.
pub fn pass_at_k(n: u64, c: u64, k: u64) -> Option<f64> {
    if c > n || k == 0 || k > n {
        return None;
    }
    if k > n - c {
        return Some(1.0);
    }
    // The shorter of two equal products: C(n−c,k)/C(n,k) = Π (n−c−i)/(n−i) over i < k = the same with c and k exchanged.
    let (short, long) = (k.min(c), k.max(c));
    let none: f64 = (0..short).map(|i| (n - long - i) as f64 / (n - i) as f64).product();
    Some(1.0 - none)
}

#[cfg(test)]
mod tests {
    use super::pass_at_k;

    #[test]
    fn one_sample_passes_as_often_as_samples_are_right() {
        assert_eq!(pass_at_k(8, 2, 1), Some(0.25));
        assert_eq!(pass_at_k(8, 0, 8), Some(0.0));
        assert_eq!(pass_at_k(8, 1, 8), Some(1.0));
    }

    #[test]
    fn two_of_four_with_one_right_is_a_half() {
        assert_eq!(pass_at_k(4, 1, 2), Some(0.5));
        // 1 − C(6,3)/C(10,3) = 1 − 20/120
        assert!((pass_at_k(10, 4, 3).unwrap() - 5.0 / 6.0).abs() < 1e-15);
    }

    #[test]
    fn more_draws_than_samples_are_not_defined() {
        assert_eq!([pass_at_k(4, 1, 5), pass_at_k(4, 5, 1), pass_at_k(4, 1, 0)], [None; 3]);
    }
}
