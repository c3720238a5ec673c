//! Passes over the rows of a design: each is compiled for the vectors that processors have, and the widest that this one has is taken.
//! The arithmetic of a row is the same in all of them, to the last bit.

use super::design::{Block, Design, ROWS};
use super::elementary::{exp_of_minus, ln_1p};
use crate::stat::exact::{LANES, Sum, Units};
use crate::stat::vectorised::vectorised;

type Rows = [f64; ROWS];

/// What a Newton step is made of.
#[derive(Clone, Debug)]
pub struct Information {
    /// Of the log-likelihood.
    pub gradient: Vec<f64>,
    /// Of the log-likelihood, negated; row after row, both triangles.
    pub hessian: Vec<f64>,
    /// The least predictor in the direction of its outcome.
    pub least: f64,
    /// The largest size of a predictor.
    pub largest: f64,
}

vectorised! {
    /// Gradient and Hessian at `coefficients`.
    fn information<'a>(design: &'a Design, coefficients: &'a [f64]) -> Information {
        let mut sums = Squares::new(design.size());
        let mut gradient = vec![Sum::default(); design.size()];
        let (mut least, mut largest) = (f64::INFINITY, 0.0);
        for block in design.blocks() {
            let eta = predictors(block.columns, coefficients);
            let (residual, weight) = chances(&eta, block.sides);
            (least, largest) = reach_of(&eta, &block, least, largest);
            for (a, sum) in gradient.iter_mut().enumerate() {
                match column(block.columns, a) {
                    None => add(design.units, &residual, sum),
                    Some(x) => add_product(design.units, &residual, x, sum),
                }
            }
            sums.add(design.units, block.columns, &weight);
        }
        Information { gradient: values(&gradient), hessian: sums.matrix(), least, largest }
    }
}

vectorised! {
    /// The log-likelihood at `coefficients`.
    fn log_likelihood<'a>(design: &'a Design, coefficients: &'a [f64]) -> f64 {
        let mut sum = Sum::default();
        for block in design.blocks() {
            let eta = predictors(block.columns, coefficients);
            let mut loss = [0.0; ROWS];
            for i in 0..ROWS {
                let margin = block.sides[i] * eta[i];
                let missed = if margin < 0.0 { -margin } else { 0.0 };
                let is_row = block.sides[i] * block.sides[i];
                loss[i] = (ln_1p(exp_of_minus(eta[i].abs())) + missed) * is_row;
            }
            add(design.units, &loss, &mut sum);
        }
        -sum.value()
    }
}

vectorised! {
    /// The least predictor in the direction of its outcome, and the largest size of one.
    fn reach<'a>(design: &'a Design, direction: &'a [f64]) -> (f64, f64) {
        let (mut least, mut largest) = (f64::INFINITY, 0.0);
        for block in design.blocks() {
            (least, largest) = reach_of(&predictors(block.columns, direction), &block, least, largest);
        }
        (least, largest)
    }
}

vectorised! {
    /// Σ of a row's score times itself.
    fn score_squares<'a>(design: &'a Design, coefficients: &'a [f64]) -> Vec<f64> {
        let mut sums = Squares::new(design.size());
        for block in design.blocks() {
            let (residual, _) = chances(&predictors(block.columns, coefficients), block.sides);
            let mut squared = residual;
            squared.iter_mut().for_each(|r| *r *= *r);
            sums.add(design.units, block.columns, &squared);
        }
        sums.matrix()
    }
}

vectorised! {
    /// Each row's outcome less its chance.
    fn residuals<'a>(design: &'a Design, coefficients: &'a [f64]) -> Vec<f64> {
        let mut all = Vec::with_capacity(design.rows());
        for block in design.blocks() {
            let (residual, _) = chances(&predictors(block.columns, coefficients), block.sides);
            all.extend_from_slice(&residual[..block.rows]);
        }
        all
    }
}

vectorised! {
    /// Σ of σ(η − shift + slope) − σ(η − shift − slope), where a row's shift is `slope` times its `x`.
    fn marginal_effect<'a>(design: &'a Design, coefficients: &'a [f64], x: &'a [f64], slope: f64) -> f64 {
        let mut sum = Sum::default();
        for (block, x) in design.blocks().zip(x.chunks(ROWS)) {
            let eta = predictors(block.columns, coefficients);
            let mut shift = [0.0; ROWS];
            shift[..x.len()].copy_from_slice(x);
            let mut effect = [0.0; ROWS];
            for i in 0..ROWS {
                let without = eta[i] - slope * shift[i];
                let is_row = block.sides[i] * block.sides[i];
                effect[i] = (sigmoid(without + slope) - sigmoid(without - slope)) * is_row;
            }
            add(design.units, &effect, &mut sum);
        }
        sum.value()
    }
}

vectorised! {
    /// Means of the products of the columns, below the diagonal and on it.
    fn correlations<'a>(design: &'a Design) -> Vec<f64> {
        let m = design.size() - 1;
        let mut sums = vec![Sum::default(); m * m];
        for block in design.blocks() {
            for a in 0..m {
                for b in 0..=a {
                    let (x, y) = (part(block.columns, a), part(block.columns, b));
                    add_product(design.units, x, y, &mut sums[a * m + b]);
                }
            }
        }
        sums.iter().map(|sum| sum.value() / design.rows() as f64).collect()
    }
}

vectorised! {
    /// The columns of a block become L⁻¹ of themselves.
    fn solve<'a>(triangle: &'a [f64], width: usize, block: &'a mut [f64]) -> () {
        for a in 0..width {
            let (earlier, rest) = block.split_at_mut(a * ROWS);
            let own = &mut rest[..ROWS];
            for (b, other) in earlier.chunks_exact(ROWS).enumerate() {
                let factor = triangle[a * width + b];
                own.iter_mut().zip(other).for_each(|(x, y)| *x -= factor * y);
            }
            let pivot = triangle[a * width + a];
            own.iter_mut().for_each(|x| *x /= pivot);
        }
    }
}

vectorised! {
    /// The length of the longest row, its 1 for the intercept included.
    fn longest<'a>(design: &'a Design) -> f64 {
        let mut most = 0.0f64;
        for block in design.blocks() {
            let mut length = [1.0; ROWS];
            for column in block.columns.chunks_exact(ROWS) {
                length.iter_mut().zip(column).for_each(|(sum, x)| *sum += x * x);
            }
            most = length.iter().fold(most, |most, length| if *length > most { *length } else { most });
        }
        most.sqrt()
    }
}

/// Σ of weights times products of coordinates, the intercept's first.
struct Squares {
    size: usize,
    sums: Vec<Sum>,
}

impl Squares {
    fn new(size: usize) -> Self {
        Self { size, sums: vec![Sum::default(); size * size] }
    }

    #[inline(always)]
    fn add(&mut self, units: Units, columns: &[f64], weight: &Rows) {
        add(units, weight, &mut self.sums[0]);
        for a in 1..self.size {
            let mut weighted = *part(columns, a - 1);
            weighted.iter_mut().zip(weight).for_each(|(x, w)| *x *= w);
            add(units, &weighted, &mut self.sums[a * self.size]);
            for b in 1..=a {
                add_product(units, &weighted, part(columns, b - 1), &mut self.sums[a * self.size + b]);
            }
        }
    }

    fn matrix(&self) -> Vec<f64> {
        let at = |i: usize| {
            let (a, b) = (i / self.size, i % self.size);
            self.sums[a.max(b) * self.size + a.min(b)].value()
        };
        (0..self.sums.len()).map(at).collect()
    }
}

#[inline(always)]
fn predictors(columns: &[f64], coefficients: &[f64]) -> Rows {
    let mut eta = [coefficients[0]; ROWS];
    for (column, b) in columns.chunks_exact(ROWS).zip(&coefficients[1..]) {
        for (eta, x) in eta.iter_mut().zip(column) {
            *eta += b * x;
        }
    }
    eta
}

/// Outcomes less their chances, and the chances' variances.
#[inline(always)]
fn chances(eta: &Rows, sides: &Rows) -> (Rows, Rows) {
    let (mut residual, mut weight) = ([0.0; ROWS], [0.0; ROWS]);
    for i in 0..ROWS {
        let e = exp_of_minus(eta[i].abs());
        let likely = 1.0 / (1.0 + e);
        // The chance of the other outcome than the likelier one.
        let rare = e * likely;
        let missed = if sides[i] * eta[i] >= 0.0 { rare } else { likely };
        residual[i] = sides[i] * missed;
        weight[i] = rare * likely * (sides[i] * sides[i]);
    }
    (residual, weight)
}

/// 1 / (1 + e^−x).
#[inline(always)]
fn sigmoid(x: f64) -> f64 {
    let e = exp_of_minus(x.abs());
    let likely = 1.0 / (1.0 + e);
    if x >= 0.0 { likely } else { e * likely }
}

#[inline(always)]
fn reach_of(eta: &Rows, block: &Block<'_>, least: f64, largest: f64) -> (f64, f64) {
    let (mut low, mut high) = ([least; LANES], [largest; LANES]);
    for (eta, sides) in eta[..].as_chunks::<LANES>().0.iter().zip(block.sides[..].as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            let (margin, size) = (sides[lane] * eta[lane], eta[lane].abs());
            let is_row = sides[lane] != 0.0;
            low[lane] = if is_row && margin < low[lane] { margin } else { low[lane] };
            high[lane] = if is_row && size > high[lane] { size } else { high[lane] };
        }
    }
    (low.into_iter().fold(least, f64::min), high.into_iter().fold(largest, f64::max))
}

#[inline(always)]
fn column(columns: &[f64], coordinate: usize) -> Option<&Rows> {
    coordinate.checked_sub(1).map(|j| part(columns, j))
}

#[inline(always)]
fn part(columns: &[f64], j: usize) -> &Rows {
    &columns.as_chunks::<ROWS>().0[j]
}

#[inline(always)]
fn add(units: Units, terms: &Rows, sum: &mut Sum) {
    let mut own = *sum;
    for terms in terms[..].as_chunks::<LANES>().0 {
        own.add(units, terms);
    }
    *sum = own;
}

#[inline(always)]
fn add_product(units: Units, a: &Rows, b: &Rows, sum: &mut Sum) {
    let mut own = *sum;
    for (a, b) in a[..].as_chunks::<LANES>().0.iter().zip(b[..].as_chunks::<LANES>().0) {
        let mut terms = [0.0; LANES];
        for lane in 0..LANES {
            terms[lane] = a[lane] * b[lane];
        }
        own.add(units, &terms);
    }
    *sum = own;
}

fn values(sums: &[Sum]) -> Vec<f64> {
    sums.iter().map(Sum::value).collect()
}
