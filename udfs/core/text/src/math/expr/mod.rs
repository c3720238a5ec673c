//! The language of answers: LaTeX and plain mathematics as models write them, read into values that can be compared.
//!
//! `lex` makes tokens, `parse` makes a [`Value`], `algebra` holds numbers and symbolic terms exactly, `compare` says
//! whether two values are the same. Everything that could grow without bound (powers, factorials, nesting, products of
//! sums) is limited; what exceeds a limit has no value, and no value equals nothing.

pub(crate) mod algebra;
pub(crate) mod compare;
pub(crate) mod lex;
pub(crate) mod parse;
pub(crate) mod value;

pub(crate) use compare::same;
pub(crate) use parse::{Mode, read};
pub(crate) use value::Value;
