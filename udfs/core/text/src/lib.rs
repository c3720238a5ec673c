//! (being built)
pub mod lang;
pub mod prompt;
pub mod token;
pub mod trace;
