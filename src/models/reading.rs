//! What an encoder is asked, and what it says.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use glotrace_model::{Candidate, Embedding, LabelScores, Matched, Scored};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Texts to be read. Its serialized form is canonical.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    Embed { text: String },
    Infer { premise: String, hypothesis: String },
    Score { text: String, source: Option<String>, reference: Option<String> },
    Match { candidate: String, reference: String },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Read {
    pub finding: Finding,
    /// Tokens that were read, where they are counted.
    pub tokens: Option<u64>,
    /// Tokens at the ends of texts that the model does not read.
    #[serde(default)]
    pub cut: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    Vector(Vector),
    Inference { label: String, entailment: f64, neutral: Option<f64>, contradiction: f64 },
    Score(f64),
    Match { precision: f64, recall: f64, f1: f64 },
}

/// An embedding; kept as the numbers' bytes in base64, a third of what their digits would take.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector(pub Vec<f32>);

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|x| x.to_le_bytes()).collect();
        to.serialize_str(&BASE64_STANDARD_NO_PAD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let bytes = BASE64_STANDARD_NO_PAD.decode(text).map_err(de::Error::custom)?;
        let (numbers, rest) = bytes.as_chunks::<4>();
        match rest {
            [] => Ok(Self(numbers.iter().map(|x| f32::from_le_bytes(*x)).collect())),
            _ => Err(de::Error::custom("an embedding has four bytes a number")),
        }
    }
}

impl Reading {
    /// What is scored, with what it is judged by.
    pub(super) fn candidate(text: &str, source: Option<&str>, reference: Option<&str>) -> Candidate {
        Candidate { text: text.into(), source: source.map(Into::into), reference: reference.map(Into::into) }
    }
}

impl Read {
    pub(super) fn vector(Embedding { vector, tokens, cut }: Embedding) -> Self {
        Self { finding: Finding::Vector(Vector(vector)), tokens: Some(tokens), cut }
    }

    /// `places`: of the labels of inference.
    pub(super) fn inference(scores: &LabelScores, places: glotrace_model::Inference) -> Self {
        let probability = |place: usize| scores.probabilities.get(place).copied().unwrap_or(0.0);
        let best = scores.best();
        let label = match best {
            best if best == places.entailment => "entailment",
            best if Some(best) == places.neutral => "neutral",
            _ => "contradiction",
        };
        let finding = Finding::Inference {
            label: label.to_owned(),
            entailment: probability(places.entailment),
            neutral: places.neutral.map(probability),
            contradiction: probability(places.contradiction),
        };
        Self { finding, tokens: Some(scores.tokens), cut: scores.cut }
    }

    pub(super) fn score(Scored { score, tokens, cut }: Scored) -> Self {
        Self { finding: Finding::Score(score), tokens: Some(tokens), cut }
    }

    pub(super) fn matched(Matched { precision, recall, f1, tokens, cut }: Matched) -> Self {
        Self { finding: Finding::Match { precision, recall, f1 }, tokens: Some(tokens), cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_comes_back_to_the_bit() {
        let read = Read { finding: Finding::Vector(Vector(vec![0.1, -3.5e-30, f32::MAX])), tokens: Some(3), cut: 0 };
        let text = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Read>(&text).unwrap(), read);
        assert!(serde_json::from_str::<Vector>("\"AAA\"").is_err());
    }
}
