//! Standardised values.

use super::sum::{mean, sum};

/// `(x − mean) / sd` of each value, with the population standard deviation; 0 where that is 0. Missing and non-finite values
/// take no part and have no score. As scikit-learn's `StandardScaler`.
pub fn zscore(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let is_number = |value: &Option<f64>| value.filter(|x| x.is_finite());
    let known: Vec<f64> = values.iter().filter_map(is_number).collect();
    let Some(mean) = mean(&known) else { return vec![None; values.len()] };
    // Exactly 0 for equal values, whatever the mean was rounded to.
    let varies = known.iter().any(|x| *x != known[0]);
    let sd = (sum(known.iter().map(|x| (x - mean) * (x - mean))) / known.len() as f64).sqrt();
    let score = |x: f64| if varies && sd > 0.0 { (x - mean) / sd } else { 0.0 };
    values.iter().map(|value| is_number(value).map(score)).collect()
}

#[cfg(test)]
mod tests {
    use super::zscore;

    #[test]
    fn scores_have_mean_zero_and_population_deviation_one() {
        assert_eq!(zscore(&[Some(1.0), None, Some(3.0)]), [Some(-1.0), None, Some(1.0)]);
    }

    #[test]
    fn equal_values_score_zero_and_strange_ones_nothing() {
        assert_eq!(zscore(&[Some(0.1); 3]), [Some(0.0); 3]);
        assert_eq!(zscore(&[Some(f64::NAN), Some(2.0)]), [None, Some(0.0)]);
        assert_eq!(zscore(&[None]), [None]);
    }
}
