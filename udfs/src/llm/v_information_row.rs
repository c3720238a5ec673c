//! The arguments of `v_information`, read.

use super::ModelFunction;
use crate::kit::{Kind, Param};
use datafusion_common::Result;
use datafusion_common::arrow::array::ArrayRef;

/// What one row asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VInformationRow {
    /// Name or URI.
    pub model: String,
    /// The question.
    pub question: String,
    /// What the model thought.
    pub trace: String,
    /// The gold answer.
    pub answer: String,
    /// As the published code computes it.
    pub ki2026: bool,
}

pub(super) const V_INFORMATION: &[Param] = &[
    Param::required("model", Kind::Text),
    Param::required("question", Kind::Text),
    Param::required("trace", Kind::Text),
    Param::required("answer", Kind::Text),
    Param::optional("compat", Kind::Choice(&["ki2026"])),
];

impl VInformationRow {
    /// The rows of a batch; `None` where a required argument is NULL, and no call is to be made.
    ///
    /// # Errors
    /// An execution error for an unknown `compat`.
    pub fn read(function: &ModelFunction, arrays: &[ArrayRef], rows: usize) -> Result<Vec<Option<Self>>> {
        let args = function.args(arrays, rows)?;
        let (model, question, trace, answer) = (args.text(0)?, args.text(1)?, args.text(2)?, args.text(3)?);
        let compat = args.text(4)?;
        args.each(|row| {
            Ok(Some(Self {
                model: model.at(row).to_owned(),
                question: question.at(row).to_owned(),
                trace: trace.at(row).to_owned(),
                answer: answer.at(row).to_owned(),
                ki2026: compat.get(row).is_some(),
            }))
        })
    }
}
