//! Arithmetic on the CPU's vector instructions, written once over sixteen lanes.
//!
//! A [`Kernel`] is written against [`Lanes`], sixteen f32 side by side, and compiled for each [`Level`] of instructions; the
//! level is found at run time. Every kernel here computes each number of its result from its own row alone, in one
//! order, whatever else it works on at the same time: that is why a row of a batch is equal to the same row alone, to the
//! last bit, and why it does not matter in which pieces a prompt is read.
//!
//! This is the one place of the crate with unsafe code. What is unsafe is to run instructions that the CPU might
//! not have, loads and stores through pointers, and work that threads share; the first is guarded by [`Level::all`], the
//! only maker of levels above the portable one, the second stay within arrays whose length the type states, and the
//! third is in [`team`] with its reasons.

#![allow(unsafe_code, reason = "vector instructions; see the module's documentation")]
#![allow(clippy::needless_range_loop, reason = "a loop over registers runs over several arrays at the same place")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod lanes;
mod portable;

pub(super) mod attend;
pub(super) mod integers;
pub(super) mod pointwise;
pub(super) mod product;
pub(super) mod team;

pub(super) use lanes::{LANES, Lanes};

/// Numbers of a panel.
pub(super) const PANEL: usize = 64;

/// Numbers that share a scale where they are quantized.
pub(super) const BLOCK: usize = 32;

/// Sixty-four f32 that start a cache line: a piece of a row of activations, or one input's weights for sixty-four outputs.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Panel(pub [[f32; LANES]; PANEL / LANES]);

impl Panel {
    pub(super) const ZERO: Self = Self([[0.0; LANES]; PANEL / LANES]);

    pub(super) fn floats(&self) -> &[f32; PANEL] {
        // SAFETY: an array of arrays lies in memory as one array of all elements.
        unsafe { &*std::ptr::from_ref(&self.0).cast() }
    }

    pub(super) fn floats_mut(&mut self) -> &mut [f32; PANEL] {
        // SAFETY: as above.
        unsafe { &mut *std::ptr::from_mut(&mut self.0).cast() }
    }
}

/// Which instructions there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level(Instructions);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instructions {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Level {
    /// What every machine has.
    pub const PORTABLE: Self = Self(Instructions::Portable);

    /// The best that this machine has.
    pub fn best() -> Self {
        Self::all()[0]
    }

    /// All levels of this machine, the best first.
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if avx512::available() {
                all.push(Self(Instructions::Avx512));
            }
            if avx2::available() {
                all.push(Self(Instructions::Avx2));
            }
        }
        all.push(Self::PORTABLE);
        all
    }

    /// The name of the instructions.
    pub fn name(self) -> &'static str {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => "AVX-512 with VNNI",
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => "AVX2 with FMA",
            Instructions::Portable => "portable",
        }
    }

    /// Runs `kernel` with these instructions.
    #[inline]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            // SAFETY: `all` makes this level only where the CPU has its instructions.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { avx512::run(kernel) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { avx2::run(kernel) },
            Instructions::Portable => kernel.run::<portable::Portable>(),
        }
    }
}

/// Work that is compiled for each level.
///
/// `run` is to be `#[inline(always)]`, as everything it calls that handles [`Lanes`], and no closure may handle them: a
/// function of its own would be compiled without the instructions.
pub(super) trait Kernel {
    type Output;

    fn run<L: Lanes>(self) -> Self::Output;
}
