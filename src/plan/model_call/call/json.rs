//! `llm_json`: a reply that satisfies a schema.

use std::sync::Arc;

use glotrace_text::prompt;
use glotrace_udfs::llm::JsonRow;

use super::super::run::StatementRun;
use super::ask::{Ask, ask};
use crate::error::Result;

pub async fn json(row: JsonRow, run: &StatementRun) -> Result<Option<String>> {
    let model = run.model(&row.model).await?;
    let value = Arc::clone(row.schema.value());
    let prompt = prompt::json(&row.prompt, &value.to_string());
    let read = Arc::new(move |_: &_, response: &str| row.schema.read(response));
    ask(run, &model, Ask { task: "json", prompt: &prompt, schema: Some(value), retries: 2, read }).await
}
