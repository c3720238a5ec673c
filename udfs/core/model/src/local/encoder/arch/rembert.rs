//! RemBERT: Chung et al., arXiv 2010.12821. BERT whose input embeddings are narrower than its layers. BLEURT-20 in PyTorch is
//! of this architecture.

use super::{Architecture, Classifier, PLAIN, Positions};

pub(super) const ARCHITECTURE: Architecture = Architecture {
    name: "rembert",
    class: "RemBert",
    prefix: "rembert.",
    positions: Positions::FromZero,
    projections: PLAIN,
    narrow_embeddings: true,
    classifier: Classifier::EncodersPooler,
};
