//! How many tokens a text is, in the vocabularies that the field counts with.

mod count;
mod encoding;

pub use count::{CountError, count};
pub use encoding::{Encoding, EncodingError};
