//! What an answer can be: a number, a set, a tuple or interval, a matrix, a relation.

use super::algebra::Term;

/// How the two sides of a relation stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Element,
}

/// An answer that was read.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Number(Term),
    /// ∞, or −∞ where true.
    Infinity(bool),
    /// Values joined by commas, "and" or "or", without brackets.
    List(Vec<Value>),
    /// Values in brackets: a tuple, or an interval where there are two.
    Bracketed(char, Vec<Value>, char),
    /// Values in braces.
    Set(Vec<Value>),
    Union(Vec<Value>),
    Intersection(Box<Value>, Box<Value>),
    Difference(Box<Value>, Box<Value>),
    Matrix(Vec<Vec<Value>>),
    /// `a < b < c`: one more value than there are relations.
    Chain(Vec<Value>, Vec<Relation>),
    /// ℝ
    Reals,
}

impl Value {
    pub fn as_term(&self) -> Option<&Term> {
        match self {
            Self::Number(term) => Some(term),
            _ => None,
        }
    }

    /// Whether a variable is anywhere in it.
    pub fn has_variables(&self) -> bool {
        match self {
            Self::Number(term) => term.has_variables(),
            Self::Infinity(_) | Self::Reals => false,
            Self::List(items) | Self::Bracketed(_, items, _) | Self::Set(items) | Self::Union(items) => {
                items.iter().any(Self::has_variables)
            }
            Self::Intersection(a, b) | Self::Difference(a, b) => a.has_variables() || b.has_variables(),
            Self::Matrix(rows) => rows.iter().flatten().any(Self::has_variables),
            Self::Chain(items, _) => items.iter().any(Self::has_variables),
        }
    }
}
