//! What can be wrong with a file of weights.

use std::fmt;

/// Why bytes are not the weights of a tagger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The bytes are something else, or cut off in their head.
    NoWeights,
    /// The weights were fitted to other features, or are cut off.
    OtherWeights,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoWeights => "these bytes are not the weights of a tagger",
            Self::OtherWeights => "these weights were fitted to other features, or are incomplete: train them again",
        })
    }
}

impl std::error::Error for Error {}
