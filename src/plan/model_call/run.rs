//! What the model calls of one running statement share: the models, the stop flag, the counters, and the calls already made.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use glotrace_model::{Cancel, Completion, Kind, Request};
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::models::{Model, Models};
use crate::settings::OnError;

/// Counters that the progress line reads while the statement runs.
#[derive(Debug, Default)]
pub struct Counters {
    pub rows: AtomicU64,
    /// Calls that the operators have asked for so far.
    pub asked: AtomicU64,
    pub done: AtomicU64,
    /// Calls that reached the model, failed ones included.
    pub made: AtomicU64,
    pub failed: AtomicU64,
    /// Answered by an equal call of the same statement.
    pub shared: AtomicU64,
    pub tokens: AtomicU64,
}

impl Counters {
    pub fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }
}

/// A call that failed while its statement went on.
#[derive(Debug, Clone)]
pub struct Failure {
    pub model: String,
    pub kind: Kind,
    pub message: String,
}

type Outcome = Result<Arc<Completion>, glotrace_model::Error>;
type InFlight = Shared<BoxFuture<'static, Outcome>>;

pub struct StatementRun {
    models: Arc<Models>,
    on_error: OnError,
    pub cancel: Cancel,
    pub counters: Counters,
    failures: Mutex<Vec<Failure>>,
    calls: Mutex<HashMap<[u8; 32], InFlight>>,
}

/// How many failures are kept one by one; the rest is only counted.
const KEPT_FAILURES: usize = 1000;

impl StatementRun {
    pub fn new(models: Arc<Models>, on_error: OnError) -> Self {
        Self {
            models,
            on_error,
            cancel: Cancel::new(),
            counters: Counters::default(),
            failures: Mutex::default(),
            calls: Mutex::default(),
        }
    }

    /// # Errors
    /// No such model, or one that cannot be loaded: the statement stops.
    pub async fn model(&self, name: &str) -> Result<Arc<Model>> {
        self.models.resolve(name).await
    }

    /// Runs a call, or waits for an equal one of this statement that runs already, or takes its outcome.
    ///
    /// `Ok(Err(…))` is a call that failed while the statement goes on.
    ///
    /// # Errors
    /// Failures that no other row can escape (a model that broke, a parameter out of range), every failure where
    /// `glotrace.on_error` is `fail`, and cancellation.
    pub async fn call(&self, model: &Arc<Model>, request: Request) -> Result<Outcome> {
        Counters::add(&self.counters.asked, 1);
        let key = key(model.identity(), &request)?;
        let (call, first) = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            match calls.get(&key) {
                Some(call) => (call.clone(), false),
                None => {
                    let model = Arc::clone(model);
                    let cancel = self.cancel.clone();
                    let call = async move { model.generate(request, cancel).await.map(Arc::new) }.boxed().shared();
                    calls.insert(key, call.clone());
                    (call, true)
                }
            }
        };
        let outcome = call.await;
        self.count(model, &outcome, first);
        match &outcome {
            Err(e) if e.kind() == Kind::Cancelled => Err(Error::interrupted()),
            Err(e) if stops_statement(e.kind()) || self.on_error == OnError::Fail => {
                let error = Error::new(ErrorKind::Model, format!("model `{}`: {}", model.name(), e.message()));
                Err(match e.hint() {
                    Some(hint) => error.with_hint(hint),
                    None => error,
                })
            }
            _ => Ok(outcome),
        }
    }

    fn count(&self, model: &Model, outcome: &Outcome, first: bool) {
        Counters::add(&self.counters.done, 1);
        Counters::add(if first { &self.counters.made } else { &self.counters.shared }, 1);
        match outcome {
            Ok(completion) if first => Counters::add(&self.counters.tokens, completion.completion_tokens.unwrap_or(0)),
            Ok(_) => {}
            Err(e) => {
                Counters::add(&self.counters.failed, 1);
                let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
                if failures.len() < KEPT_FAILURES {
                    failures.push(Failure {
                        model: model.name().to_owned(),
                        kind: e.kind(),
                        message: e.message().to_owned(),
                    });
                }
            }
        }
    }

    /// Calls that failed so far while the statement went on (the first thousand).
    pub fn failures(&self) -> Vec<Failure> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Failures that have nothing to do with the row.
fn stops_statement(kind: Kind) -> bool {
    matches!(kind, Kind::Model | Kind::Io | Kind::Parameter | Kind::Budget)
}

/// The key of a call: a digest of the model's identity and the canonical form of the request, sample index and seed included.
fn key(identity: &str, request: &Request) -> Result<[u8; 32]> {
    let canonical = serde_json::to_vec(&("generate", identity, request))
        .map_err(|e| Error::internal(format!("a request has no canonical form: {e}")))?;
    Ok(Sha256::digest(canonical).into())
}
