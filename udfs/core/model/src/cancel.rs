//! A flag by which a caller stops work that is under way.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::Notify;

/// A flag that is raised once and stays raised. Clones share it, so that one half can wait in another thread.
///
/// Work that computes looks at it between steps ([`is_cancelled`](Self::is_cancelled)); work that waits is woken by it
/// ([`cancelled`](Self::cancelled)).
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<Flag>);

#[derive(Debug, Default)]
struct Flag {
    raised: AtomicBool,
    waiting: Notify,
}

impl Cancel {
    /// A flag that nobody has raised.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks whoever holds a clone to stop at the next chance.
    pub fn cancel(&self) {
        self.0.raised.store(true, Ordering::SeqCst);
        self.0.waiting.notify_waiters();
    }

    /// Whether somebody has asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.0.raised.load(Ordering::SeqCst)
    }

    /// Is ready once somebody has asked to stop; on any runtime.
    pub async fn cancelled(&self) {
        // Enrolled before the look, so that a flag raised between the two is not missed.
        let raised = self.0.waiting.notified();
        if !self.is_cancelled() {
            raised.await;
        }
    }

    /// Whether the two are clones of one flag.
    pub fn same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
