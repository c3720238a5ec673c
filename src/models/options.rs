//! `CREATE MODEL … OPTIONS (…)`: defaults of sampling, and how the weights are run.

use glotrace_model::Params;
use serde_json::{Map, Value};

use crate::error::{Error, Result};
use crate::suggest::closest;

#[derive(Debug, Clone, PartialEq)]
pub struct ModelOptions {
    /// What a call uses where it says nothing.
    pub params: Params,
    /// The most sequences that are decoded together; `None`: the runtime's own choice.
    pub max_batch: Option<usize>,
    /// US dollars for a million tokens of prompts.
    pub usd_per_mtok_in: Option<f64>,
    /// US dollars for a million tokens of completions.
    pub usd_per_mtok_out: Option<f64>,
}

const NAMES: &[&str] = &[
    "temperature",
    "top_p",
    "top_k",
    "min_p",
    "presence_penalty",
    "repetition_penalty",
    "max_tokens",
    "seed",
    "stop",
    "enable_thinking",
    "max_batch",
    "usd_per_mtok_in",
    "usd_per_mtok_out",
];

impl ModelOptions {
    /// # Errors
    /// An unknown option, with the nearest one; a value of the wrong type or out of its range.
    pub fn read(options: &Map<String, Value>) -> Result<Self> {
        let mut params = Params::default();
        let mut max_batch = None;
        let (mut usd_per_mtok_in, mut usd_per_mtok_out) = (None, None);
        for (name, value) in options {
            match name.as_str() {
                "temperature" => params.temperature = number(name, value)?,
                "top_p" => params.top_p = number(name, value)?,
                "top_k" => params.top_k = integer(name, value)?,
                "min_p" => params.min_p = number(name, value)?,
                "presence_penalty" => params.presence_penalty = number(name, value)?,
                "repetition_penalty" => params.repetition_penalty = number(name, value)?,
                "max_tokens" => params.max_tokens = integer(name, value)?,
                "seed" => params.seed = integer(name, value)?,
                "stop" => params.stop = texts(name, value)?,
                "enable_thinking" => {
                    params.enable_thinking = Some(value.as_bool().ok_or_else(|| wrong(name, value, "true or false"))?)
                }
                "max_batch" => {
                    let n = usize::try_from(integer(name, value)?).ok().filter(|n| (1..=4096).contains(n));
                    max_batch = Some(n.ok_or_else(|| wrong(name, value, "from 1 to 4096"))?);
                }
                "usd_per_mtok_in" => usd_per_mtok_in = Some(price(name, value)?),
                "usd_per_mtok_out" => usd_per_mtok_out = Some(price(name, value)?),
                _ => {
                    let error = Error::query(format!("no model option named `{name}`"));
                    return Err(match closest(name, NAMES.iter().copied()) {
                        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                        None => error.with_hint(format!("the options are {}", NAMES.join(", "))),
                    });
                }
            }
        }
        params.clone().check().map_err(|e| Error::query(e.message()))?;
        Ok(Self { params, max_batch, usd_per_mtok_in, usd_per_mtok_out })
    }
}

fn wrong(name: &str, value: &Value, expected: &str) -> Error {
    Error::query(format!("model option `{name}` must be {expected}, got {value}"))
}

fn number(name: &str, value: &Value) -> Result<f64> {
    value.as_f64().ok_or_else(|| wrong(name, value, "a number"))
}

fn price(name: &str, value: &Value) -> Result<f64> {
    let price = number(name, value)?;
    if price >= 0.0 { Ok(price) } else { Err(wrong(name, value, "0 or more")) }
}

fn integer(name: &str, value: &Value) -> Result<i64> {
    value.as_i64().ok_or_else(|| wrong(name, value, "a whole number"))
}

fn texts(name: &str, value: &Value) -> Result<Vec<String>> {
    let bad = || wrong(name, value, "a text or a list of texts");
    match value {
        Value::String(s) => Ok(vec![s.clone()]),
        Value::Array(all) => all.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(bad)).collect(),
        _ => Err(bad()),
    }
}
