//! `llm_logprob`: the scores of a given continuation.

use std::sync::Arc;

use glotrace_model::Prompt;
use glotrace_udfs::llm::{Logprob, LogprobRow};

use super::super::run::StatementRun;
use crate::error::{Error, Result};
use crate::models::Model;

pub async fn logprob(row: LogprobRow, run: &StatementRun) -> Result<Option<Logprob>> {
    let model = scoring_model("llm_logprob", &row.model, run).await?;
    if row.continuation.is_empty() {
        return Ok(Some(Logprob::from(Vec::new())));
    }
    let outcome = run.log_prob(&model, Prompt::Raw(row.prompt), row.continuation).await?;
    Ok(outcome.ok().map(|answer| Logprob::from(answer.output)))
}

/// The model of this name, which must be one that scores.
///
/// # Errors
/// No such model, or one that only generates.
pub async fn scoring_model(function: &str, name: &str, run: &StatementRun) -> Result<Arc<Model>> {
    let model = run.model(name).await?;
    if model.can_score() {
        return Ok(model);
    }
    Err(Error::query(format!("{function}: model `{name}` cannot say how probable a given text is")).with_hint(
        "models that run in this process can, as 'smollm2' or 'file:weights.gguf'; endpoints and recordings cannot",
    ))
}
