//! Expressions as EXPLAIN shows them: as they would be written, and not as DataFusion keeps them.

use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::sql::unparser::expr_to_sql;

use super::model_function;
use super::spread::innermost;

/// `llm_complete('r', t.p, temperature => 0)`: arguments that were left out stay out.
pub fn shown_call(expr: &Expr) -> String {
    let expr = unaliased(expr);
    let (call, lists) = innermost(expr);
    let (Some(function), Expr::ScalarFunction(ScalarFunction { args, .. })) = (model_function(call), call) else {
        return shown_expr(expr);
    };
    let args = function.params().iter().zip(args).enumerate().filter_map(|(i, (param, arg))| match arg {
        Expr::Literal(value, _) if value.is_null() && i > 1 => None,
        arg if i > 1 => Some(format!("{} => {}", param.name, shown_expr(arg))),
        arg => Some(shown_expr(arg)),
    });
    let call = format!("{}({})", function.static_name(), args.collect::<Vec<_>>().join(", "));
    lists.into_iter().rev().fold(call, |call, (list, param)| format!("[{call} for {param} in {}]", shown_expr(list)))
}

/// SQL where the expression has a spelling in it.
pub fn shown_expr(expr: &Expr) -> String {
    let expr = unaliased(expr);
    expr_to_sql(expr).map_or_else(|_| expr.to_string(), |sql| sql.to_string())
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => unaliased(&alias.expr),
        other => other,
    }
}
