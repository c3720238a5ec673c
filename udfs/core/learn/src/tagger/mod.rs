//! A small classifier of reasoning steps, and rules for what they build on.
//!
//! [`Tagger::annotate`] gives each step of a trace its tags and the earlier steps that it depends on, as a language model
//! that annotates would, offline and at some ten thousand steps a second. It is a baseline: `data/tagger/README.md` says how
//! often it agrees with people.
//!
//! [`fit`] makes a tagger of labelled steps. Fitting is softmax regression on hashed n-grams, some 65 000 sparse columns: linfa's
//! logistic regression takes dense matrices only, so the minimum is found by sixty lines of L-BFGS here.

mod depend;
mod error;
mod features;
mod fit;
mod fold;
mod lbfgs;
mod numbers;
mod tag;
#[expect(clippy::module_inception, reason = "one type a file, and the type has the name of the room")]
mod tagger;
mod weights;

pub use error::Error;
pub use fit::{Step, fit};
pub use tag::Tag;
pub use tagger::{Tagged, Tagger};

use weights::Weights;
