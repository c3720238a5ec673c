//! The options that bootstraps share.

use crate::kit::Constants;
use datafusion_common::Result;

/// The seed of the published analysis.
const SEED: i64 = 42;
const RESAMPLES: i64 = 1000;
const MOST_RESAMPLES: i64 = 1_000_000;

/// How often to draw, and from which stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resampling {
    pub n_boot: usize,
    pub seed: u64,
}

impl Resampling {
    /// From the arguments `n_boot` and `seed`, which stand at `place` and after it.
    pub fn new(constants: &Constants<'_>, place: usize) -> Result<Self> {
        let n_boot = constants.bigint(place)?.unwrap_or(RESAMPLES);
        if !(1..=MOST_RESAMPLES).contains(&n_boot) {
            return Err(constants.refuse(place, "must be between 1 and 1000000", n_boot, "1000 is the default"));
        }
        let seed = constants.bigint(place + 1)?.unwrap_or(SEED);
        Ok(Self { n_boot: usize::try_from(n_boot).unwrap_or_default(), seed: seed.cast_unsigned() })
    }
}
