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

/// The most questions that are answered in one transaction.
const MOST: usize = 1024;

/// Answers what was asked since the last answer together. Ends when the store is closed.
pub(super) fn serve(connections: &[Connection], flights: &Arc<Flights>, asked: &Receiver<Message>) {
    while let Ok(first) = asked.recv() {
        let messages = std::iter::once(first).chain(asked.try_iter().take(MOST - 1));
        let (mut keys, mut answers) = (Vec::new(), Vec::new());
        for message in messages {
            // Whoever asked may be gone by now.
            match message {
                Message::Find { keys: more, answer } => {
                    answers.push((more.len(), answer));
                    keys.extend(more);
                }
                Message::Peek { keys, answer } => {
                    let all = keys.into_iter().map(|key| (key, true)).collect::<Vec<_>>();
                    drop(answer.send(served(connections, &all)));
                }
            }
        }
        match find(connections, flights, &keys) {
            Ok(found) => {
                let mut found = found.into_iter();
                for (n, answer) in answers {
                    drop(answer.send(Ok(found.by_ref().take(n).collect())));
                }
            }
            Err(error) => answers.into_iter().for_each(|(_, answer)| drop(answer.send(Err(error.clone())))),
        }
    }
}

fn find(connections: &[Connection], flights: &Arc<Flights>, keys: &[(CallKey, bool)]) -> Result<Vec<Found>> {
    let mut found: Vec<Option<Found>> = served(connections, keys)?.into_iter().map(|s| s.map(Found::Stored)).collect();
    let missing: Vec<usize> = (0..keys.len()).filter(|i| found[*i].is_none()).collect();
    if !missing.is_empty() {
        let wanted: Vec<(CallKey, bool)> = missing.iter().map(|i| keys[*i]).collect();
        let claims = flights.claim(&wanted.iter().map(|(key, _)| *key).collect::<Vec<_>>())?;
        // A call's maker may have finished between the look and the claim.
        let again = served(connections, &wanted)?;
        for ((i, claimed), known) in missing.into_iter().zip(claims).zip(again) {
            found[i] = Some(match claimed {
                None => Found::Elsewhere,
                Some(flight) => match known {
                    Some(output) => Found::Stored(output),
                    None => Found::Claimed(flight),
                },
            });
        }
    }
    Ok(found.into_iter().flatten().collect())
}

/// What is there of those that may be served, in the keys' order; each file read in one transaction.
fn served(connections: &[Connection], keys: &[(CallKey, bool)]) -> Result<Vec<Option<Stored>>> {
    let mut found = vec![None; keys.len()];
    for connection in connections {
        let mut read = || -> rusqlite::Result<()> {
            let transaction = connection.unchecked_transaction()?;
            for ((key, _), found) in keys.iter().zip(&mut found).filter(|((_, serve), found)| *serve && found.is_none())
            {
                *found = schema::stored(&transaction, key)?;
            }
            transaction.commit()
        };
        read().map_err(|e| failure::sqlite("read", connection.path().unwrap_or(schema::FILE).as_ref(), &e))?;
    }
    Ok(found)
}
