//! A model function over the rows of a batch: arguments → calls → a column. A file a task; what several share is [`ask`].

mod ask;
mod classify;
mod encode;
mod generate;
mod json;
mod logprob;
mod step_annotate;
mod step_validity;
mod translate;
mod v_information;

use std::future::Future;

use datafusion::arrow::array::ArrayRef;
use datafusion::common::Result;
use futures::FutureExt;
use futures::future::BoxFuture;
use glotrace_udfs::encode::TextsRow;
use glotrace_udfs::kit::Output;
use glotrace_udfs::llm::{ClassifyRow, JsonRow, LogprobRow, ModelFunction, Task, TranslateRow, VInformationRow};
use glotrace_udfs::step::{StepAnnotateRow, StepValidityRow};

use super::run::StatementRun;
use crate::error::Error;

/// The column that `function` makes of its arguments, one row a row.
///
/// Boxed, so that whoever asks whether its own future is `Send` need not look through the futures of all tasks: with them
/// the compiler's recursion limit is near.
///
/// # Errors
/// Arguments out of range; a model that cannot be had, or cannot do what is asked; what [`StatementRun`] does not let pass.
pub fn column<'a>(
    function: &'a ModelFunction,
    args: &'a [ArrayRef],
    rows: usize,
    run: &'a StatementRun,
) -> BoxFuture<'a, Result<ArrayRef>> {
    match function.task() {
        Task::Generate | Task::Complete => generate::column(function, args, rows, run).boxed(),
        Task::Classify => each(ClassifyRow::read(function, args, rows), |row| classify::label(row, run)).boxed(),
        Task::Json => each(JsonRow::read(function, args, rows), |row| json::json(row, run)).boxed(),
        Task::Translate => each(TranslateRow::read(function, args, rows), |row| translate::translate(row, run)).boxed(),
        Task::Logprob => each(LogprobRow::read(function, args, rows), |row| logprob::logprob(row, run)).boxed(),
        Task::VInformation => {
            each(VInformationRow::read(function, args, rows), |row| v_information::v_information(row, run)).boxed()
        }
        Task::StepAnnotate => {
            each(StepAnnotateRow::read(function, args, rows), |row| step_annotate::annotate(row, run)).boxed()
        }
        Task::StepValidity => {
            each(StepValidityRow::read(function, args, rows), |row| step_validity::validity(row, run)).boxed()
        }
        Task::Embed => each(TextsRow::read(function, args, rows), |row| encode::embed(row, run)).boxed(),
        Task::SemanticSimilarity => {
            each(TextsRow::read(function, args, rows), |row| encode::semantic_similarity(row, run)).boxed()
        }
        Task::Nli => each(TextsRow::read(function, args, rows), |row| encode::nli(row, run)).boxed(),
        Task::CometQe => each(TextsRow::read(function, args, rows), |row| encode::comet_qe(row, run)).boxed(),
        Task::Comet => each(TextsRow::read(function, args, rows), |row| encode::comet(row, run)).boxed(),
        Task::BertScore => each(TextsRow::read(function, args, rows), |row| encode::bertscore(row, run)).boxed(),
    }
}

/// What `call` makes of each row, all rows at once; NULL where nothing is asked, and where the call failed.
async fn each<R, T, F>(rows: Result<Vec<Option<R>>>, call: impl Fn(R) -> F) -> Result<ArrayRef>
where
    T: Output,
    F: Future<Output = Result<Option<T>, Error>>,
{
    let calls = rows?.into_iter().map(|row| {
        let call = row.map(&call);
        async move {
            match call {
                Some(call) => call.await,
                None => Ok(None),
            }
        }
    });
    T::collect(futures::future::try_join_all(calls).await?)
}
