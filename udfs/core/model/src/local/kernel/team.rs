//! Threads that share the work of a forward pass.
//!
//! A pass has some two hundred parallel parts of ten to a hundred microseconds each: to put a thread to sleep between
//! them and wake it again would take as long as the part. So the helpers stay awake while a [`Team::session`] lasts
//! and look for the next part; they sleep between sessions. Work is dealt out piece by piece, and the thread that
//! leads does not wait for a helper that has not begun: where another program holds a core, the work goes on.

use std::{
    any::Any,
    cell::UnsafeCell,
    hint::spin_loop,
    mem::ManuallyDrop,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

/// A leading thread and its helpers.
pub(crate) struct Team {
    shared: Arc<Shared>,
    helpers: Vec<JoinHandle<()>>,
    /// One session at a time.
    session: Mutex<()>,
}

/// A part of a pass: what is to be done with each number below a count. The pointer is valid while the part is open or
/// somebody is in it.
type Part = *const (dyn Fn(usize) + Sync + 'static);

struct Shared {
    /// Which part this is, from bit 16 on; whether it may be entered ([`OPEN`]); and how many helpers are in it.
    state: AtomicU64,
    part: UnsafeCell<Option<Part>>,
    count: AtomicUsize,
    /// The next number that nobody has taken.
    next: AtomicUsize,
    /// What a helper died of.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
    /// A session is on.
    awake: AtomicBool,
    stop: AtomicBool,
    sleep: Mutex<()>,
    wake: Condvar,
}

const OPEN: u64 = 1 << 15;
const INSIDE: u64 = OPEN - 1;

// SAFETY: `part` is written only while no part is open and no helper inside one, and read only by helpers inside.
unsafe impl Sync for Shared {}
// SAFETY: what it points to is shared between threads, as its type says.
unsafe impl Send for Shared {}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Team {
    /// A team of `threads` threads, of which whoever opens a session is one.
    pub(crate) fn new(threads: usize) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: AtomicU64::new(0),
            part: UnsafeCell::new(None),
            count: AtomicUsize::new(0),
            next: AtomicUsize::new(0),
            panic: Mutex::new(None),
            awake: AtomicBool::new(false),
            stop: AtomicBool::new(false),
            sleep: Mutex::new(()),
            wake: Condvar::new(),
        });
        let mut team = Self { shared, helpers: Vec::new(), session: Mutex::new(()) };
        for i in 1..threads {
            let shared = Arc::clone(&team.shared);
            let helper = thread::Builder::new().name(format!("model helper {i}")).spawn(move || shared.help())?;
            team.helpers.push(helper);
        }
        Ok(team)
    }

    /// How many threads.
    pub(crate) fn threads(&self) -> usize {
        self.helpers.len() + 1
    }

    /// Runs `work`, during which [`Self::for_each`] finds helpers awake.
    pub(crate) fn session<T>(&self, work: impl FnOnce() -> T) -> T {
        struct Awake<'a>(&'a Shared);

        impl Drop for Awake<'_> {
            fn drop(&mut self) {
                self.0.awake.store(false, Ordering::Release);
            }
        }

        let _one = lock(&self.session);
        let _awake = Awake(&self.shared);
        if !self.helpers.is_empty() {
            let _asleep = lock(&self.shared.sleep);
            self.shared.awake.store(true, Ordering::Release);
            self.shared.wake.notify_all();
        }
        work()
    }

    /// Hands each of `items` to `work`, on whichever thread is free. Only within a session.
    pub(crate) fn for_each<T: Send>(&self, items: Vec<T>, work: impl Fn(T) + Sync) {
        if self.helpers.is_empty() || items.len() < 2 {
            return items.into_iter().for_each(work);
        }
        /// Items that are taken out one by one, by different threads.
        struct Items<T>(ManuallyDrop<Vec<T>>);

        // SAFETY: every item is moved to one thread, which `T: Send` allows.
        unsafe impl<T: Send> Sync for Items<T> {}

        impl<T> Items<T> {
            fn take(&self, i: usize) -> T {
                // SAFETY: `run` gives out each number below the count once, so that no item is read twice.
                unsafe { self.0.as_ptr().add(i).read() }
            }
        }

        let count = items.len();
        let mut items = Items(ManuallyDrop::new(items));
        // Where some work panics, items that nobody took are leaked, and no more than that.
        self.run(count, &|i| work(items.take(i)));
        // SAFETY: all items are gone, and the list is not used after this.
        unsafe {
            items.0.set_len(0);
            ManuallyDrop::drop(&mut items.0);
        }
    }

    fn run(&self, count: usize, part: &(dyn Fn(usize) + Sync)) {
        /// Nobody is in the part after this, however it ends.
        struct Closed<'a>(&'a Shared);

        impl Drop for Closed<'_> {
            fn drop(&mut self) {
                self.0.state.fetch_and(!OPEN, Ordering::AcqRel);
                let mut patience = Patience::default();
                while self.0.state.load(Ordering::Acquire) & INSIDE != 0 {
                    patience.wait();
                }
            }
        }

        let shared = &*self.shared;
        // SAFETY: the lifetime is forgotten, but nobody is in the part when this function ends (`Closed`).
        let part_for_all: Part = unsafe { std::mem::transmute(std::ptr::from_ref(part)) };
        // SAFETY: no part is open and nobody is inside one: sessions exclude each other, and the last part was closed.
        unsafe { *shared.part.get() = Some(part_for_all) };
        shared.count.store(count, Ordering::Relaxed);
        shared.next.store(0, Ordering::Relaxed);
        let number = (shared.state.load(Ordering::Relaxed) >> 16) + 1;
        shared.state.store(number << 16 | OPEN, Ordering::Release);
        {
            let _closed = Closed(shared);
            shared.work(part);
        }
        if let Some(panic) = lock(&shared.panic).take() {
            resume_unwind(panic);
        }
    }
}

impl Shared {
    fn work(&self, part: &(dyn Fn(usize) + Sync)) {
        let count = self.count.load(Ordering::Relaxed);
        loop {
            let i = self.next.fetch_add(1, Ordering::Relaxed);
            if i >= count {
                return;
            }
            part(i);
        }
    }

    /// What a helper does all its life.
    fn help(&self) {
        let mut last = 0;
        let mut patience = Patience::default();
        while !self.stop.load(Ordering::Acquire) {
            let state = self.state.load(Ordering::Acquire);
            let fresh = state & OPEN != 0 && state >> 16 != last;
            if fresh && self.state.compare_exchange(state, state + 1, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                last = state >> 16;
                // SAFETY: this helper is counted inside, so that the part stays.
                let part = unsafe { (*self.part.get()).map(|part| &*part) };
                if let Some(part) = part
                    && let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work(part)))
                {
                    *lock(&self.panic) = Some(panic);
                }
                self.state.fetch_sub(1, Ordering::Release);
                patience = Patience::default();
            } else if self.awake.load(Ordering::Acquire) {
                patience.wait();
            } else {
                let mut asleep = lock(&self.sleep);
                while !self.awake.load(Ordering::Acquire) && !self.stop.load(Ordering::Acquire) {
                    asleep = self.wake.wait(asleep).unwrap_or_else(PoisonError::into_inner);
                }
                patience = Patience::default();
            }
        }
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        {
            let _asleep = lock(&self.shared.sleep);
            self.shared.stop.store(true, Ordering::Release);
            self.shared.wake.notify_all();
        }
        for helper in self.helpers.drain(..) {
            // A panic in a helper's work was handed to the leader already.
            let _ = helper.join();
        }
    }
}

/// Looks again at once for a while, and then lets others have the core in between.
#[derive(Default)]
struct Patience(u32);

impl Patience {
    fn wait(&mut self) {
        /// Some tens of microseconds.
        const SPINS: u32 = 2000;
        self.0 += 1;
        if self.0 < SPINS {
            spin_loop();
        } else {
            thread::yield_now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once() {
        for threads in [1, 2, 5] {
            let team = Team::new(threads).unwrap();
            for round in 0..200 {
                let mut numbers = vec![0; round];
                team.session(|| {
                    for _ in 0..3 {
                        team.for_each(numbers.iter_mut().enumerate().collect(), |(i, n)| *n += i);
                    }
                });
                assert!(numbers.iter().enumerate().all(|(i, &n)| n == 3 * i), "{threads} threads, {round} items");
            }
        }
    }

    #[test]
    fn a_panic_reaches_the_leader_and_the_team_goes_on() {
        let team = Team::new(3).unwrap();
        for _ in 0..20 {
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                team.session(|| team.for_each((0..64).collect(), |i| assert_ne!(i, 40)));
            }));
            assert!(outcome.is_err());
            let sum = AtomicUsize::new(0);
            team.session(|| {
                team.for_each((0..64).collect(), |i| {
                    sum.fetch_add(i, Ordering::Relaxed);
                });
            });
            assert_eq!(sum.into_inner(), 2016);
        }
    }
}
