//! Translations: whether one says what its source says.

mod formulas;
mod numbers_kept;

pub use numbers_kept::numbers_kept;
