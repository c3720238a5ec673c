//! The covariance of estimates.

use super::basis::Basis;
use super::design::{Design, ROWS};
use super::newton::Search;
use super::{Table, Vcov, pass};
use crate::stat::exact::Units;
use crate::stat::matrix::{cholesky, inverse, sandwich};

/// The covariance of intercept and slopes in the units of the table; `None` where there is none: a singular Hessian, or fewer than two
/// clusters.
pub fn covariance(
    (table, basis, design): (&Table, &Basis, &Design),
    penalty: &[f64],
    search: &Search,
    vcov: Vcov,
) -> Option<Vec<f64>> {
    let n = design.size();
    let bread = inverse(&cholesky(&search.hessian, n, 1e-15)?, n);
    let rows = design.rows() as f64;
    let (meat, factor) = match vcov {
        Vcov::Nonrobust => (unpenalised(penalty, search), 1.0),
        Vcov::Hc0 => (pass::score_squares(design, &search.coefficients), 1.0),
        Vcov::Hc1 => (pass::score_squares(design, &search.coefficients), rows / (rows - n as f64)),
        Vcov::Cluster => {
            let (meat, clusters) = cluster_squares(table, design, search)?;
            (meat, clusters / (clusters - 1.0) * (rows - 1.0) / (rows - n as f64))
        }
    };
    if !(factor.is_finite() && factor > 0.0) {
        return None;
    }
    let inner = match vcov {
        Vcov::Nonrobust if penalty.iter().all(|weight| *weight == 0.0) => bread,
        _ => sandwich(&bread, &meat, n, n).into_iter().map(|value| value * factor).collect(),
    };
    Some(sandwich(&basis.to_raw(), &inner, n, n))
}

/// The information of the rows alone.
fn unpenalised(penalty: &[f64], search: &Search) -> Vec<f64> {
    let n = search.coefficients.len();
    let mut information = search.hessian.clone();
    for (a, weight) in penalty.iter().enumerate() {
        information[a * n + a] -= weight;
    }
    information
}

/// Σ of a cluster's score times itself, and the number of clusters.
fn cluster_squares(table: &Table, design: &Design, search: &Search) -> Option<(Vec<f64>, f64)> {
    let n = design.size();
    let codes = table.clusters()?;
    let ranks = table.keys().ranks();
    let residuals = pass::residuals(design, &search.coefficients);
    // By rank: the order in which clusters are summed up does not depend on how they came, nor does that of rows in a cluster.
    let mut scores = vec![(0.0, 0.0); ranks.len() * n];
    let rows = residuals.chunks(ROWS).zip(codes.chunks(ROWS));
    for (block, (residuals, codes)) in design.blocks().zip(rows) {
        for (i, (residual, code)) in residuals.iter().zip(codes).enumerate() {
            let start = ranks[*code as usize] as usize * n;
            let coordinates = std::iter::once(1.0).chain(block.columns.iter().skip(i).step_by(ROWS).copied());
            for (sum, x) in scores[start..start + n].iter_mut().zip(coordinates) {
                add(design.units, residual * x, sum);
            }
        }
    }
    let scores: Vec<f64> = scores.into_iter().map(|(high, low)| high + low).collect();
    let mut meat = vec![0.0; n * n];
    scores.chunks_exact(n).for_each(|score| add_square(&mut meat, score));
    Some((meat, ranks.len() as f64))
}

fn add(units: Units, term: f64, sum: &mut (f64, f64)) {
    let (high, low) = units.cut(term);
    sum.0 += high;
    sum.1 += low;
}

fn add_square(sum: &mut [f64], vector: &[f64]) {
    let n = vector.len();
    for (a, x) in vector.iter().enumerate() {
        for (total, y) in sum[a * n..(a + 1) * n].iter_mut().zip(vector) {
            *total += x * y;
        }
    }
}
