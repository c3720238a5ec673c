//! A function that stands for model calls in a plan.

use super::generate_row::check_ranges;
use super::{ClassifyRow, JsonRow, TranslateRow};
use crate::kit::{Args, Param, check_literals, check_types, internal_error, plan_error, signature};
use crate::step::StepAnnotateRow;
use datafusion_common::arrow::array::ArrayRef;
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{DataFusionError, Result, ScalarValue};
use datafusion_expr::{
    ColumnarValue, Documentation, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility,
};
use std::fmt::Display;
use std::sync::Arc;

/// What is asked of the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    /// `n` sampled replies, with all that is known of each.
    Generate,
    /// One reply, as text.
    Complete,
    /// One of given labels.
    Classify,
    /// JSON that satisfies a schema.
    Json,
    /// A text in another language.
    Translate,
    /// The probability of a given continuation.
    Logprob,
    /// What a trace tells of an answer.
    VInformation,
    /// A text as a vector.
    Embed,
    /// The cosine of two texts' vectors.
    SemanticSimilarity,
    /// Whether a text follows from another.
    Nli,
    /// The quality of a translation, without a reference.
    CometQe,
    /// The quality of a translation, beside a reference.
    Comet,
    /// Matched tokens of two texts.
    BertScore,
    /// What the steps of a trace do and build on.
    StepAnnotate,
    /// Whether they follow from that.
    StepValidity,
}

/// A marker for model calls, found by `udf.inner().downcast_ref::<ModelFunction>()`.
///
/// It is volatile, so that no optimizer rule runs it at plan time, moves it below a filter or evaluates it twice; its equal
/// calls are one call because the store of calls says so.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ModelFunction {
    name: &'static str,
    task: Task,
    params: &'static [Param],
    returns: DataType,
    documentation: Option<Documentation>,
    signature: Signature,
}

impl ModelFunction {
    pub(crate) fn new(
        name: &'static str,
        task: Task,
        params: &'static [Param],
        returns: DataType,
        documentation: Option<Documentation>,
    ) -> Self {
        Self { name, task, params, returns, documentation, signature: signature(params, Volatility::Volatile) }
    }

    /// What is asked of the model.
    pub fn task(&self) -> Task {
        self.task
    }

    /// What it takes, in order.
    pub fn params(&self) -> &'static [Param] {
        self.params
    }

    /// The type of the result column; it does not depend on the arguments.
    pub fn returns(&self) -> &DataType {
        &self.returns
    }

    /// The evaluated arguments of a batch of `rows` rows.
    pub(crate) fn args(&self, arrays: &[ArrayRef], rows: usize) -> Result<Args> {
        let values: Vec<_> = arrays.iter().cloned().map(ColumnarValue::Array).collect();
        Args::new(self.name, self.params, &values, rows)
    }

    /// What stands in the query as a literal and can be judged before the plan runs.
    fn check_values(&self, literals: &[Option<&ScalarValue>]) -> Result<()> {
        check_literals(self.name, self.params, literals)?;
        match self.task {
            Task::Generate | Task::Complete => check_ranges(self, literals),
            Task::Classify => ClassifyRow::check(self, literals),
            Task::Json => JsonRow::check(self, literals),
            Task::Translate => TranslateRow::check(self, literals),
            Task::StepAnnotate => StepAnnotateRow::check(self, literals),
            Task::Logprob
            | Task::VInformation
            | Task::Embed
            | Task::SemanticSimilarity
            | Task::Nli
            | Task::CometQe
            | Task::Comet
            | Task::BertScore
            | Task::StepValidity => Ok(()),
        }
    }

    /// A plan error about the literal at place `i`.
    pub(crate) fn literal_error(&self, i: usize, what: impl Display, hint: impl Display) -> DataFusionError {
        let name = self.params.get(i).map_or("?", |param| param.name);
        plan_error(self.name, format!("argument {} `{name}` {what}", i + 1), hint)
    }

    /// The name with the lifetime that [`crate::kit::Args::new`] wants.
    pub fn static_name(&self) -> &'static str {
        self.name
    }
}

impl ScalarUDFImpl for ModelFunction {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        check_types(self.name, self.params, types)?;
        Ok(self.returns.clone())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let types: Vec<_> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let data_type = self.return_type(&types)?;
        self.check_values(args.scalar_arguments)?;
        Ok(Arc::new(Field::new(self.name, data_type, true)))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        Err(internal_error(self.name, "the model-call operator did not reach it"))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.documentation.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::{ModelFunction, Task};
    use crate::kit::tester::{call, message, texts};
    use crate::llm::{llm_complete, llm_generate};
    use datafusion_common::ScalarValue;
    use datafusion_expr::{ColumnarValue, ScalarUDF, Volatility};

    fn error(function: ModelFunction, args: Vec<ScalarValue>) -> String {
        let args = args.into_iter().map(ColumnarValue::Scalar).collect();
        message(&call(&ScalarUDF::from(function), args, 1).err().unwrap().strip_backtrace())
    }

    #[test]
    fn the_engine_finds_it_and_nothing_else_runs_it() {
        let udf = ScalarUDF::from(llm_generate());
        assert_eq!(udf.inner().downcast_ref::<ModelFunction>().unwrap().task(), Task::Generate);
        assert_eq!(udf.signature().volatility, Volatility::Volatile);
        assert!(
            error(llm_generate(), texts(&["m", "p"]))
                .starts_with("llm_generate: the model-call operator did not reach it")
        );
    }

    #[test]
    fn arguments_are_checked_in_the_plan() {
        assert_eq!(
            error(llm_complete(), texts(&["m"])),
            "llm_complete takes 2 to 13 arguments (model, prompt [, n, temperature, top_p, top_k, min_p, max_tokens, seed, \
             stop, system, enable_thinking, raw]), got 1"
        );
        let with = |value: ScalarValue| [texts(&["m", "p"]), vec![ScalarValue::Null, value]].concat();
        assert_eq!(
            error(llm_generate(), with("hot".into())),
            "llm_generate: argument 4 `temperature` must be a number, got Utf8\n\nhint: cast it, as in temperature::DOUBLE"
        );
        assert_eq!(
            error(llm_generate(), with((-0.5).into())),
            "llm_generate: argument 4 `temperature` must be from 0 to 100, got -0.5\n\nhint: 0 always takes the likeliest token"
        );
    }
}
