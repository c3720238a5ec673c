//! A detector for a list of candidates.

use super::Candidates;
use lingua::{LanguageDetector, LanguageDetectorBuilder};

/// Tells the candidates apart. Build it once a list and use it from any number of threads.
///
/// Building is cheap; the first text in a language loads that language's n-gram model, which all
/// detectors of a process then share.
pub struct Detector {
    pub(super) lingua: LanguageDetector,
    candidates: Candidates,
}

impl Detector {
    /// A detector in high accuracy mode, without a minimum distance between the best and the second
    /// language.
    pub fn new(candidates: Candidates) -> Self {
        let lingua = LanguageDetectorBuilder::from_languages(&candidates.languages()).build();
        Self { lingua, candidates }
    }

    /// The languages it chooses among.
    pub fn candidates(&self) -> &Candidates {
        &self.candidates
    }
}

impl Default for Detector {
    fn default() -> Self {
        Self::new(Candidates::default())
    }
}
