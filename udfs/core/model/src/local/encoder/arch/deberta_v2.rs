//! DeBERTa-v2 and -v3: He et al., arXiv 2006.03654 and 2111.09543. Attention has terms for the distance of two tokens, and the
//! input has no positions.

use super::{Architecture, Classifier, Positions};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "deberta-v2",
    class: "DebertaV2",
    prefix: "deberta.",
    positions: Positions::Relative,
    projections: ["query_proj", "key_proj", "value_proj"],
    narrow_embeddings: false,
    classifier: Classifier::OwnPooler,
};
