//! Pointwise V-information of a reasoning trace about an answer.
//!
//! `vi = ln p(answer | question, trace) − ln p(answer | question)`, in nats: how much the trace makes the answer more
//! usable to the model. Ethayarajh et al. 2022 (arXiv 2110.08420) with the question on both sides, as Ki et al. 2026
//! (arXiv 2604.04720) use it; their code scores every answer token as if it came first, which
//! [`v_information_ki2026`] reproduces.

use super::{mean_entropy, total};
use crate::TokenScore;

/// V-information and its parts, in nats.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VInformation {
    /// `logprob_with − logprob_without`.
    pub vi: f64,
    /// ln p(answer | question, trace).
    pub logprob_with: f64,
    /// ln p(answer | question).
    pub logprob_without: f64,
    /// Mean entropy of the distributions that predict the answer's tokens, with the trace. `None` for an empty answer.
    pub entropy_with: Option<f64>,
    /// The same without the trace.
    pub entropy_without: Option<f64>,
}

/// V-information from the scores of the answer's tokens, with and without the trace. Of an empty answer it is 0.
pub fn v_information(with: &[TokenScore], without: &[TokenScore]) -> VInformation {
    let (logprob_with, logprob_without) = (total(with), total(without));
    VInformation {
        vi: logprob_with - logprob_without,
        logprob_with,
        logprob_without,
        entropy_with: mean_entropy(with),
        entropy_without: mean_entropy(without),
    }
}

/// The length of the lists that the published code reads.
pub const KI2026_TOP: usize = 20;

/// V-information as the published code computes it, from the scores of the answer's tokens with and without the trace.
///
/// Every token of the answer is looked up among the likeliest at the answer's first position ([`TokenScore::top`]), and
/// counts ln 10⁻⁸ where it is not there. The entropies are those of these lists, renormalised to sum to 1; 0 for an empty
/// answer.
pub fn v_information_ki2026(with: &[TokenScore], without: &[TokenScore]) -> VInformation {
    let (logprob_with, entropy_with) = first_position(with);
    let (logprob_without, entropy_without) = first_position(without);
    VInformation {
        vi: logprob_with - logprob_without,
        logprob_with,
        logprob_without,
        entropy_with: Some(entropy_with),
        entropy_without: Some(entropy_without),
    }
}

/// The sum of the answer's tokens by the list of the first, and the list's entropy.
fn first_position(answer: &[TokenScore]) -> (f64, f64) {
    let Some(TokenScore { top, .. }) = answer.first() else { return (0.0, 0.0) };
    let listed = |token: &TokenScore| top.iter().find(|(id, _)| *id == token.id).map(|(_, logprob)| *logprob);
    let logprob = answer.iter().fold(0.0, |sum, token| sum + listed(token).unwrap_or_else(|| 1e-8_f64.ln()));
    (logprob, entropy(top))
}

/// `−Σ p ln p` of the renormalised list, in nats.
fn entropy(list: &[(u32, f64)]) -> f64 {
    let sum: f64 = list.iter().map(|(_, logprob)| logprob.exp()).sum();
    -list.iter().map(|(_, logprob)| (logprob.exp() / sum, logprob - sum.ln())).fold(0.0, |all, (p, ln)| all + p * ln)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(logprob: f64, entropy: f64) -> TokenScore {
        TokenScore {
            id: 0,
            token: String::new(),
            logprob: Some(logprob),
            rank: Some(0),
            entropy: Some(entropy),
            top: Vec::new(),
        }
    }

    #[test]
    fn a_trace_that_doubles_the_probability_is_worth_ln_2() {
        let (half, quarter) = (0.5_f64.ln(), 0.25_f64.ln());
        let vi = v_information(&[score(half, 1.0), score(0.0, 0.0)], &[score(quarter, 2.0), score(0.0, 1.0)]);
        assert!((vi.vi - 2_f64.ln()).abs() < 1e-12);
        assert_eq!((vi.entropy_with, vi.entropy_without), (Some(0.5), Some(1.5)));
    }

    #[test]
    fn an_empty_answer_tells_nothing() {
        let vi = v_information(&[], &[]);
        assert!(vi.vi == 0.0 && vi.vi.is_sign_positive() && vi.entropy_with.is_none(), "{vi:?}");
        assert_eq!(v_information_ki2026(&[], &[]).entropy_with, Some(0.0));
    }
}
