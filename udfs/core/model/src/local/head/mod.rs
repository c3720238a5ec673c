//! What is made of an encoder's states, one task a file.

pub(super) mod bertscore;
pub(super) mod classifier;
pub(super) mod comet;
pub(super) mod dense;
pub(super) mod layer_mix;
pub(super) mod pooling;
pub(super) mod sentence;
