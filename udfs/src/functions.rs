//! All functions, by family, in flow order.

use crate::kit::{Function, Param, Scalar};
use crate::llm::ModelFunction;
use crate::{Services, llm, mt, step, text};
use datafusion_expr::{AggregateUDF, ScalarUDF};
use std::sync::Arc;

/// The functions for a session.
#[derive(Clone, Debug)]
pub struct Functions {
    /// Scalar functions, the model markers included.
    pub scalar: Vec<Arc<ScalarUDF>>,
    /// Aggregate functions.
    pub aggregate: Vec<Arc<AggregateUDF>>,
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
    pub udf: Arc<ScalarUDF>,
    pub params: &'static [Param],
    pub kind: &'static str,
}

impl Entry {
    pub fn scalar<F: Function>(function: F) -> Self {
        Self { udf: Arc::new(Scalar::new(function).into()), params: F::PARAMS, kind: "scalar" }
    }

    pub fn model(function: ModelFunction) -> Self {
        let params = function.params();
        Self { udf: Arc::new(function.into()), params, kind: "model" }
    }
}

/// Every function, ready to be registered.
pub fn all_functions(services: &Services) -> Functions {
    let families = vec![text::family(services), step::family(), llm::family(), mt::family()];
    let scalar = families.iter().flat_map(|family| &family.entries).map(|entry| Arc::clone(&entry.udf)).collect();
    Functions { scalar, aggregate: Vec::new(), families }
}

impl Functions {
    /// The parameters of a function by its SQL name, for named arguments and signature hints; `None` where it is not glotrace's.
    pub fn parameters(&self, name: &str) -> Option<&'static [Param]> {
        self.families
            .iter()
            .flat_map(|family| &family.entries)
            .find(|entry| entry.udf.name().eq_ignore_ascii_case(name))
            .map(|entry| entry.params)
    }
}

/// [`Functions::parameters`] where no session is at hand.
pub fn parameters(name: &str) -> Option<&'static [Param]> {
    all_functions(&Services::default()).parameters(name)
}
