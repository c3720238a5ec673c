//! Where an endpoint is and how it may be used.

use std::{fmt, time::Duration};

use serde_json::{Map, Value};

use super::address::shown;
use crate::{Error, Kind, Result};

/// A text that is never shown: its `Debug` says that it is redacted.
pub use secrecy::SecretString as Secret;

/// What [`Endpoint::new`](super::Endpoint::new) takes. Start from [`EndpointOptions::new`] and change what differs.
#[derive(Clone)]
pub struct EndpointOptions {
    /// What stands before `/chat/completions`, such as `https://api.openai.com/v1`. A user and password in it are sent as basic
    /// authorization and never shown; a query is sent with every request and never shown.
    pub base_url: String,
    /// The model's name at the endpoint.
    pub model: String,
    /// Sent as `Authorization: Bearer …`.
    pub api_key: Option<Secret>,
    /// The way out where the endpoint does not accept the key, or wants one (401): the caller knows where keys come from.
    pub key_hint: Option<String>,
    /// The most requests under way at once. 1 ..= 4096, default 16.
    pub max_concurrency: usize,
    /// The most requests in any minute; `None` is no limit. At least 1.
    pub requests_per_minute: Option<u32>,
    /// The most tokens in any minute, prompts and completions together; `None` is no limit. At least 1. What a request will use
    /// is estimated before it and settled after it, so that this holds on average and not to the token.
    pub tokens_per_minute: Option<u32>,
    /// The longest one request may take from its start to the last byte of the answer. Default 600 s.
    pub timeout: Duration,
    /// The longest it may take to connect. Default 10 s.
    pub connect_timeout: Duration,
    /// How often a request is made again where that can help. 0 ..= 100, default 6.
    pub max_retries: u32,
    /// The k-th retry waits a random part of `backoff` × 2^(k-1) (full jitter). Default 1 s.
    pub backoff: Duration,
    /// The most that a retry waits where the endpoint does not say how long. Default 60 s.
    pub max_backoff: Duration,
    /// The longest wait that an endpoint may ask for. One that asks for more (a daily limit) ends in an error that stops the
    /// statement instead of a process that seems to hang. Default 600 s.
    pub max_wait: Duration,
    /// US dollars for a million tokens of prompts.
    pub usd_per_mtok_in: Option<f64>,
    /// US dollars for a million tokens of completions.
    pub usd_per_mtok_out: Option<f64>,
    /// US dollars for a million tokens of prompts that the endpoint found in its cache; `None`: as other tokens of prompts.
    pub usd_per_mtok_cached: Option<f64>,
    /// The field of the body that carries `max_tokens`. `None`: `max_completion_tokens` at api.openai.com, else `max_tokens`.
    pub max_tokens_field: Option<String>,
    /// Other names under which the endpoint answers for the same model (an alias, a file); `*` is any name.
    pub served_as: Vec<String>,
    /// More fields of every body, put over those that glotrace sends (`{"reasoning_effort": "high"}`).
    pub extra_body: Map<String, Value>,
    /// Fields that are never sent, for endpoints that refuse those they do not know (`seed`).
    pub omit: Vec<String>,
    /// Asks for the log-probability of each token of a completion.
    pub logprobs: bool,
    /// The most samples that one request asks for. 1 ..= 128, default 16.
    pub max_n: usize,
    /// The most texts that one request embeds. 1 ..= 2048, default 64.
    pub embed_batch: usize,
    /// The largest answer that is taken in, in bytes. Default 64 MiB.
    pub max_body_bytes: usize,
    /// Where the chance in waiting times starts; `None`: somewhere else each time, which is what jitter is for.
    pub jitter_seed: Option<u64>,
}

impl EndpointOptions {
    /// `model` at `base_url`, with the defaults above.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            model: model.into(),
            api_key: None,
            key_hint: None,
            max_concurrency: 16,
            requests_per_minute: None,
            tokens_per_minute: None,
            timeout: Duration::from_secs(600),
            connect_timeout: Duration::from_secs(10),
            max_retries: 6,
            backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
            max_wait: Duration::from_secs(600),
            usd_per_mtok_in: None,
            usd_per_mtok_out: None,
            usd_per_mtok_cached: None,
            max_tokens_field: None,
            served_as: Vec::new(),
            extra_body: Map::new(),
            omit: Vec::new(),
            logprobs: false,
            max_n: 16,
            embed_batch: 64,
            max_body_bytes: 64 << 20,
            jitter_seed: None,
        }
    }

    /// Whether every value lies in its range, the address aside.
    ///
    /// # Errors
    /// The first value that does not, of kind [`Kind::Parameter`].
    pub fn check(&self) -> Result<()> {
        let price = |p: Option<f64>| p.is_none_or(|p| p.is_finite() && p >= 0.0);
        let second = Duration::from_secs(1);
        let checks = [
            ("model", !self.model.trim().is_empty(), "a name"),
            ("max_concurrency", (1..=4096).contains(&self.max_concurrency), "from 1 to 4096"),
            ("requests_per_minute", self.requests_per_minute != Some(0), "1 or more"),
            ("tokens_per_minute", self.tokens_per_minute != Some(0), "1 or more"),
            ("timeout", !self.timeout.is_zero() && self.timeout <= second * 86_400, "above 0 and at most a day"),
            ("connect_timeout", !self.connect_timeout.is_zero(), "above 0"),
            ("max_retries", self.max_retries <= 100, "from 0 to 100"),
            ("max_wait", self.max_wait <= second * 86_400, "at most a day"),
            ("max_backoff", self.max_backoff <= second * 86_400, "at most a day"),
            ("usd_per_mtok_in", price(self.usd_per_mtok_in), "0 or more"),
            ("usd_per_mtok_out", price(self.usd_per_mtok_out), "0 or more"),
            ("usd_per_mtok_cached", price(self.usd_per_mtok_cached), "0 or more"),
            ("max_n", (1..=128).contains(&self.max_n), "from 1 to 128"),
            ("embed_batch", (1..=2048).contains(&self.embed_batch), "from 1 to 2048"),
        ];
        match checks.iter().find(|(_, holds, _)| !holds) {
            None => Ok(()),
            Some((name, _, range)) => {
                Err(Error::new(Kind::Parameter, format!("endpoint option {name} must be {range}")))
            }
        }
    }
}

impl fmt::Debug for EndpointOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointOptions")
            .field("base_url", &shown(&self.base_url))
            .field("model", &self.model)
            .field("api_key", &self.api_key)
            .finish_non_exhaustive()
    }
}
