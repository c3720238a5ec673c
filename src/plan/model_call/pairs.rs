//! An outer, semi, anti or mark join whose condition calls a model over both of its sides.
//!
//! Such a call needs a pair of rows, and the kind of join needs to know which rows have found no partner. So the rows of the
//! side that is kept get numbers, meet their candidates in an outer join over the cheap conditions, the model is called over
//! the pairs, and windows over a row's number count its hits. Each side is read once, so what is up to chance stays as it is.

use std::sync::Arc;

use super::guard::Take;
use super::hoist::Hoist;
use super::join::{remade, swapped};
use datafusion::common::{Column, Result, internal_err};
use datafusion::functions_aggregate::count::count_udaf;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::expr::{WindowFunction, WindowFunctionDefinition};
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, Join, JoinType, LogicalPlan, LogicalPlanBuilder, ident, lit, when,
};

impl Hoist {
    /// The rows of `join` under the further condition `calling`; the schema may have its columns in another order.
    pub(super) fn rewrite_pairs(&self, join: Join, calling: Expr) -> Result<LogicalPlan> {
        match join.join_type {
            JoinType::Right | JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => {
                self.kept_left(swapped(join)?, calling)
            }
            JoinType::Full => self.kept_both(join, calling),
            _ => self.kept_left(join, calling),
        }
    }

    fn kept_left(&self, join: Join, calling: Expr) -> Result<LogicalPlan> {
        let kind = join.join_type;
        let mark = join.schema.iter().last().map(|(qualifier, field)| (qualifier.cloned(), field.name().clone()));
        let (row, there) = (self.name("__model_row"), self.name("__model_there"));
        let left = numbered(join.left.as_ref().clone(), &row)?;
        let right = marked(join.right.as_ref().clone(), &there)?;
        let (left_columns, right_columns) = (join.left.schema().columns(), join.right.schema().columns());
        let pairs = Join { left: Arc::new(left), right: Arc::new(right), join_type: JoinType::Left, ..join };
        let (hit, pairs) = self.hits(pairs, ident(&there).is_true(), calling)?;
        let (hits, place) = (self.name("__model_hits"), self.name("__model_place"));
        let counted = counted(pairs, &hit, &row, &hits, &place)?;
        let first = ident(&place).eq(lit(1_u64));
        let none = ident(&hits).eq(lit(0_i64)).and(first.clone());
        let found = ident(&hits).gt(lit(0_i64));
        let kept = match kind {
            JoinType::Left => ident(&hit).or(none),
            JoinType::LeftSemi => found.clone().and(first),
            JoinType::LeftAnti => none,
            JoinType::LeftMark => first,
            other => return internal_err!("a {other} join is none that keeps its left side"),
        };
        let mut columns: Vec<Expr> = left_columns.into_iter().map(Expr::Column).collect();
        match kind {
            JoinType::Left => columns.extend(only_where(right_columns, &ident(&hit))?),
            JoinType::LeftMark => columns.extend(mark.map(|(qualifier, name)| found.alias_qualified(qualifier, name))),
            _ => {}
        }
        LogicalPlanBuilder::from(counted).filter(kept)?.project(columns)?.build()
    }

    fn kept_both(&self, join: Join, calling: Expr) -> Result<LogicalPlan> {
        let (left_row, right_row) = (self.name("__model_row"), self.name("__model_row"));
        let left = numbered(join.left.as_ref().clone(), &left_row)?;
        let right = numbered(join.right.as_ref().clone(), &right_row)?;
        let (left_columns, right_columns) = (join.left.schema().columns(), join.right.schema().columns());
        let pairs = Join { left: Arc::new(left), right: Arc::new(right), ..join };
        let is_pair = ident(&left_row).is_not_null().and(ident(&right_row).is_not_null());
        let (hit, pairs) = self.hits(pairs, is_pair, calling)?;
        let names: Vec<String> = (0..4).map(|_| self.name("__model_hits")).collect();
        let by_left = counted(pairs, &hit, &left_row, &names[0], &names[1])?;
        let by_both = counted(by_left, &hit, &right_row, &names[2], &names[3])?;
        // A pair may be the first of two rows without a partner: it gives a row for each of them.
        let kind = self.name("__model_kind");
        let kinds = LogicalPlanBuilder::values((1_i64..=3).map(|k| vec![lit(k)]).collect())?
            .project([ident("column1").alias(&kind)])?
            .build()?;
        let lonely = |k: i64, row: &str, hits: &str, place: &str| {
            let first = ident(place).eq(lit(1_u64)).and(ident(hits).eq(lit(0_i64)));
            ident(&kind).eq(lit(k)).and(ident(row).is_not_null()).and(first)
        };
        let kept = ident(&kind)
            .eq(lit(1_i64))
            .and(ident(&hit))
            .or(lonely(2, &left_row, &names[0], &names[1]))
            .or(lonely(3, &right_row, &names[2], &names[3]));
        let mut columns = only_where(left_columns, &ident(&kind).not_eq(lit(3_i64)))?;
        columns.extend(only_where(right_columns, &ident(&kind).not_eq(lit(2_i64)))?);
        LogicalPlanBuilder::from(by_both).cross_join(kinds)?.filter(kept)?.project(columns)?.build()
    }

    /// The candidates with a column that says which of them hit.
    fn hits(&self, pairs: Join, is_pair: Expr, calling: Expr) -> Result<(String, LogicalPlan)> {
        let pairs = LogicalPlan::Join(remade(pairs)?);
        let name = |prefix: &str| self.name(prefix);
        let mut take = Take::new(&name, pairs.schema());
        let condition = take.under(calling, Some(&is_pair))?;
        let pairs = self.with_steps(pairs, take.steps())?;
        let hit = self.name("__model_hit");
        let columns = pairs.schema().columns().into_iter().map(Expr::Column);
        let columns: Vec<Expr> = columns.chain([is_pair.and(condition).is_true().alias(&hit)]).collect();
        Ok((hit, LogicalPlanBuilder::from(pairs).project(columns)?.build()?))
    }
}

fn numbered(plan: LogicalPlan, row: &str) -> Result<LogicalPlan> {
    with_windows(plan, vec![(row_number(), row)])
}

fn marked(plan: LogicalPlan, there: &str) -> Result<LogicalPlan> {
    let columns: Vec<Expr> =
        plan.schema().columns().into_iter().map(Expr::Column).chain([lit(true).alias(there)]).collect();
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

/// With how often a row hit, and which of its candidates this is.
fn counted(plan: LogicalPlan, hit: &str, row: &str, hits: &str, place: &str) -> Result<LogicalPlan> {
    let one = when(ident(hit), lit(1_i64)).end()?;
    let count = Expr::from(WindowFunction::new(WindowFunctionDefinition::AggregateUDF(count_udaf()), vec![one]));
    let over = |window: Expr| window.partition_by(vec![ident(row)]).build();
    with_windows(plan, vec![(over(count)?, hits), (over(row_number())?, place)])
}

fn with_windows(plan: LogicalPlan, windows: Vec<(Expr, &str)>) -> Result<LogicalPlan> {
    let mut columns: Vec<Expr> = plan.schema().columns().into_iter().map(Expr::Column).collect();
    for (window, name) in &windows {
        columns.push(Expr::Column(Column::new_unqualified(window.schema_name().to_string())).alias(*name));
    }
    LogicalPlanBuilder::from(plan).window(windows.into_iter().map(|(window, _)| window))?.project(columns)?.build()
}

fn only_where(columns: Vec<Column>, condition: &Expr) -> Result<Vec<Expr>> {
    let cell = |column: Column| {
        let value = when(condition.clone(), Expr::Column(column.clone())).end()?;
        Ok(value.alias_qualified(column.relation, column.name))
    };
    columns.into_iter().map(cell).collect()
}
