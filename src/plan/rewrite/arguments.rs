//! Named arguments of glotrace's own functions (`f(p, temperature => 0.5)`) → positional ones.
//!
//! DataFusion takes names too, but only where no parameter before them is left out. Here a gap is filled with NULL,
//! which every optional parameter reads as its default.

use datafusion::sql::sqlparser::ast::{Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Value, VisitMut};

use super::{Context, each_expr};
use crate::error::{Error, Result};
use crate::plan::parse::place_at;
use crate::suggest::closest;

pub fn order<T: VisitMut>(tree: &mut T, context: &Context<'_>) -> Result<()> {
    each_expr(tree, |expr| {
        let Expr::Function(function) = expr else { return Ok(()) };
        let FunctionArguments::List(list) = &mut function.args else { return Ok(()) };
        if !list.args.iter().any(|a| !matches!(a, FunctionArg::Unnamed(_))) {
            return Ok(());
        }
        let name = function.name.to_string().to_lowercase();
        let Some(parameters) = (context.function_parameters)(&name) else { return Ok(()) };
        list.args = positional(&name, std::mem::take(&mut list.args), &parameters, context)?;
        Ok(())
    })
}

/// `args` in the order of `parameters`, gaps filled with NULL, nothing after the last one given.
pub fn positional(
    function: &str,
    args: Vec<FunctionArg>,
    parameters: &[String],
    context: &Context<'_>,
) -> Result<Vec<FunctionArg>> {
    let (given, extra) = ordered(function, args, parameters, context)?;
    let last = given.iter().rposition(Option::is_some).map_or(0, |n| n + 1);
    let null = || FunctionArgExpr::Expr(Expr::Value(Value::Null.into()));
    let filled = given.into_iter().take(last).map(|v| FunctionArg::Unnamed(v.unwrap_or_else(null)));
    Ok(filled.chain(extra).collect())
}

/// What was given for each of `parameters`, and what was given beyond them.
pub fn ordered(
    function: &str,
    args: Vec<FunctionArg>,
    parameters: &[String],
    context: &Context<'_>,
) -> Result<(Vec<Option<FunctionArgExpr>>, Vec<FunctionArg>)> {
    let mut given: Vec<Option<FunctionArgExpr>> = vec![None; parameters.len()];
    let mut extra = Vec::new();
    let mut named = false;
    let signature = || format!("{function}({})", parameters.join(", "));
    for (i, arg) in args.into_iter().enumerate() {
        let Some(name) = argument_name(&arg) else {
            let FunctionArg::Unnamed(value) = arg else { continue };
            if named {
                return Err(Error::query(format!("{function}: a positional argument follows a named one"))
                    .with_hint(format!("name it too; the order is {}", signature())));
            }
            match given.get_mut(i) {
                Some(slot) => *slot = Some(value),
                None => extra.push(FunctionArg::Unnamed(value)), // the function itself says that there are too many
            }
            continue;
        };
        named = true;
        let wanted = name.value.to_lowercase();
        let Some(slot) = parameters.iter().position(|p| *p == wanted) else {
            let mut error = Error::query(format!("{function} has no argument named `{}`", name.value));
            if let Some(place) = place_at(context.statement, name.span) {
                error = error.at(place);
            }
            return Err(error.with_hint(match closest(&wanted, parameters.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`? The signature is {}", signature()),
                None => format!("the signature is {}", signature()),
            }));
        };
        if given[slot].is_some() {
            return Err(Error::query(format!("{function}: argument `{wanted}` is given twice")));
        }
        given[slot] = Some(argument_value(arg));
    }
    Ok((given, extra))
}

/// The name of a named argument.
pub fn argument_name(arg: &FunctionArg) -> Option<Ident> {
    match arg {
        FunctionArg::Named { name, .. } => Some(name.clone()),
        FunctionArg::ExprNamed { name: Expr::Identifier(name), .. } => Some(name.clone()),
        FunctionArg::ExprNamed { name: other, .. } => Some(Ident::new(other.to_string())),
        FunctionArg::Unnamed(_) => None,
    }
}

pub fn argument_value(arg: FunctionArg) -> FunctionArgExpr {
    match arg {
        FunctionArg::Named { arg, .. } | FunctionArg::ExprNamed { arg, .. } | FunctionArg::Unnamed(arg) => arg,
    }
}
