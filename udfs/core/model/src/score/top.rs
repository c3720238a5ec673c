//! The likeliest tokens of a distribution.

/// The `k` likeliest tokens with the natural logarithms of their probabilities, the likeliest first, of equal ones the
/// smaller number; fewer where the vocabulary is smaller. `logits` are `[vocab]`.
pub fn top(logits: &[f32], k: usize) -> Vec<(u32, f64)> {
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - max).exp()).sum();
    let mut tokens: Vec<(u32, f32)> = (0..).zip(logits.iter().copied()).collect();
    let likelier = |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
    if k < tokens.len() {
        tokens.select_nth_unstable_by(k, likelier);
        tokens.truncate(k);
    }
    tokens.sort_unstable_by(likelier);
    tokens.into_iter().map(|(id, logit)| (id, f64::from(logit) - max - sum.ln())).collect()
}

#[cfg(test)]
mod tests {
    use super::top;

    #[test]
    fn the_likeliest_stand_first_with_their_log_probabilities() {
        let logits = [0.0, 2.0_f32.ln(), 0.0, 4.0_f32.ln()];
        let found = top(&logits, 3);
        assert_eq!(found.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [3, 1, 0]);
        for ((_, logprob), p) in found.iter().zip([0.5, 0.25, 0.125_f64]) {
            assert!((logprob - p.ln()).abs() < 1e-6, "{logprob} {p}");
        }
        assert_eq!(top(&logits, 9).len(), 4);
        assert!(top(&[], 3).is_empty());
    }
}
