//! How likely each candidate is.

use super::{Detector, candidates, condense::condense};

/// Each candidate's code with its probability, best first, equal ones by code.
///
/// The probabilities lie in 0..=1 and sum to 1, or are all 0 where nothing can be said. A language
/// that its script alone gives away has 1. They are rounded to nine decimals: lingua adds up in an
/// order that changes from process to process, and the last digits of a sum with it.
pub fn confidence(text: &str, detector: &Detector) -> Vec<(&'static str, f64)> {
    let mut values: Vec<_> = detector
        .lingua
        .compute_language_confidence_values(condense(text))
        .into_iter()
        .filter_map(|(language, value)| candidates::code(language).map(|code| (code, (value * 1e9).round() / 1e9)))
        .collect();
    values.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(b.0)));
    values
}
