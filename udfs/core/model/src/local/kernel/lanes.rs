//! Sixteen f32 side by side.

use super::attend::Line;

/// How many.
pub(crate) const LANES: usize = 16;

/// Sixteen f32, and sixteen i32 to count in.
pub(crate) trait Lanes: Copy {
    type Ints: Copy;

    fn splat(x: f32) -> Self;
    fn load(from: &[f32; LANES]) -> Self;
    fn store(self, to: &mut [f32; LANES]);
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn max(self, other: Self) -> Self;
    /// `self × factor + addend`, rounded once where the CPU can.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// The nearest whole number, ties to even.
    fn round(self) -> Self;
    /// 2 to the power of each whole number in -126 ..= 127.
    fn pow2(self) -> Self;
    /// Four bits of each word, from bit `SHIFT` on.
    fn nibbles<const SHIFT: u32>(words: &[u32; LANES]) -> Self;
    /// Eight bits of each word, from bit `SHIFT` on.
    fn bytes<const SHIFT: u32>(words: &[u32; LANES]) -> Self;
    /// From IEEE half precision.
    fn halves(from: &[u16; LANES]) -> Self;
    /// From bfloat16.
    fn bfloats(from: &[u16; LANES]) -> Self;

    fn ints(x: i32) -> Self::Ints;
    /// Adds to each lane the products of its four unsigned bytes with the four signed ones of `b`.
    fn dot(sum: Self::Ints, a: &[u32; LANES], b: u32) -> Self::Ints;
    /// The same where the four bytes are the lower halves of those of `a`, or, `HIGH`, the upper ones.
    fn dot_nibbles<const HIGH: bool>(sum: Self::Ints, a: &[u32; LANES], b: u32) -> Self::Ints;
    fn from_ints(x: Self::Ints) -> Self;
    /// low + 256 × high.
    fn pair(low: Self::Ints, high: Self::Ints) -> Self::Ints;
    /// The lower and the upper halves of all bytes.
    fn unpack(words: &[u32; LANES], to: &mut [[u32; LANES]; 2]);

    /// Asks for a cache line that will be read soon.
    #[inline(always)]
    fn fetch(_soon: &Line) {}

    /// The sum of the lanes, in halves: 8 + 8, 4 + 4, ….
    #[inline(always)]
    fn sum(self) -> f32 {
        let mut x = [0.0; LANES];
        self.store(&mut x);
        let mut width = LANES / 2;
        while width > 0 {
            for i in 0..width {
                x[i] += x[i + width];
            }
            width /= 2;
        }
        x[0]
    }

    /// The largest lane.
    #[inline(always)]
    fn largest(self) -> f32 {
        let mut x = [0.0; LANES];
        self.store(&mut x);
        let mut width = LANES / 2;
        while width > 0 {
            for i in 0..width {
                x[i] = if x[i] > x[i + width] { x[i] } else { x[i + width] };
            }
            width /= 2;
        }
        x[0]
    }

    /// e to the power of each lane, to 2 units in the last place; 0 below -87, and at most e^88.
    ///
    /// With n = round(x / ln 2) and r = x - n ln 2, e^x = 2^n e^r, and e^r, |r| ≤ 0.347, is a Taylor series of degree 7.
    #[inline(always)]
    fn exp(self) -> Self {
        // ln 2 in two parts, of which the first times n is exact.
        const LN2_HIGH: f32 = 0.693_359_4;
        const LN2_LOW: f32 = -2.121_944_4e-4;
        const LOWEST: f32 = -87.0;
        let lowest = Self::splat(LOWEST);
        let x = self.max(lowest).sub(Self::splat(0.0).max(self.sub(Self::splat(88.0))));
        let n = x.mul(Self::splat(std::f32::consts::LOG2_E)).round();
        let r = n.mul_add(Self::splat(-LN2_HIGH), x);
        let r = n.mul_add(Self::splat(-LN2_LOW), r);
        let mut p = Self::splat(1.0 / 5040.0);
        for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
            p = p.mul_add(r, Self::splat(c));
        }
        p.mul(n.pow2()).above(self, lowest)
    }

    /// These lanes where `x` > `limit`, else 0.
    fn above(self, x: Self, limit: Self) -> Self;
    fn abs(self) -> Self;
    /// Rounds to whole numbers, ties to even, which have to be bytes, and gives their sum.
    fn round_to_bytes(self, to: &mut [i8; LANES]) -> i32;
    /// The same for numbers of two bytes, 256 × high + low.
    fn round_to_pairs(self, low: &mut [i8; LANES], high: &mut [i8; LANES]) -> i32;
    /// 1 / each lane.
    fn reciprocal(self) -> Self;
}
