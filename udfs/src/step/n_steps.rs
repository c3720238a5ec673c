//! A number of steps as an argument.

use crate::kit::Args;
use datafusion_common::Result;

/// No trace has more steps; a larger number is a mistake that would take all memory.
const MOST: i64 = 1_000_000;

/// The number of steps that argument `i` gives.
pub(super) fn n_steps(args: &Args, i: usize, given: i64) -> Result<usize> {
    usize::try_from(given).ok().filter(|_| given <= MOST).ok_or_else(|| {
        args.error(
            format!("{} must be from 0 to {MOST}, got {given}", args.place(i)),
            "it is the number of steps that were annotated, as in cardinality(trace_steps(trace))",
        )
    })
}
