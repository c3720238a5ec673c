//! Sixteen lanes in plain Rust, which the compiler turns into what the target has.

use super::lanes::{LANES, Lanes};

#[derive(Clone, Copy)]
pub(super) struct Portable([f32; LANES]);

impl Portable {
    #[inline(always)]
    fn with(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        let mut out = self.0;
        for i in 0..LANES {
            out[i] = f(self.0[i], other.0[i]);
        }
        Self(out)
    }
}

impl Lanes for Portable {
    type Ints = [i32; LANES];

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self([x; LANES])
    }

    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        Self(*from)
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        *to = self.0;
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.with(other, |a, b| a * b)
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        self.with(other, |a, b| if a > b { a } else { b })
    }

    /// Rounded twice: `f32::mul_add` is a call into the C library where the target has no such instruction.
    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self.mul(factor).add(addend)
    }

    #[inline(always)]
    fn round(self) -> Self {
        self.with(self, |a, _| a.round_ties_even())
    }

    #[inline(always)]
    fn pow2(self) -> Self {
        self.with(self, |a, _| f32::from_bits(((a as i32 + 127) as u32) << 23))
    }

    #[inline(always)]
    fn nibbles<const SHIFT: u32>(words: &[u32; LANES]) -> Self {
        Self(words.map(|w| (w >> SHIFT & 15) as f32))
    }

    #[inline(always)]
    fn bytes<const SHIFT: u32>(words: &[u32; LANES]) -> Self {
        Self(words.map(|w| (w >> SHIFT & 255) as f32))
    }

    #[inline(always)]
    fn halves(from: &[u16; LANES]) -> Self {
        Self(from.map(half_to_f32))
    }

    #[inline(always)]
    fn bfloats(from: &[u16; LANES]) -> Self {
        Self(from.map(|x| f32::from_bits(u32::from(x) << 16)))
    }

    #[inline(always)]
    fn ints(x: i32) -> Self::Ints {
        [x; LANES]
    }

    #[inline(always)]
    fn dot(mut sum: Self::Ints, a: &[u32; LANES], b: u32) -> Self::Ints {
        let b = b.to_le_bytes();
        for i in 0..LANES {
            let a = a[i].to_le_bytes();
            for j in 0..4 {
                sum[i] += i32::from(a[j]) * i32::from(b[j] as i8);
            }
        }
        sum
    }

    #[inline(always)]
    fn dot_nibbles<const HIGH: bool>(sum: Self::Ints, a: &[u32; LANES], b: u32) -> Self::Ints {
        Self::dot(sum, &a.map(|a| if HIGH { a >> 4 } else { a } & 0x0f0f_0f0f), b)
    }

    #[inline(always)]
    fn from_ints(x: Self::Ints) -> Self {
        Self(x.map(|x| x as f32))
    }

    #[inline(always)]
    fn unpack(words: &[u32; LANES], to: &mut [[u32; LANES]; 2]) {
        for i in 0..LANES {
            to[0][i] = words[i] & 0x0f0f_0f0f;
            to[1][i] = words[i] >> 4 & 0x0f0f_0f0f;
        }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        self.with(self, |a, _| a.abs())
    }

    #[inline(always)]
    fn round_to_bytes(self, to: &mut [i8; LANES]) -> i32 {
        *to = self.round().0.map(|x| x as i8);
        to.iter().map(|&x| i32::from(x)).sum()
    }

    #[inline(always)]
    fn pair(low: Self::Ints, high: Self::Ints) -> Self::Ints {
        let mut out = low;
        for i in 0..LANES {
            out[i] += high[i] << 8;
        }
        out
    }

    #[inline(always)]
    fn round_to_pairs(self, low: &mut [i8; LANES], high: &mut [i8; LANES]) -> i32 {
        let whole = self.round().0.map(|x| x as i32);
        for i in 0..LANES {
            // The low byte is signed: what it cannot hold goes to the high one.
            low[i] = whole[i] as i8;
            high[i] = ((whole[i] - i32::from(low[i])) >> 8) as i8;
        }
        whole.iter().sum()
    }

    #[inline(always)]
    fn above(self, x: Self, limit: Self) -> Self {
        let mut out = self.0;
        for i in 0..LANES {
            if x.0[i] <= limit.0[i] {
                out[i] = 0.0;
            }
        }
        Self(out)
    }

    #[inline(always)]
    fn reciprocal(self) -> Self {
        self.with(self, |a, _| 1.0 / a)
    }
}

/// IEEE half precision to single, exactly.
#[inline(always)]
fn half_to_f32(x: u16) -> f32 {
    let sign = u32::from(x & 0x8000) << 16;
    let magnitude = u32::from(x & 0x7fff) << 13;
    // As bits of a single these are too small by 2^112, subnormal ones included; infinity and NaN are set apart.
    let scaled = f32::from_bits(magnitude) * f32::from_bits((127 + 112) << 23);
    let bits = if x & 0x7c00 == 0x7c00 { magnitude | 0x7f80_0000 } else { scaled.to_bits() };
    f32::from_bits(bits | sign)
}
