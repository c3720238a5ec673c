//! Two texts in, a score for each label out: natural language inference, and every other classifier of pairs.

use crate::{Cancel, Error, Kind, Result};

/// A model that classifies pairs of texts.
pub trait Pair: Send + Sync {
    /// What these weights are, as a text that changes when they or anything else changes that a score depends on. Part of
    /// each call's key.
    fn identity(&self) -> String;

    /// What the labels are called, in the order of the scores.
    fn labels(&self) -> &[String];

    /// Classifies `pairs` (premise, hypothesis), in whatever order is fastest, and hands each outcome with its position to
    /// `sink` as soon as it is there: every position once. After `cancel` is raised, what has not been handed over is
    /// handed over as [`Kind::Cancelled`], within one small batch.
    fn classify(&self, pairs: &[(String, String)], cancel: &Cancel, sink: &mut PairSink<'_>);

    /// Which labels stand for entailment and the others of natural language inference.
    ///
    /// # Errors
    /// [`Kind::Model`] where the labels' names do not tell.
    fn inference(&self) -> Result<Inference> {
        Inference::of(self.labels())
    }
}

/// Where scores go: position of the pair, outcome.
pub type PairSink<'a> = dyn FnMut(usize, Result<LabelScores>) + 'a;

/// What a classifier says of a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct LabelScores {
    /// Unnormalized. [labels]
    pub logits: Vec<f32>,
    /// Their softmax; they sum to 1. [labels]
    pub probabilities: Vec<f64>,
    /// Tokens that were read, those that the model puts around texts included.
    pub tokens: u64,
    /// Tokens at the ends of the texts that were not read, because the model reads no more.
    pub cut: u64,
}

impl LabelScores {
    /// The most probable label, the first of several.
    pub fn best(&self) -> usize {
        let mut best = 0;
        for (i, logit) in self.logits.iter().enumerate() {
            if *logit > self.logits[best] {
                best = i;
            }
        }
        best
    }
}

/// Places of the labels of natural language inference among a model's labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inference {
    /// The hypothesis follows from the premise.
    pub entailment: usize,
    /// It neither follows nor contradicts. `None` for models of two labels.
    pub neutral: Option<usize>,
    /// It contradicts the premise; for models of two labels, it does not follow.
    pub contradiction: usize,
}

impl Inference {
    /// By the names of the labels, which models write in many ways.
    fn of(labels: &[String]) -> Result<Self> {
        let names: Vec<String> = labels.iter().map(|label| label.trim().to_lowercase()).collect();
        let find = |start: &str| names.iter().position(|name| name.starts_with(start));
        let (entailment, neutral) = (find("entail"), find("neutral"));
        let contradiction = find("contradict").or_else(|| match labels.len() {
            2 => ["not_entail", "not entail", "non_entail", "not-entail"].into_iter().find_map(find),
            _ => None,
        });
        match (entailment, neutral, contradiction, labels.len()) {
            (Some(entailment), Some(_), Some(contradiction), 3) | (Some(entailment), None, Some(contradiction), 2) => {
                Ok(Self { entailment, neutral, contradiction })
            }
            _ => {
                let message = format!("the model's labels ({}) are not those of inference", labels.join(", "));
                Err(Error::new(Kind::Model, message)
                    .with_hint("id2label in its config.json has to say entailment, neutral and contradiction"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_told_by_their_names_and_not_by_their_places() {
        let of = |labels: &[&str]| Inference::of(&labels.iter().map(|&l| l.to_owned()).collect::<Vec<_>>());
        let three =
            |entailment, neutral, contradiction| Inference { entailment, neutral: Some(neutral), contradiction };
        assert_eq!(of(&["entailment", "neutral", "contradiction"]), Ok(three(0, 1, 2)));
        assert_eq!(of(&["CONTRADICTION", "NEUTRAL", "ENTAILMENT"]), Ok(three(2, 1, 0)));
        assert_eq!(of(&["entail", "contradict"]), Ok(Inference { entailment: 0, neutral: None, contradiction: 1 }));
        assert_eq!(
            of(&["not_entailment", "entailment"]),
            Ok(Inference { entailment: 1, neutral: None, contradiction: 0 })
        );
        for labels in [&["LABEL_0", "LABEL_1", "LABEL_2"][..], &["positive", "negative"], &["entailment"], &[]] {
            assert_eq!(of(labels).unwrap_err().kind(), Kind::Model, "{labels:?}");
        }
    }
}
