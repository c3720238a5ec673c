//! Models behind an endpoint that speaks OpenAI's protocol: chat completions, completions and embeddings.
//!
//! In the order in which a call goes through it:
//!
//! 1. [`EndpointOptions`] say where the endpoint is and how it may be used; [`Endpoint::new`] checks them.
//! 2. `body` turns requests into JSON: one body for all samples of a prompt where the endpoint honours `n`.
//! 3. `gate` lets it through: a bounded number at a time, two token buckets, and one pause for all while the endpoint asks
//!    for one.
//! 4. `transport` carries it through async-openai's client and sees status, headers and size of what comes back;
//!    `failure` says of everything that is no answer what it is and whether asking again can help.
//! 5. `seen` notices a reply that was another call's, and `answer` reads choices out of it.
//! 6. `persist` asks again where that can help, with `backoff`, and counts attempts and cost.
//!
//! No environment and no globals: key, address and limits come from the caller, chance from a seed. The one exception is the
//! system's proxy settings, which reqwest reads for every host but this machine.

mod address;
mod answer;
mod backoff;
mod body;
mod embed;
mod endpoint;
mod failure;
mod gate;
mod generate;
mod options;
mod persist;
mod retry_after;
mod seen;
mod transport;
mod usage;

pub use embed::Embeddings;
pub use endpoint::Endpoint;
pub use options::{EndpointOptions, Secret};
