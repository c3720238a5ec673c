//! `llm_json`: a reply that satisfies a schema.

use std::sync::Arc;

use glotrace_text::prompt;
use glotrace_udfs::llm::JsonRow;

use super::super::run::StatementRun;
use super::ask::{Ask, ask};
use crate::error::Result;

pub async fn json(row: JsonRow, run: &StatementRun) -> Result<Option<String>> {
    let model = run.model(&row.model).await?;
    let schema = row.schema.value();
    let prompt = prompt::json(&row.prompt, &schema.to_string());
    let what = Ask { prompt: &prompt, schema: Some(Arc::clone(schema)), retries: 2 };
    ask(run, &model, what, |_, response| row.schema.read(response)).await
}
