//! The scores of a continuation's tokens as one number.

use crate::TokenScore;

/// The natural logarithm of the continuation's probability: the sum over its tokens, 0 where there is none. A token that
/// nothing precedes has no probability and is left out.
pub fn total(scores: &[TokenScore]) -> f64 {
    // Not `sum()`, whose empty sum is -0.0.
    scores.iter().filter_map(|score| score.logprob).fold(0.0, |sum, logprob| sum + logprob)
}

/// The mean entropy in nats of the distributions that predict the tokens; `None` where there is none.
pub fn mean_entropy(scores: &[TokenScore]) -> Option<f64> {
    let (sum, n) =
        scores.iter().filter_map(|score| score.entropy).fold((0.0, 0_u32), |(sum, n), entropy| (sum + entropy, n + 1));
    (n > 0).then(|| sum / f64::from(n))
}
