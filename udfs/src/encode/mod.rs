//! Encoders: functions that call a model which reads texts and writes none.
//!
//! Those that call a model are markers, as the functions of [`crate::llm`] are: the engine finds them in a plan and runs
//! them with its own operator. All of them take a model and texts, which [`TextsRow`] reads.

mod bertscore;
mod comet;
mod comet_qe;
mod cosine_similarity;
mod embed;
mod nli;
mod semantic_similarity;
mod texts_row;

pub use bertscore::{BertScore, Bertscore, bertscore};
pub use comet::{Comet, comet};
pub use comet_qe::{CometQe, comet_qe};
pub use cosine_similarity::CosineSimilarity;
pub use embed::{Embed, embed};
pub use nli::{Entailment, Nli, nli};
pub use semantic_similarity::{SemanticSimilarity, semantic_similarity};
pub use texts_row::TextsRow;

use crate::functions::{Entry, Family};

pub(crate) fn family() -> Family {
    let mut entries: Vec<Entry> =
        [embed(), semantic_similarity(), nli(), comet_qe(), comet(), bertscore()].map(Entry::model).into();
    entries.insert(1, Entry::scalar(CosineSimilarity));
    Family { name: "encode", title: "Encoders", entries }
}
