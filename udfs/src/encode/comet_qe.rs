//! `comet_qe`: how good a translation is, without a reference.

use super::texts_row::{MODEL, text};
use crate::kit::Param;
use crate::llm::{ModelFunction, Task};
use datafusion_common::arrow::datatypes::DataType;
use datafusion_macros::user_doc;

const PARAMS: &[Param] = &[MODEL, text("source"), text("translation")];

#[user_doc(
    doc_section(label = "Encoders"),
    description = r"The score that a COMET model for quality estimation (Rei et al. 2022; wmt22-cometkiwi-da) gives a translation without a reference;
about 0 to 1, higher is better. The study's COMET-QE is that of each question, from English. The input is read as the published
library does: translation, then source, cut at the encoder's length.",
    syntax_example = "comet_qe(model, source, translation)",
    sql_example = r"```sql
SELECT comet_qe('file:weights/wmt22-cometkiwi-da/', 'There are 16 eggs.', NULL) AS quality;
+---------+
| quality |
+---------+
| NULL    |
+---------+
SELECT comet_qe('file:weights/wmt22-cometkiwi-da/', 'There are 16 eggs.', 'Es gibt 16 Eier.') AS quality;
```",
    argument(
        name = "model",
        description = "The name of a created model, or a URI: a folder with hparams.yaml and a checkpoint."
    ),
    argument(name = "source", description = "What was translated. NULL gives NULL, without a call."),
    argument(name = "translation", description = "Its translation. NULL gives NULL, without a call.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CometQe;

/// The marker.
pub fn comet_qe() -> ModelFunction {
    ModelFunction::new("comet_qe", Task::CometQe, PARAMS, DataType::Float64, CometQe.doc().cloned())
}
