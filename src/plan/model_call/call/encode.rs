//! Functions of encoders: texts → one or two readings → a number, a vector or a verdict.

use std::sync::Arc;

use futures::future::try_join;
use glotrace_model::vector;
use glotrace_udfs::encode::{BertScore, Entailment, TextsRow};

use super::super::run::StatementRun;
use crate::error::Result;
use crate::models::{Finding, Model, Reading};

pub async fn embed(row: TextsRow, run: &StatementRun) -> Result<Option<Vec<f32>>> {
    let model = run.model(&row.model).await?;
    let [text] = texts(row)?;
    embedding(run, &model, text).await
}

pub async fn semantic_similarity(row: TextsRow, run: &StatementRun) -> Result<Option<f64>> {
    let model = run.model(&row.model).await?;
    let [a, b] = texts(row)?;
    let (a, b) = try_join(embedding(run, &model, a), embedding(run, &model, b)).await?;
    let wide = |vector: Vec<f32>| vector.into_iter().map(f64::from).collect::<Vec<_>>();
    Ok(a.zip(b).and_then(|(a, b)| vector::cosine(&wide(a), &wide(b))))
}

pub async fn nli(row: TextsRow, run: &StatementRun) -> Result<Option<Entailment>> {
    let model = run.model(&row.model).await?;
    let [premise, hypothesis] = texts(row)?;
    Ok(match read(run, &model, Reading::Infer { premise, hypothesis }).await? {
        Some(Finding::Inference { label, entailment, neutral, contradiction }) => {
            Some(Entailment { label, entailment, neutral, contradiction })
        }
        _ => None,
    })
}

pub async fn comet_qe(row: TextsRow, run: &StatementRun) -> Result<Option<f64>> {
    let model = run.model(&row.model).await?;
    let [source, text] = texts(row)?;
    score(run, &model, Reading::Score { text, source: Some(source), reference: None }).await
}

pub async fn comet(row: TextsRow, run: &StatementRun) -> Result<Option<f64>> {
    let model = run.model(&row.model).await?;
    let [source, text, reference] = texts(row)?;
    score(run, &model, Reading::Score { text, source: Some(source), reference: Some(reference) }).await
}

pub async fn bertscore(row: TextsRow, run: &StatementRun) -> Result<Option<BertScore>> {
    let model = run.model(&row.model).await?;
    let [candidate, reference] = texts(row)?;
    Ok(match read(run, &model, Reading::Match { candidate, reference }).await? {
        Some(Finding::Match { precision, recall, f1 }) => Some(BertScore { precision, recall, f1 }),
        _ => None,
    })
}

async fn embedding(run: &StatementRun, model: &Arc<Model>, text: String) -> Result<Option<Vec<f32>>> {
    Ok(match read(run, model, Reading::Embed { text }).await? {
        Some(Finding::Vector(vector)) => Some(vector.0),
        _ => None,
    })
}

async fn score(run: &StatementRun, model: &Arc<Model>, reading: Reading) -> Result<Option<f64>> {
    Ok(match read(run, model, reading).await? {
        Some(Finding::Score(score)) => Some(score),
        _ => None,
    })
}

/// `None` where the call failed, which is reported.
pub async fn read(run: &StatementRun, model: &Arc<Model>, reading: Reading) -> Result<Option<Finding>> {
    Ok(run.ask(model, reading).await?.ok().map(|answer| answer.output.finding))
}

fn texts<const N: usize>(row: TextsRow) -> Result<[String; N]> {
    row.texts.try_into().map_err(|_| crate::error::Error::internal("a function of texts has another number of them"))
}
