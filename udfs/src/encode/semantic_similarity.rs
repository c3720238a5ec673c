//! `semantic_similarity`: whether two texts say the same, in whatever languages.

use super::texts_row::{MODEL, text};
use crate::kit::Param;
use crate::llm::{ModelFunction, Task};
use datafusion_common::arrow::datatypes::DataType;
use datafusion_macros::user_doc;

const PARAMS: &[Param] = &[MODEL, text("a"), text("b")];

#[user_doc(
    doc_section(label = "Encoders"),
    description = r"The cosine of the embeddings of two texts, from -1 to 1; 1 for two equal texts. The study's Semantic Similarity is that of a whole
trace and the whole English trace of the same question under LaBSE, which reads the first 256 tokens of each. A text that stands in many
rows is embedded once.",
    syntax_example = "semantic_similarity(model, a, b)",
    sql_example = r"```sql
SELECT semantic_similarity('file:weights/LaBSE/', 'Sixteen eggs.', NULL) AS similarity;
+------------+
| similarity |
+------------+
| NULL       |
+------------+
SELECT semantic_similarity('file:weights/LaBSE/', 'Sixteen eggs.', 'Sechzehn Eier.') AS similarity;
```",
    argument(
        name = "model",
        description = "The name of a created model, or a URI: an encoder, or an endpoint that embeds."
    ),
    argument(name = "a", description = "A text. NULL gives NULL, without a call."),
    argument(name = "b", description = "Another. NULL gives NULL, without a call.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SemanticSimilarity;

/// The marker.
pub fn semantic_similarity() -> ModelFunction {
    let doc = SemanticSimilarity.doc().cloned();
    ModelFunction::new("semantic_similarity", Task::SemanticSimilarity, PARAMS, DataType::Float64, doc)
}
