//! An endpoint: what all calls to one model at one address share.

use std::{
    fmt,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
};

use super::{EndpointOptions, address::Address, backoff::Backoff, gate::Gate, seen::Seen, transport::Transport};
use crate::{Error, Result};

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
    transport: RwLock<Arc<Transport>>,
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
        let transport = RwLock::new(Arc::new(Transport::new(&options, &address)?));
        Ok(Self {
            gate: Gate::new(&options),
            backoff: Backoff::new(options.backoff, options.max_backoff, options.jitter_seed),
            seen: Seen::default(),
            max_n: AtomicUsize::new(options.max_n),
            answered: AtomicBool::new(false),
            answered_rightly: AtomicBool::new(false),
            transport,
            mean_completion: AtomicU64::new(f64::NAN.to_bits()),
            address,
            options,
        })
    }

    /// Address and model, without user, password and key, and the extra fields of the body: what they ask for differs, so do
    /// the answers. Part of each call's key.
    pub fn identity(&self) -> String {
        let mut identity = format!("{}#{}", self.address.shown(), self.options.model);
        if !self.options.extra_body.is_empty() {
            let mut fields: Vec<_> = self.options.extra_body.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            let fields: Vec<String> = fields.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
            identity = format!("{identity} {}", fields.join(" "));
        }
        identity
    }

    /// The options it was made with.
    pub fn options(&self) -> &EndpointOptions {
        &self.options
    }

    pub(super) fn transport(&self) -> Arc<Transport> {
        Arc::clone(&self.transport.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Leaves all idle connections for good.
    pub(super) fn reconnect(&self) -> Result<(), Error> {
        let fresh = Arc::new(Transport::new(&self.options, &self.address)?);
        *self.transport.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
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
        assert_eq!(
            Endpoint::new(options).unwrap().identity(),
            "https://h.example/v1#org/model reasoning_effort=\"high\""
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
