//! The logical node: rows go through steps, which call models, compute columns, or keep some of the rows.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::{DFSchema, DFSchemaRef, Result, TableReference};
use datafusion::logical_expr::{Expr, ExprSchemable, Extension, LogicalPlan, UserDefinedLogicalNodeCore};

use super::calls_model;
use super::shown::{shown_call, shown_expr};

/// What happens to a row. Each step sees the columns of those before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd)]
pub enum Step {
    /// Aliased calls that do not depend on each other. A call is a model function, or one inside `array_transform`s (a
    /// call for each element of a list); no argument of it holds another call.
    Calls(Vec<Expr>),
    /// An aliased expression without calls.
    Column(Expr),
    /// Only rows for which this is TRUE go on.
    Keep(Expr),
}

impl Step {
    pub fn exprs(&self) -> &[Expr] {
        match self {
            Self::Calls(calls) => calls,
            Self::Column(expr) | Self::Keep(expr) => std::slice::from_ref(expr),
        }
    }

    /// The columns that it adds.
    pub fn columns(&self) -> &[Expr] {
        match self {
            Self::Keep(_) => &[],
            Self::Calls(_) | Self::Column(_) => self.exprs(),
        }
    }
}

/// Its input's columns, and behind them those of the steps.
///
/// One node holds all steps that follow each other, so that a row that the first condition drops makes no second call, and a
/// row that nobody asked for yet makes none at all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelCallNode {
    pub input: LogicalPlan,
    pub steps: Vec<Step>,
    /// A LIMIT above may not need all rows: start with few at once.
    pub lazy: bool,
    /// Only the first rows are needed: in the order of the input, as many as come out of the last step.
    pub first: Option<First>,
    schema: DFSchemaRef,
}

/// How much of a node's output is enough.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd)]
pub struct First {
    pub rows: usize,
    /// How many rows one becomes further up (UNNEST of a list); `None`: one.
    pub weight: Option<Expr>,
    /// The input is sorted, and must stay so.
    pub ordered: bool,
}

impl ModelCallNode {
    pub fn try_new(input: LogicalPlan, steps: Vec<Step>, lazy: bool, first: Option<First>) -> Result<Self> {
        let mut schema = input.schema().as_ref().clone();
        for step in &steps {
            let fields = step.columns().iter().map(|e| e.to_field(&schema)).collect::<Result<Vec<_>>>()?;
            let more = DFSchema::new_with_metadata(fields, schema.metadata().clone())?;
            schema = schema.join(&more)?;
        }
        Ok(Self { input, steps, lazy, first, schema: Arc::new(schema) })
    }

    /// The node that a plan is, if it is one.
    pub fn of(plan: &LogicalPlan) -> Option<&Self> {
        match plan {
            LogicalPlan::Extension(extension) => extension.node.as_any().downcast_ref(),
            _ => None,
        }
    }

    pub fn into_plan(self) -> LogicalPlan {
        LogicalPlan::Extension(Extension { node: Arc::new(self) })
    }

    /// All columns, those of the input first.
    pub fn schema_fields(&self) -> Vec<(Option<TableReference>, FieldRef)> {
        self.schema.iter().map(|(qualifier, field)| (qualifier.cloned(), Arc::clone(field))).collect()
    }
}

/// Whether any of the steps calls a model.
pub fn steps_call(steps: &[Step]) -> bool {
    steps.iter().flat_map(Step::exprs).any(calls_model)
}

impl PartialOrd for ModelCallNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.steps.partial_cmp(&other.steps)
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Calls(calls) => {
                let calls: Vec<String> =
                    calls.iter().map(|c| format!("{} = {}", c.schema_name(), shown_call(c))).collect();
                write!(f, "{}", calls.join(", "))
            }
            Self::Column(expr) => write!(f, "{} = {}", expr.schema_name(), shown_expr(expr)),
            Self::Keep(condition) => write!(f, "keep {}", shown_expr(condition)),
        }
    }
}

impl UserDefinedLogicalNodeCore for ModelCallNode {
    fn name(&self) -> &str {
        "ModelCall"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        let weight = self.first.iter().filter_map(|f| f.weight.as_ref());
        self.steps.iter().flat_map(Step::exprs).chain(weight).cloned().collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        write!(f, "ModelCall: {}", steps.join("; "))?;
        match &self.first {
            Some(first) => write!(f, "; first {}", first.rows),
            None => Ok(()),
        }
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut exprs = exprs.into_iter();
        let mut steps = self.steps.clone();
        for step in &mut steps {
            match step {
                Step::Calls(calls) => *calls = exprs.by_ref().take(calls.len()).collect(),
                Step::Column(expr) | Step::Keep(expr) => {
                    if let Some(new) = exprs.next() {
                        *expr = new;
                    }
                }
            }
        }
        let mut first = self.first.clone();
        if let Some(First { weight: weight @ Some(_), .. }) = &mut first {
            *weight = exprs.next();
        }
        Self::try_new(inputs.swap_remove(0), steps, self.lazy, first)
    }
}
