//! `step_annotate`: the bundled tagger, or a language model that is asked window by window.

use std::sync::Arc;

use futures::future::try_join_all;
use glotrace_model::{Error as ModelError, Kind};
use glotrace_text::step::{AnnotatedStep, Tag, prompt};
use glotrace_udfs::step::StepAnnotateRow;

use super::super::run::StatementRun;
use super::ask::{Ask, ask};
use crate::error::{Error, Result};

type Annotation = Vec<Option<AnnotatedStep>>;

pub async fn annotate(row: StepAnnotateRow, run: &StatementRun) -> Result<Option<Annotation>> {
    if row.model == StepAnnotateRow::TAGGER {
        return tagged(&row, run).map(Some);
    }
    let model = run.model(&row.model).await?;
    let n_steps = row.steps.len();
    let replies = prompt::windows(&row.steps).into_iter().map(|window| {
        let asked = prompt::annotate(&row.question, &row.steps, &window, row.language, row.en_question.as_deref());
        let schema = Some(Arc::new(prompt::schema(&window)));
        let read = move |_: &_, response: &str| {
            prompt::read(response, n_steps, &window).map_err(|what| ModelError::new(Kind::Parse, what))
        };
        let model = &model;
        async move {
            ask(run, model, Ask { task: "annotate", prompt: &asked, schema, retries: 1, read: Arc::new(read) }).await
        }
    });
    // Without one of its windows an annotation has a hole whose steps would count as unknown.
    let replies: Option<Vec<String>> = try_join_all(replies).await?.into_iter().collect();
    Ok(replies.and_then(|replies| prompt::merge(&replies, n_steps)))
}

fn tagged(row: &StepAnnotateRow, run: &StatementRun) -> Result<Annotation> {
    let steps: Vec<&str> = row.steps.iter().map(String::as_str).collect();
    let tagged = run.tagger()?.annotate(&steps, row.lang);
    let annotated = tagged.into_iter().map(|step| {
        let tags = step.tags.iter().map(|tag| {
            Tag::named(tag.as_str())
                .ok_or_else(|| Error::internal(format!("the tagger knows a tag `{}` of its own", tag.as_str())))
        });
        let depends_on = step.depends_on.into_iter().filter_map(|id| i64::try_from(id).ok()).collect();
        Ok(Some(AnnotatedStep { tags: tags.collect::<Result<_>>()?, depends_on: Some(depends_on) }))
    });
    annotated.collect()
}
