//! The covariance of estimates.

use super::newton::{Likelihood, Search};
use super::{Vcov, sigmoid};
use crate::stat::matrix::{cholesky, inverse, sandwich};

/// The covariance of intercept and slopes in the units of the table; `None` where there is none: a singular Hessian, or fewer than two
/// clusters.
pub fn covariance(likelihood: &Likelihood<'_>, search: &Search, vcov: Vcov) -> Option<Vec<f64>> {
    let n = likelihood.basis.size();
    let bread = inverse(&cholesky(&search.hessian, n, 1e-15)?, n);
    let rows = likelihood.table.len() as f64;
    let (meat, factor) = match vcov {
        Vcov::Nonrobust => (unpenalised(likelihood, search), 1.0),
        Vcov::Hc0 => (squares(likelihood, search), 1.0),
        Vcov::Hc1 => (squares(likelihood, search), rows / (rows - n as f64)),
        Vcov::Cluster => {
            let (meat, clusters) = cluster_squares(likelihood, search)?;
            (meat, clusters / (clusters - 1.0) * (rows - 1.0) / (rows - n as f64))
        }
    };
    if !(factor.is_finite() && factor > 0.0) {
        return None;
    }
    let inner = match vcov {
        Vcov::Nonrobust if likelihood.penalty.iter().all(|weight| *weight == 0.0) => bread,
        _ => sandwich(&bread, &meat, n, n).into_iter().map(|value| value * factor).collect(),
    };
    Some(sandwich(&likelihood.basis.to_raw(), &inner, n, n))
}

/// The information of the rows alone.
fn unpenalised(likelihood: &Likelihood<'_>, search: &Search) -> Vec<f64> {
    let n = likelihood.basis.size();
    let mut information = search.hessian.clone();
    for (a, weight) in likelihood.penalty.iter().enumerate() {
        information[a * n + a] -= weight;
    }
    information
}

/// Σ of a row's score times itself.
fn squares(likelihood: &Likelihood<'_>, search: &Search) -> Vec<f64> {
    let n = likelihood.basis.size();
    let mut meat = vec![0.0; n * n];
    each_score(likelihood, search, |_, score| add_square(&mut meat, score));
    meat
}

/// Σ of a cluster's score times itself, and the number of clusters.
fn cluster_squares(likelihood: &Likelihood<'_>, search: &Search) -> Option<(Vec<f64>, f64)> {
    let n = likelihood.basis.size();
    let codes = likelihood.table.clusters()?;
    let ranks = likelihood.table.keys().ranks();
    // By rank: the order in which clusters are summed up does not depend on how they came.
    let mut scores = vec![0.0; ranks.len() * n];
    each_score(likelihood, search, |i, score| {
        let start = ranks[codes[i] as usize] as usize * n;
        for (sum, value) in scores[start..start + n].iter_mut().zip(score) {
            *sum += value;
        }
    });
    let mut meat = vec![0.0; n * n];
    scores.chunks_exact(n).for_each(|score| add_square(&mut meat, score));
    Some((meat, ranks.len() as f64))
}

fn each_score(likelihood: &Likelihood<'_>, search: &Search, mut see: impl FnMut(usize, &[f64])) {
    let mut row = vec![0.0; likelihood.basis.size()];
    for (i, &y) in likelihood.table.y().iter().enumerate() {
        likelihood.basis.coordinates(likelihood.table.row(i), &mut row);
        let eta: f64 = row.iter().zip(&search.coefficients).map(|(x, b)| x * b).sum();
        let residual = if y { sigmoid(-eta) } else { -sigmoid(eta) };
        row.iter_mut().for_each(|x| *x *= residual);
        see(i, &row);
    }
}

fn add_square(sum: &mut [f64], vector: &[f64]) {
    let n = vector.len();
    for (a, x) in vector.iter().enumerate() {
        for (total, y) in sum[a * n..(a + 1) * n].iter_mut().zip(vector) {
            *total += x * y;
        }
    }
}
