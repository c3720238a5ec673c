//! Logical node → operator, and the query planner that knows how.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result, internal_err};
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::exec::ModelCallExec;
use super::hoist::hoisted;
use super::model_function;
use super::node::{ModelCallNode, Step};
use super::spread::{innermost, spread_arguments};
use super::work::{PlannedCall, PlannedStep};

/// DataFusion's planner, which first takes model calls out of their clauses.
#[derive(Debug, Default)]
pub struct ModelCallPlanner;

#[async_trait]
impl QueryPlanner for ModelCallPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let plan = hoisted(plan.clone())?;
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(PlanModelCall)])
            .create_physical_plan(&plan, session)
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
        _: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<ModelCallNode>() else { return Ok(None) };
        // The schema grows with each step, as the node's does.
        let mut width = node.input.schema().fields().len();
        let all: Vec<_> = node.schema_fields();
        let mut steps = Vec::with_capacity(node.steps.len());
        for step in &node.steps {
            let schema = DFSchema::new_with_metadata(all[..width].to_vec(), Default::default())?;
            let physical = |expr: &Expr| planner.create_physical_expr(expr, &schema, session, context);
            let fields: Vec<Arc<Field>> =
                all[width..width + step.columns().len()].iter().map(|(_, field)| Arc::clone(field)).collect();
            width += fields.len();
            steps.push(match step {
                Step::Keep(condition) => PlannedStep::Keep(physical(condition)?),
                Step::Column(expr) => {
                    let [field] = fields.as_slice() else { return internal_err!("a column without a field") };
                    PlannedStep::Column(physical(unaliased(expr))?, Arc::clone(field))
                }
                Step::Calls(calls) => {
                    let calls =
                        calls.iter().zip(fields).map(|(call, field)| planned(unaliased(call), field, &physical));
                    PlannedStep::Calls(calls.collect::<Result<_>>()?)
                }
            });
        }
        let schema = DFSchema::new_with_metadata(all, Default::default())?;
        let weight = node.first.iter().filter_map(|f| f.weight.as_ref()).next();
        let weight = weight.map(|w| planner.create_physical_expr(w, &schema, session, context)).transpose()?;
        let shown = node.steps.iter().map(ToString::to_string).collect::<Vec<_>>();
        let first = node.first.clone();
        let input = Arc::clone(&physical_inputs[0]);
        Ok(Some(Arc::new(ModelCallExec::try_new(steps, shown, node.lazy, first, weight, input)?)))
    }
}

fn unaliased(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => &alias.expr,
        other => other,
    }
}

fn planned(
    call: &Expr,
    field: Arc<Field>,
    physical: &dyn Fn(&Expr) -> Result<Arc<dyn PhysicalExpr>>,
) -> Result<PlannedCall> {
    let (inner, lists) = innermost(call);
    let (Some(_), Expr::ScalarFunction(function)) = (model_function(inner), inner) else {
        return internal_err!("a model call that is no function: {call}");
    };
    let args = match lists.is_empty() {
        true => function.args.iter().map(physical).collect::<Result<_>>()?,
        false => spread_arguments(call).iter().map(physical).collect::<Result<_>>()?,
    };
    let mut items = Vec::with_capacity(lists.len());
    let mut list_type = field.data_type();
    for _ in &lists {
        let (DataType::List(item) | DataType::LargeList(item)) = list_type else {
            return internal_err!("a call for each element that gives no list: {call}");
        };
        items.push(Arc::clone(item));
        list_type = item.data_type();
    }
    Ok(PlannedCall { function: Arc::clone(&function.func), args, items, field })
}
