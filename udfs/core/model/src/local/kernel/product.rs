//! y = x Wᵀ in f32, for weights in any of their forms: for sixty-four inputs at a time, the weights of a panel of
//! sixty-four outputs are spread out as f32 into the first-level cache and every row goes over them.
//!
//! Each number of the result is one chain of multiply-adds over the inputs in their order.

use super::{BLOCK, Kernel, LANES, Lanes, PANEL, Panel};

/// Weights of a panel of outputs, as they are stored.
#[derive(Clone, Copy)]
pub(crate) enum Stored<'a> {
    /// `[inputs]`, a panel each.
    Whole(&'a [Panel]),
    /// `[inputs]`, in IEEE half precision.
    Halves(&'a [Halves]),
    /// `[inputs]`, in bfloat16.
    Bfloats(&'a [Halves]),
    /// `[blocks]` of bytes, which count from -128, and their scales.
    Bytes(&'a [Bytes], &'a [Halves]),
    /// `[blocks]` of four bits, 0 ..= 15, their scales and minimums.
    Nibbles(&'a [Nibbles], &'a [[Halves; 2]]),
}

/// A block of thirty-two inputs of sixty-four outputs: word i of lane j is inputs 4i .. 4i + 4 of output j.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Bytes(pub [[[u32; LANES]; BLOCK / 4]; PANEL / LANES]);

/// The same in four bits: word i of lane j is inputs 8i .. 8i + 8 of output j, of which byte b holds 8i + b
/// below and 8i + 4 + b above, so that masking gives four neighbours at once.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Nibbles(pub [[[u32; LANES]; BLOCK / 8]; PANEL / LANES]);

/// Sixteen bits for each of sixty-four outputs.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Halves(pub [[u16; LANES]; PANEL / LANES]);

impl Bytes {
    pub(crate) const ZERO: Self = Self([[[0; LANES]; BLOCK / 4]; PANEL / LANES]);
}

impl Nibbles {
    pub(crate) const ZERO: Self = Self([[[0; LANES]; BLOCK / 8]; PANEL / LANES]);
}

impl Halves {
    pub(crate) const ZERO: Self = Self([[0; LANES]; PANEL / LANES]);
}

/// Weights of sixty-four inputs for sixty-four outputs.
pub(crate) type Tile = [Panel; PANEL];

/// y += x Wᵀ over all inputs of one panel of outputs.
pub(crate) struct Product<'a> {
    /// `[input panels, rows]`, of which rows `first ..` are taken, as many as `y` has.
    pub x: &'a [Panel],
    pub rows: usize,
    pub first: usize,
    pub weights: Stored<'a>,
    /// `[rows]`
    pub y: &'a mut [Panel],
}

impl Kernel for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn run<L: Lanes>(mut self) {
        // A row or two, as in decoding alone, are gone before a tile has been written.
        match self.y.len() {
            1 if few::<L, 1>(&mut self) => return,
            2 if few::<L, 2>(&mut self) => return,
            _ => {}
        }
        let mut spread = [Panel::ZERO; PANEL];
        for (i, x) in self.x.chunks_exact(self.rows).enumerate() {
            let x = &x[self.first..][..self.y.len()];
            let tile = match self.weights {
                Stored::Whole(weights) => match weights[i * PANEL..].first_chunk() {
                    Some(tile) => tile,
                    None => return,
                },
                other => {
                    spread_out::<L>(other, i, &mut spread);
                    &spread
                }
            };
            multiply::<L>(x, tile, self.y);
        }
    }
}

/// The product of so few rows that weights go from their stored form into the multiplication at once. `false` where there
/// is no such way for their form.
#[inline(always)]
fn few<L: Lanes, const M: usize>(product: &mut Product<'_>) -> bool {
    const GROUPS: usize = PANEL / LANES;
    const PER: usize = PANEL / BLOCK;
    let Some(y) = product.y.first_chunk_mut::<M>() else {
        return false;
    };
    let mut sums = [[L::splat(0.0); GROUPS]; M];
    for m in 0..M {
        for g in 0..GROUPS {
            sums[m][g] = L::load(&y[m].0[g]);
        }
    }
    let inputs = product.x.chunks_exact(product.rows);
    match product.weights {
        Stored::Nibbles(blocks, scales) => {
            let blocks = blocks.as_chunks::<PER>().0.iter().zip(scales.as_chunks::<PER>().0);
            for (x, (blocks, scales)) in inputs.zip(blocks) {
                for b in 0..PER {
                    let [d, m] = &scales[b];
                    let d = [L::halves(&d.0[0]), L::halves(&d.0[1]), L::halves(&d.0[2]), L::halves(&d.0[3])];
                    let min = [L::halves(&m.0[0]), L::halves(&m.0[1]), L::halves(&m.0[2]), L::halves(&m.0[3])];
                    for w in 0..BLOCK / 8 {
                        let k = b * BLOCK + 8 * w;
                        macro_rules! input {
                            ($k:expr, $shift:expr) => {
                                for g in 0..GROUPS {
                                    let weight = L::nibbles::<$shift>(&blocks[b].0[g][w]).mul_add(d[g], min[g]);
                                    for r in 0..M {
                                        let x = L::splat(x[product.first + r].floats()[k + $k]);
                                        sums[r][g] = weight.mul_add(x, sums[r][g]);
                                    }
                                }
                            };
                        }
                        input!(0, 0);
                        input!(1, 8);
                        input!(2, 16);
                        input!(3, 24);
                        input!(4, 4);
                        input!(5, 12);
                        input!(6, 20);
                        input!(7, 28);
                    }
                }
            }
        }
        Stored::Bytes(blocks, scales) => {
            let blocks = blocks.as_chunks::<PER>().0.iter().zip(scales.as_chunks::<PER>().0);
            for (x, (blocks, scales)) in inputs.zip(blocks) {
                for b in 0..PER {
                    let d = &scales[b];
                    let d = [L::halves(&d.0[0]), L::halves(&d.0[1]), L::halves(&d.0[2]), L::halves(&d.0[3])];
                    let low = L::splat(-128.0);
                    let min = [d[0].mul(low), d[1].mul(low), d[2].mul(low), d[3].mul(low)];
                    for w in 0..BLOCK / 4 {
                        let k = b * BLOCK + 4 * w;
                        macro_rules! input {
                            ($k:expr, $shift:expr) => {
                                for g in 0..GROUPS {
                                    let weight = L::bytes::<$shift>(&blocks[b].0[g][w]).mul_add(d[g], min[g]);
                                    for r in 0..M {
                                        let x = L::splat(x[product.first + r].floats()[k + $k]);
                                        sums[r][g] = weight.mul_add(x, sums[r][g]);
                                    }
                                }
                            };
                        }
                        input!(0, 0);
                        input!(1, 8);
                        input!(2, 16);
                        input!(3, 24);
                    }
                }
            }
        }
        Stored::Whole(_) | Stored::Halves(_) | Stored::Bfloats(_) => return false,
    }
    for m in 0..M {
        for g in 0..GROUPS {
            sums[m][g].store(&mut y[m].0[g]);
        }
    }
    true
}

/// Weights of input panel `i` as f32.
#[inline(always)]
pub(crate) fn spread_out<L: Lanes>(weights: Stored<'_>, i: usize, tile: &mut Tile) {
    match weights {
        Stored::Whole(weights) => tile.copy_from_slice(&weights[i * PANEL..][..PANEL]),
        Stored::Halves(weights) => {
            for (to, from) in tile.iter_mut().zip(&weights[i * PANEL..][..PANEL]) {
                for (to, from) in to.0.iter_mut().zip(&from.0) {
                    L::halves(from).store(to);
                }
            }
        }
        Stored::Bfloats(weights) => {
            for (to, from) in tile.iter_mut().zip(&weights[i * PANEL..][..PANEL]) {
                for (to, from) in to.0.iter_mut().zip(&from.0) {
                    L::bfloats(from).store(to);
                }
            }
        }
        Stored::Bytes(blocks, scales) => {
            let per = PANEL / BLOCK;
            let blocks = blocks[i * per..][..per].iter().zip(&scales[i * per..][..per]);
            for (tile, (block, scale)) in tile.chunks_exact_mut(BLOCK).zip(blocks) {
                for g in 0..PANEL / LANES {
                    let d = L::halves(&scale.0[g]);
                    let m = d.mul(L::splat(-128.0));
                    for (tile, words) in tile.chunks_exact_mut(4).zip(&block.0[g]) {
                        L::bytes::<0>(words).mul_add(d, m).store(&mut tile[0].0[g]);
                        L::bytes::<8>(words).mul_add(d, m).store(&mut tile[1].0[g]);
                        L::bytes::<16>(words).mul_add(d, m).store(&mut tile[2].0[g]);
                        L::bytes::<24>(words).mul_add(d, m).store(&mut tile[3].0[g]);
                    }
                }
            }
        }
        Stored::Nibbles(blocks, scales) => {
            let per = PANEL / BLOCK;
            let blocks = blocks[i * per..][..per].iter().zip(&scales[i * per..][..per]);
            for (tile, (block, [scale, min])) in tile.chunks_exact_mut(BLOCK).zip(blocks) {
                for g in 0..PANEL / LANES {
                    let d = L::halves(&scale.0[g]);
                    let m = L::halves(&min.0[g]);
                    for (tile, words) in tile.chunks_exact_mut(8).zip(&block.0[g]) {
                        L::nibbles::<0>(words).mul_add(d, m).store(&mut tile[0].0[g]);
                        L::nibbles::<8>(words).mul_add(d, m).store(&mut tile[1].0[g]);
                        L::nibbles::<16>(words).mul_add(d, m).store(&mut tile[2].0[g]);
                        L::nibbles::<24>(words).mul_add(d, m).store(&mut tile[3].0[g]);
                        L::nibbles::<4>(words).mul_add(d, m).store(&mut tile[4].0[g]);
                        L::nibbles::<12>(words).mul_add(d, m).store(&mut tile[5].0[g]);
                        L::nibbles::<20>(words).mul_add(d, m).store(&mut tile[6].0[g]);
                        L::nibbles::<28>(words).mul_add(d, m).store(&mut tile[7].0[g]);
                    }
                }
            }
        }
    }
}

/// y += x W of one tile. Six rows and four weights, with one input, fill the registers of AVX-512.
#[inline(always)]
fn multiply<L: Lanes>(x: &[Panel], tile: &Tile, y: &mut [Panel]) {
    let (x, x_rest) = x.as_chunks::<6>();
    let (y, y_rest) = y.as_chunks_mut::<6>();
    for (x, y) in x.iter().zip(y) {
        rows::<L, 6>(x, tile, y);
    }
    match y_rest.len() {
        1 => some::<L, 1>(x_rest, tile, y_rest),
        2 => some::<L, 2>(x_rest, tile, y_rest),
        3 => some::<L, 3>(x_rest, tile, y_rest),
        4 => some::<L, 4>(x_rest, tile, y_rest),
        5 => some::<L, 5>(x_rest, tile, y_rest),
        _ => {}
    }
}

#[inline(always)]
fn some<L: Lanes, const M: usize>(x: &[Panel], tile: &Tile, y: &mut [Panel]) {
    if let (Some(x), Some(y)) = (x.first_chunk::<M>(), y.first_chunk_mut::<M>()) {
        rows::<L, M>(x, tile, y);
    }
}

#[inline(always)]
fn rows<L: Lanes, const M: usize>(x: &[Panel; M], tile: &Tile, y: &mut [Panel; M]) {
    let mut sums = [[L::splat(0.0); PANEL / LANES]; M];
    for m in 0..M {
        for g in 0..PANEL / LANES {
            sums[m][g] = L::load(&y[m].0[g]);
        }
    }
    for (k, weights) in tile.iter().enumerate() {
        let w = [L::load(&weights.0[0]), L::load(&weights.0[1]), L::load(&weights.0[2]), L::load(&weights.0[3])];
        for m in 0..M {
            let x = L::splat(x[m].floats()[k]);
            for g in 0..PANEL / LANES {
                sums[m][g] = w[g].mul_add(x, sums[m][g]);
            }
        }
    }
    for m in 0..M {
        for g in 0..PANEL / LANES {
            sums[m][g].store(&mut y[m].0[g]);
        }
    }
}
