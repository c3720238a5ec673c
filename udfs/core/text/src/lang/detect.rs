//! The language of a text.

use super::{Detector, candidates, condense::condense};

/// The ISO 639-1 code of the candidate that `text` is most likely written in.
///
/// `None` where nothing can be said: no letters, only scripts of no candidate, or two candidates
/// that are equally likely. A text in a language that is no candidate gets the nearest candidate.
pub fn detect(text: &str, detector: &Detector) -> Option<&'static str> {
    detector.lingua.detect_language_of(condense(text)).and_then(candidates::code)
}
