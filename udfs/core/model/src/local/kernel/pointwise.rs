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

/// One panel in each of many.
pub(crate) struct Fill<'a> {
    pub x: &'a mut [Panel],
    pub y: &'a Panel,
}

impl Kernel for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for x in self.x {
            for g in 0..4 {
                L::load(&self.y.0[g]).store(&mut x.0[g]);
            }
        }
    }
}

/// x + y of rows of panels, centered, scaled to variance 1, times weight, plus bias, in x's place.
pub(crate) struct AddCenter<'a> {
    /// `[panels, rows]`; beyond the width the panels hold zeros, and will.
    pub x: &'a mut [Panel],
    pub y: Option<&'a [Panel]>,
    pub rows: usize,
    /// Numbers of a row.
    pub width: usize,
    /// `[panels]`, zeros beyond the width.
    pub weight: &'a [Panel],
    pub bias: &'a [Panel],
    pub eps: f32,
}

impl Kernel for AddCenter<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let beyond = (self.weight.len() * 4 * LANES - self.width) as f32;
        for row in 0..self.rows {
            let mut sums = [L::splat(0.0); 4];
            for p in 0..self.weight.len() {
                let x = &mut self.x[p * self.rows + row];
                for g in 0..4 {
                    let mut sum = L::load(&x.0[g]);
                    if let Some(y) = self.y {
                        sum = sum.add(L::load(&y[p * self.rows + row].0[g]));
                        sum.store(&mut x.0[g]);
                    }
                    sums[g] = sums[g].add(sum);
                }
            }
            let mean = sums[0].add(sums[1]).add(sums[2].add(sums[3])).sum() / self.width as f32;
            let center = L::splat(mean);
            let mut squares = [L::splat(0.0); 4];
            for panel in self.x[row..].iter().step_by(self.rows) {
                for g in 0..4 {
                    let x = L::load(&panel.0[g]).sub(center);
                    squares[g] = x.mul_add(x, squares[g]);
                }
            }
            // The zeros beyond the width were centered, too; what is left may be a rounding error below zero.
            let sum = squares[0].add(squares[1]).add(squares[2].add(squares[3])).sum() - beyond * mean * mean;
            let scale = L::splat((sum.max(0.0) / self.width as f32 + self.eps).sqrt().recip());
            for p in 0..self.weight.len() {
                let x = &mut self.x[p * self.rows + row];
                for g in 0..4 {
                    let centered = L::load(&x.0[g]).sub(center).mul(scale);
                    centered.mul_add(L::load(&self.weight[p].0[g]), L::load(&self.bias[p].0[g])).store(&mut x.0[g]);
                }
            }
        }
    }
}

/// x Φ(x), Φ the distribution function of the normal distribution (Hendrycks and Gimpel, arXiv 1606.08415).
///
/// Φ(-z) = erfc(z / √2) / 2 by formula 7.1.26 of Abramowitz and Stegun's Handbook, whose error is 1.5e-7 at most.
pub(crate) struct Gelu<'a>(pub &'a mut [Panel]);

impl Kernel for Gelu<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        let one = L::splat(1.0);
        for panel in self.0 {
            for g in 0..4 {
                let x = L::load(&panel.0[g]);
                let size = x.abs();
                let z = size.mul(L::splat(std::f32::consts::FRAC_1_SQRT_2));
                let t = z.mul_add(L::splat(0.327_591_1), one).reciprocal();
                let mut p = L::splat(1.061_405_4);
                for c in [-1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6] {
                    p = p.mul_add(t, L::splat(c));
                }
                let tail = p.mul(t).mul(L::splat(0.0).sub(z.mul(z)).exp()).mul(L::splat(0.5));
                x.max(L::splat(0.0)).sub(size.mul(tail)).store(&mut panel.0[g]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Level, *};

    fn panels(values: &[f32]) -> Vec<Panel> {
        let mut panels = vec![Panel::ZERO; values.len().div_ceil(64)];
        for (panel, values) in panels.iter_mut().zip(values.chunks(64)) {
            panel.floats_mut()[..values.len()].copy_from_slice(values);
        }
        panels
    }

    /// Values of x Φ(x) from Python's `math.erf`.
    #[test]
    fn gelu_agrees_with_the_error_function() {
        let known = [
            (0.0, 0.0),
            (1.0, 0.841_344_746_068_542_9),
            (-1.0, -0.158_655_253_931_457_07),
            (0.1, 0.053_982_783_727_702_9),
            (-3.0, -0.004_049_694_095_100_288),
            (5.0, 4.999_998_566_742_44),
            (-100.0, 0.0),
            (100.0, 100.0),
        ];
        for level in Level::all() {
            let mut x = panels(&known.map(|(x, _)| x));
            level.run(Gelu(&mut x));
            for (&got, (x, expected)) in x[0].floats().iter().zip(known) {
                assert!((f64::from(got) - expected).abs() < 3e-7, "{}: gelu({x}) = {got}", level.name());
            }
        }
    }

    #[test]
    fn a_centered_row_has_mean_0_and_variance_1_whatever_its_width() {
        for (level, width) in Level::all().into_iter().flat_map(|level| [1, 48, 64, 100].map(|width| (level, width))) {
            let values: Vec<f32> = (0..width).map(|i| 3.0 + (i as f32 * 0.7).sin()).collect();
            let (x, y) = (panels(&values), panels(&values));
            let (weight, bias) = (panels(&vec![2.0; width]), panels(&vec![0.5; width]));
            let mut out = x.clone();
            level.run(AddCenter { x: &mut out, y: Some(&y), rows: 1, width, weight: &weight, bias: &bias, eps: 1e-12 });
            let out: Vec<f32> = out.iter().flat_map(|panel| *panel.floats()).collect();
            let n = width as f32;
            let mean = out[..width].iter().sum::<f32>() / n;
            let variance = out[..width].iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / n;
            assert!((mean - 0.5).abs() < 1e-5, "{}, width {width}: mean {mean}", level.name());
            if width > 1 {
                assert!((variance - 4.0).abs() < 1e-3, "{}, width {width}: variance {variance}", level.name());
            }
            assert!(out[width..].iter().all(|&x| x == 0.0), "{}, width {width}", level.name());
        }
    }
}
