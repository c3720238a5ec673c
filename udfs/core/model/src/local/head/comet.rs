//! COMET: Rei et al., arXiv 2009.09025 (with a reference) and 2209.06243 (CometKiwi, without).

use candle_core::Device;

use super::{
    dense::{Activation, Dense},
    layer_mix::LayerMix,
    pooling::Pooling,
};
use crate::{
    Needs, Result,
    local::{
        encoder::{Config, Take},
        folder::json::Json,
        weights::Weights,
    },
};

/// What `hparams.yaml` and the weights beside the encoder's say.
pub(in crate::local) struct Comet {
    pub(in crate::local) kind: Kind,
    /// The states that are read.
    pub(in crate::local) take: Take,
    pooling: Pooling,
    layers: Vec<Dense>,
}

/// How texts go in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::local) enum Kind {
    /// Translation and source as one text, whose first token is read (`unified_metric`).
    Unified,
    /// Source, translation and reference apart, each pooled (`regression_metric`).
    Regression,
}

impl Comet {
    /// `mix` overrides how layers are weighted.
    pub(in crate::local) fn read(
        hparams: &Json,
        config: &Config,
        weights: &mut dyn Weights,
        mix: Option<LayerMix>,
    ) -> Result<Self> {
        let class = hparams.require("class_identifier", Json::text)?;
        let kind = match class {
            "unified_metric" => Kind::Unified,
            "regression_metric" => Kind::Regression,
            other => {
                return Err(hparams
                    .invalid(format!("class_identifier {other:?} is not built"))
                    .with_hint("built are unified_metric (CometKiwi) and regression_metric (COMET with a reference)"));
            }
        };
        if kind == Kind::Unified {
            let segments = hparams.texts("input_segments")?.unwrap_or_else(|| vec!["mt", "src"]);
            if segments != ["mt", "src"] {
                return Err(hparams.invalid(format!("input_segments {segments:?} are not built, only mt and src")));
            }
        }
        let (pooling, layer) = match kind {
            Kind::Unified => (Pooling::First, "sent_layer"),
            Kind::Regression => (read_pooling(hparams)?, "layer"),
        };
        let features = match kind {
            Kind::Unified => 1,
            Kind::Regression => 6,
        };
        Ok(Self {
            kind,
            take: read_take(hparams, layer, config, weights, mix)?,
            pooling,
            layers: read_layers(hparams, features * config.hidden_size, weights)?,
        })
    }

    pub(in crate::local) fn needs(&self) -> Needs {
        Needs { source: true, reference: self.kind == Kind::Regression }
    }

    /// What is kept of a text's states, `[tokens, hidden]`.
    pub(in crate::local) fn pool(&self, states: &[f32], hidden: usize) -> Vec<f32> {
        self.pooling.pool(states, hidden)
    }

    /// The score of a row's pooled texts: the one, or source, translation and reference.
    pub(in crate::local) fn score(&self, texts: &[Vec<f32>]) -> f64 {
        let features = match texts {
            [source, text, reference] => {
                let product = |other: &[f32]| -> Vec<f32> { text.iter().zip(other).map(|(a, b)| a * b).collect() };
                let distance =
                    |other: &[f32]| -> Vec<f32> { text.iter().zip(other).map(|(a, b)| (a - b).abs()).collect() };
                [
                    text.clone(),
                    reference.clone(),
                    product(reference),
                    distance(reference),
                    product(source),
                    distance(source),
                ]
                .concat()
            }
            texts => texts.concat(),
        };
        let out = self.layers.iter().fold(features, |x, layer| layer.forward(&x));
        out.first().map_or(f64::NAN, |&x| f64::from(x))
    }
}

fn read_pooling(hparams: &Json) -> Result<Pooling> {
    match hparams.text("pool")?.unwrap_or("avg") {
        "avg" => Ok(Pooling::Mean),
        "max" => Ok(Pooling::Max),
        "cls" | "default" => Ok(Pooling::First),
        other => Err(hparams.invalid(format!("pool {other:?} is not built"))),
    }
}

/// One layer, or the mix of all with what it was trained to.
fn read_take(
    hparams: &Json,
    key: &str,
    config: &Config,
    weights: &mut dyn Weights,
    mix: Option<LayerMix>,
) -> Result<Take> {
    let layers = config.num_hidden_layers;
    if hparams.get(key).is_some_and(|value| !value.is_string()) {
        let layer = hparams.require(key, Json::count)?;
        return match layer <= layers {
            true => Ok(Take::Layer(layer)),
            false => Err(hparams.invalid(format!("{key} is {layer}, and the encoder has {layers} layers"))),
        };
    }
    if let Some(other) = hparams.text(key)?.filter(|&name| name != "mix") {
        return Err(hparams.invalid(format!("{key} {other:?} is not built, only mix or a number")));
    }
    let name = hparams.text("layer_transformation")?.unwrap_or("softmax");
    let own = LayerMix::named(name).ok_or_else(|| {
        hparams.invalid(format!("layer_transformation {name:?} is not built, only softmax and sparsemax"))
    })?;
    let mut one = |name: &str| -> Result<f32> {
        let tensor = weights.tensor(&format!("layerwise_attention.{name}"), &[1], &Device::Cpu)?;
        Ok(tensor.to_vec1::<f32>()?.first().copied().unwrap_or(0.0))
    };
    let gamma = one("gamma")?;
    let parameters = (0..=layers).map(|i| one(&format!("scalar_parameters.{i}"))).collect::<Result<Vec<_>>>()?;
    Ok(Take::Mix {
        weights: mix.unwrap_or(own).weights(&parameters).into_iter().map(|w| gamma * w).collect(),
        normalize: hparams.flag("layer_norm")?.unwrap_or(false),
    })
}

/// Linear maps with an activation and a dropout between them, so that every third module has weights.
fn read_layers(hparams: &Json, inputs: usize, weights: &mut dyn Weights) -> Result<Vec<Dense>> {
    let activation = |key: &str, default: Activation| -> Result<Activation> {
        let Some(name) = hparams.text(key)? else {
            return Ok(default);
        };
        Activation::named(name).ok_or_else(|| hparams.invalid(format!("{key} {name:?} is not built")))
    };
    let between = activation("activations", Activation::Tanh)?;
    let last = activation("final_activation", Activation::Identity)?;
    let mut sizes = hparams.counts("hidden_sizes")?.ok_or_else(|| hparams.invalid("hidden_sizes is missing"))?;
    sizes.push(1);
    let n = sizes.len();
    let mut width = inputs;
    let mut layers = Vec::with_capacity(n);
    for (i, outputs) in sizes.into_iter().enumerate() {
        let f = if i + 1 == n { last } else { between };
        layers.push(Dense::read(weights, &format!("estimator.ff.{}", 3 * i), [outputs, width], true, f)?);
        width = outputs;
    }
    Ok(layers)
}
