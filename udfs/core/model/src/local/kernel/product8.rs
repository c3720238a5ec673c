//! y = x Wᵀ with inputs in signed bytes, a scale for each block of thirty-two: whole-number products, four to a lane
//! and instruction, and one multiply-add for each block and output.
//!
//! W = d q (+ m), x = s p, so that Σ W x over a block is d s Σ q p + m s Σ p. The bytes of one side have to be
//! unsigned: bytes of weights count from -128, and 128 Σ p comes off.

use super::{
    BLOCK, Kernel, LANES, Lanes, PANEL, Panel,
    product::{Bytes, Halves, Nibbles, Stored},
};

/// Sixty-four inputs of a row in bytes: for each block, p = round(x / s) with s = max |x| / 127.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Panel8 {
    /// Four inputs a word.
    words: [[u32; BLOCK / 4]; PANEL / BLOCK],
    scale: [f32; PANEL / BLOCK],
    /// Σ p
    sum: [i32; PANEL / BLOCK],
}

impl Panel8 {
    pub(crate) const ZERO: Self =
        Self { words: [[0; BLOCK / 4]; PANEL / BLOCK], scale: [0.0; PANEL / BLOCK], sum: [0; PANEL / BLOCK] };
}

/// Turns panels into bytes.
pub(crate) struct Quantize<'a> {
    pub from: &'a [Panel],
    pub to: &'a mut [Panel8],
}

impl Kernel for Quantize<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (from, to) in self.from.iter().zip(self.to) {
            for b in 0..PANEL / BLOCK {
                let (low, high) = (L::load(&from.0[2 * b]), L::load(&from.0[2 * b + 1]));
                let largest = low.abs().max(high.abs()).largest();
                let scale = largest / 127.0;
                let inverse = L::splat(if scale > 0.0 { 127.0 / largest } else { 0.0 });
                let mut bytes = [[0i8; LANES]; BLOCK / LANES];
                let sum = low.mul(inverse).round_to_bytes(&mut bytes[0])
                    + high.mul(inverse).round_to_bytes(&mut bytes[1]);
                for (word, four) in to.words[b].iter_mut().zip(bytes.as_flattened().as_chunks::<4>().0) {
                    *word = u32::from_le_bytes(four.map(i8::cast_unsigned));
                }
                to.scale[b] = scale;
                to.sum[b] = sum;
            }
        }
    }
}

/// y += x Wᵀ over all inputs of one panel of outputs, whose weights are [`Stored::Bytes`] or
/// [`Stored::Nibbles`].
pub(crate) struct Product8<'a> {
    /// `[input panels, rows]`, of which rows `first ..` are taken, as many as `y` has.
    pub x: &'a [Panel8],
    pub rows: usize,
    pub first: usize,
    pub weights: Stored<'a>,
    /// `[rows]`
    pub y: &'a mut [Panel],
}

impl Kernel for Product8<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        // A single row, as in decoding alone, is gone before bytes have been written.
        if self.y.len() == 1
            && let Stored::Nibbles(blocks, scales) = self.weights
        {
            return one::<L>(&self.x[self.first..], self.rows, blocks, scales, &mut self.y[0]);
        }
        let mut unsigned = Bytes::ZERO;
        let per = PANEL / BLOCK;
        for (i, x) in self.x.chunks_exact(self.rows).enumerate() {
            let x = &x[self.first..][..self.y.len()];
            match self.weights {
                Stored::Nibbles(blocks, scales) => {
                    for b in 0..per {
                        let ([d, m], block) = (&scales[i * per + b], &blocks[i * per + b]);
                        for (to, from) in unsigned.0.iter_mut().zip(&block.0) {
                            for (to, from) in to.as_chunks_mut::<2>().0.iter_mut().zip(from) {
                                L::unpack(from, to);
                            }
                        }
                        multiply::<L, true>(x, b, &unsigned, d, m, self.y);
                    }
                }
                Stored::Bytes(blocks, scales) => {
                    for b in 0..per {
                        let (d, block) = (&scales[i * per + b], &blocks[i * per + b]);
                        multiply::<L, false>(x, b, block, d, d, self.y);
                    }
                }
                Stored::Whole(_) | Stored::Halves(_) | Stored::Bfloats(_) => {}
            }
        }
    }
}



/// y += x Wᵀ of one row, every `rows`-th panel of `x`.
#[inline(always)]
fn one<L: Lanes>(x: &[Panel8], rows: usize, blocks: &[Nibbles], scales: &[[Halves; 2]], y: &mut Panel) {
    const GROUPS: usize = PANEL / LANES;
    const PER: usize = PANEL / BLOCK;
    let mut sums = [L::load(&y.0[0]), L::load(&y.0[1]), L::load(&y.0[2]), L::load(&y.0[3])];
    let blocks = blocks.as_chunks::<PER>().0.iter().zip(scales.as_chunks::<PER>().0);
    for (x, (blocks, scales)) in x.iter().step_by(rows).zip(blocks) {
        for b in 0..PER {
            let mut counts = [L::ints(0); GROUPS];
            for w in 0..BLOCK / 8 {
                for g in 0..GROUPS {
                    let words = &blocks[b].0[g][w];
                    counts[g] = L::dot_nibbles::<false>(counts[g], words, x.words[b][2 * w]);
                    counts[g] = L::dot_nibbles::<true>(counts[g], words, x.words[b][2 * w + 1]);
                }
            }
            let [d, m] = &scales[b];
            for g in 0..GROUPS {
                let scale = L::halves(&d.0[g]).mul(L::splat(x.scale[b]));
                sums[g] = L::from_ints(counts[g]).mul_add(scale, sums[g]);
                sums[g] = L::halves(&m.0[g]).mul_add(L::splat(x.scale[b] * x.sum[b] as f32), sums[g]);
            }
        }
    }
    for g in 0..GROUPS {
        sums[g].store(&mut y.0[g]);
    }
}

/// y += x W of block `b`. Three rows and four groups of outputs, each with a count and a sum, fill the
/// registers of AVX-512.
#[inline(always)]
fn multiply<L: Lanes, const MIN: bool>(
    x: &[Panel8],
    b: usize,
    weights: &Bytes,
    d: &Halves,
    m: &Halves,
    y: &mut [Panel],
) {
    let (x, x_rest) = x.as_chunks::<3>();
    let (y, y_rest) = y.as_chunks_mut::<3>();
    for (x, y) in x.iter().zip(y) {
        rows::<L, MIN, 3>(x, b, weights, d, m, y);
    }
    if let (Some(x), Some(y)) = (x_rest.first_chunk::<2>(), y_rest.first_chunk_mut::<2>()) {
        return rows::<L, MIN, 2>(x, b, weights, d, m, y);
    }
    if let (Some(x), Some(y)) = (x_rest.first_chunk::<1>(), y_rest.first_chunk_mut::<1>()) {
        rows::<L, MIN, 1>(x, b, weights, d, m, y);
    }
}

#[inline(always)]
fn rows<L: Lanes, const MIN: bool, const M: usize>(
    x: &[Panel8; M],
    b: usize,
    weights: &Bytes,
    d: &Halves,
    m: &Halves,
    y: &mut [Panel; M],
) {
    const GROUPS: usize = PANEL / LANES;
    let mut counts = [[L::ints(0); GROUPS]; M];
    if !MIN {
        for r in 0..M {
            counts[r] = [L::ints(-128 * x[r].sum[b]); GROUPS];
        }
    }
    for k in 0..BLOCK / 4 {
        for r in 0..M {
            let four = x[r].words[b][k];
            for g in 0..GROUPS {
                counts[r][g] = L::dot(counts[r][g], &weights.0[g][k], four);
            }
        }
    }
    for g in 0..GROUPS {
        let d = L::halves(&d.0[g]);
        for r in 0..M {
            let mut sum = L::load(&y[r].0[g]);
            sum = L::from_ints(counts[r][g]).mul_add(d.mul(L::splat(x[r].scale[b])), sum);
            if MIN {
                let m = L::halves(&m.0[g]);
                sum = m.mul_add(L::splat(x[r].scale[b] * x[r].sum[b] as f32), sum);
            }
            sum.store(&mut y[r].0[g]);
        }
    }
}
