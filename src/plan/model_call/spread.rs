//! Calls inside a lambda: one for each element of a list.
//!
//! `array_transform(xs, x -> g(x, f(x)))` becomes `c = array_transform(xs, x -> f(x))`, which the operator makes of the elements of
//! all rows at once, and `array_transform(arrays_zip(xs, c), z -> g(z[1], z[2]))`, in which no call is left.

use std::sync::Arc;

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, plan_err};
use datafusion::functions::core::expr_fn::get_field;
use datafusion::functions_nested::array_transform::array_transform_higher_order_function;
use datafusion::functions_nested::arrays_zip::arrays_zip_udf;
use datafusion::logical_expr::expr::{HigherOrderFunction, Lambda, LambdaVariable};
use datafusion::logical_expr::{Expr, HigherOrderUDF};

/// A lambda whose body is being walked.
pub struct Frame {
    /// What it runs over, in terms of what encloses it.
    pub list: Expr,
    pub param: String,
    /// What was taken out of its body: lists as long as `list`.
    pub taken: Vec<String>,
}

/// The functions whose lambdas may call a model. Each tells what it makes of one list.
const TRANSFORM: &str = "array_transform";
const FILTER: &str = "array_filter";
const ANY_MATCH: &str = "array_any_match";
const FIRST: &str = "array_first";

/// The list and the lambda of a function of lists that calls a model in its body.
///
/// # Errors
/// A function that is not known to treat each element by itself.
pub fn opened(function: HigherOrderFunction) -> Result<(Arc<HigherOrderUDF>, Expr, Lambda)> {
    let HigherOrderFunction { func, mut args } = function;
    let known = [TRANSFORM, FILTER, ANY_MATCH, FIRST].contains(&func.name());
    match (known, args.pop(), args.pop()) {
        (true, Some(Expr::Lambda(lambda)), Some(list)) if lambda.params.len() == 1 => Ok((func, list, lambda)),
        _ => plan_err!(
            "a model cannot be called inside the lambda of {}\n\nhint: unnest the list, call the model a row, and array_agg the results",
            func.name()
        ),
    }
}

/// `func(list, param -> body)`, where `body` also reads what was taken out of it: `taken` gives those lists as they are known
/// outside of the frame.
pub fn closed(func: &Arc<HigherOrderUDF>, frame: &Frame, zip: &str, body: Expr, taken: Vec<Expr>) -> Result<Expr> {
    if taken.is_empty() {
        return Ok(over(func, frame.list.clone(), &frame.param, body));
    }
    let element = |i: usize| get_field(variable(zip), (i + 1).to_string());
    let mut body = replaced(body, &frame.param, &element(0))?;
    for (i, name) in frame.taken.iter().enumerate() {
        body = replaced(body, name, &element(i + 1))?;
    }
    let lists = std::iter::once(frame.list.clone()).chain(taken).collect();
    Ok(over(func, arrays_zip_udf().call(lists), zip, body))
}

/// What a closed `func` gives, where it gives elements: those of the list, and not what was zipped to them.
pub fn elements(func: &Arc<HigherOrderUDF>, made: Expr, name: &str) -> Expr {
    match func.name() {
        FILTER => over(&array_transform_higher_order_function(), made, name, get_field(variable(name), "1")),
        FIRST => get_field(made, "1"),
        _ => made,
    }
}

/// `array_transform`, closed as above.
pub fn transformed(frame: &Frame, zip: &str, body: Expr, taken: Vec<Expr>) -> Result<Expr> {
    closed(&array_transform_higher_order_function(), frame, zip, body, taken)
}

pub fn variable(name: &str) -> Expr {
    Expr::LambdaVariable(LambdaVariable::new(name.to_owned(), None))
}

fn over(func: &Arc<HigherOrderUDF>, list: Expr, param: &str, body: Expr) -> Expr {
    let lambda = Expr::Lambda(Lambda { params: vec![param.to_owned()], body: Box::new(body) });
    Expr::HigherOrderFunction(HigherOrderFunction::new(Arc::clone(func), vec![list, lambda]))
}

/// `expr` with `by` for the variable `name`, where no lambda inside binds the name anew.
fn replaced(expr: Expr, name: &str, by: &Expr) -> Result<Expr> {
    let swapped = expr.transform_down(|e| match &e {
        Expr::Lambda(lambda) if lambda.params.iter().any(|p| p == name) => {
            Ok(Transformed::new(e, false, TreeNodeRecursion::Jump))
        }
        Expr::LambdaVariable(variable) if variable.name == name => {
            Ok(Transformed::new(by.clone(), true, TreeNodeRecursion::Jump))
        }
        _ => Ok(Transformed::no(e)),
    })?;
    Ok(swapped.data)
}

/// What is called for each element, and the lists that it is called over, outermost first, with the names of their elements.
pub fn innermost(mut expr: &Expr) -> (&Expr, Vec<(&Expr, &str)>) {
    let mut lists = Vec::new();
    loop {
        match expr {
            Expr::HigherOrderFunction(function) if function.func.name() == TRANSFORM => {
                match function.args.as_slice() {
                    [list, Expr::Lambda(lambda)] if lambda.params.len() == 1 => {
                        lists.push((list, lambda.params[0].as_str()));
                        expr = &lambda.body;
                    }
                    _ => return (expr, lists),
                }
            }
            _ => return (expr, lists),
        }
    }
}

/// The expressions `argument(i)`, each spread over the lists that the call is spread over.
pub fn spread_arguments(call: &Expr) -> Vec<Expr> {
    let (inner, lists) = innermost(call);
    let Expr::ScalarFunction(function) = inner else { return Vec::new() };
    let transform = array_transform_higher_order_function();
    function
        .args
        .iter()
        .map(|arg| {
            lists.iter().rev().fold(arg.clone(), |body, (list, param)| over(&transform, (*list).clone(), param, body))
        })
        .collect()
}
