//! The byte-pair encodings by name.

use std::{error::Error, fmt, str::FromStr};

/// A published byte-pair encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// 200,000 tokens; GPT-4o and later. What the published study counts with.
    #[default]
    O200kBase,
    /// 100,000 tokens; GPT-3.5 and GPT-4.
    Cl100kBase,
}

impl Encoding {
    /// Both encodings.
    pub const ALL: [Self; 2] = [Self::O200kBase, Self::Cl100kBase];

    /// The name by which it is asked for.
    pub fn name(self) -> &'static str {
        match self {
            Self::O200kBase => "o200k_base",
            Self::Cl100kBase => "cl100k_base",
        }
    }
}

impl FromStr for Encoding {
    type Err = EncodingError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|encoding| encoding.name() == name).ok_or_else(|| EncodingError(name.to_owned()))
    }
}

/// A name that is no encoding of this crate. It may be a model's: a model counts with the tokenizer
/// it came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodingError(
    /// The name as given.
    pub String,
);

impl fmt::Display for EncodingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "'{}' is neither o200k_base nor cl100k_base; any other name is a model's, whose own tokenizer counts",
            self.0
        )
    }
}

impl Error for EncodingError {}

#[cfg(test)]
mod tests {
    use super::{Encoding, EncodingError};

    #[test]
    fn encodings_are_found_by_name() {
        assert!(Encoding::ALL.iter().all(|encoding| encoding.name().parse() == Ok(*encoding)));
        assert_eq!("qwen3".parse::<Encoding>(), Err(EncodingError("qwen3".to_owned())));
    }
}
