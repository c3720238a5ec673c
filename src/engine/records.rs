//! `system.runs`: statements that wrote or called a model, with what they took.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use chrono::Utc;

use super::Answer;
use crate::error::Result;
use crate::plan::model_call::run::StatementRun;
use crate::plan::split::Statement;
use crate::store::{Run, Store};

/// Queries that only read leave no record; a record that cannot be kept stops nothing.
pub fn record(store: &Store, statement: &Statement, started: Instant, run: &StatementRun, answer: &Result<Answer>) {
    let calls = run.counters.done.load(Relaxed);
    let (rows, error) = match answer {
        Ok(Answer::Done { rows: None, .. } | Answer::Rows(_)) if calls == 0 => return,
        Ok(Answer::Done { rows, .. }) => (*rows, None),
        Ok(Answer::Rows(_)) => (None, None),
        Err(_) if calls == 0 => return,
        Err(e) => (None, Some(e.message.clone())),
    };
    if store.is_readonly() {
        return;
    }
    let seconds = started.elapsed().as_secs_f64();
    let began = Utc::now() - chrono::Duration::from_std(started.elapsed()).unwrap_or_default();
    let _ = store.record_run(&Run {
        statement: statement.text.clone(),
        started: began,
        seconds,
        rows,
        calls,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        error,
    });
}
