//! XLM-RoBERTa: Conneau et al., arXiv 1911.02116. RoBERTa in a hundred languages: multilingual-e5, and inside COMET.

use super::{Architecture, Classifier, PLAIN, Positions};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "xlm-roberta",
    class: "XLMRoberta",
    prefix: "roberta.",
    positions: Positions::BehindPadding,
    projections: PLAIN,
    narrow_embeddings: false,
    classifier: Classifier::TwoLayers,
};
