//! RoBERTa: Liu et al., arXiv 1907.11692. BERT without segments, whose positions begin behind the padding token's number.

use super::{Architecture, Classifier, PLAIN, Positions};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "roberta",
    class: "Roberta",
    prefix: "roberta.",
    positions: Positions::BehindPadding,
    projections: PLAIN,
    narrow_embeddings: false,
    classifier: Classifier::TwoLayers,
};
