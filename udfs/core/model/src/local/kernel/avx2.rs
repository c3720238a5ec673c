//! Sixteen lanes in two registers of AVX2, with FMA. Products of bytes are left to the compiler.

use std::arch::x86_64::*;

use super::{
    Kernel,
    lanes::{LANES, Lanes},
    portable::Portable,
};

pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c")
}

/// Only where [`available`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx2>()
}

#[derive(Clone, Copy)]
pub(super) struct Avx2(__m256, __m256);

// SAFETY of all that follows: kernels run with this type inside `run` alone, where the instructions are
// there, and loads and stores are as long as the arrays.
impl Lanes for Avx2 {
    type Ints = [i32; LANES];

    #[inline(always)]
    fn splat(x: f32) -> Self {
        let x = unsafe { _mm256_set1_ps(x) };
        Self(x, x)
    }

    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        unsafe { Self(_mm256_loadu_ps(from.as_ptr()), _mm256_loadu_ps(from.as_ptr().add(8))) }
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), self.0);
            _mm256_storeu_ps(to.as_mut_ptr().add(8), self.1);
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        unsafe { Self(_mm256_add_ps(self.0, other.0), _mm256_add_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        unsafe { Self(_mm256_sub_ps(self.0, other.0), _mm256_sub_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        unsafe { Self(_mm256_mul_ps(self.0, other.0), _mm256_mul_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        unsafe { Self(_mm256_max_ps(self.0, other.0), _mm256_max_ps(self.1, other.1)) }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        unsafe { Self(_mm256_fmadd_ps(self.0, factor.0, addend.0), _mm256_fmadd_ps(self.1, factor.1, addend.1)) }
    }

    #[inline(always)]
    fn round(self) -> Self {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        unsafe { Self(_mm256_round_ps::<NEAREST>(self.0), _mm256_round_ps::<NEAREST>(self.1)) }
    }

    #[inline(always)]
    fn pow2(self) -> Self {
        unsafe {
            let bias = _mm256_set1_epi32(127);
            let a = _mm256_slli_epi32::<23>(_mm256_add_epi32(_mm256_cvtps_epi32(self.0), bias));
            let b = _mm256_slli_epi32::<23>(_mm256_add_epi32(_mm256_cvtps_epi32(self.1), bias));
            Self(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b))
        }
    }

    #[inline(always)]
    fn nibbles<const SHIFT: u32>(words: &[u32; LANES]) -> Self {
        // The shifts take signed constants, which a generic unsigned one cannot become.
        let shift = SHIFT as i32;
        unsafe {
            let (mask, shift) = (_mm256_set1_epi32(15), _mm_cvtsi32_si128(shift));
            let a = _mm256_srl_epi32(_mm256_loadu_si256(words.as_ptr().cast()), shift);
            let b = _mm256_srl_epi32(_mm256_loadu_si256(words.as_ptr().add(8).cast()), shift);
            Self(_mm256_cvtepi32_ps(_mm256_and_si256(a, mask)), _mm256_cvtepi32_ps(_mm256_and_si256(b, mask)))
        }
    }

    #[inline(always)]
    fn bytes<const SHIFT: u32>(words: &[u32; LANES]) -> Self {
        let shift = SHIFT as i32;
        unsafe {
            let (mask, shift) = (_mm256_set1_epi32(255), _mm_cvtsi32_si128(shift));
            let a = _mm256_srl_epi32(_mm256_loadu_si256(words.as_ptr().cast()), shift);
            let b = _mm256_srl_epi32(_mm256_loadu_si256(words.as_ptr().add(8).cast()), shift);
            Self(_mm256_cvtepi32_ps(_mm256_and_si256(a, mask)), _mm256_cvtepi32_ps(_mm256_and_si256(b, mask)))
        }
    }

    #[inline(always)]
    fn halves(from: &[u16; LANES]) -> Self {
        unsafe {
            let a = _mm_loadu_si128(from.as_ptr().cast());
            let b = _mm_loadu_si128(from.as_ptr().add(8).cast());
            Self(_mm256_cvtph_ps(a), _mm256_cvtph_ps(b))
        }
    }

    #[inline(always)]
    fn bfloats(from: &[u16; LANES]) -> Self {
        unsafe {
            let a = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.as_ptr().cast()));
            let b = _mm256_cvtepu16_epi32(_mm_loadu_si128(from.as_ptr().add(8).cast()));
            let (a, b) = (_mm256_slli_epi32::<16>(a), _mm256_slli_epi32::<16>(b));
            Self(_mm256_castsi256_ps(a), _mm256_castsi256_ps(b))
        }
    }

    #[inline(always)]
    fn ints(x: i32) -> Self::Ints {
        Portable::ints(x)
    }

    #[inline(always)]
    fn dot(sum: Self::Ints, a: &[u32; LANES], b: u32) -> Self::Ints {
        Portable::dot(sum, a, b)
    }

    #[inline(always)]
    fn dot_nibbles<const HIGH: bool>(sum: Self::Ints, a: &[u32; LANES], b: u32) -> Self::Ints {
        Portable::dot_nibbles::<HIGH>(sum, a, b)
    }

    #[inline(always)]
    fn from_ints(x: Self::Ints) -> Self {
        unsafe {
            let a = _mm256_loadu_si256(x.as_ptr().cast());
            let b = _mm256_loadu_si256(x.as_ptr().add(8).cast());
            Self(_mm256_cvtepi32_ps(a), _mm256_cvtepi32_ps(b))
        }
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
        unsafe {
            let sign = _mm256_set1_ps(-0.0);
            Self(_mm256_andnot_ps(sign, self.0), _mm256_andnot_ps(sign, self.1))
        }
    }

    #[inline(always)]
    fn round_to_bytes(self, to: &mut [i8; LANES]) -> i32 {
        let mut x = [0.0; LANES];
        self.store(&mut x);
        Portable::load(&x).round_to_bytes(to)
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
        let mut x = [0.0; LANES];
        self.store(&mut x);
        Portable::load(&x).round_to_pairs(low, high)
    }

    #[inline(always)]
    fn above(self, x: Self, limit: Self) -> Self {
        unsafe {
            let a = _mm256_cmp_ps::<_CMP_GT_OQ>(x.0, limit.0);
            let b = _mm256_cmp_ps::<_CMP_GT_OQ>(x.1, limit.1);
            Self(_mm256_and_ps(self.0, a), _mm256_and_ps(self.1, b))
        }
    }

    #[inline(always)]
    fn reciprocal(self) -> Self {
        unsafe {
            let one = _mm256_set1_ps(1.0);
            Self(_mm256_div_ps(one, self.0), _mm256_div_ps(one, self.1))
        }
    }
}
