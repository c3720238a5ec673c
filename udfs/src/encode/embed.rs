//! `embed`: a text as a vector.

use super::texts_row::{MODEL, text};
use crate::kit::{Output, Param};
use crate::llm::{ModelFunction, Task};
use datafusion_macros::user_doc;

const PARAMS: &[Param] = &[MODEL, text("text")];

#[user_doc(
    doc_section(label = "Encoders"),
    description = r"The embedding of a text: a vector whose direction says what the text is about, of the model's own width. With a checkpoint in
sentence-transformers layout (LaBSE, MiniLM, multilingual-e5) it is pooled, projected and normalized as its modules say; a plain
encoder's is the mean over its tokens. What an endpoint gives is taken as it is. A text beyond the model's length is cut where the model's own
library cuts it; `system.calls` counts the tokens that were read.",
    syntax_example = "embed(model, text)",
    sql_example = r"```sql
SELECT embed('file:weights/LaBSE/', NULL) AS vector;
+--------+
| vector |
+--------+
| NULL   |
+--------+
SELECT array_length(embed('file:weights/LaBSE/', 'Sixteen eggs.')) AS width;
```",
    argument(
        name = "model",
        description = "The name of a created model, or a URI: an encoder, or an endpoint that embeds."
    ),
    argument(name = "text", description = "What is embedded. NULL gives NULL, without a call.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Embed;

/// The marker.
pub fn embed() -> ModelFunction {
    ModelFunction::new("embed", Task::Embed, PARAMS, <Vec<f32> as Output>::data_type(), Embed.doc().cloned())
}
