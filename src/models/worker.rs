//! One thread a model: requests queue up, and what has arrived by the time the model is free runs as one batch.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use glotrace_model::{Cancel, Completion, Error, Generate, Kind, Prompt, Request, TokenScore};
use tokio::sync::oneshot;

type Outcome = Result<Completion, Error>;

struct Job {
    request: Request,
    cancel: Cancel,
    done: oneshot::Sender<Outcome>,
}

pub struct Worker {
    queue: Option<Sender<Job>>,
}

impl Worker {
    /// The thread ends when the worker is dropped and its queue is empty.
    pub fn start(name: &str, model: Arc<dyn Generate>) -> Self {
        let (queue, jobs) = channel();
        let started = thread::Builder::new().name(format!("model {name}")).spawn(move || work(model.as_ref(), &jobs));
        Self { queue: started.ok().map(|_| queue) }
    }

    /// Scores go through the same thread once it takes them; until then they are refused.
    pub async fn log_prob(&self, _: Prompt, _: String, _: Cancel) -> Result<Vec<TokenScore>, Error> {
        Err(Error::new(Kind::Parameter, "this model cannot score"))
    }

    pub async fn generate(&self, request: Request, cancel: Cancel) -> Outcome {
        let (done, outcome) = oneshot::channel();
        let gone = || Error::new(Kind::Model, "the model's thread ended");
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Job { request, cancel, done }).map_err(|_| gone())?;
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn work(model: &dyn Generate, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![first];
        batch.extend(jobs.try_iter());
        while !batch.is_empty() {
            // One flag stops one `generate`: what belongs to another statement waits for the next round.
            let cancel = batch[0].cancel.clone();
            let (now, later): (Vec<Job>, Vec<Job>) = batch.into_iter().partition(|job| job.cancel.same(&cancel));
            run(model, now, &cancel);
            batch = later;
        }
    }
}

fn run(model: &dyn Generate, jobs: Vec<Job>, cancel: &Cancel) {
    let mut waiting: Vec<Option<oneshot::Sender<Outcome>>> = Vec::with_capacity(jobs.len());
    let mut requests = Vec::with_capacity(jobs.len());
    for job in jobs {
        // Nobody waits any more for a row that a LIMIT above did not need.
        if !job.done.is_closed() {
            requests.push(job.request);
            waiting.push(Some(job.done));
        }
    }
    model.generate(&requests, cancel, &mut |i, outcome| {
        if let Some(done) = waiting.get_mut(i).and_then(Option::take) {
            let _ = done.send(outcome);
        }
    });
}
