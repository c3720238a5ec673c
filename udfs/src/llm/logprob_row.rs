//! The arguments of `llm_logprob`, read.

use super::ModelFunction;
use crate::kit::{Kind, Param};
use datafusion_common::Result;
use datafusion_common::arrow::array::ArrayRef;

/// What one row asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogprobRow {
    /// Name or URI.
    pub model: String,
    /// What stands before the continuation, without a chat template.
    pub prompt: String,
    /// What is scored.
    pub continuation: String,
}

pub(super) const LOGPROB: &[Param] = &[
    Param::required("model", Kind::Text),
    Param::required("prompt", Kind::Text),
    Param::required("continuation", Kind::Text),
];

impl LogprobRow {
    /// The rows of a batch; `None` where an argument is NULL, and no call is to be made.
    ///
    /// # Errors
    /// None that the caller could cause.
    pub fn read(function: &ModelFunction, arrays: &[ArrayRef], rows: usize) -> Result<Vec<Option<Self>>> {
        let args = function.args(arrays, rows)?;
        let (model, prompt, continuation) = (args.text(0)?, args.text(1)?, args.text(2)?);
        args.each(|row| {
            Ok(Some(Self {
                model: model.at(row).to_owned(),
                prompt: prompt.at(row).to_owned(),
                continuation: continuation.at(row).to_owned(),
            }))
        })
    }
}
