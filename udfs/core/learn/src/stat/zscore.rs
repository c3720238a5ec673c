//! Standardised values.

use super::moments::moments;

/// `(x − mean) / sd` of each value, with the population standard deviation; 0 where that is 0. Non-finite values are missing: they
/// take no part, and their score is NaN. As scikit-learn's `StandardScaler`.
pub fn zscore(values: &[f64]) -> Vec<f64> {
    let is_whole = values.iter().fold(true, |all, x| all & x.is_finite());
    let known: Vec<f64> =
        if is_whole { Vec::new() } else { values.iter().copied().filter(|x| x.is_finite()).collect() };
    let Some(found) = moments(if is_whole { values } else { &known }) else { return vec![f64::NAN; values.len()] };
    let score = |x: &f64| match x.is_finite() {
        true if found.deviation > 0.0 => (x - found.mean) / found.deviation,
        true => 0.0,
        false => f64::NAN,
    };
    values.iter().map(score).collect()
}

#[cfg(test)]
mod tests {
    use super::zscore;

    #[test]
    fn scores_have_mean_zero_and_population_deviation_one() {
        let scores = zscore(&[1.0, f64::NAN, 3.0]);
        assert!(scores[0] == -1.0 && scores[1].is_nan() && scores[2] == 1.0);
    }

    #[test]
    fn equal_values_score_zero_and_strange_ones_nothing() {
        assert_eq!(zscore(&[0.1; 3]), [0.0; 3]);
        let scores = zscore(&[f64::INFINITY, 2.0]);
        assert!(scores[0].is_nan() && scores[1] == 0.0);
        assert!(zscore(&[f64::NAN])[0].is_nan());
    }
}
