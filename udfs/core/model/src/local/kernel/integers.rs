//! y = x Wᵀ in whole numbers, for weights in blocks of bytes or four bits: inputs are rounded in blocks of thirty-two
//! that share a scale, products are summed exactly, four to a lane and instruction, and each block and output takes
//! one multiply-add in f32.
//!
//! W = d q (+ m), x = s p, so that Σ W x over a block is d s Σ q p + m s Σ p. The instruction multiplies unsigned
//! bytes with signed ones: bytes of weights count from -128, and 128 Σ p comes off. p has one signed byte, |p| ≤ 127,
//! or two, |p| ≤ 32,512, each of which is a product of its own: p = 256 high + low.

use super::{
    BLOCK, Kernel, LANES, Lanes, PANEL, Panel,
    product::{Bytes, Halves, Nibbles, Stored},
};

const PER: usize = PANEL / BLOCK;
const GROUPS: usize = PANEL / LANES;

/// Sixty-four inputs of a row in `N` bytes each, 1 or 2.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Integers<const N: usize> {
    /// For each block, its low bytes and then its high ones, four inputs a word.
    words: [[[u32; BLOCK / 4]; N]; PER],
    /// s
    scale: [f32; PER],
    /// Σ p
    sum: [i32; PER],
}

impl<const N: usize> Integers<N> {
    pub(crate) const ZERO: Self = Self { words: [[[0; BLOCK / 4]; N]; PER], scale: [0.0; PER], sum: [0; PER] };

    /// The largest |p|.
    const LARGEST: f32 = if N == 1 { 127.0 } else { 32_512.0 };
}

/// Rounds panels: p = round(x / s) with s = max |x| / max |p|.
pub(crate) struct Quantize<'a, const N: usize> {
    pub from: &'a [Panel],
    pub to: &'a mut [Integers<N>],
}

impl<const N: usize> Kernel for Quantize<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        for (from, to) in self.from.iter().zip(self.to) {
            for b in 0..PER {
                let halves = [L::load(&from.0[2 * b]), L::load(&from.0[2 * b + 1])];
                let largest = halves[0].abs().max(halves[1].abs()).largest();
                let scale = largest / Integers::<N>::LARGEST;
                let inverse = L::splat(if scale > 0.0 { Integers::<N>::LARGEST / largest } else { 0.0 });
                let mut low = [[0i8; LANES]; BLOCK / LANES];
                let mut high = [[0i8; LANES]; BLOCK / LANES];
                let mut sum = 0;
                for half in 0..BLOCK / LANES {
                    let p = halves[half].mul(inverse);
                    sum += match N {
                        1 => p.round_to_bytes(&mut low[half]),
                        _ => p.round_to_pairs(&mut low[half], &mut high[half]),
                    };
                }
                let bytes = [low, high];
                for n in 0..N {
                    for (word, four) in to.words[b][n].iter_mut().zip(bytes[n].as_flattened().as_chunks::<4>().0) {
                        *word = u32::from_le_bytes(four.map(i8::cast_unsigned));
                    }
                }
                to.scale[b] = scale;
                to.sum[b] = sum;
            }
        }
    }
}

/// y += x Wᵀ over all inputs of one panel of outputs, whose weights are [`Stored::Bytes`] or
/// [`Stored::Nibbles`].
pub(crate) struct IntegerProduct<'a, const N: usize> {
    /// `[input panels, rows]`, of which rows `first ..` are taken, as many as `y` has.
    pub x: &'a [Integers<N>],
    pub rows: usize,
    pub first: usize,
    pub weights: Stored<'a>,
    /// `[rows]`
    pub y: &'a mut [Panel],
}

impl<const N: usize> Kernel for IntegerProduct<'_, N> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(self) {
        // A single row, as in decoding alone, is gone before bytes have been written.
        if self.y.len() == 1
            && let Stored::Nibbles(blocks, scales) = self.weights
        {
            return one::<L, N>(&self.x[self.first..], self.rows, blocks, scales, &mut self.y[0]);
        }
        let mut unpacked = Bytes::ZERO;
        for (i, x) in self.x.chunks_exact(self.rows).enumerate() {
            let x = &x[self.first..][..self.y.len()];
            match self.weights {
                Stored::Nibbles(blocks, scales) => {
                    for b in 0..PER {
                        let ([d, m], block) = (&scales[i * PER + b], &blocks[i * PER + b]);
                        for (to, from) in unpacked.0.iter_mut().zip(&block.0) {
                            for (to, from) in to.as_chunks_mut::<2>().0.iter_mut().zip(from) {
                                L::unpack(from, to);
                            }
                        }
                        multiply::<L, true, N>(x, b, &unpacked, d, m, self.y);
                    }
                }
                Stored::Bytes(blocks, scales) => {
                    for b in 0..PER {
                        let (d, block) = (&scales[i * PER + b], &blocks[i * PER + b]);
                        multiply::<L, false, N>(x, b, block, d, d, self.y);
                    }
                }
                Stored::Whole(_) | Stored::Halves(_) | Stored::Bfloats(_) => {}
            }
        }
    }
}

/// y += x Wᵀ of one row, every `rows`-th panel of `x`.
#[inline(always)]
fn one<L: Lanes, const N: usize>(
    x: &[Integers<N>],
    rows: usize,
    blocks: &[Nibbles],
    scales: &[[Halves; 2]],
    y: &mut Panel,
) {
    let mut sums = [L::load(&y.0[0]), L::load(&y.0[1]), L::load(&y.0[2]), L::load(&y.0[3])];
    let blocks = blocks.as_chunks::<PER>().0.iter().zip(scales.as_chunks::<PER>().0);
    for (x, (blocks, scales)) in x.iter().step_by(rows).zip(blocks) {
        for b in 0..PER {
            let mut counts = [[L::ints(0); GROUPS]; N];
            for w in 0..BLOCK / 8 {
                for g in 0..GROUPS {
                    let words = &blocks[b].0[g][w];
                    for n in 0..N {
                        counts[n][g] = L::dot_nibbles::<false>(counts[n][g], words, x.words[b][n][2 * w]);
                        counts[n][g] = L::dot_nibbles::<true>(counts[n][g], words, x.words[b][n][2 * w + 1]);
                    }
                }
            }
            let [d, m] = &scales[b];
            for g in 0..GROUPS {
                let scale = L::halves(&d.0[g]).mul(L::splat(x.scale[b]));
                let count = if N == 1 { counts[0][g] } else { L::pair(counts[0][g], counts[N - 1][g]) };
                sums[g] = L::from_ints(count).mul_add(scale, sums[g]);
                sums[g] = L::halves(&m.0[g]).mul_add(L::splat(x.scale[b] * x.sum[b] as f32), sums[g]);
            }
        }
    }
    for g in 0..GROUPS {
        sums[g].store(&mut y.0[g]);
    }
}

/// y += x W of block `b`. Three rows and four groups of outputs, with two counts each, fill the registers of AVX-512.
#[inline(always)]
fn multiply<L: Lanes, const MIN: bool, const N: usize>(
    x: &[Integers<N>],
    b: usize,
    weights: &Bytes,
    d: &Halves,
    m: &Halves,
    y: &mut [Panel],
) {
    // With two bytes an input, three rows would leave no register for weights.
    let x_rest = match N {
        1 => many::<L, MIN, N, 3>(x, b, weights, d, m, y),
        _ => many::<L, MIN, N, 2>(x, b, weights, d, m, y),
    };
    let y_rest = y.len() - x_rest.len();
    let y_rest = &mut y[y_rest..];
    if let (Some(x), Some(y)) = (x_rest.first_chunk::<2>(), y_rest.first_chunk_mut::<2>()) {
        return rows::<L, MIN, N, 2>(x, b, weights, d, m, y);
    }
    if let (Some(x), Some(y)) = (x_rest.first_chunk::<1>(), y_rest.first_chunk_mut::<1>()) {
        rows::<L, MIN, N, 1>(x, b, weights, d, m, y);
    }
}

/// All rows that make up groups of `M`; gives what is left.
#[inline(always)]
fn many<'a, L: Lanes, const MIN: bool, const N: usize, const M: usize>(
    x: &'a [Integers<N>],
    b: usize,
    weights: &Bytes,
    d: &Halves,
    m: &Halves,
    y: &mut [Panel],
) -> &'a [Integers<N>] {
    let (x, rest) = x.as_chunks::<M>();
    for (x, y) in x.iter().zip(y.as_chunks_mut::<M>().0) {
        rows::<L, MIN, N, M>(x, b, weights, d, m, y);
    }
    rest
}

#[inline(always)]
fn rows<L: Lanes, const MIN: bool, const N: usize, const M: usize>(
    x: &[Integers<N>; M],
    b: usize,
    weights: &Bytes,
    d: &Halves,
    m: &Halves,
    y: &mut [Panel; M],
) {
    let mut counts = [[[L::ints(0); GROUPS]; N]; M];
    if !MIN {
        for r in 0..M {
            counts[r][0] = [L::ints(-128 * x[r].sum[b]); GROUPS];
        }
    }
    for k in 0..BLOCK / 4 {
        for r in 0..M {
            for n in 0..N {
                let four = x[r].words[b][n][k];
                for g in 0..GROUPS {
                    counts[r][n][g] = L::dot(counts[r][n][g], &weights.0[g][k], four);
                }
            }
        }
    }
    for g in 0..GROUPS {
        let d = L::halves(&d.0[g]);
        let m = L::halves(&m.0[g]);
        for r in 0..M {
            let count = if N == 1 { counts[r][0][g] } else { L::pair(counts[r][0][g], counts[r][N - 1][g]) };
            let mut sum = L::load(&y[r].0[g]);
            sum = L::from_ints(count).mul_add(d.mul(L::splat(x[r].scale[b])), sum);
            if MIN {
                sum = m.mul_add(L::splat(x[r].scale[b] * x[r].sum[b] as f32), sum);
            }
            sum.store(&mut y[r].0[g]);
        }
    }
}
