//! The modules behind the encoder of a sentence-transformers folder (Reimers and Gurevych, arXiv 1908.10084).

use std::path::{Path, PathBuf};

use super::{
    dense::{Activation, Dense},
    pooling::Pooling,
};
use crate::{
    Error, Kind, Result,
    local::{folder::json::Json, weights},
};

/// States of a text → its vector.
pub(in crate::local) struct Sentence {
    pub(in crate::local) pooling: Pooling,
    steps: Vec<Step>,
    dimensions: usize,
}

enum Step {
    Dense(Dense),
    /// To length 1.
    Normalize,
}

/// What `modules.json` says.
pub(in crate::local) struct Modules {
    /// Where the encoder lies.
    pub(in crate::local) encoder: PathBuf,
    pub(in crate::local) sentence: Sentence,
    /// Files that were read, `modules.json` among them.
    pub(in crate::local) files: Vec<PathBuf>,
}

impl Sentence {
    /// The mean of all tokens and nothing else, for an encoder whose files say nothing.
    pub(in crate::local) fn plain(width: usize) -> Self {
        Self { pooling: Pooling::Mean, steps: Vec::new(), dimensions: width }
    }

    pub(in crate::local) fn dimensions(&self) -> usize {
        self.dimensions
    }

    /// `states` is `[tokens, width]`.
    pub(in crate::local) fn vector(&self, states: &[f32], width: usize) -> Vec<f32> {
        self.steps.iter().fold(self.pooling.pool(states, width), |x, step| match step {
            Step::Dense(dense) => dense.forward(&x),
            Step::Normalize => normalized(x),
        })
    }
}

/// Of length 1, as PyTorch's `normalize` does it: a vector of zeros stays what it is.
fn normalized(mut x: Vec<f32>) -> Vec<f32> {
    let norm = x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt().max(1e-12);
    x.iter_mut().for_each(|x| *x = (f64::from(*x) / norm) as f32);
    x
}

impl Modules {
    /// The modules of `folder`; `None` where it has no `modules.json`. `width` reads the width of the encoder in a folder.
    pub(in crate::local) fn open(folder: &Path, width: impl Fn(&Path) -> Result<usize>) -> Result<Option<Self>> {
        let path = folder.join("modules.json");
        let Some(list) = Json::open_list(&path)? else {
            return Ok(None);
        };
        let invalid = |what: String| Error::new(Kind::Model, format!("{}: {what}", path.display()));
        let mut files = vec![path.clone()];
        let (mut encoder, mut pooling, mut steps, mut dimensions) = (None, None, Vec::new(), 0);
        for module in &list {
            let own = folder.join(plain(module)?);
            let kind = module.require("type", Json::text)?;
            match (kind.rsplit('.').next().unwrap_or(kind), &encoder, &pooling) {
                ("Transformer", None, None) => {
                    dimensions = width(&own)?;
                    encoder = Some(own);
                }
                ("Pooling", Some(_), None) => {
                    let json = settings(&own, &mut files)?;
                    pooling = Some(read_pooling(&json)?);
                }
                ("Dense", _, Some(_)) => {
                    let dense = read_dense(&own, dimensions, &mut files)?;
                    dimensions = dense.outputs();
                    steps.push(Step::Dense(dense));
                }
                ("Normalize", _, Some(_)) => steps.push(Step::Normalize),
                ("Dropout", ..) => {}
                ("Transformer" | "Pooling" | "Dense" | "Normalize", ..) => {
                    return Err(invalid(format!("{kind} stands where it is not built"))
                        .with_hint("built are Transformer, then Pooling, then any number of Dense and Normalize"));
                }
                _ => return Err(invalid(format!("a module {kind} is not built"))),
            }
        }
        match (encoder, pooling) {
            (Some(encoder), Some(pooling)) => {
                Ok(Some(Self { encoder, sentence: Sentence { pooling, steps, dimensions }, files }))
            }
            _ => Err(invalid("it names no Transformer with a Pooling behind it".into())),
        }
    }
}

/// The path of a module, which stays within the folder.
fn plain(module: &Json) -> Result<PathBuf> {
    let path = PathBuf::from(module.text("path")?.unwrap_or_default());
    match path.components().all(|part| matches!(part, std::path::Component::Normal(_))) {
        true => Ok(path),
        false => Err(module.invalid(format!("path {:?} leads out of the folder", path.display().to_string()))),
    }
}

fn settings(folder: &Path, files: &mut Vec<PathBuf>) -> Result<Json> {
    let path = folder.join("config.json");
    let json = Json::open(&path)?.ok_or_else(|| missing(&path))?;
    files.push(path);
    Ok(json)
}

fn missing(path: &Path) -> Error {
    Error::new(Kind::Io, format!("{} is missing: modules.json names its folder", path.display()))
        .with_hint("an interrupted download looks like this: fetch the file")
}

fn read_pooling(json: &Json) -> Result<Pooling> {
    /// The last one is what newer files write.
    const MODES: [(&str, Pooling, &str); 4] = [
        ("pooling_mode_cls_token", Pooling::First, "cls"),
        ("pooling_mode_mean_tokens", Pooling::Mean, "mean"),
        ("pooling_mode_max_tokens", Pooling::Max, "max"),
        ("pooling_mode_mean_sqrt_len_tokens", Pooling::MeanSqrt, "mean_sqrt_len_tokens"),
    ];
    const OTHERS: [&str; 2] = ["pooling_mode_weightedmean_tokens", "pooling_mode_lasttoken"];
    if let Some(mode) = json.text("pooling_mode")? {
        let found = MODES.into_iter().find(|(_, _, name)| *name == mode);
        return found
            .map(|(_, pooling, _)| pooling)
            .ok_or_else(|| json.invalid(format!("pooling_mode {mode:?} is not built")));
    }
    let mut found = Vec::new();
    for (key, pooling, _) in MODES {
        if json.flag(key)?.unwrap_or(false) {
            found.push(pooling);
        }
    }
    for key in OTHERS {
        if json.flag(key)?.unwrap_or(false) {
            return Err(json.invalid(format!("{key} is not built")));
        }
    }
    match found[..] {
        [pooling] => Ok(pooling),
        // The default of the library.
        [] => Ok(Pooling::Mean),
        _ => Err(json.invalid("several ways of pooling side by side are not built")),
    }
}

fn read_dense(folder: &Path, inputs: usize, files: &mut Vec<PathBuf>) -> Result<Dense> {
    let json = settings(folder, files)?;
    let (own, outputs) = (json.require("in_features", Json::count)?, json.require("out_features", Json::count)?);
    if own != inputs {
        return Err(json.invalid(format!("in_features is {own}, and the module before it gives {inputs}")));
    }
    // The library's default where a file says nothing.
    let name = json.text("activation_function")?.unwrap_or("Tanh");
    let activation = Activation::named(name.rsplit('.').next().unwrap_or(name))
        .ok_or_else(|| json.invalid(format!("activation_function {name:?} is not built")))?;
    let biased = json.flag("bias")?.unwrap_or(true);
    let (mut weights, path) = weights::open(folder)?;
    files.extend(path);
    Dense::read(&mut *weights, "linear", [outputs, inputs], biased, activation)
}
