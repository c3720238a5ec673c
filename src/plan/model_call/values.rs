//! VALUES whose cells call models.

use std::sync::Arc;

use datafusion::common::{DFSchema, Result, ScalarValue};
use datafusion::logical_expr::expr::ScalarFunction;
use datafusion::logical_expr::{
    Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, ScalarUDF, Union, Values, col, ident, lit, when,
};

use super::hoist::Hoist;
use super::{calls_model, model_function};

impl Hoist {
    pub(super) fn rewrite_values(&self, values: &Values, schema: &DFSchema) -> Result<LogicalPlan> {
        match self.by_arguments(values, schema)? {
            Some(plan) => Ok(plan),
            None => self.by_rows(values, schema),
        }
    }

    /// Where each column calls at most one function, directly: VALUES of the arguments, and one call over them.
    fn by_arguments(&self, values: &Values, schema: &DFSchema) -> Result<Option<LogicalPlan>> {
        let mut called: Vec<Option<Arc<ScalarUDF>>> = vec![None; schema.fields().len()];
        let mut width = vec![0; schema.fields().len()];
        for row in &values.values {
            for ((cell, called), width) in row.iter().zip(&mut called).zip(&mut width) {
                if !calls_model(cell) {
                    continue;
                }
                let Expr::ScalarFunction(ScalarFunction { func, args }) = cell else { return Ok(None) };
                let same = called.as_ref().is_none_or(|c| c == func);
                if !same || model_function(cell).is_none() || args.iter().any(calls_model) {
                    return Ok(None);
                }
                *called = Some(Arc::clone(func));
                *width = args.len().max(*width);
            }
        }
        // A column that calls becomes: does this row call; the value if not; the arguments if so.
        let null = || lit(ScalarValue::Null);
        let rows = values.values.iter().map(|row| {
            let cells = row.iter().zip(&called).zip(&width).flat_map(|((cell, called), width)| match (called, cell) {
                (None, cell) => vec![cell.clone()],
                (Some(_), Expr::ScalarFunction(ScalarFunction { args, .. })) if calls_model(cell) => {
                    let args = args.iter().cloned().chain(std::iter::repeat_with(null)).take(*width);
                    [lit(true), null()].into_iter().chain(args).collect()
                }
                (Some(_), cell) => {
                    [lit(false), cell.clone()].into_iter().chain(std::iter::repeat_with(null).take(*width)).collect()
                }
            });
            cells.collect::<Vec<_>>()
        });
        // Arguments of different types in one column: row by row, then.
        let Ok(cells) = LogicalPlanBuilder::values(rows.collect()) else { return Ok(None) };
        let mut next = 0;
        let mut column = || {
            next += 1;
            ident(format!("column{next}"))
        };
        let mut columns = Vec::with_capacity(called.len());
        for ((called, width), field) in called.into_iter().zip(width).zip(schema.fields()) {
            let value = match called {
                None => column(),
                Some(func) => {
                    let (calls, value) = (column(), column());
                    let args = (0..width).map(|_| column()).collect();
                    let value = value.cast_to(field.data_type(), cells.schema())?;
                    let call = Expr::ScalarFunction(ScalarFunction { func, args });
                    when(calls, call.cast_to(field.data_type(), cells.schema())?).otherwise(value)?
                }
            };
            columns.push(value.cast_to(field.data_type(), cells.schema())?.alias(field.name()));
        }
        let projected = cells.project(columns)?.build()?;
        Ok(Some(self.rewrite_node(projected)?.data))
    }

    /// A query a row. Rows are numbered and sorted, because the branches of a union end in any order.
    fn by_rows(&self, values: &Values, schema: &DFSchema) -> Result<LogicalPlan> {
        const ROW: &str = "__model_call_row";
        let rows = values.values.iter().zip(0_i64..).map(|(row, number)| {
            let cells = row.iter().zip(schema.fields());
            let typed = cells.map(|(e, f)| Ok(e.clone().cast_to(f.data_type(), &DFSchema::empty())?.alias(f.name())));
            let named = typed.chain([Ok(lit(number).alias(ROW))]).collect::<Result<Vec<_>>>()?;
            let project = LogicalPlanBuilder::empty(true).project(named)?.build()?;
            Ok(Arc::new(self.rewrite_node(project)?.data))
        });
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let all = match rows.as_slice() {
            [one] => one.as_ref().clone(),
            _ => LogicalPlan::Union(Union::try_new_with_loose_types(rows)?),
        };
        let sorted = LogicalPlanBuilder::from(all).sort([col(ROW).sort(true, false)])?.build()?;
        LogicalPlanBuilder::from(sorted).project(schema.columns().into_iter().map(Expr::Column))?.build()
    }
}
