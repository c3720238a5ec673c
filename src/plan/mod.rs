//! SQL text → plan: cut a script into statements, parse them, rewrite what DataFusion does not know, say what is wrong.
//!
//! ```text
//! split ─▶ parse ─▶ rewrite (parameters, macros, arguments, fields, files, samples, pivots) ─▶ DataFusion's planner
//!                                                                                              └▶ model_call (hoisting, operator)
//! ```

pub mod change;
pub mod diagnose;
pub mod division;
pub mod model_call;
pub mod parse;
pub mod rewrite;
pub mod split;
pub mod summarize;
pub mod whole_groups;
