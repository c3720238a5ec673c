//! A call that its surroundings may skip is made only for the rows that need it.
//!
//! The operator evaluates a call for every row it sees. So what guards the call in SQL moves into its prompt:
//! `CASE WHEN c THEN f(p) END` becomes `CASE WHEN c THEN f(CASE WHEN c THEN p END) END`, and a NULL prompt calls nothing.

use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, Case, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, and, lit, when};

use super::{calls_model, model_function};

/// Puts guards into all calls of `expr`, outermost guard first.
pub fn guard(expr: Expr) -> Result<Expr> {
    under(expr, None)
}

/// `condition` must hold (be TRUE) for `expr` to be evaluated at all.
fn under(expr: Expr, condition: Option<&Expr>) -> Result<Expr> {
    if !calls_model(&expr) {
        return Ok(expr);
    }
    match expr {
        Expr::Case(case) => guard_case(case, condition),
        Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
            let left = under(*left, condition)?;
            let needed = match op {
                Operator::And => Expr::IsNotFalse(Box::new(left.clone())),
                _ => Expr::IsNotTrue(Box::new(left.clone())),
            };
            let right = under(*right, Some(&both(condition, needed)))?;
            Ok(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))))
        }
        Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "coalesce" => {
            let mut guarded: Vec<Expr> = Vec::with_capacity(args.len());
            for arg in args {
                let mut needed = condition.cloned();
                for earlier in &guarded {
                    needed = Some(both(needed.as_ref(), Expr::IsNull(Box::new(earlier.clone()))));
                }
                guarded.push(under(arg, needed.as_ref())?);
            }
            Ok(Expr::ScalarFunction(ScalarFunction { func, args: guarded }))
        }
        Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
            let mut needed = condition.cloned();
            if let Some(filter) = params.filter.take() {
                let filter = under(*filter, condition)?;
                needed = Some(both(needed.as_ref(), Expr::IsTrue(Box::new(filter.clone()))));
                params.filter = Some(Box::new(filter));
            }
            params.args = params.args.into_iter().map(|a| under(a, needed.as_ref())).collect::<Result<_>>()?;
            for sort in &mut params.order_by {
                sort.expr = under(std::mem::replace(&mut sort.expr, lit(ScalarValue::Null)), needed.as_ref())?;
            }
            Ok(Expr::AggregateFunction(AggregateFunction { func, params }))
        }
        Expr::ScalarFunction(f) if f.func.inner().downcast_ref::<glotrace_udfs::llm::ModelFunction>().is_some() => {
            let expr = Expr::ScalarFunction(f);
            let prompt = model_function(&expr).and_then(|f| f.params().iter().position(|p| p.name == "prompt"));
            let Expr::ScalarFunction(ScalarFunction { func, mut args }) = expr else { return Ok(expr) };
            args = args.into_iter().map(|a| under(a, condition)).collect::<Result<_>>()?;
            if let (Some(condition), Some(prompt)) = (condition, prompt.and_then(|i| args.get_mut(i))) {
                let inner = std::mem::replace(prompt, lit(ScalarValue::Null));
                *prompt = when(condition.clone(), inner).end()?;
            }
            Ok(Expr::ScalarFunction(ScalarFunction { func, args }))
        }
        other => {
            // Anything else evaluates all its parts.
            let mut error = None;
            let rewritten = other.map_children(|child| match under(child, condition) {
                Ok(child) => Ok(Transformed::yes(child)),
                Err(e) => {
                    error.get_or_insert(e);
                    Ok(Transformed::new(lit(ScalarValue::Null), false, TreeNodeRecursion::Stop))
                }
            })?;
            error.map_or(Ok(rewritten.data), Err)
        }
    }
}

fn guard_case(case: Case, condition: Option<&Expr>) -> Result<Expr> {
    let operand = case.expr.map(|e| under(*e, condition)).transpose()?;
    let mut branches = Vec::with_capacity(case.when_then_expr.len());
    let mut needed = condition.cloned();
    for (when, then) in case.when_then_expr {
        let when = under(*when, needed.as_ref())?;
        let taken = match &operand {
            Some(operand) => operand.clone().eq(when.clone()),
            None => when.clone(),
        };
        let then = under(*then, Some(&both(needed.as_ref(), Expr::IsTrue(Box::new(taken.clone())))))?;
        needed = Some(both(needed.as_ref(), Expr::IsNotTrue(Box::new(taken))));
        branches.push((Box::new(when), Box::new(then)));
    }
    let else_expr = case.else_expr.map(|e| under(*e, needed.as_ref())).transpose()?.map(Box::new);
    Ok(Expr::Case(Case { expr: operand.map(Box::new), when_then_expr: branches, else_expr }))
}

fn both(condition: Option<&Expr>, needed: Expr) -> Expr {
    match condition {
        Some(condition) => and(condition.clone(), needed),
        None => needed,
    }
}
