//! The call store: every finished model call, so that none is ever paid for twice.
//!
//! ```text
//! study.gldb/.calls/
//! ├── calls.sqlite      finished calls by key; committed and synced before a call's row goes on        writer.rs
//! ├── flights.sqlite    calls under way, by the process that makes them; worthless after a crash        flights.rs
//! └── flight-….lock     locked as long as that process lives
//! ```
//!
//! A call is looked up and, where it is not there, claimed in one step ([`CallStore::find`]): whoever claims it makes it,
//! hands it to [`CallStore::keep`] and waits for the commit; everybody else asks again until it is there or its maker died.
//! One thread reads and claims, one writes: what arrives while one is busy goes together, so that the price of a sync is
//! shared by all calls that finished since the last one.

mod find;
mod flights;
mod record;
mod schema;
mod writer;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

pub use find::Found;
pub use flights::Flight;
pub use record::{CallKey, CallRecord, CallRow, Stored};
pub use schema::{Pruned, Pruning};

use crate::error::{Error, Result};

const FOLDER: &str = ".calls";

/// A call store, opened when it is first used. Clones share it; its threads end with the last one.
#[derive(Debug, Clone)]
pub struct CallStore(Arc<Lazy>);

#[derive(Debug)]
struct Lazy {
    root: PathBuf,
    also: Option<PathBuf>,
    threads: Mutex<Option<Threads>>,
}

#[derive(Debug, Clone)]
struct Threads {
    find: Sender<find::Message>,
    keep: Sender<writer::Message>,
}

impl CallStore {
    /// The store in the folder `root`. `also`: a database that is only read, whose calls are served too.
    pub fn new(root: PathBuf, also: Option<PathBuf>) -> Self {
        Self(Arc::new(Lazy { root, also, threads: Mutex::default() }))
    }

    fn threads(&self) -> Result<Threads> {
        let mut threads = self.0.threads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(threads) = threads.as_ref() {
            return Ok(threads.clone());
        }
        Ok(threads.insert(self.start()?).clone())
    }

    fn start(&self) -> Result<Threads> {
        let folder = self.folder();
        std::fs::create_dir_all(&folder).map_err(|e| Error::io("keep model calls in", &folder, &e))?;
        let writing = schema::open(&folder)?;
        let mut reading = vec![schema::open(&folder)?];
        if let Some(other) = self.0.also.as_ref().map(|root| root.join(FOLDER)) {
            reading.extend(schema::open_readonly(&other)?);
        }
        let flights = flights::Flights::open(&folder)?;
        let (find, asked) = channel();
        let (keep, finished) = channel();
        let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
            thread::Builder::new()
                .name(name.to_owned())
                .spawn(work)
                .map_err(|e| Error::world(format!("cannot start a thread: {e}")))
        };
        spawn("call lookup", Box::new(move || find::serve(&reading, &flights, &asked)))?;
        spawn("call writer", Box::new(move || writer::serve(writing, &finished)))?;
        Ok(Threads { find, keep })
    }

    /// Looks the calls up, each with whether what is there may be served. What is not served is claimed for the caller.
    ///
    /// # Errors
    /// A store that can no longer be read.
    pub async fn find(&self, keys: Vec<(CallKey, bool)>) -> Result<Vec<Found>> {
        let (answer, found) = oneshot::channel();
        self.threads()?.find.send(find::Message::Find { keys, answer }).map_err(|_| gone())?;
        found.await.map_err(|_| gone())?
    }

    /// Which of the calls are there; nothing is claimed.
    ///
    /// # Errors
    /// A store that can no longer be read.
    pub async fn peek(&self, keys: Vec<CallKey>) -> Result<Vec<Option<Stored>>> {
        let (answer, found) = oneshot::channel();
        self.threads()?.find.send(find::Message::Peek { keys, answer }).map_err(|_| gone())?;
        found.await.map_err(|_| gone())?
    }

    /// Hands a finished call over. The answer comes when it is durable, and its claim is given back then.
    pub fn keep(&self, record: CallRecord, flight: Flight) -> oneshot::Receiver<Result<()>> {
        let (answer, kept) = oneshot::channel();
        // A writer that is gone drops `answer`, which the receiver sees.
        if let Ok(threads) = self.threads() {
            let _ = threads.keep.send(writer::Message { record, flight, answer });
        }
        kept
    }

    /// All calls, oldest first, as long as `each` says to go on: those of the database that is only read, then its own.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn rows(&self, each: &mut dyn FnMut(CallRow) -> bool) -> Result<()> {
        if let Some(other) = &self.0.also {
            schema::rows(&other.join(FOLDER), each)?;
        }
        schema::rows(&self.folder(), each)
    }

    /// Deletes calls.
    ///
    /// # Errors
    /// A store that cannot be written.
    pub fn prune(&self, what: &Pruning) -> Result<Pruned> {
        schema::prune(&self.folder(), what)
    }

    /// Where it lies.
    pub fn folder(&self) -> PathBuf {
        self.0.root.join(FOLDER)
    }
}

fn gone() -> Error {
    Error::world("the store of model calls is not there any more").with_hint("open the database again")
}
