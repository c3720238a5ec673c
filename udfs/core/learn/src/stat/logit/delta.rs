//! Estimates as differences of probability.

use super::basis::Basis;
use super::design::Design;
use super::newton::Search;
use super::{Table, pass, sigmoid};

/// σ(a + b) − σ(a − b): the probability one unit up less that one unit down, other features at 0.
pub fn delta(intercept: f64, slope: f64) -> f64 {
    sigmoid(intercept + slope) - sigmoid(intercept - slope)
}

/// The mean over rows of σ(η − b·x + b) − σ(η − b·x − b) for each slope: the average marginal effect of −1 → +1, the other features
/// as they are. `raw` holds intercept and slopes in the units of the table.
pub fn delta_avg(table: &Table, basis: &Basis, design: &Design, search: &Search, raw: &[f64]) -> Vec<f64> {
    let slopes = &raw[1..];
    if let [slope] = slopes {
        // No other feature: η − b·x is the intercept.
        return vec![delta(raw[0], *slope)];
    }
    let effect = |(slope, &column): (&f64, &usize)| {
        pass::marginal_effect(design, &search.coefficients, table.column(column), *slope) / table.len() as f64
    };
    slopes.iter().zip(&basis.kept).map(effect).collect()
}
