//! Asking until a reply is of use.

use std::fmt;
use std::sync::Arc;

use glotrace_model::{Cancel, Completion, Error as ModelError, FinishReason, Kind, Prompt, Request};
use glotrace_text::prompt;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::run::{Facts, Made, Sink, StatementRun, Task, Use};
use crate::error::{Error, Result};
use crate::models::Model;

/// What a reply says, or what is wrong with it: an error of kind `parse` is worth another try.
pub type Read = dyn Fn(&Completion, &str) -> Result<String, ModelError> + Send + Sync;

/// What is asked.
pub struct Ask<'a> {
    /// What the calls are called in `system.calls`.
    pub task: &'static str,
    /// The user's turn.
    pub prompt: &'a str,
    /// What an endpoint is to hold the reply to.
    pub schema: Option<Arc<Value>>,
    /// How many further calls follow a reply that is of no use.
    pub retries: u64,
    /// Gets the completion and its response, the thinking taken off.
    pub read: Arc<Read>,
}

/// Asks `model`, and again with what was wrong, until a reply can be read. Each try is a call of its own, with the next
/// sample index; one whose reply was of no use has failed.
///
/// `None` where the last try failed, which is reported.
///
/// # Errors
/// What the statement does not let pass.
pub async fn ask(run: &StatementRun, model: &Arc<Model>, what: Ask<'_>) -> Result<Option<String>> {
    let sampling = model.defaults().clone().check().map_err(|e| Error::query(e.message()))?;
    let mut asked = what.prompt.to_owned();
    for sample in 0..=what.retries {
        let mut request = Request::new(Prompt::user(None, &asked), sample, sampling.clone());
        request.schema.clone_from(&what.schema);
        let is_last = sample == what.retries;
        let question = Question { request, name: what.task, is_last, read: Arc::clone(&what.read) };
        match run.ask(model, question).await? {
            Ok(answer) => return Ok(Some(answer.output.value)),
            Err(error) if error.kind() == Kind::Parse => asked = prompt::again(what.prompt, error.message()),
            Err(_) => break,
        }
    }
    Ok(None)
}

/// The failure of a reply that ended before its end.
pub fn truncated() -> ModelError {
    ModelError::new(Kind::Truncated, "the reply was cut off at max_tokens")
        .with_hint("give the model more: CREATE OR REPLACE MODEL … OPTIONS (max_tokens 4096)")
}

/// One try. Its key is the request's and the name's; how the reply is read follows from them.
#[derive(Clone, Serialize)]
#[serde(transparent)]
pub struct Question {
    request: Request,
    #[serde(skip)]
    name: &'static str,
    #[serde(skip)]
    is_last: bool,
    #[serde(skip)]
    read: Arc<Read>,
}

/// A reply that was of use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Useful {
    /// What was read from it.
    pub value: String,
    completion: Completion,
}

impl Question {
    fn judge(&self, completion: Completion) -> Result<Useful, ModelError> {
        let value = match completion.response.as_deref().map(|response| (self.read)(&completion, response)) {
            Some(Ok(value)) => value,
            // A reply that was cut off would be cut off again.
            _ if completion.finish_reason == FinishReason::Length => return Err(truncated()),
            Some(Err(error)) => return Err(error),
            None => return Err(ModelError::new(Kind::Parse, "the thinking was never closed")),
        };
        Ok(Useful { value, completion })
    }
}

impl fmt::Debug for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question").field("name", &self.name).field("request", &self.request).finish_non_exhaustive()
    }
}

impl Task for Question {
    type Output = Useful;

    fn name(&self) -> &'static str {
        self.name
    }

    fn input(&self) -> &str {
        self.request.input()
    }

    fn sample(&self) -> u64 {
        self.request.sample()
    }

    fn at_most(&self) -> Use {
        self.request.at_most()
    }

    fn is_tried_again(&self, error: &ModelError) -> bool {
        error.kind() == Kind::Parse && !self.is_last
    }

    fn facts(output: &Useful) -> Facts {
        Request::facts(&output.completion)
    }

    async fn run(model: &Arc<Model>, tasks: Vec<Self>, cancel: Cancel, sink: &mut Sink<'_, Useful>) {
        let requests = tasks.iter().map(|task| task.request.clone()).collect();
        let mut judge = |i: usize, made: Result<Made<Completion>, ModelError>| {
            let Some(task) = tasks.get(i) else { return };
            sink(
                i,
                made.and_then(|Made { output, attempts, usd, tokens }| {
                    let output = task.judge(output).map_err(|error| error.after(attempts, usd))?;
                    Ok(Made { output, attempts, usd, tokens })
                }),
            );
        };
        Request::run(model, requests, cancel, &mut judge).await;
    }
}
