//! What the architectures differ in, one a file.
//!
//! All of them are one [`Encoder`](super::Encoder): embeddings that are normalized, then layers of attention that looks
//! both ways and a feed-forward layer, each normalized after it was added to its input. An architecture
//! states the rest as plain values: where positions enter, and how its files name things.

mod bert;
mod deberta_v2;
mod rembert;
mod roberta;
mod xlm_roberta;

/// What sets an architecture apart.
#[derive(Debug)]
pub struct Architecture {
    /// `model_type` in `config.json`.
    pub name: &'static str,
    /// What its classes in `architectures` begin with.
    pub class: &'static str,
    /// What names of tensors begin with where the encoder is a part of something larger. It may also stand alone.
    pub prefix: &'static str,
    /// Where positions enter.
    pub positions: Positions,
    /// The names of the projections of attention, behind `attention.self.`.
    pub projections: [&'static str; 3],
    /// Embeddings may be narrower than the layers (key `input_embedding_size`), and are mapped to their width then.
    pub narrow_embeddings: bool,
    /// What a classifier's scores are made of.
    pub classifier: Classifier,
}

/// Where positions enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Positions {
    /// As embeddings of the input, counted from 0.
    FromZero,
    /// As embeddings of the input, counted from the padding token's number + 1 on.
    BehindPadding,
    /// As distances in attention (He et al., arXiv 2006.03654 and 2111.09543).
    Relative,
}

/// What a sequence classifier puts on the first token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Classifier {
    /// `pooler.dense` of the encoder and tanh, then `classifier`.
    EncodersPooler,
    /// `pooler.dense` beside the encoder and an activation, then `classifier`.
    OwnPooler,
    /// `classifier.dense` and tanh, then `classifier.out_proj`.
    TwoLayers,
}

const PLAIN: [&str; 3] = ["query", "key", "value"];

/// The architectures that are built.
pub const BUILT: [&Architecture; 5] = [
    &bert::ARCHITECTURE,
    &xlm_roberta::ARCHITECTURE,
    &roberta::ARCHITECTURE,
    &deberta_v2::ARCHITECTURE,
    &rembert::ARCHITECTURE,
];

impl Architecture {
    /// The architecture that `config.json` calls `name`.
    pub fn named(name: &str) -> Option<&'static Self> {
        BUILT.into_iter().find(|a| a.name == name)
    }
}

/// The names of the architectures that are built, for a hint.
pub(in crate::local) fn built() -> String {
    BUILT.map(|a| a.name).join(", ")
}
