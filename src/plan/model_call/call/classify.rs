//! `llm_classify`: the likeliest label of a model that scores, the label in the reply of any other.

use std::sync::Arc;

use futures::future::try_join_all;
use glotrace_model::{Error as ModelError, Kind, Prompt, json, score};
use glotrace_text::{prompt, reply};
use glotrace_udfs::llm::ClassifyRow;

use super::super::run::StatementRun;
use super::ask::{Ask, ask};
use crate::error::Result;
use crate::models::Model;

pub async fn label(row: ClassifyRow, run: &StatementRun) -> Result<Option<String>> {
    let model = run.model(&row.model).await?;
    let prompt = prompt::classify(&row.text, &row.labels, row.instruction.as_deref());
    if model.can_score() {
        scored(row.labels, prompt, &model, run).await
    } else {
        asked(row.labels, &prompt, &model, run).await
    }
}

async fn scored(labels: Vec<String>, prompt: String, model: &Arc<Model>, run: &StatementRun) -> Result<Option<String>> {
    let prompt = Prompt::user(None, &prompt);
    let replies = labels.iter().map(|label| run.log_prob(model, prompt.clone(), prompt::label_as_reply(label)));
    // One that failed is reported; without it the others cannot be compared.
    let scores: Option<Vec<_>> =
        try_join_all(replies).await?.into_iter().map(|outcome| outcome.ok().map(|answer| answer.output)).collect();
    Ok(scores.and_then(|scores| score::likeliest(&scores)).and_then(|place| labels.into_iter().nth(place)))
}

async fn asked(labels: Vec<String>, prompt: &str, model: &Arc<Model>, run: &StatementRun) -> Result<Option<String>> {
    let schema = Some(Arc::new(json::one_label(&labels)));
    let read = move |_: &_, response: &str| match reply::label(response, &labels) {
        Some(place) => Ok(labels[place].clone()),
        None => {
            let response: String = response.chars().take(80).collect();
            Err(ModelError::new(Kind::Parse, format!("the reply is none of the labels: {response:?}")))
        }
    };
    ask(run, model, Ask { task: "classify", prompt, schema, retries: 1, read: Arc::new(read) }).await
}
