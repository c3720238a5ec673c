//! One thread a model: what statements ask of it joins what is under way already.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use glotrace_model::{
    Answer, Cancel, Completion, Error, Generate, Kind, Prompt, Queue, Request, Task, TokenScore, Work,
};
use tokio::sync::oneshot;

type Outcome = Result<Answer, Error>;

struct Job {
    task: Task,
    cancel: Cancel,
    done: oneshot::Sender<Outcome>,
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
        let mut desk = Desk { jobs, waiting: HashMap::new(), last: 0 };
        let started = thread::Builder::new().name(format!("model {name}")).spawn(move || model.serve(&mut desk));
        Self { queue: started.ok().map(|_| queue), can_score }
    }

    pub fn can_score(&self) -> bool {
        self.can_score
    }

    /// # Errors
    /// What the model says of this request; cancellation.
    pub async fn generate(&self, request: Request, cancel: Cancel) -> Result<Completion, Error> {
        match self.ask(Task::Complete(request), cancel).await? {
            Answer::Completion(completion) => Ok(completion),
            Answer::Scores(_) => Err(mixed_up()),
        }
    }

    /// # Errors
    /// What the model says of this pair; cancellation.
    pub async fn log_prob(
        &self,
        prompt: Prompt,
        continuation: String,
        cancel: Cancel,
    ) -> Result<Vec<TokenScore>, Error> {
        match self.ask(Task::Score { prompt, continuation }, cancel).await? {
            Answer::Scores(scores) => Ok(scores),
            Answer::Completion(_) => Err(mixed_up()),
        }
    }

    async fn ask(&self, task: Task, cancel: Cancel) -> Outcome {
        let (done, outcome) = oneshot::channel();
        let gone = || Error::new(Kind::Model, "the model's thread ended");
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Job { task, cancel, done }).map_err(|_| gone())?;
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn mixed_up() -> Error {
    Error::new(Kind::Model, "the model answered another question")
        .with_hint("this is a mistake of glotrace: report it")
}

/// What the model works for: jobs as they arrive, and who waits for which.
struct Desk {
    jobs: Receiver<Job>,
    waiting: HashMap<u64, oneshot::Sender<Outcome>>,
    last: u64,
}

impl Queue for Desk {
    fn next(&mut self, wait: bool) -> Option<Work> {
        let Job { task, cancel, done } = if wait { self.jobs.recv().ok() } else { self.jobs.try_recv().ok() }?;
        self.last += 1;
        self.waiting.insert(self.last, done);
        Some(Work { ticket: self.last, task, cancel })
    }

    fn done(&mut self, ticket: u64, outcome: Outcome) {
        if let Some(done) = self.waiting.remove(&ticket) {
            // Whoever asked may have gone.
            let _ = done.send(outcome);
        }
    }

    /// Nobody waits any more for a row that a LIMIT above did not need.
    fn wanted(&self, ticket: u64) -> bool {
        self.waiting.get(&ticket).is_some_and(|done| !done.is_closed())
    }
}
