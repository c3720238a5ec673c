//! `glotrace calls list|prune` and `.calls`.

use super::args::CallsAction;
use super::session::{Session, count};
use crate::error::{Error, Result};
use crate::store::calls::Pruning;

/// Failures that `.calls` shows one by one.
const FAILURES: usize = 10;

/// # Errors
/// A store that cannot be read or written; a pruning that names nothing.
pub async fn run(session: &mut Session, action: CallsAction) -> Result<()> {
    match action {
        CallsAction::List => session
            .all_rows(
                "SELECT model, task, count(*) AS calls, count(error) AS failed, sum(prompt_tokens) AS prompt_tokens, \
                     sum(completion_tokens) AS completion_tokens, sum(seconds) AS seconds, sum(usd) AS usd, \
                     max(finished) AS last FROM system.calls GROUP BY ALL ORDER BY ALL",
            )
            .await,
        CallsAction::Prune { older_than, model, errors, all, dry_run } => {
            let what = Pruning { older_than, model, errors, dry_run };
            if what.is_empty() && !all {
                return Err(Error::query("which calls are to be deleted?")
                    .with_hint("--older-than 30d, --model NAME, --errors, or --all; --dry-run tells how many"));
            }
            let pruned = session.engine.calls().prune(&what)?;
            let line = if dry_run {
                format!("{} of {} would be deleted\n", pruned.calls, count(pruned.left, "call"))
            } else {
                let freed = indicatif::HumanBytes(pruned.bytes);
                format!("{} deleted, {} left, {freed} freed\n", count(pruned.calls, "call"), pruned.left)
            };
            session.stdout.print(&line)
        }
    }
}

/// What the last statement called.
pub fn last(session: &Session) -> String {
    let snapshot = session.engine.progress();
    let mut lines = vec![
        format!("asked       {}", snapshot.calls_total),
        format!("made        {}", snapshot.calls_made),
        format!("from store  {}", snapshot.from_store - snapshot.calls_shared),
        format!("equal       {}", snapshot.calls_shared),
        format!("failed      {}", snapshot.calls_failed),
        format!("tokens      {}", snapshot.tokens),
        format!("cost        ${:.4}", snapshot.usd),
    ];
    let failures = session.engine.failures();
    lines.extend(failures.iter().take(FAILURES).map(|f| format!("  {}: {}: {}", f.model, f.kind, f.message)));
    if failures.len() > FAILURES {
        lines.push("  …: SELECT * FROM system.calls WHERE error IS NOT NULL".to_owned());
    }
    lines.join("\n") + "\n"
}
