//! Reading what was asked for out of what a model replied.

mod label;
mod translation;
mod unfence;
mod unquote;

pub use label::label;
pub use translation::translation;

use unfence::unfence;
use unquote::unquote;
