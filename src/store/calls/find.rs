//! The thread that looks calls up, and claims those that are not there.

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::flights::{Flight, Flights};
use super::record::{CallKey, Stored};
use super::schema;
use crate::error::Result;
use crate::store::failure;

/// What became of a call that was looked up.
#[derive(Debug)]
pub enum Found {
    /// It was made before.
    Stored(Stored),
    /// It is the caller's to make.
    Claimed(Flight),
    /// Another process makes it now: ask again.
    Elsewhere,
}

pub(super) enum Message {
    Find { keys: Vec<(CallKey, bool)>, answer: oneshot::Sender<Result<Vec<Found>>> },
    Peek { keys: Vec<CallKey>, answer: oneshot::Sender<Result<Vec<Option<Stored>>>> },
}

/// Ends when the store is closed.
pub(super) fn serve(connections: &[Connection], flights: &Arc<Flights>, asked: &Receiver<Message>) {
    while let Ok(message) = asked.recv() {
        // Whoever asked may be gone by now.
        match message {
            Message::Find { keys, answer } => drop(answer.send(find(connections, flights, &keys))),
            Message::Peek { keys, answer } => drop(answer.send(keys.iter().map(|k| stored(connections, k)).collect())),
        }
    }
}

fn find(connections: &[Connection], flights: &Arc<Flights>, keys: &[(CallKey, bool)]) -> Result<Vec<Found>> {
    let mut found: Vec<Option<Found>> = Vec::with_capacity(keys.len());
    let served = |(key, serve): &(CallKey, bool)| if *serve { stored(connections, key) } else { Ok(None) };
    for key in keys {
        let known = served(key)?;
        found.push(known.map(Found::Stored));
    }
    let missing: Vec<usize> = (0..keys.len()).filter(|i| found[*i].is_none()).collect();
    if !missing.is_empty() {
        let wanted: Vec<CallKey> = missing.iter().map(|i| keys[*i].0).collect();
        for (i, claimed) in missing.into_iter().zip(flights.claim(&wanted)?) {
            found[i] = Some(match claimed {
                None => Found::Elsewhere,
                // Its maker may have finished between the look and the claim.
                Some(flight) => match served(&keys[i])? {
                    Some(output) => Found::Stored(output),
                    None => Found::Claimed(flight),
                },
            });
        }
    }
    Ok(found.into_iter().flatten().collect())
}

fn stored(connections: &[Connection], key: &CallKey) -> Result<Option<Stored>> {
    for connection in connections {
        let found = schema::stored(connection, key)
            .map_err(|e| failure::sqlite("read", connection.path().unwrap_or(schema::FILE).as_ref(), &e))?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
