//! The first token's state → a score for each label.

use serde_json::Value;

use super::dense::{Activation, Dense};
use crate::{
    Error, Result,
    local::{
        encoder::{
            Config,
            arch::{Architecture, Classifier as Kind},
        },
        folder::json::Json,
        weights::Weights,
    },
};

pub(in crate::local) struct Classifier {
    dense: Dense,
    out: Dense,
    pub(in crate::local) labels: Vec<String>,
}

impl Classifier {
    /// The classifier on the encoder of `config`, which `json` describes.
    pub(in crate::local) fn read(
        json: &Json,
        architecture: &Architecture,
        config: &Config,
        weights: &mut dyn Weights,
    ) -> Result<Self> {
        let labels = labels(json)?;
        let hidden = config.hidden_size;
        let (first, inner, activation, last) = match architecture.classifier {
            Kind::EncodersPooler => {
                (format!("{}pooler.dense", architecture.prefix), hidden, Activation::Tanh, "classifier")
            }
            Kind::TwoLayers => ("classifier.dense".into(), hidden, Activation::Tanh, "classifier.out_proj"),
            Kind::OwnPooler => {
                let name = json.text("pooler_hidden_act")?.unwrap_or("gelu");
                let activation = Activation::named(name)
                    .ok_or_else(|| json.invalid(format!("pooler_hidden_act {name:?} is not built")))?;
                ("pooler.dense".into(), json.count("pooler_hidden_size")?.unwrap_or(hidden), activation, "classifier")
            }
        };
        let dense = Dense::read(weights, &first, [inner, hidden], true, activation)?;
        let out = Dense::read(weights, last, [labels.len(), inner], true, Activation::Identity)?;
        Ok(Self { dense, out, labels })
    }

    /// `states` is `[tokens, hidden]`; `[labels]` unnormalized scores.
    pub(in crate::local) fn logits(&self, states: &[f32], hidden: usize) -> Vec<f32> {
        self.out.forward(&self.dense.forward(&states[..hidden]))
    }
}

/// What `id2label` calls the labels, in the order of their numbers.
fn labels(json: &Json) -> Result<Vec<String>> {
    let Some(named) = json.get("id2label") else {
        // What `transformers` takes for a file that says nothing.
        let n = json.count("num_labels")?.unwrap_or(2);
        return Ok((0..n).map(|i| format!("LABEL_{i}")).collect());
    };
    let wrong =
        || -> Error { json.invalid(format!("id2label must give a name to each number from 0 on, got {named}")) };
    let pairs = named.as_object().ok_or_else(wrong)?;
    let read = |(number, name): (&String, &Value)| Some((number.parse::<usize>().ok()?, name.as_str()?.to_owned()));
    let mut pairs: Vec<(usize, String)> = pairs.iter().map(read).collect::<Option<_>>().ok_or_else(wrong)?;
    pairs.sort_unstable();
    match pairs.iter().enumerate().all(|(i, (number, _))| i == *number) && !pairs.is_empty() {
        true => Ok(pairs.into_iter().map(|(_, name)| name).collect()),
        false => Err(wrong()),
    }
}

/// They sum to 1.
pub(in crate::local) fn softmax(logits: &[f32]) -> Vec<f64> {
    let max = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let exp: Vec<f64> = logits.iter().map(|&x| (f64::from(x) - max).exp()).collect();
    let sum: f64 = exp.iter().sum();
    exp.into_iter().map(|x| x / sum).collect()
}
