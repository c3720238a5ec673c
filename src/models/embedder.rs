//! Texts that are embedded at an endpoint: what rows ask one by one goes there together.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use glotrace_model::remote::Endpoint;
use glotrace_model::{Cancel, Error, Kind};
use tokio::sync::{mpsc, oneshot};

use super::reading::{Finding, Read, Vector};

/// A vector, and its part of what its request cost in US dollars.
type Outcome = Result<(Read, Option<f64>), Error>;

struct Job {
    text: String,
    done: oneshot::Sender<Outcome>,
}

/// How long the first text waits for company.
const COMPANY: Duration = Duration::from_millis(3);

/// The most texts that are handed over together; the endpoint parts them into requests.
const TOGETHER: usize = 4096;

pub struct Embedder(mpsc::UnboundedSender<Job>);

impl Embedder {
    /// The task ends when the embedder is dropped.
    pub fn start(endpoint: Arc<Endpoint>) -> Self {
        let (queue, mut coming) = mpsc::unbounded_channel::<Job>();
        tokio::spawn(async move {
            while let Some(first) = coming.recv().await {
                tokio::time::sleep(COMPANY).await;
                let mut jobs = vec![first];
                while jobs.len() < TOGETHER
                    && let Ok(job) = coming.try_recv()
                {
                    jobs.push(job);
                }
                tokio::spawn(embed(Arc::clone(&endpoint), jobs));
            }
        });
        Self(queue)
    }

    /// # Errors
    /// What the endpoint says of this text. Cancellation is whoever drops the future.
    pub async fn embed(&self, text: String) -> Outcome {
        let (done, outcome) = oneshot::channel();
        let gone = || Error::new(Kind::Http, "the endpoint's task ended");
        self.0.send(Job { text, done }).map_err(|_| gone())?;
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }
}

async fn embed(endpoint: Arc<Endpoint>, jobs: Vec<Job>) {
    let (texts, mut waiting): (Vec<String>, Vec<oneshot::Sender<Outcome>>) =
        jobs.into_iter().map(|job| (job.text, job.done)).unzip();
    let never = Cancel::new();
    let all = tokio::select! {
        all = endpoint.embed(&texts, &never) => all,
        // Nobody waits any more.
        _ = join_all(waiting.iter_mut().map(oneshot::Sender::closed)) => return,
    };
    let each = texts.len() as f64;
    for (vector, done) in all.vectors.into_iter().zip(waiting) {
        let read = vector.map(|vector| {
            let read = Read { finding: Finding::Vector(Vector(vector)), tokens: None, cut: 0 };
            (read, all.usd.map(|usd| usd / each))
        });
        let _ = done.send(read);
    }
}
