//! Text in, vector out: what every model that embeds offers.

use crate::{Cancel, Result};

/// A model that turns texts into vectors.
pub trait Embed: Send + Sync {
    /// What these weights are, as a text that changes when they or anything else changes that a vector depends on. Part of
    /// each call's key.
    fn identity(&self) -> String;

    /// How many numbers a vector has.
    fn dimensions(&self) -> usize;

    /// Embeds `texts`, in whatever order is fastest, and hands each outcome with its position to `sink` as soon as it is there:
    /// every position once. After `cancel` is raised, what has not been handed over is handed over as
    /// [`Kind::Cancelled`](crate::Kind::Cancelled), within one small batch.
    fn embed(&self, texts: &[String], cancel: &Cancel, sink: &mut EmbedSink<'_>);
}

/// Where vectors go: position of the text, outcome.
pub type EmbedSink<'a> = dyn FnMut(usize, Result<Embedding>) + 'a;

/// The vector of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedding {
    /// [dimensions]
    pub vector: Vec<f32>,
    /// Tokens that were read, those that the model puts around a text included.
    pub tokens: u64,
    /// Tokens at the end of the text that were not read, because the model reads no more.
    pub cut: u64,
}
