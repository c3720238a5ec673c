//! The schema of a reply that is one label.

use serde_json::{Value, json};

/// `{"label": …}` with one of `labels`. An object, since endpoints take no other schema.
pub fn one_label(labels: &[String]) -> Value {
    json!({
        "type": "object",
        "properties": { "label": { "type": "string", "enum": labels } },
        "required": ["label"],
        "additionalProperties": false,
    })
}
