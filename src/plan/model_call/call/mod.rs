//! A model function over the rows of a batch: arguments → calls → a column. A file a task; what several share is [`ask`].

mod ask;
mod classify;
mod generate;
mod json;
mod logprob;
mod translate;
mod v_information;

use std::future::Future;

use datafusion::arrow::array::ArrayRef;
use datafusion::common::Result;
use glotrace_udfs::kit::Output;
use glotrace_udfs::llm::{ClassifyRow, JsonRow, LogprobRow, ModelFunction, Task, TranslateRow, VInformationRow};

use super::run::StatementRun;
use crate::error::Error;

/// The column that `function` makes of its arguments, one row a row.
///
/// # Errors
/// Arguments out of range; a model that cannot be had, or cannot do what is asked; what [`StatementRun`] does not let pass.
pub async fn column(function: &ModelFunction, args: &[ArrayRef], rows: usize, run: &StatementRun) -> Result<ArrayRef> {
    match function.task() {
        Task::Generate | Task::Complete => generate::column(function, args, rows, run).await,
        Task::Classify => each(ClassifyRow::read(function, args, rows)?, |row| classify::label(row, run)).await,
        Task::Json => each(JsonRow::read(function, args, rows)?, |row| json::json(row, run)).await,
        Task::Translate => each(TranslateRow::read(function, args, rows)?, |row| translate::translate(row, run)).await,
        Task::Logprob => each(LogprobRow::read(function, args, rows)?, |row| logprob::logprob(row, run)).await,
        Task::VInformation => {
            each(VInformationRow::read(function, args, rows)?, |row| v_information::v_information(row, run)).await
        }
    }
}

/// What `call` makes of each row, all rows at once; NULL where nothing is asked, and where the call failed.
async fn each<R, T, F>(rows: Vec<Option<R>>, call: impl Fn(R) -> F) -> Result<ArrayRef>
where
    T: Output,
    F: Future<Output = Result<Option<T>, Error>>,
{
    let calls = rows.into_iter().map(|row| {
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
