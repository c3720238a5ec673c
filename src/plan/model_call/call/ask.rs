//! Asking until a reply can be used.

use std::sync::Arc;

use glotrace_model::{Completion, Error as ModelError, FinishReason, Kind, Prompt, Request};
use glotrace_text::prompt;
use serde_json::Value;

use super::super::run::StatementRun;
use crate::error::{Error, Result};
use crate::models::Model;

/// What is asked, and how often again.
pub struct Ask<'a> {
    /// The user's turn.
    pub prompt: &'a str,
    /// What an endpoint is to hold the reply to.
    pub schema: Option<Arc<Value>>,
    /// How many further calls follow a reply that is of no use.
    pub retries: u64,
}

/// Asks `model`, and again with what was wrong, until `read` can use the reply. Each try is a call of its own, with the next
/// sample index.
///
/// `None` where a call failed, or no reply was of use: both are reported.
///
/// # Errors
/// What the statement does not let pass.
pub async fn ask<T>(
    run: &StatementRun,
    model: &Arc<Model>,
    what: Ask<'_>,
    read: impl Fn(&Completion, &str) -> Result<T, ModelError>,
) -> Result<Option<T>> {
    let sampling = model.defaults().clone().check().map_err(|e| Error::query(e.message()))?;
    let mut asked = what.prompt.to_owned();
    let mut sample = 0;
    loop {
        let mut request = Request::new(Prompt::user(None, &asked), sample, sampling.clone());
        request.schema.clone_from(&what.schema);
        let Some(Ok(answer)) = run.generate(model, vec![request]).await?.pop() else { return Ok(None) };
        let completion = answer.output;
        let error = match completion.response.as_deref().map(|response| read(&completion, response)) {
            Some(Ok(value)) => return Ok(Some(value)),
            // A reply that was cut off would be cut off again.
            _ if completion.finish_reason == FinishReason::Length => truncated(),
            Some(Err(error)) => error,
            None => ModelError::new(Kind::Parse, "the thinking was never closed"),
        };
        if error.kind() != Kind::Parse || sample == what.retries {
            run.unusable(model, error)?;
            return Ok(None);
        }
        sample += 1;
        asked = prompt::again(what.prompt, error.message());
    }
}

/// The failure of a reply that ended before its end.
pub fn truncated() -> ModelError {
    ModelError::new(Kind::Truncated, "the reply was cut off at max_tokens")
        .with_hint("give the model more: CREATE OR REPLACE MODEL … OPTIONS (max_tokens 4096)")
}
