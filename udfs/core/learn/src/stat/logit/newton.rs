//! Newton's method, and whether there is anything for it to find.
//!
//! The maximum is finite unless a direction in the space of coefficients separates the outcomes: some u with
//! `s·(x·u) ≥ 0` in every row and `> 0` in one, s = ±1 by outcome (Albert and Anderson 1984). Each of the two cases
//! is shown by a certificate, in one pass over the rows and without a linear program:
//!
//! - *Overlap.* Let g be the gradient, H the Hessian and δ = H⁻¹g Newton's step anywhere. If `|x·δ| < 1` in every row, the
//!   weights `|y−p| − s·p(1−p)·(x·δ)` are all positive (p(1−p) < |y−p|) and `Σ s·weight·x = g − Hδ = 0`, so that no u
//!   can separate: `Σ weight·s·(x·u)` would be positive and zero. Near a finite maximum steps are short, so this comes with convergence.
//! - *Separation.* A u as above. Where there is one, Newton's steps turn towards such directions, by about 1 in x·u a step; the
//!   step itself is checked, and the coefficients where they predict every outcome.

use super::Table;
use super::basis::Basis;
use crate::stat::matrix::{cholesky, solve_lower, solve_upper};

/// Steps after which a search that has not ended is given up, whatever the limit on reported iterations.
const LAST_ITERATION: u64 = 60;
/// Before this many steps a step is not yet taken for a direction that separates.
const FIRST_LOOK: u64 = 8;
/// Steps taken on after separation is found, so that finite coefficients come to rest.
const SETTLING: u64 = 6;
/// Step, relative to the coefficients, at which the search has arrived; the error after it is its square.
const SHORT_STEP: f64 = 1e-9;
/// Pivots below this share of their diagonal are zero.
const SINGULAR: f64 = 1e-14;

/// Where the search ended.
#[derive(Clone, Debug)]
pub struct Search {
    /// Intercept and slopes in the coordinates of the basis.
    pub coefficients: Vec<f64>,
    /// Unpenalised.
    pub log_likelihood: f64,
    /// Of the penalised log-likelihood, negated.
    pub hessian: Vec<f64>,
    /// Steps taken.
    pub iterations: u64,
    /// Whether the coefficients are those of the maximum.
    pub converged: bool,
    /// Whether the outcomes are separated.
    pub separation: Option<Separation>,
}

/// How outcomes are separated.
#[derive(Clone, Debug, PartialEq)]
pub enum Separation {
    /// Every outcome is predicted.
    Complete,
    /// Outcomes on one side of a hyperplane are all equal; some rows lie on it. The direction, in the coordinates of the basis.
    Quasi(Vec<f64>),
}

/// The penalised likelihood of the rows.
#[derive(Debug)]
pub struct Likelihood<'a> {
    /// The rows.
    pub table: &'a Table,
    /// Their coordinates.
    pub basis: &'a Basis,
    /// Weight of half of each squared coefficient.
    pub penalty: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Point {
    coefficients: Vec<f64>,
    log_likelihood: f64,
    objective: f64,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    /// Whether every outcome is predicted.
    predicts_all: bool,
    /// The longest row.
    longest: f64,
}

impl Likelihood<'_> {
    /// Climbs to the maximum in at most `max_iter` steps from `start`.
    pub fn maximise(&self, start: Vec<f64>, max_iter: u64) -> Search {
        let penalised = self.penalty.iter().any(|weight| *weight > 0.0);
        let mut point = self.at(start);
        let mut reported: Option<(Point, u64)> = None;
        let mut separation = None;
        let mut settled_at = u64::MAX;
        let mut iterations = 0;
        let mut converged = false;
        let mut last_step = None;
        while iterations < LAST_ITERATION.max(max_iter) && iterations < settled_at {
            if iterations == max_iter {
                // From here on only to learn whether there is a maximum.
                reported = Some((point.clone(), iterations));
            }
            if !penalised && separation.is_none() && point.predicts_all {
                separation = Some(Separation::Complete);
                break;
            }
            let Some(step) = newton_step(&point) else { break };
            let short = norm(&step) <= SHORT_STEP * norm(&point.coefficients).max(1.0);
            let looks = !penalised && separation.is_none() && iterations >= FIRST_LOOK;
            if looks && !self.overlaps(&point, &step) && self.separates(&step, 1e-7) {
                separation = Some(Separation::Quasi(step.clone()));
                settled_at = iterations + SETTLING;
            }
            let Some(next) = self.climb(&point, &step) else { break };
            point = next;
            iterations += 1;
            if short && separation.is_none() {
                converged = penalised || self.overlaps(&point, &step);
                break;
            }
            last_step = Some(step);
        }
        if !penalised && !converged && separation.is_none() {
            // The search broke off where the Hessian became singular, as it does along such a direction.
            separation = last_step.filter(|step| self.separates(step, 1e-5)).map(Separation::Quasi);
        }
        let (point, iterations, converged) = match reported {
            Some((point, iterations)) => (point, iterations, false),
            None => (point, iterations, converged),
        };
        Search {
            coefficients: point.coefficients,
            log_likelihood: point.log_likelihood,
            hessian: point.hessian,
            iterations,
            converged,
            separation,
        }
    }

    /// Log-likelihood, gradient and Hessian.
    fn at(&self, coefficients: Vec<f64>) -> Point {
        let n = coefficients.len();
        let mut row = vec![0.0; n];
        let (mut log_likelihood, mut least_margin, mut largest) = (0.0, f64::INFINITY, 0.0f64);
        let (mut gradient, mut hessian) = (vec![0.0; n], vec![0.0; n * n]);
        let mut longest = 0.0f64;
        for (i, &y) in self.table.y().iter().enumerate() {
            self.basis.coordinates(self.table.row(i), &mut row);
            let eta = dot(&row, &coefficients);
            let margin = if y { eta } else { -eta };
            let e = (-eta.abs()).exp();
            log_likelihood -= e.ln_1p() + if margin < 0.0 { -margin } else { 0.0 };
            // The chance of the other outcome than the likelier one is e / (1 + e).
            let rare = e / (1.0 + e);
            let residual = if margin >= 0.0 { rare } else { 1.0 - rare };
            let weight = rare / (1.0 + e);
            let signed = if y { residual } else { -residual };
            for a in 0..n {
                gradient[a] += signed * row[a];
                let scaled = weight * row[a];
                for (sum, x) in hessian[a * n..=a * n + a].iter_mut().zip(&row[..=a]) {
                    *sum += scaled * x;
                }
            }
            least_margin = least_margin.min(margin);
            largest = largest.max(eta.abs());
            longest = longest.max(dot(&row, &row));
        }
        let mut objective = log_likelihood;
        for (a, weight) in self.penalty.iter().enumerate() {
            objective -= 0.5 * weight * coefficients[a] * coefficients[a];
            gradient[a] -= weight * coefficients[a];
            hessian[a * n + a] += weight;
        }
        for a in 0..n {
            for b in a + 1..n {
                hessian[a * n + b] = hessian[b * n + a];
            }
        }
        let predicts_all = least_margin > 1e-9 * largest;
        Point { coefficients, log_likelihood, objective, gradient, hessian, predicts_all, longest: longest.sqrt() }
    }

    /// The point a step on, or on the way there: halved until it is not lower.
    fn climb(&self, from: &Point, step: &[f64]) -> Option<Point> {
        let slack = 1e-13 * from.objective.abs();
        let mut share = 1.0;
        for _ in 0..40 {
            let there = from.coefficients.iter().zip(step).map(|(b, d)| b + share * d).collect();
            let next = self.at(there);
            if next.objective >= from.objective - slack {
                return Some(next);
            }
            share /= 2.0;
        }
        None
    }

    /// Whether a Newton step shows that the maximum is finite.
    fn overlaps(&self, point: &Point, step: &[f64]) -> bool {
        // By Cauchy and Schwarz, most often without a pass.
        norm(step) * point.longest < 1.0 || self.reach(step).1 < 1.0
    }

    /// Whether a direction separates the outcomes, up to `tolerance` of its largest predictor.
    fn separates(&self, direction: &[f64], tolerance: f64) -> bool {
        let (least, most) = self.reach(direction);
        most > 0.0 && most.is_finite() && least >= -tolerance * most
    }

    /// The least predictor in the direction of the outcome, and the largest size of one.
    fn reach(&self, direction: &[f64]) -> (f64, f64) {
        let mut row = vec![0.0; direction.len()];
        let (mut least, mut most) = (f64::INFINITY, 0.0f64);
        for (i, &y) in self.table.y().iter().enumerate() {
            self.basis.coordinates(self.table.row(i), &mut row);
            let eta = dot(&row, direction);
            least = least.min(if y { eta } else { -eta });
            most = most.max(eta.abs());
        }
        (least, most)
    }
}

fn newton_step(point: &Point) -> Option<Vec<f64>> {
    let l = cholesky(&point.hessian, point.coefficients.len(), SINGULAR)?;
    let mut step = point.gradient.clone();
    solve_lower(&l, &mut step);
    solve_upper(&l, &mut step);
    step.iter().all(|d| d.is_finite()).then_some(step)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}
