//! Drawing a token from logits.
//!
//! The order is that of `transformers`: penalties, temperature, top-k, top-p over what top-k kept, min-p.
//! (min-p compares each probability with the largest, a ratio that the others do not change, so its place
//! does not matter.)

use std::{cmp::Ordering, collections::HashSet};

use rand::{Rng, SeedableRng, rngs::StdRng};
use sha2::{Digest, Sha256};

use crate::Sampling;

/// Draws the tokens of one row.
///
/// Chance is `rand`'s `StdRng` (ChaCha12 in rand 0.9), seeded with SHA-256 over seed and sample index. One
/// number is taken per token, so that what a row draws depends on its own logits, seed and index, and on no
/// other row.
pub struct Sampler {
    sampling: Sampling,
    rng: StdRng,
    /// Tokens of the prompt; kept only where a repetition penalty asks.
    prompt: HashSet<u32>,
    /// Tokens drawn so far; kept only where a penalty asks.
    drawn: HashSet<u32>,
}

impl Sampler {
    /// A sampler for sample `sample` of `prompt`.
    pub fn new(sampling: &Sampling, sample: u64, prompt: &[u32]) -> Self {
        let seed = Sha256::new()
            .chain_update(b"glotrace sample")
            .chain_update(sampling.seed.to_le_bytes())
            .chain_update(sample.to_le_bytes())
            .finalize();
        let repeats = sampling.repetition_penalty != 1.0;
        Self {
            sampling: sampling.clone(),
            rng: StdRng::from_seed(seed.into()),
            prompt: prompt.iter().copied().filter(|_| repeats).collect(),
            drawn: HashSet::new(),
        }
    }

    /// Whether the most probable token is taken as it is.
    pub fn is_greedy(&self) -> bool {
        self.sampling.temperature == 0.0
            && self.sampling.presence_penalty == 0.0
            && self.sampling.repetition_penalty == 1.0
    }

    /// The next token, given the logits of the whole vocabulary, which are used up. `None` where no logit is a number.
    pub fn draw(&mut self, logits: &mut [f32]) -> Option<u32> {
        self.penalize(logits);
        let token = if self.sampling.temperature == 0.0 {
            most_probable(logits)?
        } else {
            let candidates = self.candidates(logits)?;
            pick(&candidates, self.rng.random())?
        };
        if self.sampling.presence_penalty != 0.0 || self.sampling.repetition_penalty != 1.0 {
            self.drawn.insert(token);
        }
        Some(token)
    }

    fn penalize(&self, logits: &mut [f32]) {
        let repetition = self.sampling.repetition_penalty as f32;
        if repetition != 1.0 {
            for &id in self.prompt.union(&self.drawn) {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit = if *logit > 0.0 { *logit / repetition } else { *logit * repetition };
                }
            }
        }
        let presence = self.sampling.presence_penalty as f32;
        if presence != 0.0 {
            for &id in &self.drawn {
                if let Some(logit) = logits.get_mut(id as usize) {
                    *logit -= presence;
                }
            }
        }
    }

    /// What may be drawn, each with its probability relative to the most probable token.
    fn candidates(&self, logits: &[f32]) -> Option<Vec<(u32, f64)>> {
        let max = f64::from(*logits.get(most_probable(logits)? as usize)?);
        let temperature = self.sampling.temperature;
        let mut kept: Vec<(u32, f64)> = (0..)
            .zip(logits)
            .map(|(id, &logit)| (id, ((f64::from(logit) - max) / temperature).exp()))
            .filter(|&(_, weight)| weight > 0.0)
            .collect();
        if let Some(k) = self.sampling.top_k.filter(|&k| k < kept.len()) {
            kept.select_nth_unstable_by(k - 1, by_weight);
            kept.truncate(k);
            // The selection leaves them in an order of its own.
            kept.sort_unstable_by_key(|&(id, _)| id);
        }
        let top_p = self.sampling.top_p;
        if top_p < 1.0 {
            let total: f64 = kept.iter().map(|&(_, weight)| weight).sum();
            // Tokens lighter than this weigh less than (1 - top_p) together, so the smallest sufficient set
            // needs none of them, and what is left to sort is a small part of the vocabulary.
            let floor = (1.0 - top_p) * total / kept.len() as f64;
            kept.retain(|&(_, weight)| weight >= floor);
            kept.sort_unstable_by(by_weight);
            let mut sum = 0.0;
            let enough = kept.iter().position(|&(_, weight)| {
                sum += weight;
                sum >= top_p * total
            });
            kept.truncate(enough.map_or(kept.len(), |i| i + 1));
        }
        let min_p = self.sampling.min_p;
        kept.retain(|&(_, weight)| weight >= min_p);
        Some(kept)
    }
}

/// Heaviest first, among equals the smaller number.
fn by_weight(a: &(u32, f64), b: &(u32, f64)) -> Ordering {
    b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))
}

/// The token of the largest logit, the first of several. `None` where none is a number.
pub(super) fn most_probable(logits: &[f32]) -> Option<u32> {
    let mut best: Option<(u32, f32)> = None;
    for (id, &logit) in (0..).zip(logits) {
        if logit > best.map_or(f32::NEG_INFINITY, |(_, b)| b) {
            best = Some((id, logit));
        }
    }
    best.map(|(id, _)| id)
}

/// The candidate in whose share of the whole `at`, in 0 .. 1, falls.
fn pick(candidates: &[(u32, f64)], at: f64) -> Option<u32> {
    let total: f64 = candidates.iter().map(|&(_, weight)| weight).sum();
    let mut left = at * total;
    for &(id, weight) in candidates {
        left -= weight;
        if left < 0.0 {
            return Some(id);
        }
    }
    // Rounding can leave a crumb past the last share.
    candidates.last().map(|&(id, _)| id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;

    /// Logits whose softmax is 0.5, 0.25, 0.15, 0.1.
    fn logits() -> Vec<f32> {
        [0.25f32, 0.5, 0.1, 0.15].map(f32::ln).to_vec()
    }

    fn sampler(params: Params, sample: u64) -> Sampler {
        Sampler::new(&params.check().unwrap(), sample, &[2])
    }

    /// Which tokens come up in 2,000 draws, and how often.
    fn drawn(params: Params) -> [usize; 4] {
        let mut sampler = sampler(params, 0);
        let mut counts = [0; 4];
        for _ in 0..2000 {
            // Penalties apart, draws are independent.
            counts[sampler.draw(&mut logits()).unwrap() as usize] += 1;
        }
        counts
    }

    fn warm() -> Params {
        Params { temperature: 1.0, ..Params::default() }
    }

    #[test]
    fn temperature_zero_takes_the_most_probable_and_the_first_of_equals() {
        assert_eq!(sampler(Params::default(), 0).draw(&mut logits()), Some(1));
        assert_eq!(sampler(Params::default(), 0).draw(&mut [1.0, 2.0, 2.0]), Some(1));
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let counts = drawn(warm());
        // Four standard deviations of a binomial of 2,000 draws are at most 90.
        for (count, expected) in counts.into_iter().zip([500, 1000, 200, 300]) {
            assert!(count.abs_diff(expected) < 90, "{counts:?}");
        }
    }

    #[test]
    fn a_low_temperature_sharpens() {
        let counts = drawn(Params { temperature: 0.25, ..warm() });
        // 0.5^4 / (0.5^4 + 0.25^4 + 0.15^4 + 0.1^4) = 0.93
        assert!(counts[1] > 1800, "{counts:?}");
    }

    #[test]
    fn top_k_keeps_k_tokens() {
        let counts = drawn(Params { top_k: 2, ..warm() });
        assert_eq!((counts[2], counts[3]), (0, 0));
        assert!(counts[0] > 0 && counts[1] > 0);
    }

    #[test]
    fn top_p_keeps_the_smallest_set_that_suffices() {
        let counts = drawn(Params { top_p: 0.7, ..warm() });
        assert_eq!((counts[2], counts[3]), (0, 0));
        let counts = drawn(Params { top_p: 0.8, ..warm() });
        assert_eq!(counts[2], 0);
        assert!(counts[3] > 0);
    }

    #[test]
    fn top_p_counts_over_what_top_k_kept() {
        // Of the two that top_k keeps, the first holds two thirds.
        let counts = drawn(Params { top_k: 2, top_p: 0.6, ..warm() });
        assert_eq!(counts[1], 2000);
    }

    #[test]
    fn min_p_is_relative_to_the_most_probable() {
        let counts = drawn(Params { min_p: 0.29, ..warm() });
        assert_eq!(counts[2], 0);
        assert!(counts[3] > 0);
    }

    #[test]
    fn a_repetition_penalty_counts_the_prompt_and_a_presence_penalty_does_not() {
        let mut logits = vec![0.0, 0.0, 1.0];
        let repetition = Params { repetition_penalty: 2.0, ..Params::default() };
        sampler(repetition, 0).penalize(&mut logits);
        assert_eq!(logits, [0.0, 0.0, 0.5]);

        let presence = Params { presence_penalty: 1.5, ..Params::default() };
        let mut sampler = sampler(presence, 0);
        assert_eq!(sampler.draw(&mut [0.0, 0.5, 1.0]), Some(2));
        assert_eq!(sampler.draw(&mut [0.0, 0.5, 1.0]), Some(1));
        // Once is enough: the penalty does not grow with the count.
        let mut logits = vec![0.0, 0.0, 0.0];
        sampler.penalize(&mut logits);
        assert_eq!(logits, [0.0, -1.5, -1.5]);
    }

    #[test]
    fn samples_of_one_seed_differ_and_repeat_themselves() {
        let draw = |seed, sample| {
            let mut sampler = sampler(Params { seed, ..warm() }, sample);
            (0..32).map(|_| sampler.draw(&mut logits()).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(draw(7, 0), draw(7, 0));
        assert_ne!(draw(7, 0), draw(7, 1));
        assert_ne!(draw(7, 0), draw(8, 0));
    }

    #[test]
    fn logits_that_are_no_numbers_draw_nothing() {
        assert_eq!(sampler(warm(), 0).draw(&mut [f32::NAN; 3]), None);
        assert_eq!(sampler(Params::default(), 0).draw(&mut [f32::NAN; 3]), None);
    }
}
