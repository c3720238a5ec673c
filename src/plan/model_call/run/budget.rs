//! What a statement may spend.
//!
//! A call reserves the most that it can cost before it is made and pays what it did cost afterwards, so that calls that run
//! at the same time never spend more than the budget together. A call that does not fit while others run waits for them: they
//! may cost less than they reserved.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::error::{Error, ErrorKind, Result};

/// `glotrace.budget_calls`, `glotrace.budget_tokens`, `glotrace.budget_usd`; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    pub calls: Option<u64>,
    pub tokens: Option<u64>,
    pub usd: Option<f64>,
}

/// An amount of what is limited.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Use {
    pub calls: u64,
    /// Of the prompts, estimated before a call is made.
    pub prompt_tokens: u64,
    pub completion_tokens: u64,
    pub usd: f64,
}

impl Use {
    pub fn tokens(&self) -> u64 {
        self.prompt_tokens + self.completion_tokens
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            calls: self.calls + other.calls,
            prompt_tokens: self.prompt_tokens + other.prompt_tokens,
            completion_tokens: self.completion_tokens + other.completion_tokens,
            usd: self.usd + other.usd,
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_sub(other.calls),
            prompt_tokens: self.prompt_tokens.saturating_sub(other.prompt_tokens),
            completion_tokens: self.completion_tokens.saturating_sub(other.completion_tokens),
            usd: (self.usd - other.usd).max(0.0),
        }
    }
}

#[derive(Debug, Default)]
struct Account {
    spent: Use,
    reserved: Use,
}

#[derive(Debug)]
pub struct Budget {
    limits: Limits,
    account: Arc<(Mutex<Account>, Notify)>,
}

/// What a call may cost, set aside. Dropping it frees it.
#[derive(Debug)]
pub struct Reservation {
    account: Arc<(Mutex<Account>, Notify)>,
    amount: Use,
}

fn lock(account: &(Mutex<Account>, Notify)) -> MutexGuard<'_, Account> {
    account.0.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Budget {
    pub fn new(limits: Limits) -> Self {
        Self { limits, account: Arc::default() }
    }

    /// Sets aside what a call may cost, as soon as that is there.
    ///
    /// # Errors
    /// [`ErrorKind::Budget`] where it can no longer be there.
    pub async fn reserve(&self, amount: Use) -> Result<Reservation> {
        loop {
            let freed = self.account.1.notified();
            tokio::pin!(freed);
            // Enrolled before the look, so that what is freed in between is not missed.
            freed.as_mut().enable();
            {
                if let Some(error) = self.beyond(lock(&self.account).spent, amount) {
                    return Err(error);
                }
                if let Some(reservation) = self.try_reserve(amount) {
                    return Ok(reservation);
                }
            }
            freed.await;
        }
    }

    /// Sets aside what a call may cost, if it is there now. Who holds a reservation must not wait for another: use this.
    pub fn try_reserve(&self, amount: Use) -> Option<Reservation> {
        let mut account = lock(&self.account);
        let together = account.reserved.plus(amount);
        if self.beyond(account.spent, together).is_some() {
            return None;
        }
        account.reserved = together;
        Some(Reservation { account: Arc::clone(&self.account), amount })
    }

    fn beyond(&self, spent: Use, more: Use) -> Option<Error> {
        let total = spent.plus(more);
        let reached = |name: &str, limit: String, spent: String, more: String| {
            Error::new(
                ErrorKind::Budget,
                format!("the budget is reached: {spent} of {limit} spent, and the next call may take {more}"),
            )
            .with_hint(format!(
                "finished calls are kept; to go on: SET glotrace.{name} = …, and run the statement again"
            ))
        };
        let (limits, s) = (self.limits, |n: u64, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" }));
        if let Some(limit) = limits.calls.filter(|limit| total.calls > *limit) {
            return Some(reached("budget_calls", s(limit, "call"), spent.calls.to_string(), more.calls.to_string()));
        }
        if let Some(limit) = limits.tokens.filter(|limit| total.tokens() > *limit) {
            let (spent, more) = (spent.tokens().to_string(), more.tokens().to_string());
            return Some(reached("budget_tokens", s(limit, "token"), spent, more));
        }
        if let Some(limit) = limits.usd.filter(|limit| total.usd > *limit) {
            let (spent, more) = (format!("${:.4}", spent.usd), format!("${:.4}", more.usd));
            return Some(reached("budget_usd", format!("${limit}"), spent, more));
        }
        None
    }
}

impl Reservation {
    /// Pays what the call did cost, and frees the rest.
    pub fn spend(self, paid: Use) {
        let mut account = lock(&self.account);
        account.spent = account.spent.plus(paid);
        // The rest is freed where this is dropped.
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut account = lock(&self.account);
        account.reserved = account.reserved.minus(self.amount);
        drop(account);
        self.account.1.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(n: u64) -> Use {
        Use { calls: n, ..Use::default() }
    }

    #[tokio::test]
    async fn what_runs_together_never_spends_more_than_there_is() {
        let budget = Arc::new(Budget::new(Limits { tokens: Some(100), ..Limits::default() }));
        let sixty = Use { calls: 1, completion_tokens: 60, ..Use::default() };
        let first = budget.reserve(sixty).await.unwrap();
        let second = tokio::spawn({
            let budget = Arc::clone(&budget);
            async move { budget.reserve(sixty).await.map(drop) }
        });
        tokio::task::yield_now().await;
        assert!(!second.is_finished());
        // The first cost less than it might have: the second has its chance.
        first.spend(Use { completion_tokens: 40, ..calls(1) });
        assert!(second.await.unwrap().is_ok());
        let error = budget.reserve(Use { completion_tokens: 61, ..calls(1) }).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Budget);
        assert_eq!(error.message, "the budget is reached: 40 of 100 tokens spent, and the next call may take 61");
    }

    #[tokio::test]
    async fn calls_are_counted_one_by_one() {
        let budget = Budget::new(Limits { calls: Some(2), ..Limits::default() });
        for _ in 0..2 {
            budget.reserve(calls(1)).await.unwrap().spend(calls(1));
        }
        assert!(budget.reserve(calls(1)).await.is_err());
    }
}
