//! The logical node: its input's columns, and behind them one column a call.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use datafusion::common::{DFSchema, DFSchemaRef, Result};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, UserDefinedLogicalNodeCore};

/// `calls` are aliased calls of model functions; no argument of them holds another call.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelCallNode {
    pub input: LogicalPlan,
    pub calls: Vec<Expr>,
    /// A LIMIT above may not need all rows: start with few at once.
    pub lazy: bool,
    schema: DFSchemaRef,
}

impl ModelCallNode {
    pub fn try_new(input: LogicalPlan, calls: Vec<Expr>, lazy: bool) -> Result<Self> {
        let mut fields: Vec<_> = input.schema().iter().map(|(q, f)| (q.cloned(), Arc::clone(f))).collect();
        for call in &calls {
            fields.push(call.to_field(input.schema())?);
        }
        let schema = DFSchema::new_with_metadata(fields, input.schema().metadata().clone())?;
        Ok(Self { input, calls, lazy, schema: Arc::new(schema) })
    }
}

impl PartialOrd for ModelCallNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.calls.partial_cmp(&other.calls)
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
        self.calls.clone()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.calls.iter().map(|c| c.schema_name().to_string()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let calls: Vec<String> = self.calls.iter().map(ToString::to_string).collect();
        write!(f, "ModelCall: {}", calls.join(", "))
    }

    fn with_exprs_and_inputs(&self, calls: Vec<Expr>, mut inputs: Vec<LogicalPlan>) -> Result<Self> {
        Self::try_new(inputs.swap_remove(0), calls, self.lazy)
    }

    /// A call makes one row of one row: what is not needed above need not be called.
    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn necessary_children_exprs(&self, output: &[usize]) -> Option<Vec<Vec<usize>>> {
        let input = self.input.schema();
        let mut needed: HashSet<usize> = output.iter().copied().filter(|i| *i < input.fields().len()).collect();
        for call in &self.calls {
            for column in call.column_refs() {
                needed.insert(input.index_of_column(column).ok()?);
            }
        }
        let mut needed: Vec<usize> = needed.into_iter().collect();
        needed.sort_unstable();
        Some(vec![needed])
    }
}
