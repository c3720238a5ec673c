//! BERT: Devlin et al., arXiv 1810.04805. LaBSE, MiniLM and multilingual BERT are of this architecture.

use super::{Architecture, Classifier, PLAIN, Positions};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "bert",
    class: "Bert",
    prefix: "bert.",
    positions: Positions::FromZero,
    projections: PLAIN,
    narrow_embeddings: false,
    classifier: Classifier::EncodersPooler,
};
