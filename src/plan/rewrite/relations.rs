//! Items of FROM that DuckDB's dialect has and DataFusion's planner knows under another form: `unnest([…])`, `SEMI JOIN`.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    FunctionArg, FunctionArgExpr, JoinOperator, Select, TableFactor, VisitMut, VisitorMut,
};

pub fn rewrite<T: VisitMut>(tree: &mut T) {
    struct Relations;
    impl VisitorMut for Relations {
        type Break = ();
        fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
            unnest(factor);
            ControlFlow::Continue(())
        }
        fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
            for join in select.from.iter_mut().flat_map(|from| &mut from.joins) {
                join.join_operator = match std::mem::replace(&mut join.join_operator, JoinOperator::CrossApply) {
                    JoinOperator::Semi(on) => JoinOperator::LeftSemi(on),
                    JoinOperator::Anti(on) => JoinOperator::LeftAnti(on),
                    other => other,
                };
            }
            ControlFlow::Continue(())
        }
    }
    let _ = tree.visit(&mut Relations);
}

fn unnest(factor: &mut TableFactor) {
    let TableFactor::Table { name, alias, args: Some(args), with_ordinality, .. } = factor else { return };
    if !name.to_string().eq_ignore_ascii_case("unnest") {
        return;
    }
    let arrays = args.args.iter().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr.clone()),
        _ => None,
    });
    if let Some(array_exprs) = arrays.collect::<Option<Vec<_>>>() {
        *factor = TableFactor::UNNEST {
            alias: alias.take(),
            array_exprs,
            with_offset: false,
            with_offset_alias: None,
            with_ordinality: *with_ordinality,
        };
    }
}
