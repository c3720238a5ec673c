//! What a request passes before it is made: a free place, the budget of requests and tokens a minute, and no pause.

use std::{
    num::NonZeroU32,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use governor::{
    Quota, RateLimiter,
    clock::Clock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, sleep, sleep_until},
};

use super::{EndpointOptions, backoff::Backoff};

pub(super) struct Gate {
    places: Semaphore,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    open_at: Mutex<Option<Instant>>,
}

impl Gate {
    pub fn new(options: &EndpointOptions) -> Self {
        Self {
            places: Semaphore::new(options.max_concurrency),
            requests: options.requests_per_minute.and_then(Bucket::per_minute),
            tokens: options.tokens_per_minute.and_then(Bucket::per_minute),
            open_at: Mutex::default(),
        }
    }

    /// Waits until a request of about `tokens` may be made. The place is free again when what is returned is dropped.
    pub async fn enter(&self, tokens: u64, backoff: &Backoff) -> Option<SemaphorePermit<'_>> {
        let place = self.places.acquire().await.ok()?;
        self.while_paused(backoff).await;
        if let Some(requests) = &self.requests {
            requests.take(1).await;
        }
        if let Some(bucket) = &self.tokens {
            bucket.take(tokens).await;
        }
        // Somebody else may have been sent away while this one waited for its budget.
        self.while_paused(backoff).await;
        Some(place)
    }

    /// Nobody enters for `wait` from now. A pause that ends later stays.
    pub fn pause(&self, wait: Duration) {
        let until = Instant::now() + wait;
        let mut open_at = self.open_at.lock().unwrap_or_else(PoisonError::into_inner);
        *open_at = Some(open_at.map_or(until, |at| at.max(until)));
    }

    /// Settles what a request used against what was taken for it.
    pub fn settle(&self, taken: u64, used: u64) {
        if let Some(bucket) = &self.tokens {
            bucket.owed.fetch_add(signed(used) - signed(taken), Ordering::Relaxed);
        }
    }

    async fn while_paused(&self, backoff: &Backoff) {
        loop {
            let open_at = *self.open_at.lock().unwrap_or_else(PoisonError::into_inner);
            match open_at {
                Some(at) if at > Instant::now() => {
                    sleep_until(at).await;
                    // All who waited would come at the same moment.
                    sleep(backoff.stagger()).await;
                }
                _ => return,
            }
        }
    }
}

/// A token bucket. It holds a tenth of a minute's budget and is refilled with the other nine in a minute, so that no minute,
/// wherever it begins, sees more than the budget.
struct Bucket {
    limiter: RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>,
    burst: NonZeroU32,
    /// What was used beyond what was taken for it; below 0, what was taken and not used.
    owed: AtomicI64,
    /// Who waits for the bucket to fill, one after the other.
    turn: tokio::sync::Mutex<()>,
}

impl Bucket {
    fn per_minute(budget: u32) -> Option<Self> {
        let burst = NonZeroU32::new(budget.div_ceil(10))?;
        let refill = budget - burst.get();
        // Of a budget of 1 nothing is left to refill with.
        let quota = Quota::with_period(Duration::from_secs(60) / refill.max(1))?.allow_burst(burst);
        let clock = TokioClock(Instant::now());
        let limiter = RateLimiter::direct_with_clock(quota, clock);
        Some(Self { limiter, burst, owed: AtomicI64::new(0), turn: tokio::sync::Mutex::new(()) })
    }

    /// Waits until the bucket has given `n`, and what is owed.
    async fn take(&self, n: u64) {
        let turn = self.turn.lock().await;
        let due = signed(n) + self.owed.swap(0, Ordering::Relaxed);
        if due < 0 {
            self.owed.fetch_add(due, Ordering::Relaxed);
            return;
        }
        let mut left = due.unsigned_abs();
        while let Some(piece) = NonZeroU32::new(u32::try_from(left).unwrap_or(u32::MAX).min(self.burst.get())) {
            match self.limiter.check_n(piece) {
                Ok(Ok(())) => left -= u64::from(piece.get()),
                Ok(Err(not_yet)) => sleep(not_yet.wait_time_from(self.limiter.clock().now())).await,
                // A piece is never larger than the bucket.
                Err(_) => break,
            }
        }
        drop(turn);
    }
}

/// Tokio's time, so that a test can let it pass.
#[derive(Debug, Clone, Copy)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn gate(change: impl FnOnce(&mut EndpointOptions)) -> (Arc<Gate>, Arc<Backoff>) {
        let mut options = EndpointOptions::new("http://h/v1", "m");
        change(&mut options);
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60), Some(1));
        (Arc::new(Gate::new(&options)), Arc::new(backoff))
    }

    /// Seconds at which each of `n` requests of `tokens` enters.
    async fn entries(gate: &Gate, backoff: &Backoff, n: usize, tokens: u64) -> Vec<f64> {
        let start = Instant::now();
        let mut at = Vec::new();
        for _ in 0..n {
            drop(gate.enter(tokens, backoff).await);
            at.push(start.elapsed().as_secs_f64());
        }
        at
    }

    fn most_in_a_minute(at: &[f64]) -> usize {
        at.iter().map(|t| at.iter().filter(|u| (*t..*t + 60.0).contains(*u)).count()).max().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_sees_more_requests_than_allowed() {
        for budget in [1, 2, 7, 60, 500] {
            let (gate, backoff) = gate(|o| o.requests_per_minute = Some(budget));
            let n = 3 * budget as usize;
            let at = entries(&gate, &backoff, n, 0).await;
            assert!(most_in_a_minute(&at) <= budget as usize, "{budget}: {}", most_in_a_minute(&at));
            // And hardly fewer: three minutes' worth is through in less than four.
            let slowest = 60.0 * 3.0 * f64::from(budget) / f64::from(budget - budget.div_ceil(10)).max(1.0);
            assert!(at[n - 1] <= slowest + 1.0, "{budget}: {}", at[n - 1]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_are_settled_after_the_request() {
        let (gate, backoff) = gate(|o| o.tokens_per_minute = Some(6000));
        // Estimated at 100 and used 1000 each: 60 of them use ten minutes' tokens.
        let start = Instant::now();
        for _ in 0..60 {
            drop(gate.enter(100, &backoff).await);
            gate.settle(100, 1000);
        }
        let seconds = start.elapsed().as_secs_f64();
        assert!((540.0..=680.0).contains(&seconds), "{seconds}");
        // What was not used is given back.
        let (gate, backoff) = self::gate(|o| o.tokens_per_minute = Some(6000));
        let start = Instant::now();
        for _ in 0..60 {
            drop(gate.enter(1000, &backoff).await);
            gate.settle(1000, 10);
        }
        assert!(start.elapsed().as_secs_f64() < 30.0, "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everybody() {
        let (gate, backoff) = gate(|_| {});
        gate.pause(Duration::from_secs(30));
        gate.pause(Duration::from_secs(10));
        let start = Instant::now();
        let all = (0..5).map(|_| {
            let (gate, backoff) = (Arc::clone(&gate), Arc::clone(&backoff));
            tokio::spawn(async move {
                drop(gate.enter(0, &backoff).await);
                start.elapsed()
            })
        });
        for entered in all.collect::<Vec<_>>() {
            let entered = entered.await.unwrap();
            assert!(entered >= Duration::from_secs(30) && entered < Duration::from_secs(31), "{entered:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_the_allowed_number_is_inside() {
        let (gate, backoff) = gate(|o| o.max_concurrency = 2);
        let first = gate.enter(0, &backoff).await;
        let second = gate.enter(0, &backoff).await;
        let third = tokio::time::timeout(Duration::from_secs(5), gate.enter(0, &backoff));
        assert!(third.await.is_err());
        drop(first);
        assert!(tokio::time::timeout(Duration::from_secs(5), gate.enter(0, &backoff)).await.is_ok());
        drop(second);
    }
}
