//! Takes the calls out of an expression, each guarded by what its surroundings ask.
//!
//! The operator evaluates a call for every row it sees. So what guards the call in SQL moves into its arguments:
//! `CASE WHEN c THEN f(p) END` becomes `CASE WHEN c THEN <column> END` over the call `f(CASE WHEN c THEN p END)`, and a
//! NULL prompt calls nothing. One walk does both, so that a condition holds columns of calls that were taken before and
//! never the calls themselves.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, Case, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, LogicalPlan, LogicalPlanBuilder, Operator, and, lit, when};

use super::{calls_model, model_function};

/// Something that is computed below the expression it stood in, as a column.
struct Taken {
    name: String,
    expr: Expr,
    /// How many layers of taken columns lie below it.
    level: usize,
    is_call: bool,
}

/// Calls and volatile conditions that were taken out of expressions.
pub struct Take<'a> {
    /// A name for a new column.
    name: &'a dyn Fn(&str) -> String,
    taken: Vec<Taken>,
}

impl<'a> Take<'a> {
    pub fn new(name: &'a dyn Fn(&str) -> String) -> Self {
        Self { name, taken: Vec::new() }
    }

    /// What was taken, parted by the side of a join that it reads; `None` where something reads both.
    pub fn split(self, in_left: impl Fn(&Column) -> bool, in_right: impl Fn(&Column) -> bool) -> Option<(Self, Self)> {
        let (mut left, mut right) = (Self::new(self.name), Self::new(self.name));
        for taken in self.taken {
            let refs = taken.expr.column_refs();
            let made = |side: &Self, c: &Column| side.taken.iter().any(|t| t.name == c.name);
            if refs.iter().all(|c| in_left(c) || made(&left, c)) {
                left.taken.push(taken);
            } else if refs.iter().all(|c| in_right(c) || made(&right, c)) {
                right.taken.push(taken);
            } else {
                return None;
            }
        }
        Some((left, right))
    }

    /// `input` with all that was taken as further columns; `with_calls` puts a node of calls over a plan.
    pub fn over(
        self,
        mut input: LogicalPlan,
        with_calls: impl Fn(LogicalPlan, Vec<Expr>) -> Result<LogicalPlan>,
    ) -> Result<LogicalPlan> {
        let levels = self.taken.iter().map(|t| t.level + 1).max().unwrap_or(0);
        for level in 0..levels {
            let here = || self.taken.iter().filter(|t| t.level == level);
            let named = |t: &Taken| t.expr.clone().alias(&t.name);
            let conditions: Vec<Expr> = here().filter(|t| !t.is_call).map(named).collect();
            if !conditions.is_empty() {
                let columns = input.schema().columns().into_iter().map(Expr::Column);
                let all: Vec<Expr> = columns.chain(conditions).collect();
                input = LogicalPlanBuilder::from(input).project(all)?.build()?;
            }
            let calls: Vec<Expr> = here().filter(|t| t.is_call).map(named).collect();
            if !calls.is_empty() {
                input = with_calls(input, calls)?;
            }
        }
        Ok(input)
    }

    /// `expr` without calls.
    pub fn from(&mut self, expr: Expr) -> Result<Expr> {
        self.under(expr, None)
    }

    /// `condition` must hold (be TRUE) for `expr` to be evaluated at all.
    fn under(&mut self, expr: Expr, condition: Option<&Expr>) -> Result<Expr> {
        if !calls_model(&expr) {
            return Ok(expr);
        }
        if model_function(&expr).is_some() {
            return self.call(expr, condition);
        }
        match expr {
            Expr::Case(case) => self.case(case, condition),
            Expr::BinaryExpr(BinaryExpr { left, op: op @ (Operator::And | Operator::Or), right }) => {
                let left = self.under(*left, condition)?;
                let left = self.once(left, calls_model(&right));
                let needed = match op {
                    Operator::And => Expr::IsNotFalse(Box::new(left.clone())),
                    _ => Expr::IsNotTrue(Box::new(left.clone())),
                };
                let right = self.under(*right, Some(&both(condition, needed)))?;
                Ok(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))))
            }
            Expr::ScalarFunction(ScalarFunction { func, args }) if func.name() == "coalesce" => {
                let mut needed = condition.cloned();
                let mut guarded: Vec<Expr> = Vec::with_capacity(args.len());
                let last_call = args.iter().rposition(calls_model).unwrap_or(0);
                for (i, arg) in args.into_iter().enumerate() {
                    let arg = self.under(arg, needed.as_ref())?;
                    let arg = self.once(arg, i < last_call);
                    needed = Some(both(needed.as_ref(), Expr::IsNull(Box::new(arg.clone()))));
                    guarded.push(arg);
                }
                Ok(Expr::ScalarFunction(ScalarFunction { func, args: guarded }))
            }
            Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
                let mut needed = condition.cloned();
                if let Some(filter) = params.filter.take() {
                    let filter = self.under(*filter, condition)?;
                    let filter = self.once(filter, params.args.iter().any(calls_model));
                    needed = Some(both(needed.as_ref(), Expr::IsTrue(Box::new(filter.clone()))));
                    params.filter = Some(Box::new(filter));
                }
                params.args = params.args.into_iter().map(|a| self.under(a, needed.as_ref())).collect::<Result<_>>()?;
                for sort in &mut params.order_by {
                    let key = std::mem::replace(&mut sort.expr, lit(ScalarValue::Null));
                    sort.expr = self.under(key, needed.as_ref())?;
                }
                Ok(Expr::AggregateFunction(AggregateFunction { func, params }))
            }
            other => {
                // Anything else evaluates all its parts.
                Ok(other.map_children(|child| Ok(Transformed::yes(self.under(child, condition)?)))?.data)
            }
        }
    }

    fn case(&mut self, case: Case, condition: Option<&Expr>) -> Result<Expr> {
        let operand = case.expr.map(|e| self.under(*e, condition)).transpose()?.map(|e| self.once(e, true));
        let mut branches = Vec::with_capacity(case.when_then_expr.len());
        let mut needed = condition.cloned();
        for (when, then) in case.when_then_expr {
            let when = self.under(*when, needed.as_ref())?;
            let when = self.once(when, true);
            let taken = match &operand {
                Some(operand) => operand.clone().eq(when.clone()),
                None => when.clone(),
            };
            let then = self.under(*then, Some(&both(needed.as_ref(), Expr::IsTrue(Box::new(taken.clone())))))?;
            needed = Some(both(needed.as_ref(), Expr::IsNotTrue(Box::new(taken))));
            branches.push((Box::new(when), Box::new(then)));
        }
        let else_expr = case.else_expr.map(|e| self.under(*e, needed.as_ref())).transpose()?.map(Box::new);
        Ok(Expr::Case(Case { expr: operand.map(Box::new), when_then_expr: branches, else_expr }))
    }

    /// A call becomes a column. Equal calls share one.
    fn call(&mut self, expr: Expr, condition: Option<&Expr>) -> Result<Expr> {
        let prompt = model_function(&expr).and_then(|f| f.params().iter().position(|p| p.name == "prompt"));
        let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else { return Ok(expr) };
        let mut args = args.into_iter().map(|a| self.under(a, condition)).collect::<Result<Vec<_>>>()?;
        if let Some(condition) = condition {
            for (i, arg) in args.iter_mut().enumerate() {
                // The prompt's NULL stops the call; the others must not be computed for a row that is not taken.
                if Some(i) == prompt || !matches!(arg, Expr::Literal(..) | Expr::Column(_)) {
                    let inner = std::mem::replace(arg, lit(ScalarValue::Null));
                    *arg = when(condition.clone(), inner).end()?;
                }
            }
        }
        let call = Expr::ScalarFunction(ScalarFunction { func, args });
        Ok(self.column(call, true))
    }

    /// A condition that is used twice must be computed once if chance is in it.
    fn once(&mut self, condition: Expr, is_copied: bool) -> Expr {
        if is_copied && condition.is_volatile() { self.column(condition, false) } else { condition }
    }

    fn column(&mut self, expr: Expr, is_call: bool) -> Expr {
        let name = match self.taken.iter().find(|t| is_call && t.expr == expr) {
            Some(known) => known.name.clone(),
            None => {
                let name = (self.name)(if is_call { "__model_call" } else { "__model_guard" });
                let below = expr.column_refs().into_iter().filter_map(|c| self.taken.iter().find(|t| t.name == c.name));
                // A condition and a call of one level: the condition comes first.
                let level = below.map(|t| if t.is_call || !is_call { t.level + 1 } else { t.level }).max().unwrap_or(0);
                self.taken.push(Taken { name: name.clone(), expr, level, is_call });
                name
            }
        };
        Expr::Column(Column::new_unqualified(name))
    }
}

fn both(condition: Option<&Expr>, needed: Expr) -> Expr {
    match condition {
        Some(condition) => and(condition.clone(), needed),
        None => needed,
    }
}
