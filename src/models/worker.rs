//! One thread a model: it takes work as it comes, also while other work runs.

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
        let (queue, coming) = channel();
        let can_score = model.can_score();
        let mut jobs = Jobs { coming, under_way: HashMap::new(), tickets: 0 };
        let started = thread::Builder::new().name(format!("model {name}")).spawn(move || model.serve(&mut jobs));
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
            Answer::Scores(_) => Err(Error::new(Kind::Model, "the model gave scores for a completion")),
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
            Answer::Completion(_) => Err(Error::new(Kind::Model, "the model gave a completion for scores")),
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

/// What the thread of a model works for.
struct Jobs {
    coming: Receiver<Job>,
    /// Who waits for what was handed out.
    under_way: HashMap<u64, oneshot::Sender<Outcome>>,
    tickets: u64,
}

impl Queue for Jobs {
    fn next(&mut self, wait: bool) -> Option<Work> {
        loop {
            let job = if wait { self.coming.recv().ok()? } else { self.coming.try_recv().ok()? };
            // Nobody waits any more for a row that a LIMIT above did not need.
            if job.done.is_closed() {
                continue;
            }
            self.tickets += 1;
            self.under_way.insert(self.tickets, job.done);
            return Some(Work { ticket: self.tickets, task: job.task, cancel: job.cancel });
        }
    }

    fn done(&mut self, ticket: u64, outcome: Outcome) {
        if let Some(done) = self.under_way.remove(&ticket) {
            let _ = done.send(outcome);
        }
    }

    fn wanted(&self, ticket: u64) -> bool {
        self.under_way.get(&ticket).is_some_and(|done| !done.is_closed())
    }
}
