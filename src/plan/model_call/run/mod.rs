//! What the model calls of one running statement share: the models, the store, the budget, the stop flag, the counters.
//!
//! A call goes: key → store → (not there) budget → model → store → row. Between the store and the model stands what makes
//! equal calls one: within the statement `under_way`, between processes the store's claims.

mod budget;
mod counters;
mod remarks;
mod task;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use glotrace_learn::tagger::Tagger;
use glotrace_model::{Cancel, Completion, Kind, Prompt, Request, TokenScore};
use serde::de::DeserializeOwned;
use serde_json::from_slice;
use sha2::{Digest, Sha256};
use tokio::sync::{oneshot, watch};

pub use budget::{Budget, Limits, Reservation, Use};
pub use counters::Counters;
pub use task::{Facts, LogProbTask, Made, Sink, Task};

use remarks::Remarks;

use crate::error::{Error, ErrorKind, Result};
use crate::models::{Model, Models};
use crate::settings::OnError;
use crate::store::calls::{CallKey, CallRecord, CallStore, Flight, Found, Stored};

/// A call that failed while its statement went on.
#[derive(Debug, Clone)]
pub struct Failure {
    pub model: String,
    pub kind: Kind,
    pub message: String,
}

/// What came of a call: `cached` where an earlier statement or another process had made it.
#[derive(Debug, Clone)]
pub struct Answer<O> {
    pub output: O,
    pub cached: bool,
}

pub type Outcome<O> = Result<Answer<O>, glotrace_model::Error>;

/// How a statement treats its calls.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    pub on_error: OnError,
    /// Take what earlier statements have made.
    pub reuse: bool,
    pub limits: Limits,
    /// Count calls and make none: EXPLAIN COST.
    pub dry: bool,
}

#[derive(Clone)]
pub struct StatementRun {
    models: Arc<Models>,
    calls: CallStore,
    rules: Rules,
    budget: Arc<Budget>,
    pub cancel: Cancel,
    pub counters: Arc<Counters>,
    /// Those of one operator of the statement.
    part: Option<Arc<Counters>>,
    failures: Arc<Mutex<Vec<Failure>>>,
    remarks: Arc<Mutex<Remarks>>,
    state: Arc<Mutex<State>>,
}

/// Keys of calls that this statement has met.
#[derive(Default)]
struct State {
    /// Being made; whoever waits is told when this changes.
    under_way: HashMap<CallKey, watch::Receiver<()>>,
    made: HashSet<CallKey>,
    /// A statement does not try a failed call again; the next one does.
    failed: HashMap<CallKey, glotrace_model::Error>,
    /// What the calls of each model would take, where they are only counted.
    costs: BTreeMap<String, Cost>,
}

/// What a model's calls would take.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Cost {
    /// Calls that are there already.
    pub stored: u64,
    /// The rest. Tokens of prompts are estimated; completions and dollars are the most that they can take.
    pub to_make: Use,
}

/// How many failures are kept one by one; the rest is only counted.
const KEPT_FAILURES: usize = 1000;

/// How long to wait before asking again for a call that another process makes.
const ELSEWHERE: Duration = Duration::from_millis(50);

/// The most characters of what was asked that the store keeps.
const INPUT_CHARACTERS: usize = 200;

impl StatementRun {
    pub fn new(models: Arc<Models>, calls: CallStore, rules: Rules) -> Self {
        Self {
            models,
            calls,
            rules,
            budget: Arc::new(Budget::new(rules.limits)),
            cancel: Cancel::new(),
            counters: Arc::default(),
            part: None,
            failures: Arc::default(),
            remarks: Arc::default(),
            state: Arc::default(),
        }
    }

    /// The same run, which counts in `part` what is called through this.
    pub fn counting_in(&self, part: Arc<Counters>) -> Self {
        Self { part: Some(part), ..self.clone() }
    }

    fn add(&self, counter: fn(&Counters) -> &AtomicU64, n: u64) {
        for counters in std::iter::once(&self.counters).chain(&self.part) {
            Counters::add(counter(counters), n);
        }
    }

    /// # Errors
    /// No such model, or one that cannot be loaded: the statement stops.
    pub async fn model(&self, name: &str) -> Result<Arc<Model>> {
        let model = self.models.resolve(name).await?;
        // Once a session, and not once a row.
        if let Some(notes) = model.take_notes() {
            self.remarks().loaded(model.name(), notes);
        }
        Ok(model)
    }

    /// The bundled annotator of steps.
    ///
    /// # Errors
    /// Weights that are damaged.
    pub fn tagger(&self) -> Result<Arc<Tagger>> {
        self.models.tagger()
    }

    /// Completions of the samples of one prompt. `Ok(Err(…))` in a place is a call that failed while the statement goes on.
    ///
    /// # Errors
    /// Failures that no other row can escape (a model that broke, a parameter out of range), every failure where
    /// `glotrace.on_error` is `fail`, a budget that is used up, a store that cannot keep a call, and cancellation.
    pub async fn generate(&self, model: &Arc<Model>, samples: Vec<Request>) -> Result<Vec<Outcome<Completion>>> {
        self.outcomes(model, samples).await
    }

    /// How probable `continuation` is after `prompt`, by token.
    ///
    /// # Errors
    /// As [`StatementRun::generate`].
    pub async fn log_prob(
        &self,
        model: &Arc<Model>,
        prompt: Prompt,
        continuation: String,
    ) -> Result<Outcome<Vec<TokenScore>>> {
        self.ask(model, LogProbTask { prompt, continuation }).await
    }

    /// One call of any kind.
    ///
    /// # Errors
    /// As [`StatementRun::generate`].
    pub async fn ask<T: Task>(&self, model: &Arc<Model>, task: T) -> Result<Outcome<T::Output>> {
        let mut outcomes = self.outcomes(model, vec![task]).await?;
        outcomes.pop().ok_or_else(|| Error::internal("a call without an outcome"))
    }

    /// Calls that failed so far while the statement went on (the first thousand).
    pub fn failures(&self) -> Vec<Failure> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What users should know of the models and the texts of this statement, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        self.remarks().lines()
    }

    fn remarks(&self) -> MutexGuard<'_, Remarks> {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn outcomes<T: Task>(&self, model: &Arc<Model>, tasks: Vec<T>) -> Result<Vec<Outcome<T::Output>>> {
        self.add(|c| &c.asked, tasks.len() as u64);
        let keys = tasks.iter().map(|task| key(model.identity(), task)).collect::<Result<Vec<_>>>()?;
        let mut outcomes: Vec<Option<Outcome<T::Output>>> = tasks.iter().map(|_| None).collect();
        loop {
            let (ours, wait) = self.take_turn(&tasks, &keys, &mut outcomes);
            if !ours.keys.is_empty() {
                self.settle(model, &tasks, &keys, &ours.places, &mut outcomes).await?;
            }
            drop(ours);
            if outcomes.iter().all(Option::is_some) {
                break;
            }
            if self.cancel.is_cancelled() {
                return Err(Error::interrupted());
            }
            tokio::select! {
                () = self.cancel.cancelled() => return Err(Error::interrupted()),
                () = changed(wait) => {}
            }
        }
        tasks.iter().zip(outcomes.into_iter().flatten()).map(|(task, o)| self.passed(model, task, o)).collect()
    }

    /// What this statement has not met yet becomes ours; the rest is to be waited for, or has failed.
    fn take_turn<T: Task>(
        &self,
        tasks: &[T],
        keys: &[CallKey],
        outcomes: &mut [Option<Outcome<T::Output>>],
    ) -> (Turn<'_>, Option<watch::Receiver<()>>) {
        let (told, tell) = watch::channel(());
        let mut turn = Turn { run: self, keys: Vec::new(), places: Vec::new(), _told: told };
        let mut wait = None;
        let mut state = self.state();
        for (place, key) in keys.iter().enumerate() {
            if outcomes[place].is_some() {
                continue;
            }
            if let Some(error) = state.failed.get(key) {
                self.add(|c| &c.shared, 1);
                self.add(|c| &c.done, 1);
                if !tasks[place].is_tried_again(error) {
                    self.add(|c| &c.failed, 1);
                }
                outcomes[place] = Some(Err(error.clone()));
            } else if let Some(running) = state.under_way.get(key) {
                wait = Some(running.clone());
            } else {
                state.under_way.insert(*key, tell.clone());
                turn.keys.push(*key);
                turn.places.push(place);
            }
        }
        (turn, wait)
    }

    /// Finds or makes the calls at `places`. Those that another process makes stay open.
    async fn settle<T: Task>(
        &self,
        model: &Arc<Model>,
        tasks: &[T],
        keys: &[CallKey],
        places: &[usize],
        outcomes: &mut [Option<Outcome<T::Output>>],
    ) -> Result<()> {
        let mut open: Vec<usize> = places.to_vec();
        let mut wanted: Vec<(CallKey, bool)> = {
            let state = self.state();
            open.iter().map(|p| (keys[*p], self.rules.reuse || state.made.contains(&keys[*p]))).collect()
        };
        let mut to_make = Vec::new();
        if self.rules.dry {
            let found = self.calls.peek(open.iter().map(|p| keys[*p]).collect()).await?;
            for (place, stored) in open.into_iter().zip(found) {
                let known = stored.and_then(output);
                outcomes[place] = Some(self.dry(model, keys[place], &tasks[place], known));
            }
            return Ok(());
        }
        // A call that was kept by a glotrace which wrote it otherwise is made again: the second turn.
        while !wanted.is_empty() {
            let found = self.calls.find(std::mem::take(&mut wanted)).await?;
            let places = std::mem::take(&mut open);
            for (place, found) in places.into_iter().zip(found) {
                match found {
                    Found::Claimed(flight) => to_make.push((place, flight)),
                    Found::Elsewhere => {}
                    Found::Stored(stored) => match output::<T::Output>(stored) {
                        Some(output) => outcomes[place] = Some(Ok(self.served(keys[place], output))),
                        None => {
                            open.push(place);
                            wanted.push((keys[place], false));
                        }
                    },
                }
            }
        }
        if to_make.is_empty() { Ok(()) } else { self.make(model, tasks, keys, to_make, outcomes).await }
    }

    fn served<O>(&self, key: CallKey, output: O) -> Answer<O> {
        let cached = !self.state().made.contains(&key);
        self.add(if cached { |c| &c.stored } else { |c| &c.shared }, 1);
        self.add(|c| &c.done, 1);
        Answer { output, cached }
    }

    /// A call that is only counted: what is stored is given, the rest is NULL.
    fn dry<T: Task>(&self, model: &Model, key: CallKey, task: &T, known: Option<T::Output>) -> Outcome<T::Output> {
        self.add(|c| &c.done, 1);
        let mut state = self.state();
        if state.made.insert(key) {
            let cost = state.costs.entry(model.name().to_owned()).or_default();
            match known {
                Some(_) => cost.stored += 1,
                None => {
                    let all = cost.to_make.plus(task.at_most());
                    // Of the sum, which rounds once.
                    cost.to_make = Use { usd: model.usd(all.prompt_tokens, all.completion_tokens), ..all };
                }
            }
        }
        if let Some(output) = known {
            return Ok(Answer { output, cached: true });
        }
        Err(glotrace_model::Error::new(Kind::Missing, "not made yet"))
    }

    /// Makes calls and keeps them: when this returns, they are durable.
    async fn make<T: Task>(
        &self,
        model: &Arc<Model>,
        tasks: &[T],
        keys: &[CallKey],
        to_make: Vec<(usize, Flight)>,
        outcomes: &mut [Option<Outcome<T::Output>>],
    ) -> Result<()> {
        let mut waiting = to_make.into_iter().peekable();
        while let Some((place, flight)) = waiting.next() {
            // What the budget has room for goes together.
            let mut reserved = vec![Some(self.budget.reserve(priced(model, &tasks[place])).await?)];
            let mut now = vec![(place, flight)];
            while let Some((next, _)) = waiting.peek()
                && let Some(reservation) = self.budget.try_reserve(priced(model, &tasks[*next]))
            {
                reserved.push(Some(reservation));
                now.extend(waiting.next());
            }
            self.make_together(model, tasks, keys, now, reserved, outcomes).await?;
        }
        Ok(())
    }

    async fn make_together<T: Task>(
        &self,
        model: &Arc<Model>,
        tasks: &[T],
        keys: &[CallKey],
        to_make: Vec<(usize, Flight)>,
        mut reserved: Vec<Option<Reservation>>,
        outcomes: &mut [Option<Outcome<T::Output>>],
    ) -> Result<()> {
        let chosen: Vec<T> = to_make.iter().map(|(place, _)| tasks[*place].clone()).collect();
        let (places, mut flights): (Vec<usize>, Vec<Option<Flight>>) =
            to_make.into_iter().map(|(place, flight)| (place, Some(flight))).unzip();
        let mut kept: Vec<oneshot::Receiver<Result<()>>> = Vec::with_capacity(places.len());
        let mut sink = |i: usize, made: Result<Made<T::Output>, glotrace_model::Error>| {
            let Some(flight) = flights.get_mut(i).and_then(Option::take) else { return };
            let (place, key) = (places[i], keys[places[i]]);
            if let Some(reserved) = reserved[i].take() {
                reserved.spend(T::spent(&made));
            }
            self.count(model, key, &tasks[place], &made);
            // A call that was cancelled is no finished call.
            if !matches!(&made, Err(e) if e.kind() == Kind::Cancelled) {
                match record(model, key, &tasks[place], &made) {
                    Ok(record) => kept.push(self.calls.keep(record, flight)),
                    Err(error) => {
                        let (tell, told) = oneshot::channel();
                        let _ = tell.send(Err(error));
                        kept.push(told);
                    }
                }
            }
            outcomes[place] = Some(made.map(|made| Answer { output: made.output, cached: false }));
        };
        T::run(model, chosen, self.cancel.clone(), &mut sink).await;
        for kept in kept {
            kept.await.unwrap_or_else(|_| Err(Error::world("a model call could not be kept: its writer ended")))?;
        }
        let missed = places.iter().any(|place| outcomes[*place].is_none());
        if missed { Err(Error::internal("a model left a call without an outcome")) } else { Ok(()) }
    }

    fn count<T: Task>(
        &self,
        model: &Model,
        key: CallKey,
        task: &T,
        made: &Result<Made<T::Output>, glotrace_model::Error>,
    ) {
        self.add(|c| &c.made, 1);
        self.add(|c| &c.done, 1);
        match made {
            Ok(made) => {
                // Samples of one request are not always counted apart.
                let tokens = T::facts(&made.output).completion_tokens.or(made.tokens).unwrap_or(0);
                self.add(|c| &c.tokens, tokens);
                self.counters.spend(made.usd);
                self.state().made.insert(key);
            }
            Err(error) => {
                self.counters.spend(error.usd());
                if error.kind() != Kind::Cancelled {
                    self.state().failed.insert(key, error.clone());
                }
                if task.is_tried_again(error) {
                    return;
                }
                self.add(|c| &c.failed, 1);
                let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
                if failures.len() < KEPT_FAILURES {
                    failures.push(Failure {
                        model: model.name().to_owned(),
                        kind: error.kind(),
                        message: error.message().to_owned(),
                    });
                }
            }
        }
    }

    /// A failure that stops the statement as an error.
    fn passed<T: Task>(&self, model: &Model, task: &T, outcome: Outcome<T::Output>) -> Result<Outcome<T::Output>> {
        match &outcome {
            Ok(answer) => {
                let cut = T::facts(&answer.output).cut;
                if cut > 0 {
                    self.remarks().cut(model, cut);
                }
                Ok(outcome)
            }
            Err(e) if self.rules.dry || task.is_tried_again(e) => Ok(outcome),
            Err(e) if e.kind() == Kind::Cancelled => Err(Error::interrupted()),
            Err(e) if e.is_fatal() || stops_statement(e.kind()) || self.rules.on_error == OnError::Fail => {
                let error = Error::new(ErrorKind::Model, format!("model `{}`: {}", model.name(), e.message()));
                Err(match e.hint() {
                    Some(hint) => error.with_hint(hint),
                    None => error,
                })
            }
            Err(_) => Ok(outcome),
        }
    }

    /// What the statement's calls would take, by model, where they are only counted.
    pub fn costs(&self) -> Vec<(String, Cost)> {
        self.state().costs.iter().map(|(model, cost)| (model.clone(), *cost)).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls that one row settles; when it is dropped, however that comes, whoever waits for one of them looks again.
struct Turn<'a> {
    run: &'a StatementRun,
    keys: Vec<CallKey>,
    places: Vec<usize>,
    /// Its end wakes who waits.
    _told: watch::Sender<()>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.run.state();
        for key in &self.keys {
            state.under_way.remove(key);
        }
    }
}

/// Until an equal call of this statement is settled, or for a moment where another process makes it.
async fn changed(wait: Option<watch::Receiver<()>>) {
    match wait {
        // An error is the sender's end, which is what is waited for.
        Some(mut wait) => drop(wait.changed().await),
        None => tokio::time::sleep(ELSEWHERE).await,
    }
}

/// Failures that have nothing to do with the row.
fn stops_statement(kind: Kind) -> bool {
    matches!(kind, Kind::Model | Kind::Io | Kind::Parameter | Kind::Budget)
}

/// The most that a call may take, in money too.
fn priced<T: Task>(model: &Model, task: &T) -> Use {
    let amount = task.at_most();
    Use { usd: model.usd(amount.prompt_tokens, amount.completion_tokens), ..amount }
}

/// The key of a call: a digest of the task, the model's identity and the canonical form of what is asked, sample and seed included.
fn key<T: Task>(identity: &str, task: &T) -> Result<CallKey> {
    let canonical = serde_json::to_vec(&(task.name(), identity, task))
        .map_err(|e| Error::internal(format!("a request has no canonical form: {e}")))?;
    let digest = Sha256::digest(canonical);
    let mut key = CallKey::default();
    key.copy_from_slice(&digest[..16]);
    Ok(key)
}

fn output<O: DeserializeOwned>(stored: Stored) -> Option<O> {
    from_slice(&stored.json()?).ok()
}

fn record<T: Task>(
    model: &Model,
    key: CallKey,
    task: &T,
    made: &Result<Made<T::Output>, glotrace_model::Error>,
) -> Result<CallRecord> {
    let facts = made.as_ref().map(|made| T::facts(&made.output)).unwrap_or_default();
    let outcome =
        match made {
            Ok(made) => Ok(serde_json::to_vec(&made.output)
                .map_err(|e| Error::internal(format!("an outcome cannot be kept: {e}")))?),
            Err(error) => Err((error.kind().as_str().to_owned(), error.message().to_owned())),
        };
    Ok(CallRecord {
        key,
        model: model.name().to_owned(),
        identity: model.identity().to_owned(),
        task: task.name(),
        input: task.input().chars().take(INPUT_CHARACTERS).collect(),
        sample: task.sample(),
        outcome,
        finish_reason: facts.finish_reason,
        prompt_tokens: facts.prompt_tokens,
        completion_tokens: facts.completion_tokens,
        seconds: facts.seconds,
        usd: made.as_ref().map_or_else(|e| e.usd(), |made| made.usd),
        attempts: made.as_ref().map_or_else(|e| e.attempts(), |made| made.attempts),
    })
}
