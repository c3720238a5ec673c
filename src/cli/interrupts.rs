//! Ctrl-C and SIGTERM as something a running statement can wait for.
//!
//! The first Ctrl-C asks the running statement to stop; a second one in a script leaves at once. At the prompt the line
//! editor reads Ctrl-C as a key, so that a signal only arrives while a statement, a pager or an editor runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::watch;

/// 128 + SIGINT and 128 + SIGTERM, as shells count.
pub const INTERRUPTED: u8 = 130;
pub const TERMINATED: u8 = 143;

pub struct Interrupts {
    count: watch::Sender<u32>,
    /// The code of the last signal, 0 where none came.
    code: AtomicU8,
}

impl Interrupts {
    /// Starts listening. Must be called on the runtime.
    ///
    /// # Errors
    /// Where the system refuses a signal handler.
    #[cfg(unix)]
    pub fn listen(interactive: bool) -> std::io::Result<Arc<Self>> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let this = Arc::new(Self { count: watch::Sender::new(0), code: AtomicU8::new(0) });
        // The line editor leaves the terminal in raw mode when a signal ends the process under it.
        let terminal = interactive.then(|| rustix::termios::tcgetattr(std::io::stdin()).ok()).flatten();
        let told = Arc::clone(&this);
        tokio::spawn(async move {
            loop {
                let code = tokio::select! {
                    _ = interrupt.recv() => INTERRUPTED,
                    _ = terminate.recv() => TERMINATED,
                };
                told.code.store(code, Ordering::Relaxed);
                told.count.send_modify(|count| *count += 1);
                let leaves = if interactive { code == TERMINATED } else { *told.count.borrow() > 1 };
                if leaves {
                    if let Some(mode) = &terminal {
                        let _ =
                            rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, mode);
                    }
                    std::process::exit(i32::from(code));
                }
            }
        });
        Ok(this)
    }

    #[cfg(not(unix))]
    pub fn listen(interactive: bool) -> std::io::Result<Arc<Self>> {
        let this = Arc::new(Self { count: watch::Sender::new(0), code: AtomicU8::new(0) });
        let told = Arc::clone(&this);
        tokio::spawn(async move {
            while tokio::signal::ctrl_c().await.is_ok() {
                told.code.store(INTERRUPTED, Ordering::Relaxed);
                told.count.send_modify(|count| *count += 1);
                if !interactive && *told.count.borrow() > 1 {
                    std::process::exit(i32::from(INTERRUPTED));
                }
            }
        });
        Ok(this)
    }

    /// Forgets what came before: a Ctrl-C meant for a pager must not stop the next statement.
    pub fn clear(&self) {
        self.count.send_replace(0);
        self.code.store(0, Ordering::Relaxed);
    }

    /// The exit code of the signal that came, if one did.
    pub fn came(&self) -> Option<u8> {
        Some(self.code.load(Ordering::Relaxed)).filter(|code| *code != 0)
    }

    /// Waits until at least `times` signals have come since [`Interrupts::clear`].
    pub async fn wait(&self, times: u32) {
        let mut seen = self.count.subscribe();
        if seen.wait_for(|count| *count >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
