//! The operators between a node and what reads it, through which an expression can be followed down.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, NullHandling, Result};
use datafusion::functions_nested::expr_fn::array_length;
use datafusion::logical_expr::{Expr, LogicalPlan, Projection, Unnest, cast, lit, when};

use super::guard::has_chance;
use super::node::ModelCallNode;

/// Projections, aliases and unnests (outermost first), and what lies below them.
pub struct Chain<'a> {
    above: Vec<&'a LogicalPlan>,
    bottom: &'a LogicalPlan,
}

impl<'a> Chain<'a> {
    /// The chain from `plan` down to a node of calls or to a union.
    pub fn under(plan: &'a LogicalPlan) -> Option<Self> {
        let mut above = Vec::new();
        let mut bottom = plan;
        loop {
            let below = match bottom {
                LogicalPlan::Projection(projection) => &projection.input,
                LogicalPlan::SubqueryAlias(alias) => &alias.input,
                LogicalPlan::Unnest(unnest) => &unnest.input,
                LogicalPlan::Union(_) => break,
                LogicalPlan::Extension(_) if ModelCallNode::of(bottom).is_some() => break,
                _ => return None,
            };
            above.push(bottom);
            bottom = below;
        }
        Some(Self { above, bottom })
    }

    pub fn bottom(&self) -> &'a LogicalPlan {
        self.bottom
    }

    pub fn node(&self) -> Option<&'a ModelCallNode> {
        ModelCallNode::of(self.bottom)
    }

    pub fn unnests(&self) -> bool {
        self.above.iter().any(|p| matches!(p, LogicalPlan::Unnest(_)))
    }

    /// An expression over the top's columns, in terms of the bottom's; `None` where it reads what is unnested or up to chance.
    pub fn through(&self, expr: &Expr) -> Option<Expr> {
        self.above.iter().try_fold(expr.clone(), |expr, plan| through(&expr, plan))
    }

    /// The chain over another bottom that has the same columns and maybe more.
    pub fn rebuilt(&self, bottom: LogicalPlan) -> Result<LogicalPlan> {
        self.above.iter().rev().try_fold(bottom, |below, plan| plan.with_new_exprs(plan.expressions(), vec![below]))
    }

    /// How many rows one row of the bottom becomes at the top: an expression over the bottom's columns. `Some(None)` is
    /// always one, `None` unknown.
    pub fn weight(&self) -> Option<Option<Expr>> {
        let mut weight = None;
        for (i, plan) in self.above.iter().enumerate() {
            let LogicalPlan::Unnest(unnest) = plan else { continue };
            let (None, [(index, column)]) = (&weight, unnest.list_type_columns.as_slice()) else { return None };
            if column.depth != 1 {
                return None;
            }
            let list = Expr::Column(Column::from(unnest.input.schema().qualified_field(*index)));
            let list = self.above[i + 1..].iter().try_fold(list, |expr, plan| through(&expr, plan))?;
            weight = Some(length(list, unnest)?);
        }
        Some(weight)
    }
}

/// The rows that UNNEST makes of a row.
fn length(list: Expr, unnest: &Unnest) -> Option<Expr> {
    let (null, empty) = match unnest.options.null_handling {
        NullHandling::Drop => (0_i64, 0_i64),
        NullHandling::Preserve => (1, 0),
        NullHandling::PreserveAndExpandEmpty => (1, 1),
    };
    let some = cast(array_length(list.clone()), DataType::Int64);
    when(list.is_null(), lit(null)).when(some.clone().is_null(), lit(empty)).otherwise(some).ok()
}

fn through(expr: &Expr, plan: &LogicalPlan) -> Option<Expr> {
    match plan {
        LogicalPlan::Projection(projection) => through_projection(expr, projection, &[]),
        LogicalPlan::SubqueryAlias(alias) => renamed(expr, |column| {
            let index = alias.schema.maybe_index_of_column(column)?;
            Some(Expr::Column(Column::from(alias.input.schema().qualified_field(index))))
        }),
        LogicalPlan::Unnest(unnest) => renamed(expr, |column| {
            let below = *unnest.dependency_indices.get(unnest.schema.maybe_index_of_column(column)?)?;
            let unnested = unnest.list_type_columns.iter().any(|(i, _)| *i == below)
                || unnest.struct_type_columns.contains(&below);
            (!unnested).then(|| Expr::Column(Column::from(unnest.input.schema().qualified_field(below))))
        }),
        _ => None,
    }
}

/// An expression over a projection's output, in terms of its input. Columns of these `other` names are left alone.
pub fn through_projection(expr: &Expr, projection: &Projection, other: &[String]) -> Option<Expr> {
    renamed(expr, |column| {
        if column.relation.is_none() && other.contains(&column.name) {
            return Some(Expr::Column(column.clone()));
        }
        let index = projection.schema.maybe_index_of_column(column)?;
        let below = projection.expr[index].clone().unalias_nested().data;
        (!has_chance(&below)).then_some(below)
    })
}

fn renamed(expr: &Expr, below: impl Fn(&Column) -> Option<Expr>) -> Option<Expr> {
    let mut lost = false;
    let renamed = expr.clone().transform_up(|e| {
        let Expr::Column(column) = &e else { return Ok(Transformed::no(e)) };
        match below(column) {
            Some(below) => Ok(Transformed::yes(below)),
            None => {
                lost = true;
                Ok(Transformed::no(e))
            }
        }
    });
    renamed.ok().filter(|_| !lost).map(|t| t.data)
}
