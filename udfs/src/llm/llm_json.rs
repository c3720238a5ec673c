//! `llm_json`: a reply as data. What does not have the form that was asked for does not reach a table.

use super::json_row::JSON;
use super::{ModelFunction, Task};
use datafusion_common::arrow::datatypes::DataType;
use datafusion_macros::user_doc;

#[user_doc(
    doc_section(label = "Models"),
    description = r#"The reply of a model as JSON that satisfies a JSON schema: compact text, the keys in the reply's order. NULL where the
call failed; the error is in `system.calls`.

The prompt is one user turn: yours, an empty line, "Reply with JSON that satisfies this JSON schema, and with nothing else:" and the schema. An
endpoint is given the schema as well and may hold the reply to it. Of the reply, without its thinking, the last JSON value that satisfies
the schema is taken, whatever prose and code fences stand around it. Where there is none, the model is asked again with the next sample number
and with what was wrong, twice at most, each time as a call of its own; then it is an error of kind `parse`."#,
    syntax_example = "llm_json(model, prompt, schema)",
    sql_example = r#"```sql
SELECT llm_json('smollm2', NULL, '{"type": "object"}') AS data;
+------+
| data |
+------+
| NULL |
+------+
SELECT llm_json('smollm2', 'How many eggs are left of 16 after 3 are eaten?', '{"type": "object", "properties": {"eggs": {"type": "integer"}}, "required": ["eggs"]}') AS data;
```"#,
    argument(name = "model", description = "The name of a created model, or a URI."),
    argument(name = "prompt", description = "What is asked. NULL gives NULL, without a call."),
    argument(
        name = "schema",
        description = "A JSON schema as text, draft 4 to 2020-12. What is no schema is an error that says where, before any call is made. NULL gives
NULL."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LlmJson;

/// The marker.
pub fn llm_json() -> ModelFunction {
    ModelFunction::new("llm_json", Task::Json, JSON, DataType::Utf8, LlmJson.doc().cloned())
}
