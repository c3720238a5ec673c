//! BERTScore: Zhang et al., arXiv 1904.09675.

use std::collections::HashSet;

use super::dense::dot;
use crate::{Matched, local::encoder::Input};

/// The layer whose states are compared where nobody says: those that the published code found best for the usual sizes, and the last
/// but one for others.
pub(in crate::local) fn usual_layer(architecture: &str, layers: usize) -> usize {
    match (architecture, layers) {
        ("roberta", 12) => 10,
        (_, 12) => 9,
        ("bert", 24) => 18,
        (_, 24) => 17,
        _ => layers.saturating_sub(1),
    }
}

/// Tokens of one text and their states.
pub(in crate::local) struct Side<'a> {
    pub(in crate::local) input: &'a Input,
    pub(in crate::local) states: &'a [f32], // [tokens, width]
}

/// Precision, recall and F1 of `candidate`. Tokens of `around`, which the model puts around texts, are not counted, but others
/// may match them.
pub(in crate::local) fn compare(
    [candidate, reference]: [Side<'_>; 2],
    width: usize,
    around: &HashSet<u32>,
    cut: usize,
) -> Matched {
    let unit = |side: &Side<'_>| -> Vec<f32> {
        let rows = side.states.chunks_exact(width).map(|row| (row, dot(row, row).sqrt().recip()));
        rows.flat_map(|(row, scale)| row.iter().map(move |x| x * scale)).collect()
    };
    let tokens = (candidate.input.ids.len() + reference.input.ids.len()) as u64;
    let (a, b) = (unit(&candidate), unit(&reference));
    let mean = |side: &Side<'_>, own: &[f32], other: &[f32]| -> Option<f64> {
        let (mut sum, mut n) = (0.0, 0.0);
        for (row, _) in own.chunks_exact(width).zip(&side.input.ids).filter(|(_, id)| !around.contains(id)) {
            let best = other.chunks_exact(width).map(|other| dot(row, other)).fold(f32::NEG_INFINITY, f32::max);
            sum += f64::from(best);
            n += 1.0;
        }
        (n > 0.0).then(|| sum / n)
    };
    // A text without tokens makes all three 0, as in the published code.
    let (precision, recall) = match (mean(&candidate, &a, &b), mean(&reference, &b, &a)) {
        (Some(precision), Some(recall)) => (precision, recall),
        _ => (0.0, 0.0),
    };
    let sum = precision + recall;
    let f1 = if sum == 0.0 { 0.0 } else { 2.0 * precision * recall / sum };
    Matched { precision, recall, f1, tokens, cut: cut as u64 }
}
