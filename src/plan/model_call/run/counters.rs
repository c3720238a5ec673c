//! Counters that the progress line reads while the statement runs.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub struct Counters {
    pub rows: AtomicU64,
    /// Calls that the operators have asked for so far.
    pub asked: AtomicU64,
    pub done: AtomicU64,
    /// Calls that reached the model, failed ones included.
    pub made: AtomicU64,
    pub failed: AtomicU64,
    /// Answered by an equal call of the same statement.
    pub shared: AtomicU64,
    /// Made before, by an earlier statement or another process.
    pub stored: AtomicU64,
    pub tokens: AtomicU64,
    /// Spent, in billionths of a US dollar.
    nano_usd: AtomicU64,
}

impl Counters {
    pub fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }

    /// Adds what a call cost, where its model has a price.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "no statement costs 18 billion dollars"
    )]
    pub fn spend(&self, usd: Option<f64>) {
        Self::add(&self.nano_usd, (usd.unwrap_or(0.0).max(0.0) * 1e9).round() as u64);
    }

    /// What the statement has spent, in US dollars.
    #[expect(clippy::cast_precision_loss, reason = "a billionth of a dollar is far below what is shown")]
    pub fn usd(&self) -> f64 {
        self.nano_usd.load(Ordering::Relaxed) as f64 / 1e9
    }
}
