//! `comet`: how good a translation is, beside a reference.

use super::texts_row::{MODEL, text};
use crate::kit::Param;
use crate::llm::{ModelFunction, Task};
use datafusion_common::arrow::datatypes::DataType;
use datafusion_macros::user_doc;

const PARAMS: &[Param] = &[MODEL, text("source"), text("translation"), text("reference")];

#[user_doc(
    doc_section(label = "Encoders"),
    description = r"The score that a COMET model with references (Rei et al. 2022; wmt22-comet-da) gives a translation; about 0 to 1, higher is
better. Source, translation and reference are read apart, each cut at the encoder's length.",
    syntax_example = "comet(model, source, translation, reference)",
    sql_example = r"```sql
SELECT comet('file:weights/wmt22-comet-da/', 'There are 16 eggs.', NULL, 'Es sind 16 Eier.') AS quality;
+---------+
| quality |
+---------+
| NULL    |
+---------+
SELECT comet('file:weights/wmt22-comet-da/', 'There are 16 eggs.', 'Es gibt 16 Eier.', 'Es sind 16 Eier.') AS quality;
```",
    argument(
        name = "model",
        description = "The name of a created model, or a URI: a folder with hparams.yaml and a checkpoint."
    ),
    argument(name = "source", description = "What was translated. NULL gives NULL, without a call."),
    argument(name = "translation", description = "Its translation. NULL gives NULL, without a call."),
    argument(name = "reference", description = "A good translation. NULL gives NULL, without a call.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Comet;

/// The marker.
pub fn comet() -> ModelFunction {
    ModelFunction::new("comet", Task::Comet, PARAMS, DataType::Float64, Comet.doc().cloned())
}
