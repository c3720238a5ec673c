//! Texts in, one number out: learned metrics of translation and generation (COMET, BLEURT), and the matching of tokens
//! (BERTScore).

use crate::{Cancel, Result};

/// A model that scores a text against its source, a reference or both.
pub trait Score: Send + Sync {
    /// What these weights are, as a text that changes when they or anything else changes that a score depends on. Part of
    /// each call's key.
    fn identity(&self) -> String;

    /// What it reads beside the text that it scores.
    fn needs(&self) -> Needs;

    /// Scores `candidates`, in whatever order is fastest, and hands each outcome with its position to `sink` as soon as it is
    /// there: every position once. A candidate without what [`needs`](Self::needs) asks for is an error for its position.
    /// After `cancel` is raised, what has not been handed over is handed over as [`Kind::Cancelled`](crate::Kind::Cancelled),
    /// within one small batch.
    fn score(&self, candidates: &[Candidate], cancel: &Cancel, sink: &mut MetricSink<'_>);
}

/// What a metric reads beside the text that it scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// The text that was translated.
    pub source: bool,
    /// A text by which it is judged.
    pub reference: bool,
}

/// A text to be scored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Candidate {
    /// The text itself: a translation, an answer.
    pub text: String,
    /// What it was made from.
    pub source: Option<String>,
    /// What it should say.
    pub reference: Option<String>,
}

/// Where scores go: position of the candidate, outcome.
pub type MetricSink<'a> = dyn FnMut(usize, Result<Scored>) + 'a;

/// A score.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// On the metric's own scale, the higher the better.
    pub score: f64,
    /// Tokens that were read, those that the model puts around texts included.
    pub tokens: u64,
    /// Tokens at the ends of texts that were not read, because the model reads no more.
    pub cut: u64,
}

/// A model by whose states of tokens two texts are compared: BERTScore (Zhang et al., arXiv 1904.09675).
pub trait TokenMatch: Send + Sync {
    /// What these weights are, as a text that changes when they or anything else changes that a score depends on. Part of
    /// each call's key.
    fn identity(&self) -> String;

    /// Compares `pairs` (candidate, reference); else as [`Score::score`].
    fn match_tokens(&self, pairs: &[(String, String)], cancel: &Cancel, sink: &mut MatchSink<'_>);
}

/// Where comparisons go: position of the pair, outcome.
pub type MatchSink<'a> = dyn FnMut(usize, Result<Matched>) + 'a;

/// How well the tokens of two texts match: without weights by rarity and without rescaling.
#[derive(Debug, Clone, PartialEq)]
pub struct Matched {
    /// Mean over the candidate's tokens of the largest cosine with a token of the reference; 0 where a text is empty.
    pub precision: f64,
    /// The same the other way round.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// Tokens that were read, those that the model puts around texts included.
    pub tokens: u64,
    /// Tokens at the ends of the texts that were not read, because the model reads no more.
    pub cut: u64,
}
