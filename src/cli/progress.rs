//! One line on stderr while a statement runs: rows, calls done / to do, from store, tokens/s, spend, time left.
//!
//! It appears after a second, is redrawn in place and erased at the end. Where stderr is no terminal it stays silent
//! unless it was asked for; then it prints a whole line every ten seconds, as a log on a cluster wants it.

use std::collections::VecDeque;
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use unicode_width::UnicodeWidthChar;

use crate::engine::ProgressSnapshot;

/// How often the caller should come by.
pub const TICK: Duration = Duration::from_millis(150);
const FIRST: Duration = Duration::from_secs(1);
const LOG_EVERY: Duration = Duration::from_secs(10);
/// Rates are taken over this much of the past, so that a change of pace shows.
const WINDOW: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Show {
    Never,
    /// A line redrawn in place.
    Line,
    /// A line every ten seconds.
    Log,
}

impl Show {
    pub fn choose(off: bool, forced: bool) -> Self {
        match (off, std::io::stderr().is_terminal(), forced) {
            (true, ..) | (false, false, false) => Self::Never,
            (false, true, _) => Self::Line,
            (false, false, true) => Self::Log,
        }
    }
}

pub struct Progress {
    show: Show,
    started: Instant,
    last: Option<Instant>,
    drawn: bool,
    /// (when, calls that a model really ran, tokens)
    past: VecDeque<(Instant, u64, u64)>,
}

impl Progress {
    pub fn new(show: Show) -> Self {
        Self { show, started: Instant::now(), last: None, drawn: false, past: VecDeque::new() }
    }

    /// Draws the line where it is time to; `prefix` says what runs (a file of a study).
    pub fn tick(&mut self, prefix: &str, snapshot: &ProgressSnapshot) {
        let now = Instant::now();
        let due = match self.show {
            Show::Never => false,
            Show::Line => now - self.started >= FIRST,
            Show::Log => now - self.last.unwrap_or(self.started) >= LOG_EVERY,
        };
        self.past.push_back((now, ran(snapshot), snapshot.tokens));
        while self.past.len() > 2 && now - self.past[0].0 > WINDOW {
            self.past.pop_front();
        }
        if !due {
            return;
        }
        self.last = Some(now);
        let (since, calls, tokens) = self.past[0];
        let seconds = (now - since).as_secs_f64().max(1e-3);
        let pace = Pace {
            calls_per_second: ran(snapshot).saturating_sub(calls) as f64 / seconds,
            tokens_per_second: snapshot.tokens.saturating_sub(tokens) as f64 / seconds,
        };
        let mut text = prefix.to_owned();
        for part in parts(snapshot, now - self.started, &pace) {
            text += if text.is_empty() { "" } else { " · " };
            text += &part;
        }
        let mut stderr = std::io::stderr().lock();
        // A terminal that went away must not stop the statement.
        let _ = if self.show == Show::Line {
            let columns =
                terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
            self.drawn = true;
            write!(stderr, "\r\x1b[2K{}", cut(&text, columns.saturating_sub(1))).and_then(|()| stderr.flush())
        } else {
            writeln!(stderr, "{text}")
        };
    }

    /// Takes the line away, before anything else is printed.
    pub fn erase(&mut self) {
        if std::mem::take(&mut self.drawn) {
            let mut stderr = std::io::stderr().lock();
            let _ = write!(stderr, "\r\x1b[2K").and_then(|()| stderr.flush());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.erase();
    }
}

struct Pace {
    calls_per_second: f64,
    tokens_per_second: f64,
}

/// Calls that did not come from the store.
fn ran(snapshot: &ProgressSnapshot) -> u64 {
    snapshot.calls_done.saturating_sub(snapshot.from_store)
}

fn parts(snapshot: &ProgressSnapshot, elapsed: Duration, pace: &Pace) -> Vec<String> {
    let mut parts = Vec::new();
    if !snapshot.what.is_empty() {
        parts.push(snapshot.what.clone());
    }
    parts.push(match snapshot.total_rows {
        Some(total) => format!("{}/{} rows", thousands(snapshot.rows), thousands(total)),
        None => format!("{} rows", thousands(snapshot.rows)),
    });
    if snapshot.calls_total > 0 || snapshot.calls_done > 0 {
        let total = snapshot.calls_total.max(snapshot.calls_done);
        let mut calls = format!("{}/{} calls", thousands(snapshot.calls_done), thousands(total));
        let mut notes = Vec::new();
        if snapshot.from_store > 0 {
            notes.push(format!("{} from store", thousands(snapshot.from_store)));
        }
        if snapshot.calls_failed > 0 {
            notes.push(format!("{} failed", thousands(snapshot.calls_failed)));
        }
        if !notes.is_empty() {
            calls += &format!(" ({})", notes.join(", "));
        }
        parts.push(calls);
    }
    if pace.tokens_per_second >= 0.5 {
        parts.push(format!("{} tokens/s", thousands(pace.tokens_per_second.round() as u64)));
    }
    if snapshot.usd > 0.0 {
        parts.push(if snapshot.usd < 0.01 { "< $0.01".to_owned() } else { format!("${:.2}", snapshot.usd) });
    }
    parts.push(duration(elapsed));
    if let Some(left) = left(snapshot, elapsed, pace) {
        parts.push(format!("{} left", duration(left)));
    }
    parts
}

/// From the pace of the calls where there are any, else from the rows; nothing where there is no ground to guess.
fn left(snapshot: &ProgressSnapshot, elapsed: Duration, pace: &Pace) -> Option<Duration> {
    let seconds = if snapshot.calls_total > snapshot.calls_done && pace.calls_per_second > 0.0 {
        (snapshot.calls_total - snapshot.calls_done) as f64 / pace.calls_per_second
    } else {
        let total = snapshot
            .total_rows
            .filter(|total| *total > snapshot.rows && snapshot.rows > 0 && snapshot.calls_total == 0)?;
        elapsed.as_secs_f64() * (total - snapshot.rows) as f64 / snapshot.rows as f64
    };
    Duration::try_from_secs_f64(seconds).ok().filter(|left| left.as_secs() < 100 * 24 * 3600)
}

/// `3s`, `2m 05s`, `1h 02m`.
pub fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1234567` as `1,234,567`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn cut(text: &str, columns: usize) -> String {
    let mut used = 0;
    text.chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot() -> ProgressSnapshot {
        ProgressSnapshot {
            rows: 1200,
            total_rows: Some(4800),
            calls_done: 300,
            calls_total: 1200,
            from_store: 96,
            calls_made: 204,
            calls_shared: 0,
            calls_failed: 2,
            tokens: 50_000,
            usd: 1.5,
            what: "llm_generate".to_owned(),
        }
    }

    #[test]
    fn tells_rows_calls_store_pace_spend_and_time_left() {
        let pace = Pace { calls_per_second: 10.0, tokens_per_second: 1234.4 };
        let line = parts(&snapshot(), Duration::from_secs(65), &pace).join(" · ");
        assert_eq!(
            line,
            "llm_generate · 1,200/4,800 rows · 300/1,200 calls (96 from store, 2 failed) · 1,234 tokens/s · $1.50 · 1m 05s · 1m 30s left"
        );
    }

    #[test]
    fn without_calls_the_rows_tell_the_time_left() {
        let plain = ProgressSnapshot {
            calls_done: 0,
            calls_total: 0,
            from_store: 0,
            calls_failed: 0,
            tokens: 0,
            usd: 0.0,
            ..snapshot()
        };
        let pace = Pace { calls_per_second: 0.0, tokens_per_second: 0.0 };
        assert_eq!(left(&plain, Duration::from_secs(10), &pace), Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_narrow_terminal_cuts_by_width() {
        assert_eq!(cut("漢字x", 3), "漢");
    }
}
