//! Takes the calls out of an expression, each guarded by what its surroundings ask.
//!
//! The operator evaluates a call for every row it sees. So what guards the call in SQL moves into its arguments:
//! `CASE WHEN c THEN f(p) END` becomes `CASE WHEN c THEN <column> END` over the call `f(CASE WHEN c THEN p END)`, and a
//! NULL prompt calls nothing. One walk does both, so that a condition holds columns of calls that were taken before and
//! never the calls themselves.

use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::{AggregateFunction, Case, HigherOrderFunction, ScalarFunction};
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, and, lit, when};
use glotrace_udfs::kit::Presence;

use super::node::Step;
use super::spread::{self, Frame};
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
    /// The columns that the expressions read, and those that were taken.
    schema: DFSchema,
    taken: Vec<Taken>,
    /// The lambdas around the expression that is being walked.
    frames: Vec<Frame>,
}

impl<'a> Take<'a> {
    pub fn new(name: &'a dyn Fn(&str) -> String, schema: &DFSchema) -> Self {
        Self { name, schema: schema.clone(), taken: Vec::new(), frames: Vec::new() }
    }

    /// What was taken, as steps, parted by the side of a join that it reads; `None` where something reads both.
    pub fn split(
        self,
        in_left: impl Fn(&Column) -> bool,
        in_right: impl Fn(&Column) -> bool,
    ) -> Option<(Vec<Step>, Vec<Step>)> {
        let (mut left, mut right): (Vec<Taken>, Vec<Taken>) = (Vec::new(), Vec::new());
        for taken in self.taken {
            let refs = taken.expr.column_refs();
            let made = |side: &[Taken], c: &Column| side.iter().any(|t| t.name == c.name);
            if refs.iter().all(|c| in_left(c) || made(&left, c)) {
                left.push(taken);
            } else if refs.iter().all(|c| in_right(c) || made(&right, c)) {
                right.push(taken);
            } else {
                return None;
            }
        }
        Some((steps(left), steps(right)))
    }

    /// What was taken, as the steps that compute it.
    pub fn steps(self) -> Vec<Step> {
        steps(self.taken)
    }

    /// `expr` without calls.
    pub fn from(&mut self, expr: Expr) -> Result<Expr> {
        self.under(expr, None)
    }

    /// A key of an order or partition without calls; where it calls, a column: DataFusion 55.2 does not find every expression
    /// equal to itself, and then misses the order that it has just made.
    pub fn key(&mut self, expr: Expr) -> Result<Expr> {
        if !calls_model(&expr) {
            return Ok(expr);
        }
        match self.under(expr, None)? {
            column @ Expr::Column(_) => Ok(column),
            other => self.column(other, false),
        }
    }

    /// `expr` without calls. `condition` must hold (be TRUE) for it to be evaluated at all.
    pub fn under(&mut self, expr: Expr, condition: Option<&Expr>) -> Result<Expr> {
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
                let left = self.once(left, calls_model(&right))?;
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
                    let arg = self.once(arg, i < last_call)?;
                    needed = Some(both(needed.as_ref(), Expr::IsNull(Box::new(arg.clone()))));
                    guarded.push(arg);
                }
                Ok(Expr::ScalarFunction(ScalarFunction { func, args: guarded }))
            }
            Expr::AggregateFunction(AggregateFunction { func, mut params }) => {
                let mut needed = condition.cloned();
                if let Some(filter) = params.filter.take() {
                    let filter = self.under(*filter, condition)?;
                    let copied = params.args.iter().chain(params.order_by.iter().map(|s| &s.expr)).any(calls_model);
                    let filter = self.once(filter, copied)?;
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
            Expr::WindowFunction(mut window) => {
                let params = &mut window.params;
                let mut needed = condition.cloned();
                if let Some(filter) = params.filter.take() {
                    let filter = self.under(*filter, condition)?;
                    let filter = self.once(filter, params.args.iter().any(calls_model))?;
                    needed = Some(both(needed.as_ref(), Expr::IsTrue(Box::new(filter.clone()))));
                    params.filter = Some(Box::new(filter));
                }
                let args = std::mem::take(&mut params.args);
                params.args = args.into_iter().map(|a| self.under(a, needed.as_ref())).collect::<Result<_>>()?;
                // Rows that are filtered out still have a place in the partition.
                for key in params.partition_by.iter_mut().chain(params.order_by.iter_mut().map(|s| &mut s.expr)) {
                    let inner = std::mem::replace(key, lit(ScalarValue::Null));
                    *key = self.key(inner)?;
                }
                Ok(Expr::WindowFunction(window))
            }
            Expr::HigherOrderFunction(function)
                if function.args.iter().any(|a| matches!(a, Expr::Lambda(l) if calls_model(&l.body))) =>
            {
                self.lambda(function, condition)
            }
            other => {
                // Anything else evaluates all its parts.
                Ok(other.map_children(|child| Ok(Transformed::yes(self.under(child, condition)?)))?.data)
            }
        }
    }

    fn case(&mut self, case: Case, condition: Option<&Expr>) -> Result<Expr> {
        let operand = case.expr.map(|e| self.under(*e, condition)).transpose()?;
        let operand = operand.map(|e| self.once(e, true)).transpose()?;
        let mut branches = Vec::with_capacity(case.when_then_expr.len());
        let mut needed = condition.cloned();
        for (when, then) in case.when_then_expr {
            let when = self.under(*when, needed.as_ref())?;
            let when = self.once(when, true)?;
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

    /// A function of a list whose lambda calls: what its body takes becomes lists beside the list.
    fn lambda(&mut self, function: HigherOrderFunction, condition: Option<&Expr>) -> Result<Expr> {
        let (func, list, lambda) = spread::opened(function)?;
        let list = self.under(list, condition)?;
        let list = self.once(list, true)?;
        let param = lambda.params.into_iter().next().unwrap_or_default();
        self.frames.push(Frame { list, param, taken: Vec::new() });
        let body = self.under(*lambda.body, condition);
        let Some(frame) = self.frames.pop() else { return body };
        let taken: Vec<Expr> = frame.taken.iter().map(|name| self.outside(name)).collect();
        let (zip, is_zipped) = ((self.name)("__model_zip"), !taken.is_empty());
        let closed = spread::closed(&func, &frame, &zip, body?, taken)?;
        let closed = self.resolved(closed)?;
        let closed = if is_zipped { self.resolved(spread::elements(&func, closed, &zip))? } else { closed };
        if !self.frames.is_empty() {
            return Ok(closed);
        }
        // As a column: in sort keys and below projections DataFusion 55.2 loses track of lambdas.
        let needed = match condition {
            Some(condition) => when(condition.clone(), closed).end()?,
            None => closed,
        };
        self.column(needed, false)
    }

    /// A taken column as the present place knows it: an element of it inside of lambdas, else the column.
    fn outside(&self, name: &str) -> Expr {
        match self.frames.is_empty() {
            true => Expr::Column(Column::new_unqualified(name)),
            false => spread::variable(name),
        }
    }

    /// Variables of lambdas know their types once no lambda around is open.
    fn resolved(&self, expr: Expr) -> Result<Expr> {
        if self.frames.is_empty() { Ok(expr.resolve_lambda_variables(&self.schema)?.data) } else { Ok(expr) }
    }

    /// A call becomes a column. Equal calls share one.
    fn call(&mut self, expr: Expr, condition: Option<&Expr>) -> Result<Expr> {
        let Expr::ScalarFunction(ScalarFunction { func, args }) = expr else { return Ok(expr) };
        let args = args.into_iter().map(|a| self.under(a, condition)).collect::<Result<Vec<_>>>()?;
        let call = Expr::ScalarFunction(ScalarFunction { func, args });
        let call = match condition {
            Some(condition) => guarded(call, condition)?,
            None => call,
        };
        self.column(call, true)
    }

    /// A condition that is used twice must be computed once if chance is in it.
    fn once(&mut self, condition: Expr, is_copied: bool) -> Result<Expr> {
        if is_copied && condition.is_volatile() { self.column(condition, false) } else { Ok(condition) }
    }

    /// `expr`, which calls nothing but itself, as a column of its own.
    fn column(&mut self, mut expr: Expr, is_call: bool) -> Result<Expr> {
        // Inside of lambdas it is computed for each element, innermost list first.
        let mut inner = std::mem::take(&mut self.frames);
        let mut frames = Vec::with_capacity(inner.len());
        while let Some(frame) = inner.pop() {
            let taken = frame.taken.iter().map(|name| match inner.is_empty() {
                true => Expr::Column(Column::new_unqualified(name)),
                false => spread::variable(name),
            });
            expr = spread::transformed(&frame, &(self.name)("__model_zip"), expr, taken.collect())?;
            frames.insert(0, frame);
        }
        expr = self.resolved(expr)?;
        self.frames = frames;
        let name = match self.taken.iter().find(|t| is_call && t.expr == expr && !has_chance(&expr)) {
            Some(known) => known.name.clone(),
            None => {
                let name = (self.name)(if is_call { "__model_call" } else { "__model_value" });
                let below = expr.column_refs().into_iter().filter_map(|c| self.taken.iter().find(|t| t.name == c.name));
                // A condition and a call of one level: the condition comes first.
                let level = below.map(|t| if t.is_call || !is_call { t.level + 1 } else { t.level }).max().unwrap_or(0);
                let field = expr.clone().alias(&name).to_field(&self.schema)?;
                self.schema = self.schema.join(&DFSchema::new_with_metadata(vec![field], Default::default())?)?;
                self.taken.push(Taken { name: name.clone(), expr, level, is_call });
                name
            }
        };
        for frame in &mut self.frames {
            if !frame.taken.contains(&name) {
                frame.taken.push(name.clone());
            }
        }
        Ok(self.outside(&name))
    }
}

/// A call that is made where `condition` holds, and is NULL elsewhere.
pub fn guarded(call: Expr, condition: &Expr) -> Result<Expr> {
    // Behind the model, the first argument that must not be NULL: its NULL stops the call.
    let stops = model_function(&call)
        .and_then(|f| f.params().iter().skip(1).position(|p| p.presence == Presence::Required).map(|i| i + 1));
    let Expr::ScalarFunction(ScalarFunction { func, mut args }) = call else { return Ok(call) };
    for (i, arg) in args.iter_mut().enumerate() {
        // The others must not be computed for a row that is not taken.
        if Some(i) == stops || !matches!(arg, Expr::Literal(..) | Expr::Column(_)) {
            let inner = std::mem::replace(arg, lit(ScalarValue::Null));
            *arg = when(condition.clone(), inner).end()?;
        }
    }
    Ok(Expr::ScalarFunction(ScalarFunction { func, args }))
}

/// Levels from the bottom up: first what is only computed, then what is called.
fn steps(taken: Vec<Taken>) -> Vec<Step> {
    let levels = taken.iter().map(|t| t.level + 1).max().unwrap_or(0);
    let mut steps = Vec::new();
    for level in 0..levels {
        let here = |is_call| taken.iter().filter(move |t| t.level == level && t.is_call == is_call);
        let named = |t: &Taken| t.expr.clone().alias(&t.name);
        steps.extend(here(false).map(|t| Step::Column(named(t))));
        let calls: Vec<Expr> = here(true).map(named).collect();
        if !calls.is_empty() {
            steps.push(Step::Calls(calls));
        }
    }
    steps
}

/// Whether it may give something else the second time, apart from what models say: equal calls are one call.
pub fn has_chance(expr: &Expr) -> bool {
    expr.exists(|e| Ok(e.is_volatile_node() && model_function(e).is_none())).unwrap_or(true)
}

fn both(condition: Option<&Expr>, needed: Expr) -> Expr {
    match condition {
        Some(condition) => and(condition.clone(), needed),
        None => needed,
    }
}
