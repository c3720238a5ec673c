//! What every function page needs: parameters, checks, walking arrays, results, errors with a way out.
//!
//! A function is a type with [`Function`]: its name, its parameters, what it returns, and one call to the core. The kit
//! makes a DataFusion function of it ([`Scalar`]), checks types and options before the plan runs, reads each
//! argument whatever its Arrow type ([`Args`]), and builds the result column ([`Output`]). [`Aggregate`] and [`Window`] are the same
//! for functions of many rows.

mod aggregate;
mod annotations;
mod args;
mod check;
mod constants;
mod doubles;
mod error;
mod features;
mod function;
mod groups;
mod lists;
mod output;
mod param;
mod sequences;
mod sql_type;
mod suggest;
mod text;
mod texts;
mod value;
mod verdicts;
mod window;

#[cfg(test)]
pub mod tester;

pub use aggregate::{Aggregate, Aggregated, Rows};
pub use annotations::Annotations;
pub use args::Args;
pub use check::{check_literals, check_types};
pub use constants::Constants;
pub use doubles::Doubles;
pub use error::{exec_error, internal_error, plan_error};
pub use features::{Features, feature_names};
pub use function::{Function, Scalar};
pub use groups::{item_type, items, list, list_type};
pub use output::{Output, Record, Structs, structs};
pub use param::{Kind, Param, Presence, signature, syntax};
pub use sequences::{Sequence, Sequences};
pub use sql_type::sql_type;
pub use suggest::suggest;
pub use text::Text;
pub use texts::Texts;
pub use value::Value;
pub use verdicts::Verdicts;
pub use window::{Window, Windowed};
