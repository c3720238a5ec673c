//! Sixteen lanes in one register of AVX-512. Products of bytes are VNNI's.

use std::arch::x86_64::*;

use super::{
    Kernel,
    attend::Line,
    lanes::{LANES, Lanes},
};

pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512vnni")
}

/// Only where [`available`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run::<Avx512>()
}

#[derive(Clone, Copy)]
pub(super) struct Avx512(__m512);

const _: () = assert!(size_of::<[u32; LANES]>() == 64 && size_of::<[u16; LANES]>() == 32);

// SAFETY of all that follows: kernels run with this type inside `run` alone, where the instructions are
// there, and loads and stores are as long as the arrays.
impl Lanes for Avx512 {
    type Ints = __m512i;

    #[inline(always)]
    fn splat(x: f32) -> Self {
        Self(unsafe { _mm512_set1_ps(x) })
    }

    #[inline(always)]
    fn load(from: &[f32; LANES]) -> Self {
        Self(unsafe { _mm512_loadu_ps(from.as_ptr()) })
    }

    #[inline(always)]
    fn store(self, to: &mut [f32; LANES]) {
        unsafe { _mm512_storeu_ps(to.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn max(self, other: Self) -> Self {
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    fn round(self) -> Self {
        Self(unsafe { _mm512_roundscale_ps::<0>(self.0) })
    }

    #[inline(always)]
    fn pow2(self) -> Self {
        Self(unsafe { _mm512_scalef_ps(_mm512_set1_ps(1.0), self.0) })
    }

    #[inline(always)]
    fn nibbles<const SHIFT: u32>(words: &[u32; LANES]) -> Self {
        unsafe {
            // A permutation reads the low four bits of each index, which saves masking and converting.
            let table = _mm512_setr_ps(0., 1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 14., 15.);
            let words = _mm512_loadu_si512(words.as_ptr().cast());
            Self(_mm512_permutexvar_ps(_mm512_srli_epi32::<SHIFT>(words), table))
        }
    }

    #[inline(always)]
    fn bytes<const SHIFT: u32>(words: &[u32; LANES]) -> Self {
        unsafe {
            let words = _mm512_loadu_si512(words.as_ptr().cast());
            let bytes = _mm512_and_si512(_mm512_srli_epi32::<SHIFT>(words), _mm512_set1_epi32(255));
            Self(_mm512_cvtepi32_ps(bytes))
        }
    }

    #[inline(always)]
    fn halves(from: &[u16; LANES]) -> Self {
        Self(unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(from.as_ptr().cast())) })
    }

    #[inline(always)]
    fn bfloats(from: &[u16; LANES]) -> Self {
        unsafe {
            let wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from.as_ptr().cast()));
            Self(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(wide)))
        }
    }

    #[inline(always)]
    fn fetch(soon: &Line) {
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(soon).cast()) }
    }

    #[inline(always)]
    fn ints(x: i32) -> Self::Ints {
        unsafe { _mm512_set1_epi32(x) }
    }

    #[inline(always)]
    fn dot(sum: Self::Ints, a: &[u32; LANES], b: u32) -> Self::Ints {
        unsafe { _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(a.as_ptr().cast()), _mm512_set1_epi32(b.cast_signed())) }
    }

    #[inline(always)]
    fn dot_nibbles<const HIGH: bool>(sum: Self::Ints, a: &[u32; LANES], b: u32) -> Self::Ints {
        unsafe {
            let a = _mm512_loadu_si512(a.as_ptr().cast());
            let a = if HIGH { _mm512_srli_epi32::<4>(a) } else { a };
            let a = _mm512_and_si512(a, _mm512_set1_epi8(15));
            _mm512_dpbusd_epi32(sum, a, _mm512_set1_epi32(b.cast_signed()))
        }
    }

    #[inline(always)]
    fn from_ints(x: Self::Ints) -> Self {
        Self(unsafe { _mm512_cvtepi32_ps(x) })
    }

    #[inline(always)]
    fn unpack(words: &[u32; LANES], to: &mut [[u32; LANES]; 2]) {
        unsafe {
            let words = _mm512_loadu_si512(words.as_ptr().cast());
            let mask = _mm512_set1_epi8(15);
            _mm512_storeu_si512(to[0].as_mut_ptr().cast(), _mm512_and_si512(words, mask));
            let high = _mm512_srli_epi32::<4>(words);
            _mm512_storeu_si512(to[1].as_mut_ptr().cast(), _mm512_and_si512(high, mask));
        }
    }

    #[inline(always)]
    fn abs(self) -> Self {
        Self(unsafe { _mm512_abs_ps(self.0) })
    }

    #[inline(always)]
    fn round_to_bytes(self, to: &mut [i8; LANES]) -> i32 {
        unsafe {
            // The conversion rounds as the default mode says, ties to even.
            let x = _mm512_cvtps_epi32(self.0);
            _mm_storeu_si128(to.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(x));
            _mm512_reduce_add_epi32(x)
        }
    }

    #[inline(always)]
    fn largest(self) -> f32 {
        unsafe { _mm512_reduce_max_ps(self.0) }
    }

    #[inline(always)]
    fn pair(low: Self::Ints, high: Self::Ints) -> Self::Ints {
        unsafe { _mm512_add_epi32(low, _mm512_slli_epi32::<8>(high)) }
    }

    #[inline(always)]
    fn round_to_pairs(self, low: &mut [i8; LANES], high: &mut [i8; LANES]) -> i32 {
        unsafe {
            let x = _mm512_cvtps_epi32(self.0);
            // Narrowing keeps the low byte, which is signed; what it cannot hold goes to the high one.
            let up = _mm512_srai_epi32::<8>(_mm512_add_epi32(x, _mm512_set1_epi32(128)));
            _mm_storeu_si128(low.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(x));
            _mm_storeu_si128(high.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(up));
            _mm512_reduce_add_epi32(x)
        }
    }

    #[inline(always)]
    fn above(self, x: Self, limit: Self) -> Self {
        Self(unsafe { _mm512_maskz_mov_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(x.0, limit.0), self.0) })
    }

    #[inline(always)]
    fn reciprocal(self) -> Self {
        Self(unsafe { _mm512_div_ps(_mm512_set1_ps(1.0), self.0) })
    }
}
