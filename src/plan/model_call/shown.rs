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

#[cfg(test)]
mod tests {
    use datafusion::common::ScalarValue;
    use datafusion::functions_nested::expr_fn::make_array;
    use datafusion::logical_expr::expr::{HigherOrderFunction, Lambda};
    use datafusion::logical_expr::{Expr, ScalarUDF, col, lit};

    use super::{shown_call, shown_expr};
    use crate::plan::model_call::spread::variable;

    fn call(prompt: Expr) -> Expr {
        let args = vec![lit("m"), prompt, lit(ScalarValue::Null), lit(0.5)];
        ScalarUDF::from(glotrace_udfs::llm::llm_complete()).call(args)
    }

    #[test]
    fn a_call_stands_as_it_is_written() {
        let prompt = lit("Say ").eq(col("t.p"));
        assert_eq!(shown_call(&call(prompt).alias("c")), "llm_complete('m', ('Say ' = t.p), temperature => 0.5)");
        assert_eq!(
            shown_expr(&col("t.id").gt(lit(3_i64)).and(col("__model_call_0").is_null())),
            "((t.id > 3) AND __model_call_0 IS NULL)"
        );
    }

    #[test]
    fn a_call_for_each_element_says_of_what() {
        let transform = datafusion::functions_nested::array_transform::array_transform_higher_order_function();
        let lambda = Expr::Lambda(Lambda { params: vec!["x".into()], body: Box::new(call(variable("x"))) });
        let list = make_array(vec![col("t.p"), lit("q")]);
        let spread = Expr::HigherOrderFunction(HigherOrderFunction::new(transform, vec![list, lambda]));
        assert_eq!(shown_call(&spread), "[llm_complete('m', x, temperature => 0.5) for x in [t.p, 'q']]");
    }
}
