//! The thread that writes: everything that has finished since the last commit goes into the next one.

use std::collections::HashMap;
use std::sync::mpsc::Receiver;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{Flight, record::CallRecord, schema};
use crate::error::Result;
use crate::store::failure;

pub(super) struct Message {
    pub record: CallRecord,
    /// Given back when the call is durable, so that whoever waits for it finds it.
    pub flight: Flight,
    pub answer: oneshot::Sender<Result<()>>,
}

/// The most calls of one transaction: it bounds the memory of a burst.
const MOST: usize = 4096;

/// Ends when the store is closed and all that was handed over is written.
pub(super) fn serve(mut connection: Connection, finished: &Receiver<Message>) {
    let mut models = HashMap::new();
    while let Ok(first) = finished.recv() {
        let mut batch = vec![first];
        batch.extend(finished.try_iter().take(MOST - 1));
        let written = schema::keep(&mut connection, &mut models, batch.iter().map(|m| &m.record));
        let written = written.map_err(|e| {
            // Ids of a transaction that was rolled back are none.
            models.clear();
            let path = connection.path().unwrap_or(schema::FILE);
            failure::sqlite("keep model calls in", path.as_ref(), &e)
        });
        let mut flights = Vec::with_capacity(batch.len());
        let mut answers = Vec::with_capacity(batch.len());
        for message in batch {
            flights.push(message.flight);
            answers.push(message.answer);
        }
        Flight::land(flights.into_iter());
        for answer in answers {
            let _ = answer.send(written.clone());
        }
    }
}
