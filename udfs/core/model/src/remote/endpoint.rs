//! An endpoint: what all calls to one model at one address share.

use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use super::{EndpointOptions, address::Address, backoff::Backoff, gate::Gate, seen::Seen, transport::Transport};
use crate::Result;

/// A model behind an endpoint. One value is shared by all who call it: its limits hold for all of them together.
///
/// Its futures want tokio's runtime with time and I/O.
pub struct Endpoint {
    pub(super) options: EndpointOptions,
    pub(super) address: Address,
    pub(super) gate: Gate,
    pub(super) backoff: Backoff,
    pub(super) seen: Seen,
    /// The most samples that one request can ask for, as far as is known.
    pub(super) max_n: AtomicUsize,
    /// There is a server: it has answered something at some time.
    pub(super) answered: AtomicBool,
    /// The model that is asked has answered: where another one does, that is a gateway's slip and no wrong name.
    pub(super) answered_rightly: AtomicBool,
    /// Transports, each with a connection of its own, that nobody uses at the moment.
    idle: Mutex<Vec<Transport>>,
    /// Tokens of a completion, on average; as the bits of an `f64`.
    mean_completion: AtomicU64,
}

impl Endpoint {
    /// Checks `options` and builds a client. Nothing is sent.
    ///
    /// # Errors
    /// An option out of its range, an address that is none, a client that cannot be built.
    pub fn new(options: EndpointOptions) -> Result<Self> {
        options.check()?;
        let address = Address::new(&options)?;
        // That a client can be built is seen now and not at the first call.
        let idle = Mutex::new(vec![Transport::new(&options, &address)?]);
        Ok(Self {
            gate: Gate::new(&options),
            backoff: Backoff::new(options.backoff, options.max_backoff, options.jitter_seed),
            seen: Seen::default(),
            max_n: AtomicUsize::new(options.max_n),
            answered: AtomicBool::new(false),
            answered_rightly: AtomicBool::new(false),
            idle,
            mean_completion: AtomicU64::new(f64::NAN.to_bits()),
            address,
            options,
        })
    }

    /// Address and model, without user, password and key, and the fields of the body that are added or left out: what is asked
    /// for differs, and so do the answers. Part of each call's key.
    pub fn identity(&self) -> String {
        let added = self.options.extra_body.iter().map(|(name, value)| format!("{name}={value}"));
        let left_out = self.options.omit.iter().map(|name| format!("-{name}"));
        let mut changes: Vec<String> = added.chain(left_out).collect();
        changes.sort();
        let model = format!("{}#{}", self.address.shown(), self.options.model);
        [vec![model], changes].concat().join(" ")
    }

    /// The options it was made with.
    pub fn options(&self) -> &EndpointOptions {
        &self.options
    }

    /// A transport for one exchange. Whoever takes it gives it back ([`give_back`](Self::give_back)) when what came over it is
    /// known to be its own, and drops it otherwise: the next request on a connection must not meet what is left of the last.
    /// `fresh`: one without a past.
    pub(super) fn transport(&self, fresh: bool) -> Result<Transport> {
        let idle = if fresh { None } else { self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() };
        idle.map_or_else(|| Transport::new(&self.options, &self.address), Ok)
    }

    pub(super) fn give_back(&self, transport: Transport) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(transport);
    }

    /// About how many tokens a completion of at most `max_tokens` will have.
    pub(super) fn expected_completion(&self, max_tokens: usize) -> u64 {
        let mean = f64::from_bits(self.mean_completion.load(Ordering::Relaxed));
        // Before the first answer: that of an answer without thinking.
        let guess = if mean.is_nan() { 256.0 } else { mean };
        (guess as u64).min(max_tokens as u64)
    }

    /// Takes in how many tokens a completion had.
    pub(super) fn learn_completion(&self, tokens: u64) {
        let mean = f64::from_bits(self.mean_completion.load(Ordering::Relaxed));
        let mean = if mean.is_nan() { tokens as f64 } else { mean + (tokens as f64 - mean) / 16.0 };
        self.mean_completion.store(mean.to_bits(), Ordering::Relaxed);
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint").field("identity", &self.identity()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn identity_shows_no_secret_and_changes_with_the_body() {
        let mut options = EndpointOptions::new("https://me:hidden@h.example/v1?key=hidden", "org/model");
        options.api_key = Some("hidden".into());
        let plain = Endpoint::new(options.clone()).unwrap();
        assert_eq!(plain.identity(), "https://h.example/v1#org/model");
        assert!(!format!("{plain:?} {:?}", plain.options()).contains("hidden"));
        options.extra_body.insert("reasoning_effort".into(), json!("high"));
        options.omit.push("temperature".into());
        assert_eq!(
            Endpoint::new(options).unwrap().identity(),
            "https://h.example/v1#org/model -temperature reasoning_effort=\"high\""
        );
    }

    #[test]
    fn options_out_of_their_range_are_named() {
        let refused = |change: fn(&mut EndpointOptions)| {
            let mut options = EndpointOptions::new("http://h/v1", "m");
            change(&mut options);
            Endpoint::new(options).unwrap_err().message().to_owned()
        };
        assert_eq!(refused(|o| o.max_concurrency = 0), "endpoint option max_concurrency must be from 1 to 4096");
        assert_eq!(
            refused(|o| o.requests_per_minute = Some(0)),
            "endpoint option requests_per_minute must be 1 or more"
        );
        assert_eq!(
            refused(|o| o.usd_per_mtok_in = Some(f64::NAN)),
            "endpoint option usd_per_mtok_in must be 0 or more"
        );
    }
}
