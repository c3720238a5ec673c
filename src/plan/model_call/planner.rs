//! Logical node → operator, and the query planner that knows how.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{Result, internal_err};
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::exec::ModelCallExec;
use super::node::ModelCallNode;

/// DataFusion's planner that also plans model calls and what Delta tables bring.
#[derive(Debug, Default)]
pub struct ModelCallPlanner;

#[async_trait]
impl QueryPlanner for ModelCallPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(PlanModelCall)])
            .create_physical_plan(plan, session)
            .await
    }
}

#[derive(Debug)]
struct PlanModelCall;

#[async_trait]
impl ExtensionPlanner for PlanModelCall {
    async fn plan_extension(
        &self,
        planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<ModelCallNode>() else { return Ok(None) };
        let calls = node
            .calls
            .iter()
            .map(|call| match call {
                Expr::Alias(alias) => {
                    let expr =
                        planner.create_physical_expr(&alias.expr, logical_inputs[0].schema(), session, context)?;
                    Ok((expr, alias.name.clone()))
                }
                other => internal_err!("a model call without a name: {other}"),
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Some(Arc::new(ModelCallExec::try_new(calls, node.lazy, Arc::clone(&physical_inputs[0]))?)))
    }
}
