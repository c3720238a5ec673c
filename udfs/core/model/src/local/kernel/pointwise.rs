//! What goes over activations number by number or row by row.

use super::{Kernel, LANES, Lanes, Panel, attend::Line};

/// Root mean square normalization of rows of panels.
pub(crate) struct Normalize<'a> {
    /// `[panels, rows]`
    pub x: &'a [Panel],
    pub rows: usize,
    /// Numbers of a row; beyond them the panels hold zeros.
    pub width: usize,
    /// `[panels]`
    pub weight: &'a [Panel],
    pub eps: f32,
    /// `[panels, rows]`
    pub out: &'a mut [Panel],
}

impl Kernel for Normalize<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for row in 0..self.rows {
            let mut squares = [L::splat(0.0); 4];
            for panel in self.x[row..].iter().step_by(self.rows) {
                for g in 0..4 {
                    let x = L::load(&panel.0[g]);
                    squares[g] = x.mul_add(x, squares[g]);
                }
            }
            let sum = squares[0].add(squares[1]).add(squares[2].add(squares[3])).sum();
            let scale = L::splat((sum / self.width as f32 + self.eps).sqrt().recip());
            let panels = self.x[row..].iter().step_by(self.rows).zip(self.weight);
            for (to, (from, weight)) in self.out[row..].iter_mut().step_by(self.rows).zip(panels) {
                for g in 0..4 {
                    L::load(&from.0[g]).mul(scale).mul(L::load(&weight.0[g])).store(&mut to.0[g]);
                }
            }
        }
    }
}

/// The same of one head.
pub(crate) struct NormalizeHead<'a> {
    pub x: &'a mut [Line],
    pub width: usize,
    pub weight: &'a [Line],
    pub eps: f32,
}

impl Kernel for NormalizeHead<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let mut squares = L::splat(0.0);
        for x in &*self.x {
            let x = L::load(&x.0);
            squares = x.mul_add(x, squares);
        }
        let scale = L::splat((squares.sum() / self.width as f32 + self.eps).sqrt().recip());
        for (x, weight) in self.x.iter_mut().zip(self.weight) {
            L::load(&x.0).mul(scale).mul(L::load(&weight.0)).store(&mut x.0);
        }
    }
}

/// Zeros, in stores as wide as there are.
pub(crate) struct Clear<'a>(pub &'a mut [Panel]);

impl Kernel for Clear<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for x in self.0 {
            for g in 0..4 {
                L::splat(0.0).store(&mut x.0[g]);
            }
        }
    }
}

/// x += y.
pub(crate) struct Add<'a> {
    pub x: &'a mut [Panel],
    pub y: &'a [Panel],
}

impl Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (x, y) in self.x.iter_mut().zip(self.y) {
            for g in 0..4 {
                L::load(&x.0[g]).add(L::load(&y.0[g])).store(&mut x.0[g]);
            }
        }
    }
}

/// Adds one panel to each of many.
pub(crate) struct AddEach<'a> {
    pub x: &'a mut [Panel],
    pub y: &'a Panel,
}

impl Kernel for AddEach<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for x in self.x {
            for g in 0..4 {
                L::load(&x.0[g]).add(L::load(&self.y.0[g])).store(&mut x.0[g]);
            }
        }
    }
}

/// gate = silu(gate) · up, with silu(x) = x / (1 + e^-x).
pub(crate) struct Gate<'a> {
    pub gate: &'a mut [Panel],
    pub up: &'a [Panel],
}

impl Kernel for Gate<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let one = L::splat(1.0);
        for (gate, up) in self.gate.iter_mut().zip(self.up) {
            for g in 0..4 {
                let x = L::load(&gate.0[g]);
                let sigmoid = L::splat(0.0).sub(x).exp().add(one).reciprocal();
                x.mul(sigmoid).mul(L::load(&up.0[g])).store(&mut gate.0[g]);
            }
        }
    }
}

/// Turns pairs of dimensions half a head apart: (a, b) → (a cos - b sin, b cos + a sin), in plain numbers.
///
/// `cos` and `sin` are `[head_dim / 2]`.
pub(crate) fn rotate(x: &mut [f32], cos: &[f32], sin: &[f32]) {
    let half = cos.len();
    let (low, high) = x.split_at_mut(half);
    for (((a, b), cos), sin) in low.iter_mut().zip(high).zip(cos).zip(sin) {
        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
    }
}

/// The first largest number's position, or `None` where there is no number.
pub(crate) struct Largest<'a> {
    /// Panels `row, row + rows, …` are looked at.
    pub x: &'a [Panel],
    pub row: usize,
    pub rows: usize,
    pub width: usize,
}

impl Kernel for Largest<'_> {
    type Output = Option<u32>;

    #[inline(always)]
    fn run<L: Lanes>(self) -> Option<u32> {
        const PER: usize = 4 * LANES;
        let whole = self.width / PER;
        let mut largest = L::splat(f32::NEG_INFINITY);
        for panel in self.x[self.row..].iter().step_by(self.rows).take(whole) {
            for g in 0..4 {
                largest = L::load(&panel.0[g]).max(largest);
            }
        }
        let mut largest = largest.largest();
        let rest = self.x[self.row..].iter().step_by(self.rows).nth(whole);
        for &x in rest.iter().flat_map(|panel| panel.floats()).take(self.width % PER) {
            if x > largest {
                largest = x;
            }
        }
        let panels = self.x[self.row..].iter().step_by(self.rows).enumerate();
        for (p, panel) in panels {
            for (i, &x) in panel.floats().iter().enumerate() {
                if x == largest && x > f32::NEG_INFINITY && p * PER + i < self.width {
                    return Some((p * PER + i) as u32);
                }
            }
        }
        None
    }
}
