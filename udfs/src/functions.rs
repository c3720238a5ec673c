//! All functions, by family, in flow order.

use crate::kit::{Aggregate, Aggregated, Function, Param, Scalar, Window, Windowed};
use crate::llm::ModelFunction;
use crate::{Services, encode, llm, mt, stat, step, text};
use datafusion_common::Result;
use datafusion_common::arrow::datatypes::{DataType, Field};
use datafusion_expr::function::WindowUDFFieldArgs;
use datafusion_expr::{AggregateUDF, Documentation, ScalarUDF, WindowUDF};
use std::sync::Arc;

/// The functions for a session.
#[derive(Clone, Debug)]
pub struct Functions {
    /// Scalar functions, the model markers included.
    pub scalar: Vec<Arc<ScalarUDF>>,
    /// Aggregate functions.
    pub aggregate: Vec<Arc<AggregateUDF>>,
    /// Window functions.
    pub window: Vec<Arc<WindowUDF>>,
    /// The same by family, with what DataFusion does not ask for.
    pub families: Vec<Family>,
}

/// The functions of one folder.
#[derive(Clone, Debug)]
pub struct Family {
    /// The folder's name: `text`, `llm`.
    pub name: &'static str,
    /// The heading in the reference.
    pub title: &'static str,
    /// In reference order.
    pub(crate) entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub callable: Callable,
    pub params: &'static [Param],
    pub kind: &'static str,
}

/// What DataFusion calls.
#[derive(Clone, Debug)]
pub(crate) enum Callable {
    Scalar(Arc<ScalarUDF>),
    Aggregate(Arc<AggregateUDF>),
    Window(Arc<WindowUDF>),
}

impl Entry {
    pub fn scalar<F: Function>(function: F) -> Self {
        let callable = Callable::Scalar(Arc::new(Scalar::new(function).into()));
        Self { callable, params: F::PARAMS, kind: "scalar" }
    }

    pub fn model(function: ModelFunction) -> Self {
        let params = function.params();
        Self { callable: Callable::Scalar(Arc::new(function.into())), params, kind: "model" }
    }

    pub fn aggregate<A: Aggregate>(aggregate: A) -> Self {
        let callable = Callable::Aggregate(Arc::new(Aggregated::new(aggregate).into()));
        Self { callable, params: A::PARAMS, kind: "aggregate" }
    }

    pub fn window<W: Window>(window: W) -> Self {
        let callable = Callable::Window(Arc::new(Windowed::new(window).into()));
        Self { callable, params: W::PARAMS, kind: "window" }
    }

    pub fn name(&self) -> &str {
        match &self.callable {
            Callable::Scalar(udf) => udf.name(),
            Callable::Aggregate(udf) => udf.name(),
            Callable::Window(udf) => udf.name(),
        }
    }

    pub fn documentation(&self) -> Option<&Documentation> {
        match &self.callable {
            Callable::Scalar(udf) => udf.documentation(),
            Callable::Aggregate(udf) => udf.documentation(),
            Callable::Window(udf) => udf.documentation(),
        }
    }

    #[cfg(test)]
    pub fn signature(&self) -> &datafusion_expr::Signature {
        match &self.callable {
            Callable::Scalar(udf) => udf.signature(),
            Callable::Aggregate(udf) => udf.signature(),
            Callable::Window(udf) => udf.signature(),
        }
    }

    pub fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match &self.callable {
            Callable::Scalar(udf) => udf.return_type(types),
            Callable::Aggregate(udf) => udf.return_type(types),
            Callable::Window(udf) => {
                let fields: Vec<_> =
                    types.iter().map(|data_type| Arc::new(Field::new("a", data_type.clone(), true))).collect();
                Ok(udf.field(WindowUDFFieldArgs::new(&fields, udf.name()))?.data_type().clone())
            }
        }
    }
}

/// Every function, ready to be registered.
pub fn all_functions(services: &Services) -> Functions {
    let families =
        vec![text::family(services), step::family(), llm::family(), encode::family(), mt::family(), stat::family()];
    let (mut scalar, mut aggregate, mut window) = (Vec::new(), Vec::new(), Vec::new());
    for entry in families.iter().flat_map(|family| &family.entries) {
        match &entry.callable {
            Callable::Scalar(udf) => scalar.push(Arc::clone(udf)),
            Callable::Aggregate(udf) => aggregate.push(Arc::clone(udf)),
            Callable::Window(udf) => window.push(Arc::clone(udf)),
        }
    }
    Functions { scalar, aggregate, window, families }
}

impl Functions {
    /// The parameters of a function by its SQL name, for named arguments and signature hints; `None` where it is not glotrace's.
    pub fn parameters(&self, name: &str) -> Option<&'static [Param]> {
        self.families
            .iter()
            .flat_map(|family| &family.entries)
            .find(|entry| entry.name().eq_ignore_ascii_case(name))
            .map(|entry| entry.params)
    }
}

/// [`Functions::parameters`] where no session is at hand.
pub fn parameters(name: &str) -> Option<&'static [Param]> {
    all_functions(&Services::default()).parameters(name)
}
