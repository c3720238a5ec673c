//! glotrace's SQL functions: names, types and documentation. The arithmetic is in `core`.
//!
//! [`all_functions`] hands the engine every function, by family, in the order in which data flows through a study. What
//! a function needs from outside (the tokenizers of models) comes in as [`Services`]. The model functions
//! are markers: the engine finds them by [`llm::ModelFunction`] and runs them itself.

pub mod encode;
mod functions;
pub mod kit;
pub mod llm;
pub mod mt;
mod reference;
mod services;
pub mod stat;
pub mod step;
pub mod text;

pub use functions::{Family, Functions, all_functions, parameters};
pub use kit::{Kind, Param, Presence};
pub use reference::{Argument, Example, FunctionDoc, reference, reference_markdown};
pub use services::{NoTokenizers, Services, Tokenizers};
