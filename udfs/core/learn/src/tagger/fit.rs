//! Multinomial logistic regression on sparse features.

use super::features::{Features, NAMED, NAMED_VALUE, ROWS, Seen, seen};
use super::lbfgs::minimise;
use super::{Tag, Tagger, Weights};

/// A step of which the tag is known.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// What the step says.
    pub text: &'a str,
    /// What it does. Steps that are [`Tag::Unknown`] teach nothing.
    pub tag: Tag,
}

/// Fits a tagger to labelled traces: the minimum of the summed cross-entropy plus `l2`/2 times the squared weights.
///
/// Each step counts half with its place in the trace and half without, because traces that were written to learn from are more
/// orderly than real ones. `l2` is positive; the larger, the more cautious. One thread, a fixed order and f64 throughout: the same
/// traces give the same tagger, up to the last digit of the platform's exponential, which rounding to bytes hides almost
/// always. Without steps, all tags are equally likely.
pub fn fit(traces: &[Vec<Step<'_>>], l2: f64) -> Tagger {
    let mut samples = samples(traces);
    let rarity = rarity(&samples);
    for sample in &mut samples {
        sample.rarity = sample.hashed.iter().map(|&row| rarity[row as usize]).collect();
    }
    let mut weights = vec![0.0; ROWS * Tag::COUNT];
    minimise(&mut weights, 300, |weights, gradient| loss(&samples, l2, weights, gradient));
    let (rows, _) = weights.as_chunks_mut::<{ Tag::COUNT }>();
    // What a feature was multiplied by is kept in its weight, so that reading a step need not know it.
    for (row, rarity) in rows.iter_mut().zip(&rarity) {
        row.iter_mut().for_each(|w| *w *= rarity);
    }
    Tagger::new(Weights::quantise(rows))
}

struct Sample {
    named: Vec<u32>,
    hashed: Vec<u32>,
    hashed_value: f64,
    /// One number for each of `hashed`.
    rarity: Vec<f64>,
    tag: usize,
}

impl Sample {
    /// Rows with their values.
    fn entries(&self) -> impl Iterator<Item = (usize, f64)> {
        let named = self.named.iter().map(|&row| (row as usize, NAMED_VALUE));
        let hashed = self.hashed.iter().zip(&self.rarity);
        named.chain(hashed.map(|(&row, rarity)| (row as usize, self.hashed_value * rarity)))
    }
}

/// How rare each n-gram is, √ln((1 + samples)/(1 + samples with it)); 1 for named properties. Rare n-grams move more.
fn rarity(samples: &[Sample]) -> Vec<f64> {
    let mut with = vec![0.0_f64; ROWS];
    for sample in samples {
        for &row in &sample.hashed {
            with[row as usize] += 1.0;
        }
    }
    let all = samples.len() as f64;
    let mut rarity: Vec<f64> = with.iter().map(|with| ((1.0 + all) / (1.0 + with)).ln().sqrt()).collect();
    rarity[..NAMED].fill(1.0);
    rarity
}

fn samples(traces: &[Vec<Step<'_>>]) -> Vec<Sample> {
    let mut features = Features::new();
    let mut samples = Vec::new();
    for trace in traces {
        let texts: Vec<&str> = trace.iter().map(|step| step.text).collect();
        for (step, seen) in trace.iter().zip(seen(&texts)) {
            let Some(seen) = seen.filter(|_| step.tag != Tag::Unknown) else {
                continue;
            };
            for seen in [seen, Seen { place: None, ..seen }] {
                features.read(seen);
                samples.push(Sample {
                    named: features.named.clone(),
                    hashed: features.hashed.clone(),
                    hashed_value: features.hashed_value(),
                    rarity: Vec::new(),
                    tag: step.tag as usize,
                });
            }
        }
    }
    samples
}

/// The loss at `weights` (row by row, tag by tag), and its gradient.
fn loss(samples: &[Sample], l2: f64, weights: &[f64], gradient: &mut [f64]) -> f64 {
    let mut loss = 0.0;
    for (g, w) in gradient.iter_mut().zip(weights) {
        *g = l2 * w;
        loss += 0.5 * l2 * w * w;
    }
    for sample in samples {
        let mut p = [0.0; Tag::COUNT];
        for (row, value) in sample.entries() {
            for (p, w) in p.iter_mut().zip(&weights[row * Tag::COUNT..]) {
                *p += value * w;
            }
        }
        softmax(&mut p);
        loss -= 0.5 * p[sample.tag].max(f64::MIN_POSITIVE).ln();
        p[sample.tag] -= 1.0;
        p.iter_mut().for_each(|p| *p *= 0.5);
        for (row, value) in sample.entries() {
            for (g, p) in gradient[row * Tag::COUNT..].iter_mut().zip(&p) {
                *g += value * p;
            }
        }
    }
    loss
}

/// Scores to probabilities.
pub(super) fn softmax(scores: &mut [f64; Tag::COUNT]) {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - largest).exp();
        sum += *score;
    }
    for score in scores {
        *score /= sum;
    }
}

#[cfg(test)]
mod tests {
    use super::{ROWS, Step, Tag, fit, loss, samples};

    const STEPS: [Step<'static>; 4] = [
        Step { text: "We need to find the cost.", tag: Tag::ProblemSetup },
        Step { text: "3 * 4 = 12", tag: Tag::ActiveComputation },
        Step { text: "Wait, is that right?", tag: Tag::UncertaintyManagement },
        Step { text: "The answer is \\boxed{12}.", tag: Tag::FinalAnswerEmission },
    ];

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let mut samples = samples(&[STEPS.to_vec()]);
        for sample in &mut samples {
            sample.rarity = (0..sample.hashed.len()).map(|i| 0.5 + (i % 3) as f64).collect();
        }
        let mut weights: Vec<f64> = (0..ROWS * Tag::COUNT).map(|i| ((i * 37) % 101) as f64 / 500.0 - 0.1).collect();
        let mut gradient = vec![0.0; weights.len()];
        loss(&samples, 0.3, &weights, &mut gradient);
        let mut unused = vec![0.0; weights.len()];
        let row = samples[1].hashed[3] as usize;
        for at in [0, 5, row * Tag::COUNT, row * Tag::COUNT + 3] {
            let (old, h) = (weights[at], 1e-4);
            weights[at] = old + h;
            let above = loss(&samples, 0.3, &weights, &mut unused);
            weights[at] = old - h;
            let below = loss(&samples, 0.3, &weights, &mut unused);
            weights[at] = old;
            assert!(((above - below) / (2.0 * h) - gradient[at]).abs() < 1e-6, "{at}");
        }
    }

    #[test]
    fn what_was_learned_is_known_and_learning_again_gives_the_same_bytes() {
        let tagger = fit(&[STEPS.to_vec()], 0.1);
        let texts = STEPS.map(|step| step.text);
        let tagged = tagger.annotate(&texts, None);
        assert_eq!(tagged.iter().map(|t| t.tags[0]).collect::<Vec<_>>(), STEPS.map(|step| step.tag));
        assert_eq!(tagger.to_bytes(), fit(&[STEPS.to_vec()], 0.1).to_bytes());
    }

    #[test]
    fn nothing_can_be_learned_from_nothing() {
        let tagger = fit(&[], 0.1);
        let p = tagger.probabilities(&["3 * 4 = 12", "---"]);
        assert!(p[0].is_some_and(|p| p.iter().all(|p| (p - 0.125).abs() < 1e-12)));
        assert_eq!(p[1], None);
    }
}
