//! `CREATE MODEL … OPTIONS (…)`: defaults of sampling, and how the weights are run.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use glotrace_model::Params;
use glotrace_model::device::DeviceChoice;
use glotrace_model::remote::EndpointOptions;
use glotrace_model::{EncoderOptions, Overlong, Precision, WeightDtype};
use serde_json::{Map, Value};

use super::Uri;

use crate::error::{Error, Result};
use crate::suggest::closest;

#[derive(Debug, Clone, PartialEq)]
pub struct ModelOptions {
    /// What a call uses where it says nothing.
    pub params: Params,
    /// The most sequences that are decoded together; `None`: the runtime's own choice.
    pub max_batch: Option<usize>,
    /// In which numbers the CPU multiplies; `None`: the runtime's own choice.
    pub precision: Option<Precision>,
    /// Threads of the CPU; `None`: one for each physical core.
    pub threads: Option<usize>,
    /// The processor that weights run on.
    pub device: DeviceChoice,
    /// The type that weights are rounded to; `None` leaves them what the file holds.
    pub dtype: Option<WeightDtype>,
    /// How an encoder is used.
    pub encoder: EncoderOptions,
    /// The environment variable that holds an endpoint's key.
    pub api_key_env: Option<String>,
    /// What else is said about an endpoint, each with the type that its name calls for.
    endpoint: Map<String, Value>,
}

/// How an endpoint is used.
const ENDPOINT: &[&str] = &[
    "api_key_env",
    "max_concurrency",
    "requests_per_minute",
    "tokens_per_minute",
    "timeout",
    "connect_timeout",
    "max_retries",
    "usd_per_mtok_in",
    "usd_per_mtok_out",
    "usd_per_mtok_cached",
    "max_tokens_field",
    "served_as",
    "extra_body",
    "omit",
    "max_n",
    "embed_batch",
];

/// How weights are run that lie here.
const LOCAL: &[&str] = &[
    "device",
    "dtype",
    "max_batch",
    "precision",
    "threads",
    // Of encoders.
    "prefix",
    "hypothesis_first",
    "max_length",
    "overlong",
    "bertscore_layer",
    "layer_mix",
    "batch_tokens",
    "encoder",
];

const SAMPLING: &[&str] = &[
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
];

impl ModelOptions {
    /// # Errors
    /// An unknown option, with the nearest one; a value of the wrong type or out of its range.
    pub fn read(options: &Map<String, Value>, uri: &Uri) -> Result<Self> {
        let is_endpoint = matches!(uri, Uri::OpenAi(_) | Uri::Endpoint { .. });
        let mut params = Params::default();
        let mut max_batch = None;
        let (mut device, mut dtype, mut precision, mut threads) = (DeviceChoice::default(), None, None, None);
        let mut encoder = EncoderOptions::default();
        let mut api_key_env = None;
        let mut endpoint = Map::new();
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
                    params.enable_thinking = Some(truth(name, value)?);
                }
                "api_key" | "key" | "token" | "password" | "secret" => {
                    return Err(Error::query(format!(
                        "model option `{name}`: a key is not written in SQL, where it would be stored and shown"
                    ))
                    .with_hint("put it into an environment variable and name that: OPTIONS (api_key_env 'NAME')"));
                }
                other if ENDPOINT.contains(&other) && !is_endpoint => {
                    return Err(Error::query(format!(
                        "model option `{name}` is for endpoints, and this model runs here"
                    ))
                    .with_hint(format!("options here are {}", [SAMPLING, LOCAL].concat().join(", "))));
                }
                other if LOCAL.contains(&other) && is_endpoint => {
                    return Err(Error::query(format!("model option `{name}` is for models that run here"))
                        .with_hint("max_concurrency says how many requests an endpoint gets at once"));
                }
                "api_key_env" => api_key_env = Some(variable(name, value)?),
                other if ENDPOINT.contains(&other) => {
                    endpoint.insert(name.clone(), value.clone());
                }
                "device" => device = named(name, value)?,
                "dtype" => dtype = Some(named(name, value)?),
                "precision" => precision = Some(named(name, value)?),
                "threads" => threads = Some(count(name, value)?),
                "prefix" => encoder.prefix = Some(text(name, value)?),
                "hypothesis_first" => encoder.hypothesis_first = truth(name, value)?,
                "max_length" => encoder.max_tokens = Some(count(name, value)?),
                "overlong" => encoder.overlong = overlong(name, value)?,
                "bertscore_layer" => encoder.bertscore_layer = Some(natural(name, value)?),
                "batch_tokens" => encoder.batch_tokens = count(name, value)?,
                "encoder" => encoder.encoder = Some(PathBuf::from(text(name, value)?)),
                "layer_mix" => encoder.layer_mix = Some(named(name, value)?),
                "max_batch" => {
                    let n = usize::try_from(integer(name, value)?).ok().filter(|n| (1..=4096).contains(n));
                    max_batch = Some(n.ok_or_else(|| wrong(name, value, "from 1 to 4096"))?);
                }
                _ => {
                    let error = Error::query(format!("no model option named `{name}`"));
                    let names = [SAMPLING, if is_endpoint { ENDPOINT } else { LOCAL }].concat();
                    return Err(match closest(name, names.iter().copied()) {
                        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                        None => error.with_hint(format!("the options are {}", names.join(", "))),
                    });
                }
            }
        }
        params.clone().check().map_err(|e| Error::query(e.message()))?;
        let read = Self { params, max_batch, precision, threads, device, dtype, encoder, api_key_env, endpoint };
        // Types and ranges are seen now and not at the first call.
        read.put_into(EndpointOptions::new("http://localhost/v1", "m"))?;
        Ok(read)
    }

    /// What so many tokens cost, in US dollars; 0 without prices.
    #[expect(clippy::cast_precision_loss, reason = "no call has 2^53 tokens")]
    pub fn usd(&self, prompt_tokens: u64, completion_tokens: u64) -> f64 {
        let price = |name: &str| self.endpoint.get(name).and_then(Value::as_f64).unwrap_or(0.0) / 1e6;
        prompt_tokens as f64 * price("usd_per_mtok_in") + completion_tokens as f64 * price("usd_per_mtok_out")
    }

    /// `options` with what was said about the endpoint.
    ///
    /// # Errors
    /// A value of the wrong type.
    pub fn put_into(&self, mut options: EndpointOptions) -> Result<EndpointOptions> {
        for (name, value) in &self.endpoint {
            match name.as_str() {
                "max_concurrency" => options.max_concurrency = count(name, value)?,
                "requests_per_minute" => options.requests_per_minute = Some(count(name, value)?),
                "tokens_per_minute" => options.tokens_per_minute = Some(count(name, value)?),
                "timeout" => options.timeout = seconds(name, value)?,
                "connect_timeout" => options.connect_timeout = seconds(name, value)?,
                "max_retries" => options.max_retries = natural(name, value)?,
                "usd_per_mtok_in" => options.usd_per_mtok_in = Some(price(name, value)?),
                "usd_per_mtok_out" => options.usd_per_mtok_out = Some(price(name, value)?),
                "usd_per_mtok_cached" => options.usd_per_mtok_cached = Some(price(name, value)?),
                "max_tokens_field" => options.max_tokens_field = texts(name, value)?.into_iter().next(),
                "served_as" => options.served_as = texts(name, value)?,
                "omit" => options.omit = texts(name, value)?,
                "max_n" => options.max_n = count(name, value)?,
                "embed_batch" => options.embed_batch = count(name, value)?,
                "extra_body" => options.extra_body = object(name, value)?,
                _ => return Err(Error::internal(format!("model option `{name}` is read nowhere"))),
            }
        }
        options.check().map_err(|e| Error::query(e.message().replace("endpoint option", "model option")))?;
        Ok(options)
    }
}

/// A value that has a name.
fn named<T: FromStr<Err = glotrace_model::Error>>(name: &str, value: &Value) -> Result<T> {
    let text = value.as_str().ok_or_else(|| wrong(name, value, "a text"))?;
    text.parse().map_err(|e: glotrace_model::Error| Error::query(format!("model option `{name}`: {}", e.message())))
}

fn text(name: &str, value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(name, value, "a text"))
}

fn truth(name: &str, value: &Value) -> Result<bool> {
    value.as_bool().ok_or_else(|| wrong(name, value, "true or false"))
}

/// What becomes of a text that is longer than an encoder reads.
fn overlong(name: &str, value: &Value) -> Result<Overlong> {
    match value.as_str() {
        Some("cut") => Ok(Overlong::Cut),
        Some("error") => Ok(Overlong::Error),
        _ => Err(wrong(name, value, "'cut' or 'error'")),
    }
}

/// A whole number from 0 that fits.
fn natural<T: TryFrom<i64>>(name: &str, value: &Value) -> Result<T> {
    let n = integer(name, value)?;
    T::try_from(n).map_err(|_| wrong(name, value, "a whole number from 0"))
}

/// A whole number from 1 that fits.
fn count<T: TryFrom<i64>>(name: &str, value: &Value) -> Result<T> {
    let n = value.as_i64().filter(|n| *n >= 1).ok_or_else(|| wrong(name, value, "a whole number from 1"))?;
    T::try_from(n).map_err(|_| wrong(name, value, "a smaller number"))
}

fn seconds(name: &str, value: &Value) -> Result<Duration> {
    let seconds = number(name, value)?;
    let time = Duration::try_from_secs_f64(seconds).ok().filter(|t| !t.is_zero());
    time.ok_or_else(|| wrong(name, value, "a number of seconds above 0"))
}

fn price(name: &str, value: &Value) -> Result<f64> {
    Some(number(name, value)?).filter(|p| *p >= 0.0).ok_or_else(|| wrong(name, value, "a price from 0"))
}

/// The name of an environment variable. What is none may be the key itself, and is not repeated.
fn variable(name: &str, value: &Value) -> Result<String> {
    let text = value.as_str().unwrap_or_default();
    let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    if text.is_empty() || !text.chars().all(plain) || text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Error::query(format!(
            "model option `{name}` must be the name of an environment variable (capitals, digits and _)"
        ))
        .with_hint("the key itself stays in the environment: export NAME=…, then OPTIONS (api_key_env 'NAME')"));
    }
    Ok(text.to_owned())
}

/// JSON, or a text that holds it.
fn object(name: &str, value: &Value) -> Result<Map<String, Value>> {
    let parsed = match value {
        Value::String(text) => serde_json::from_str(text).unwrap_or(Value::Null),
        other => other.clone(),
    };
    match parsed {
        Value::Object(fields) => Ok(fields),
        _ => Err(wrong(name, value, "a JSON object, such as '{\"reasoning_effort\": \"low\"}'")),
    }
}

fn wrong(name: &str, value: &Value, expected: &str) -> Error {
    Error::query(format!("model option `{name}` must be {expected}, got {value}"))
}

fn number(name: &str, value: &Value) -> Result<f64> {
    value.as_f64().ok_or_else(|| wrong(name, value, "a number"))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(options: Value) -> Result<ModelOptions> {
        let Value::Object(options) = options else { unreachable!("a test writes objects") };
        ModelOptions::read(&options, &Uri::OpenAi("m".into()))
    }

    fn refused(options: Value) -> String {
        let error = read(options).unwrap_err();
        format!("{} {}", error.message, error.hint.unwrap_or_default())
    }

    #[test]
    fn what_is_said_about_an_endpoint_reaches_it() {
        let said = json!({"temperature": 0.5, "max_concurrency": 32, "requests_per_minute": 500, "timeout": 1.5,
            "max_retries": 0, "usd_per_mtok_in": 2.5, "extra_body": "{\"reasoning_effort\": \"low\"}", "omit": "seed"});
        let options = read(said).unwrap();
        assert_eq!(options.params.temperature, 0.5);
        let endpoint = options.put_into(EndpointOptions::new("http://h/v1", "m")).unwrap();
        assert_eq!((endpoint.max_concurrency, endpoint.requests_per_minute, endpoint.max_retries), (32, Some(500), 0));
        assert_eq!((endpoint.timeout, endpoint.usd_per_mtok_in), (Duration::from_millis(1500), Some(2.5)));
        assert_eq!((endpoint.extra_body["reasoning_effort"].as_str(), endpoint.omit.len()), (Some("low"), 1));
    }

    #[test]
    fn a_key_is_neither_taken_nor_repeated() {
        for options in [json!({"api_key": "sk-hidden"}), json!({"api_key_env": "sk-hidden"})] {
            let said = refused(options);
            assert!(said.contains("api_key_env 'NAME'") && !said.contains("sk-hidden"), "{said}");
        }
    }

    #[test]
    fn options_out_of_place_or_range_are_named() {
        assert!(refused(json!({"max_concurency": 3})).contains("did you mean `max_concurrency`?"));
        assert!(refused(json!({"max_concurrency": 0})).contains("must be a whole number from 1, got 0"));
        assert!(refused(json!({"max_concurrency": 5000})).contains("max_concurrency must be from 1 to 4096"));
        assert!(refused(json!({"timeout": -1})).contains("seconds above 0"));
        assert!(refused(json!({"max_batch": 3})).contains("max_concurrency"));
        let Value::Object(options) = json!({"max_retries": 3}) else { unreachable!("an object") };
        let error = ModelOptions::read(&options, &Uri::File("x.gguf".into())).unwrap_err();
        assert!(error.message.contains("is for endpoints"), "{error}");
    }
}
