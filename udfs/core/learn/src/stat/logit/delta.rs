//! Estimates as differences of probability.

use super::newton::Likelihood;
use super::sigmoid;

/// σ(a + b) − σ(a − b): the probability one unit up less that one unit down, other features at 0.
pub fn delta(intercept: f64, slope: f64) -> f64 {
    sigmoid(intercept + slope) - sigmoid(intercept - slope)
}

/// The mean over rows of σ(η − b·x + b) − σ(η − b·x − b) for each slope: the average marginal effect of −1 → +1, the other features
/// as they are. `raw` holds intercept and slopes in the units of the table.
pub fn delta_avg(likelihood: &Likelihood<'_>, raw: &[f64]) -> Vec<f64> {
    let (table, basis) = (likelihood.table, likelihood.basis);
    let slopes = &raw[1..];
    let mut sums = vec![0.0; slopes.len()];
    for i in 0..table.len() {
        let row = table.row(i);
        let eta = raw[0] + basis.kept.iter().zip(slopes).map(|(&column, b)| b * row[column]).sum::<f64>();
        for ((sum, b), &column) in sums.iter_mut().zip(slopes).zip(&basis.kept) {
            let without = eta - b * row[column];
            *sum += sigmoid(without + b) - sigmoid(without - b);
        }
    }
    sums.into_iter().map(|sum| sum / table.len() as f64).collect()
}
