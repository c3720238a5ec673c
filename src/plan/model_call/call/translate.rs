//! `llm_translate`: a translation that keeps the numbers.

use std::sync::Arc;

use glotrace_model::{Completion, Error as ModelError, FinishReason, Kind};
use glotrace_text::{mt, prompt, reply};
use glotrace_udfs::llm::TranslateRow;

use super::super::run::StatementRun;
use super::ask::{Ask, ask, truncated};
use crate::error::Result;

pub async fn translate(row: TranslateRow, run: &StatementRun) -> Result<Option<String>> {
    if row.text.trim().is_empty() {
        return Ok(Some(row.text));
    }
    let model = run.model(&row.model).await?;
    let prompt = prompt::translate(&row.text, row.language);
    let read = move |completion: &Completion, response: &str| read(&row.text, completion, response);
    ask(run, &model, Ask { task: "translate", prompt: &prompt, schema: None, retries: 2, read: Arc::new(read) }).await
}

fn read(source: &str, completion: &Completion, response: &str) -> Result<String, ModelError> {
    let translation = reply::translation(source, response);
    let parse = |what: &str| Err(ModelError::new(Kind::Parse, what));
    if completion.finish_reason == FinishReason::Length {
        Err(truncated())
    } else if translation.is_empty() {
        parse("the translation is empty")
    } else if !mt::numbers_kept(source, translation) {
        parse("the translation does not keep the numbers and formulas of the text")
    } else {
        Ok(translation.to_owned())
    }
}
