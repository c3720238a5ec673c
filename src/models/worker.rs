//! One thread a model: requests queue up, and what has arrived by the time the model is free runs as one batch.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use glotrace_model::{Cancel, Completion, Error, Generate, Kind, Prompt, Request, TokenScore};
use tokio::sync::oneshot;

type Outcome = Result<Completion, Error>;
type Scores = Result<Vec<TokenScore>, Error>;

struct Job {
    work: Work,
    cancel: Cancel,
}

enum Work {
    Complete(Request, oneshot::Sender<Outcome>),
    Score(Prompt, String, oneshot::Sender<Scores>),
}

pub struct Worker {
    queue: Option<Sender<Job>>,
    can_score: bool,
}

impl Worker {
    /// The thread ends when the worker is dropped and its queue is empty.
    pub fn start(name: &str, model: Arc<dyn Generate>) -> Self {
        let (queue, jobs) = channel();
        let can_score = model.scorer().is_some();
        let started = thread::Builder::new().name(format!("model {name}")).spawn(move || work(model.as_ref(), &jobs));
        Self { queue: started.ok().map(|_| queue), can_score }
    }

    pub fn can_score(&self) -> bool {
        self.can_score
    }

    pub async fn generate(&self, request: Request, cancel: Cancel) -> Outcome {
        self.ask(|done| Work::Complete(request, done), cancel).await
    }

    /// # Errors
    /// What the model says of this pair; cancellation.
    pub async fn log_prob(&self, prompt: Prompt, continuation: String, cancel: Cancel) -> Scores {
        self.ask(|done| Work::Score(prompt, continuation, done), cancel).await
    }

    async fn ask<T>(
        &self,
        work: impl FnOnce(oneshot::Sender<Result<T, Error>>) -> Work,
        cancel: Cancel,
    ) -> Result<T, Error> {
        let (done, outcome) = oneshot::channel();
        let gone = || Error::new(Kind::Model, "the model's thread ended");
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Job { work: work(done), cancel }).map_err(|_| gone())?;
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn work(model: &dyn Generate, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter());
        while !batch.is_empty() {
            // One flag stops one batch: what belongs to another statement waits for the next round.
            let cancel = batch[0].cancel.clone();
            let (now, later): (Vec<Job>, Vec<Job>) = batch.into_iter().partition(|job| job.cancel.same(&cancel));
            run(model, now, &cancel);
            batch = later;
        }
    }
}

fn run(model: &dyn Generate, jobs: Vec<Job>, cancel: &Cancel) {
    let (mut requests, mut completed) = (Vec::new(), Vec::new());
    let (mut pairs, mut scored) = (Vec::new(), Vec::new());
    for job in jobs {
        match job.work {
            // Nobody waits any more for a row that a LIMIT above did not need.
            Work::Complete(_, done) if done.is_closed() => {}
            Work::Score(_, _, done) if done.is_closed() => {}
            Work::Complete(request, done) => {
                requests.push(request);
                completed.push(Some(done));
            }
            Work::Score(prompt, continuation, done) => {
                pairs.push((prompt, continuation));
                scored.push(Some(done));
            }
        }
    }
    if !requests.is_empty() {
        model.generate(&requests, cancel, &mut |i, outcome| answer(&mut completed, i, outcome));
    }
    if let Some(scorer) = model.scorer()
        && !pairs.is_empty()
    {
        scorer.log_probs(&pairs, cancel, &mut |i, outcome| answer(&mut scored, i, outcome));
    }
    let refused = || Error::new(Kind::Parameter, "this model cannot say how probable a given text is");
    (0..scored.len()).for_each(|i| answer(&mut scored, i, Err(refused())));
}

fn answer<T>(waiting: &mut [Option<oneshot::Sender<T>>], place: usize, outcome: T) {
    if let Some(done) = waiting.get_mut(place).and_then(Option::take) {
        let _ = done.send(outcome);
    }
}
