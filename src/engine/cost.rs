//! `EXPLAIN COST statement`: what its model calls would take. No call is made and nothing is written.
//!
//! The statement's query runs with a model that never answers: calls that are stored give what is stored, all others are
//! counted and give NULL. So a call whose input or whose row depends on an answer that is not there yet is not foreseen.

use std::sync::{Arc, PoisonError};

use datafusion::arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray, UInt64Array};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::sqlparser::ast;
use futures::TryStreamExt;

use super::query::of_batch;
use super::{Answer, Engine};
use crate::error::{Error, Result};
use crate::plan::parse::Parsed;
use crate::plan::split::Statement;

impl Engine {
    /// A row a model: `model, calls, stored, to_make, prompt_tokens, completion_tokens, usd`. Tokens and dollars are of the calls
    /// to make; those of completions and the dollars are upper bounds, those of prompts are estimates.
    pub(super) async fn explain_cost(&self, statement: &Statement, explained: Parsed) -> Result<Answer> {
        let run = Arc::new(self.shared.new_run(true));
        *self.running.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&run);
        if let Some(plan) = self.query_of(statement, explained).await? {
            let mut stream = self.stream(statement, plan, &run).await?;
            while stream.try_next().await.map_err(|e| self.explain(statement, e))?.is_some() {}
        }
        let costs = run.costs();
        let counts = |of: &dyn Fn(usize) -> u64| -> ArrayRef {
            Arc::new(UInt64Array::from_iter_values((0..costs.len()).map(of)))
        };
        RecordBatch::try_from_iter_with_nullable([
            ("model", Arc::new(StringArray::from_iter_values(costs.iter().map(|(m, _)| m))) as ArrayRef, false),
            ("calls", counts(&|i| costs[i].1.stored + costs[i].1.to_make.calls), false),
            ("stored", counts(&|i| costs[i].1.stored), false),
            ("to_make", counts(&|i| costs[i].1.to_make.calls), false),
            ("prompt_tokens", counts(&|i| costs[i].1.to_make.prompt_tokens), false),
            ("completion_tokens", counts(&|i| costs[i].1.to_make.completion_tokens), false),
            ("usd", Arc::new(Float64Array::from_iter_values(costs.iter().map(|(_, c)| c.to_make.usd))), false),
        ])
        .map(of_batch)
        .map_err(|e| Error::internal(e.to_string()))
    }

    /// The query that a statement runs; `None` where it runs none.
    async fn query_of(&self, statement: &Statement, explained: Parsed) -> Result<Option<LogicalPlan>> {
        let query = match explained {
            Parsed::Copy(copy) => copy.query,
            Parsed::Summarize(query) => query,
            Parsed::Sql(tree) => {
                if let Some(change) = self.planned_change(statement, &tree).await? {
                    return Ok(Some(change.plan));
                }
                match *tree {
                    ast::Statement::Query(query) => query,
                    ast::Statement::CreateTable(ast::CreateTable { query: Some(query), .. })
                    | ast::Statement::Insert(ast::Insert { source: Some(query), .. }) => query,
                    _ => return Ok(None),
                }
            }
            Parsed::Pivot(_) => {
                return Err(Error::query("EXPLAIN COST does not take PIVOT")
                    .with_hint("explain the query that it pivots: EXPLAIN COST SELECT …"));
            }
            _ => return Ok(None),
        };
        self.plan_query(statement, query).await.map(Some)
    }
}
