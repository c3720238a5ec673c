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

use super::design::Design;
use super::pass::{self, Information};
use crate::stat::matrix::{cholesky, solve_lower, solve_upper};

/// Steps after which a search that has not ended is given up, whatever the limit on reported iterations.
const LAST_ITERATION: u64 = 60;
/// Before this many steps a step is not yet taken for a direction that separates.
const FIRST_LOOK: u64 = 8;
/// Steps taken on after separation is found, so that finite coefficients come to rest.
const SETTLING: u64 = 6;
/// Step, relative to the coefficients, at which the search has arrived; the error after it is about its square.
const SHORT_STEP: f64 = 1e-7;
/// A step that overshoots the maximum on its line by no more than this share of its slope is taken without looking at heights.
const OVERSHOOT: f64 = 0.1;
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
    /// Their coordinates.
    pub design: &'a Design,
    /// Weight of half of each squared coefficient.
    pub penalty: Vec<f64>,
}

#[derive(Clone, Debug)]
struct Point {
    coefficients: Vec<f64>,
    gradient: Vec<f64>,
    hessian: Vec<f64>,
    /// Whether every outcome is predicted.
    predicts_all: bool,
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
            if looks && !self.overlaps(&step) && self.separates(&step, 1e-7) {
                separation = Some(Separation::Quasi(step.clone()));
                settled_at = iterations + SETTLING;
            }
            let Some(next) = self.climb(&point, &step) else { break };
            point = next;
            iterations += 1;
            if short && separation.is_none() {
                converged = penalised || self.overlaps(&step);
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
            log_likelihood: pass::log_likelihood(self.design, &point.coefficients),
            coefficients: point.coefficients,
            hessian: point.hessian,
            iterations,
            converged,
            separation,
        }
    }

    /// Gradient and Hessian.
    fn at(&self, coefficients: Vec<f64>) -> Point {
        let n = coefficients.len();
        let Information { mut gradient, mut hessian, least, largest } = pass::information(self.design, &coefficients);
        for (a, weight) in self.penalty.iter().enumerate() {
            gradient[a] -= weight * coefficients[a];
            hessian[a * n + a] += weight;
        }
        Point { coefficients, gradient, hessian, predicts_all: least > 1e-9 * largest }
    }

    /// The height of a point: the penalised log-likelihood.
    fn objective(&self, point: &Point) -> f64 {
        let penalties = self.penalty.iter().zip(&point.coefficients).map(|(weight, b)| 0.5 * weight * b * b);
        pass::log_likelihood(self.design, &point.coefficients) - penalties.sum::<f64>()
    }

    /// The point a step on, or on the way there: halved until it is not lower.
    fn climb(&self, from: &Point, step: &[f64]) -> Option<Point> {
        let along = |share: f64| from.coefficients.iter().zip(step).map(|(b, d)| b + share * d).collect();
        let next = self.at(along(1.0));
        // The slope falls along a line: where it is still positive, all of the way went up.
        if dot(&next.gradient, step) >= -OVERSHOOT * dot(&from.gradient, step) {
            return Some(next);
        }
        let height = self.objective(from);
        let slack = 1e-13 * height.abs();
        let mut next = next;
        let mut share = 1.0;
        for _ in 0..40 {
            if self.objective(&next) >= height - slack {
                return Some(next);
            }
            share /= 2.0;
            next = self.at(along(share));
        }
        None
    }

    /// Whether a Newton step shows that the maximum is finite.
    fn overlaps(&self, step: &[f64]) -> bool {
        // By Cauchy and Schwarz, most often without a pass.
        norm(step) * self.design.longest() < 1.0 || pass::reach(self.design, step).1 < 1.0
    }

    /// Whether a direction separates the outcomes, up to `tolerance` of its largest predictor.
    fn separates(&self, direction: &[f64], tolerance: f64) -> bool {
        let (least, most) = pass::reach(self.design, direction);
        most > 0.0 && most.is_finite() && least >= -tolerance * most
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
