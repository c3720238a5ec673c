//! `step_validity`: a verdict for each step and each step that it builds on, by arithmetic, an encoder or a judge.

use futures::future::try_join_all;
use glotrace_text::step::{Validity, Verdict, prompt};
use glotrace_udfs::llm::ClassifyRow;
use glotrace_udfs::step::StepValidityRow;

use super::super::run::StatementRun;
use super::{classify, encode};
use crate::error::Result;
use crate::models::{Finding, Reading};

pub async fn validity(row: StepValidityRow, run: &StatementRun) -> Result<Option<Validity>> {
    if row.verifier == StepValidityRow::ARITHMETIC {
        return Ok(Some(row.arithmetic()));
    }
    let model = run.model(&row.verifier).await?;
    let verdicts = row.pairs.iter().map(|&pair| {
        let (premise, hypothesis) = row.texts(pair);
        let (model, row) = (&model, &row);
        async move {
            let mut two_labels = false;
            let label = if model.is_encoder() {
                let reading = Reading::Infer { premise: premise.to_owned(), hypothesis: hypothesis.to_owned() };
                match encode::read(run, model, reading).await? {
                    Some(Finding::Inference { label, neutral, .. }) => {
                        two_labels = neutral.is_none();
                        Some(label)
                    }
                    _ => None,
                }
            } else {
                let judged = ClassifyRow {
                    model: row.verifier.clone(),
                    text: prompt::judge_text(premise, hypothesis),
                    labels: prompt::judge_labels().map(str::to_owned).into(),
                    instruction: Some(prompt::JUDGE.to_owned()),
                };
                classify::label(judged, run).await?
            };
            let verdict = label.and_then(|label| Verdict::read(&label));
            // The published code reads two outputs by the places of three.
            let is_misread = row.ki2026 && two_labels;
            Ok::<_, crate::error::Error>(verdict.map(|v| if is_misread { v.misread_ki2026() } else { v }))
        }
    });
    // A call that failed is reported; without its verdict the trace has no score.
    let verdicts: Option<Vec<Verdict>> = try_join_all(verdicts).await?.into_iter().collect();
    Ok(verdicts.map(|verdicts| row.validity(&verdicts)))
}
