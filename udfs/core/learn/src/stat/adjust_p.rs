//! p-values adjusted for the number of tests.

/// How p-values are adjusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Correction {
    /// Times the number of tests: family-wise error.
    Bonferroni,
    /// Holm 1979, step down: family-wise error, never weaker than Bonferroni.
    Holm,
    /// Benjamini and Hochberg 1995, step up: false discovery rate.
    BenjaminiHochberg,
}

/// The adjusted p-value of each, at most 1, as R's `p.adjust`. Missing ones (and NaN) are no tests and stay missing.
pub fn adjust_p(values: &[Option<f64>], correction: Correction) -> Vec<Option<f64>> {
    let mut order: Vec<(f64, usize)> =
        values.iter().enumerate().filter_map(|(i, p)| p.filter(|p| !p.is_nan()).map(|p| (p, i))).collect();
    order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let m = order.len() as f64;
    let mut adjusted = vec![None; values.len()];
    match correction {
        Correction::Bonferroni => order.iter().for_each(|&(p, i)| adjusted[i] = Some((p * m).min(1.0))),
        Correction::Holm => {
            let mut largest = 0.0f64;
            for (rank, &(p, i)) in order.iter().enumerate() {
                largest = largest.max((p * (m - rank as f64)).min(1.0));
                adjusted[i] = Some(largest);
            }
        }
        Correction::BenjaminiHochberg => {
            let mut smallest = 1.0f64;
            for (rank, &(p, i)) in order.iter().enumerate().rev() {
                smallest = smallest.min(p * m / (rank + 1) as f64);
                adjusted[i] = Some(smallest);
            }
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: [Option<f64>; 5] = [Some(0.01), Some(0.04), None, Some(0.03), Some(0.005)];

    fn adjusted(correction: Correction) -> Vec<f64> {
        adjust_p(&P, correction).into_iter().flatten().map(|p| (p * 1e9).round() / 1e9).collect()
    }

    #[test]
    fn methods_agree_with_r() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005), "bonferroni" | "holm" | "BH")
        assert_eq!(adjusted(Correction::Bonferroni), [0.04, 0.16, 0.12, 0.02]);
        assert_eq!(adjusted(Correction::Holm), [0.03, 0.06, 0.06, 0.02]);
        assert_eq!(adjusted(Correction::BenjaminiHochberg), [0.02, 0.04, 0.04, 0.02]);
    }

    #[test]
    fn a_missing_p_is_no_test() {
        assert_eq!(adjust_p(&P, Correction::Holm)[2], None);
        assert_eq!(adjust_p(&[None, Some(0.7)], Correction::Bonferroni), [None, Some(0.7)]);
    }
}
