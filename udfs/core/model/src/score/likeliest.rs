//! The likeliest of several continuations of one prompt.

use super::total;
use crate::TokenScore;

/// The place of the continuation with the largest total log-probability, of equal ones the first; `None` of none.
///
/// Totals and not means: a total is the log-probability that the model writes just this, which is what is asked where
/// the prompt lists the choices. A mean would favour long ones, since all tokens after the one that decides are almost
/// certain. The caller sees to it that no continuation is the beginning of another, whose total could not be larger.
pub fn likeliest<S: AsRef<[TokenScore]>>(continuations: &[S]) -> Option<usize> {
    let mut best: Option<(usize, f64)> = None;
    for (i, scores) in continuations.iter().enumerate() {
        let total = total(scores.as_ref());
        if best.is_none_or(|(_, most)| total > most) {
            best = Some((i, total));
        }
    }
    best.map(|(i, _)| i)
}

#[cfg(test)]
mod tests {
    use super::likeliest;
    use crate::TokenScore;

    fn scores(logprobs: &[f64]) -> Vec<TokenScore> {
        let score = |&logprob| TokenScore {
            id: 0,
            token: String::new(),
            logprob: Some(logprob),
            rank: None,
            entropy: None,
            top: Vec::new(),
        };
        logprobs.iter().map(score).collect()
    }

    #[test]
    fn the_largest_total_wins_whatever_the_length() {
        assert_eq!(likeliest(&[scores(&[-2.0]), scores(&[-0.5, -0.01, -0.01, -0.01])]), Some(1));
        assert_eq!(likeliest(&[scores(&[-1.0]), scores(&[-0.9, -0.9, -0.0])]), Some(0));
    }

    #[test]
    fn of_equal_ones_the_first_wins() {
        assert_eq!(likeliest(&[scores(&[-3.0]), scores(&[-1.0, -1.0]), scores(&[-2.0])]), Some(1));
        assert_eq!(likeliest::<Vec<TokenScore>>(&[]), None);
    }
}
