//! `v_information`: an answer's scores with and without the trace.

use futures::future::try_join;
use glotrace_model::score::{self, VInformation};
use glotrace_model::{Prompt, TokenScore};
use glotrace_text::prompt;
use glotrace_udfs::llm::VInformationRow;

use super::super::run::StatementRun;
use super::logprob::scoring_model;
use crate::error::Result;

pub async fn v_information(row: VInformationRow, run: &StatementRun) -> Result<Option<VInformation>> {
    let model = scoring_model("v_information", &row.model, run).await?;
    let (prompt, compute): (fn(&str, Option<&str>) -> String, fn(&[TokenScore], &[TokenScore]) -> VInformation) =
        if row.ki2026 {
            (prompt::v_information_ki2026, score::v_information_ki2026)
        } else {
            (prompt::v_information, score::v_information)
        };
    if row.answer.is_empty() {
        return Ok(Some(compute(&[], &[])));
    }
    let scores = |trace| run.log_prob(&model, Prompt::Raw(prompt(&row.question, trace)), row.answer.clone());
    let (with, without) = try_join(scores(Some(&row.trace)), scores(None)).await?;
    // A call that failed is reported.
    let (Ok(with), Ok(without)) = (with, without) else { return Ok(None) };
    Ok(Some(compute(&with.output, &without.output)))
}
