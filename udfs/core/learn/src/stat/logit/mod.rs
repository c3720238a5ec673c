//! Logistic regression.
//!
//! ```text
//! Table ── complete rows ──▶ Basis ── varying, independent columns, orthonormal: Design ──▶ newton ──▶ Fit
//!                                                                 is the estimate finite? ┘   └ vcov, delta
//! ```
//!
//! All sums over rows are in `pass`, and exact: rows in another order give the same bits.
//!
//! Whatever the data, there is a [`Fit`]: what could not be estimated has no number and a note that says why.

mod basis;
mod delta;
mod design;
mod elementary;
mod fit;
mod newton;
mod pass;
mod predict;
mod table;
mod vcov;

pub use fit::{Fit, Options, Term, Vcov, fit};
pub use predict::predict;
pub use table::Table;

/// 1 / (1 + e^−x).
fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x >= 0.0 { 1.0 / (1.0 + e) } else { e / (1.0 + e) }
}

#[cfg(test)]
mod tests;
