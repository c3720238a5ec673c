//! How long a retry waits: exponential backoff with full jitter.
//!
//! A random time between nothing and `base` × 2^(k-1) spreads the retries of many callers best (Brooker, "Exponential Backoff
//! and Jitter", AWS Architecture Blog, 2015).

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rand::{Rng, SeedableRng, rngs::StdRng};

pub(super) struct Backoff {
    base: Duration,
    cap: Duration,
    chance: Mutex<StdRng>,
}

impl Backoff {
    pub fn new(base: Duration, cap: Duration, seed: Option<u64>) -> Self {
        let chance = match seed {
            Some(seed) => StdRng::seed_from_u64(seed),
            None => StdRng::from_os_rng(),
        };
        Self { base, cap, chance: Mutex::new(chance) }
    }

    /// The wait before the `retry`-th retry, from 1.
    pub fn wait(&self, retry: u32) -> Duration {
        let most = self.base.saturating_mul(2_u32.saturating_pow(retry.saturating_sub(1))).min(self.cap);
        self.part_of(most)
    }

    /// A little more than `asked`, so that those who wait for the same moment do not come together.
    pub fn after(&self, asked: Duration) -> Duration {
        asked + self.part_of(self.base)
    }

    /// A short wait by which those who are let go at the same moment come one after the other.
    pub fn stagger(&self) -> Duration {
        self.part_of(self.base.min(Duration::from_millis(200)))
    }

    /// A random part of `most`.
    fn part_of(&self, most: Duration) -> Duration {
        let part: f64 = self.chance.lock().unwrap_or_else(PoisonError::into_inner).random();
        most.mul_f64(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_cap_and_fill_their_range() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(10), Some(7));
        for (retry, most) in [(1, 1.0), (2, 2.0), (4, 8.0), (5, 10.0), (40, 10.0), (u32::MAX, 10.0)] {
            let waits: Vec<f64> = (0..1000).map(|_| backoff.wait(retry).as_secs_f64()).collect();
            let mean = waits.iter().sum::<f64>() / 1000.0;
            assert!(waits.iter().all(|w| (0.0..=most).contains(w)), "retry {retry}");
            // The mean of a uniform draw, to four standard errors.
            assert!((mean - most / 2.0).abs() < 4.0 * most / 12_f64.sqrt() / 1000_f64.sqrt(), "retry {retry}: {mean}");
        }
    }

    #[test]
    fn what_was_asked_for_is_never_undercut() {
        let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(10), Some(7));
        for _ in 0..100 {
            let wait = backoff.after(Duration::from_secs(30));
            assert!(wait >= Duration::from_secs(30) && wait <= Duration::from_secs(31));
        }
    }
}
