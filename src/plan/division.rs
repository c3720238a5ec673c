//! `/` divides, as in DuckDB: `7 / 2` is 3.5. `//` is the division of whole numbers.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::planner::{ExprPlanner, PlannerResult, RawBinaryExpr};
use datafusion::logical_expr::{ExprSchemable, Operator, binary_expr, cast};
use datafusion::sql::sqlparser::ast::BinaryOperator;

/// DataFusion would give `sum(correct) / count(*)` as a whole number, which in a study is 0.
#[derive(Debug)]
pub struct Division;

impl ExprPlanner for Division {
    fn plan_binary_op(&self, expr: RawBinaryExpr, schema: &DFSchema) -> Result<PlannerResult<RawBinaryExpr>> {
        let whole = |e: &datafusion::logical_expr::Expr| {
            Ok::<_, datafusion::error::DataFusionError>(e.get_type(schema)?.is_integer())
        };
        match expr.op {
            BinaryOperator::Divide if whole(&expr.left)? && whole(&expr.right)? => {
                let left = cast(expr.left, DataType::Float64);
                Ok(PlannerResult::Planned(binary_expr(left, Operator::Divide, cast(expr.right, DataType::Float64))))
            }
            BinaryOperator::DuckIntegerDivide if whole(&expr.left)? && whole(&expr.right)? => {
                Ok(PlannerResult::Planned(binary_expr(expr.left, Operator::Divide, expr.right)))
            }
            _ => Ok(PlannerResult::Original(expr)),
        }
    }
}
