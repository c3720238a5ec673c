//! What a fit says of a row.

use super::sigmoid;

/// The probability of the outcome: `terms` are estimate and value of the terms that were estimated, the intercept's value being 1.
pub fn predict(terms: impl IntoIterator<Item = (f64, f64)>) -> f64 {
    sigmoid(terms.into_iter().map(|(estimate, value)| estimate * value).sum())
}

#[cfg(test)]
mod tests {
    use super::predict;

    #[test]
    fn probabilities_stay_within_their_bounds() {
        assert_eq!(predict([]), 0.5);
        assert_eq!(predict([(-2.0, 1.0), (1.0, 2.0)]), 0.5);
        assert_eq!([predict([(1.0, 1e9)]), predict([(-1.0, 1e9)])], [1.0, 0.0]);
    }
}
