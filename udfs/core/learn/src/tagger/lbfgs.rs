//! The minimum of a smooth convex function of many variables.

use std::collections::VecDeque;

/// How many past steps shape the next one.
const MEMORY: usize = 8;

/// Limited-memory BFGS with backtracking (Nocedal & Wright 2006, algorithms 7.4 and 3.1).
///
/// `f` gives the value at a point and fills in the gradient. Stops where the gradient is a 10⁻⁴ part of what it was at the start, where
/// no step makes the value smaller, or after `rounds`.
pub(super) fn minimise(x: &mut [f64], rounds: usize, mut f: impl FnMut(&[f64], &mut [f64]) -> f64) {
    let mut gradient = vec![0.0; x.len()];
    let mut value = f(x, &mut gradient);
    let enough = 1e-4 * norm(&gradient);
    let mut past: VecDeque<Past> = VecDeque::with_capacity(MEMORY);
    let mut next = vec![0.0; x.len()];
    let mut next_gradient = vec![0.0; x.len()];
    for _ in 0..rounds {
        if norm(&gradient) <= enough {
            return;
        }
        let direction = direction(&gradient, &past);
        let slope = dot(&direction, &gradient);
        // Nothing is known of the curvature at first, so the first step has length 1 at most.
        let mut length = if past.is_empty() { 1.0 / norm(&gradient).max(1.0) } else { 1.0 };
        let next_value = loop {
            for ((next, x), d) in next.iter_mut().zip(&*x).zip(&direction) {
                *next = x + length * d;
            }
            let next_value = f(&next, &mut next_gradient);
            if next_value <= value + 1e-4 * length * slope {
                break next_value;
            }
            length *= 0.5;
            if length < 1e-12 {
                return;
            }
        };
        let step = difference(&next, x);
        let bend = difference(&next_gradient, &gradient);
        let curvature = dot(&step, &bend);
        if curvature > 1e-12 {
            if past.len() == MEMORY {
                past.pop_front();
            }
            past.push_back(Past { step, bend, curvature });
        }
        x.copy_from_slice(&next);
        gradient.copy_from_slice(&next_gradient);
        value = next_value;
    }
}

/// A step that was taken, the change of the gradient over it, and the product of both.
struct Past {
    step: Vec<f64>,
    bend: Vec<f64>,
    curvature: f64,
}

/// Minus the gradient times the inverse of the curvature, as far as past steps tell it.
fn direction(gradient: &[f64], past: &VecDeque<Past>) -> Vec<f64> {
    let mut d: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(past.len());
    for p in past.iter().rev() {
        let alpha = dot(&p.step, &d) / p.curvature;
        add(&mut d, -alpha, &p.bend);
        alphas.push(alpha);
    }
    if let Some(last) = past.back() {
        let scale = last.curvature / dot(&last.bend, &last.bend);
        d.iter_mut().for_each(|d| *d *= scale);
    }
    for (p, alpha) in past.iter().zip(alphas.into_iter().rev()) {
        let beta = dot(&p.bend, &d) / p.curvature;
        add(&mut d, alpha - beta, &p.step);
    }
    d
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn add(a: &mut [f64], factor: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += factor * b);
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

#[cfg(test)]
mod tests {
    use super::minimise;

    #[test]
    fn the_minimum_of_a_stretched_bowl_is_found() {
        let mut x = vec![5.0, -3.0, 8.0];
        minimise(&mut x, 200, |x, g| {
            let scales = [1.0, 40.0, 0.1];
            (0..3)
                .map(|i| {
                    g[i] = scales[i] * (x[i] - i as f64);
                    0.5 * scales[i] * (x[i] - i as f64).powi(2)
                })
                .sum()
        });
        for (i, x) in x.iter().enumerate() {
            assert!((x - i as f64).abs() < 0.05, "{x} at {i}");
        }
    }

    #[test]
    fn where_all_is_flat_nothing_moves() {
        let mut x = vec![1.0, 2.0];
        minimise(&mut x, 10, |_, g| {
            g.fill(0.0);
            7.0
        });
        assert_eq!(x, [1.0, 2.0]);
    }
}
