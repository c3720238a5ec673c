//! Arguments against parameters, before the plan runs.
//!
//! The checks sit where DataFusion asks for the result type and not in `coerce_types`: an error of the latter comes out
//! wrapped in two sentences about candidate functions.

use super::param::parameter_list;
use super::{Kind, Param, plan_error};
use datafusion_common::arrow::datatypes::{DataType, Fields};
use datafusion_common::{Result, ScalarValue};

/// Count and types of the arguments of a call.
///
/// # Errors
/// A plan error that names the function, the argument, what it must be, what it is, and the way out.
pub fn check_types(function: &str, params: &[Param], types: &[DataType]) -> Result<()> {
    let required = params.iter().filter(|param| !param.is_optional()).count();
    if types.len() < required || types.len() > params.len() {
        return Err(plan_error(function, "", "").context_free(count_message(function, params, required, types.len())));
    }
    for (i, (param, given)) in params.iter().zip(types).enumerate() {
        if !accepts(param.kind, given) {
            let what = format!("argument {} `{}` must be {}, got {given}", i + 1, param.name, param.kind);
            return Err(plan_error(function, what, way_out(param, given)));
        }
    }
    Ok(())
}

/// Options that stand in the query as literals. Those that come from columns are checked row by row, when they are read.
///
/// # Errors
/// A plan error that lists the choices, with the one that was probably meant.
pub fn check_literals(function: &str, params: &[Param], literals: &[Option<&ScalarValue>]) -> Result<()> {
    for (i, (param, literal)) in params.iter().zip(literals).enumerate() {
        let Some(Some(value)) = literal.and_then(ScalarValue::try_as_str) else { continue };
        if let Some((what, hint)) = param.kind.refusal(value) {
            return Err(plan_error(function, format!("argument {} `{}` {what}", i + 1, param.name), hint));
        }
    }
    Ok(())
}
