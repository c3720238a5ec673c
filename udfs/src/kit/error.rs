//! Errors in the form of the house: `function: what, got what`, an empty line, `hint: the way out`.
//!
//! The kind says who has to act: a plan error is a wrong query, an execution error is wrong data.

use datafusion_common::DataFusionError;
use std::fmt::Display;

/// The query is wrong.
pub fn plan_error(function: &str, what: impl Display, hint: impl Display) -> DataFusionError {
    DataFusionError::Plan(message(function, what, hint))
}

/// The data are wrong.
pub fn exec_error(function: &str, what: impl Display, hint: impl Display) -> DataFusionError {
    DataFusionError::Execution(message(function, what, hint))
}

/// glotrace is wrong.
pub fn internal_error(function: &str, what: impl Display) -> DataFusionError {
    DataFusionError::Internal(message(
        function,
        what,
        "this is a defect of glotrace: please report it with the statement",
    ))
}

fn message(function: &str, what: impl Display, hint: impl Display) -> String {
    let hint = hint.to_string();
    if hint.is_empty() { format!("{function}: {what}") } else { format!("{function}: {what}\n\nhint: {hint}") }
}
