//! `llm_generate` and `llm_complete`: arguments → requests → completions → a column.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::common::Result;
use glotrace_model::{Completion, Params, Prompt, Request};
use glotrace_udfs::llm::{GenerateRow, Generated, GeneratedBuilder, ModelFunction, Task};

use super::super::run::{Answer, StatementRun};
use crate::error::Error;
use crate::models::Model;

/// The column that `function` makes of its arguments, one row a row.
///
/// # Errors
/// Arguments out of range; a model that cannot be had; what [`StatementRun::generate`] does not let pass.
pub async fn column(function: &ModelFunction, args: &[ArrayRef], rows: usize, run: &StatementRun) -> Result<ArrayRef> {
    let asked = GenerateRow::read_all(function, args, rows)?;
    let answers = futures::future::try_join_all(asked.into_iter().map(|row| async move {
        match row {
            Some(row) => one_row(&row, run).await.map(Some),
            None => Ok(None),
        }
    }))
    .await?;
    if function.task() == Task::Generate {
        let mut column = GeneratedBuilder::default();
        for answer in &answers {
            column.append(answer.as_deref());
        }
        return column.finish();
    }
    // One sample was asked for; a failed one has no text.
    Ok(Arc::new(StringArray::from_iter(
        answers.into_iter().map(|samples| samples.and_then(|s| s.into_iter().next()).and_then(|s| s.text)),
    )))
}

async fn one_row(row: &GenerateRow, run: &StatementRun) -> Result<Vec<Generated>, Error> {
    let model = run.model(&row.model).await?;
    let requests = requests(row, &model)?;
    let outcomes = run.generate(&model, requests).await?;
    Ok(outcomes
        .into_iter()
        .zip(0..)
        .map(|(outcome, sample)| match outcome {
            Ok(answer) => finished(sample, answer),
            Err(e) => Generated::failed(sample, format!("{}: {}", e.kind(), e.message())),
        })
        .collect())
}

/// What a row asks for, with the model's own defaults where it says nothing: one request a sample.
fn requests(row: &GenerateRow, model: &Model) -> Result<Vec<Request>, Error> {
    let defaults = model.defaults();
    let params = Params {
        temperature: row.temperature.unwrap_or(defaults.temperature),
        top_p: row.top_p.unwrap_or(defaults.top_p),
        top_k: row.top_k.unwrap_or(defaults.top_k),
        min_p: row.min_p.unwrap_or(defaults.min_p),
        max_tokens: row.max_tokens.unwrap_or(defaults.max_tokens),
        seed: row.seed.unwrap_or(defaults.seed),
        stop: row.stop.clone().unwrap_or_else(|| defaults.stop.clone()),
        enable_thinking: row.enable_thinking.or(defaults.enable_thinking),
        ..defaults.clone()
    };
    let sampling = params.check().map_err(|e| Error::query(e.message()))?;
    let prompt =
        if row.raw { Prompt::Raw(row.prompt.clone()) } else { Prompt::user(row.system.as_deref(), &row.prompt) };
    let n = u64::try_from(row.n.unwrap_or(1)).unwrap_or(1);
    Ok((0..n).map(|sample| Request::new(prompt.clone(), sample, sampling.clone())).collect())
}

fn finished(sample: i64, answer: Answer<Completion>) -> Generated {
    let count = |n: Option<u64>| n.and_then(|n| i64::try_from(n).ok());
    let completion = answer.output;
    Generated {
        sample,
        text: Some(completion.text),
        thinking: completion.thinking,
        response: completion.response,
        finish_reason: Some(completion.finish_reason.as_str().to_owned()),
        prompt_tokens: count(completion.prompt_tokens),
        completion_tokens: count(completion.completion_tokens),
        seconds: Some(completion.seconds),
        cached: Some(answer.cached),
        error: None,
    }
}
