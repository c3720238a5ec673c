//! Whether an endpoint can hold a reply to a schema token by token.

use serde_json::Value;

/// Whether `schema` is of the form that OpenAI's structured outputs take as `strict`: the root is an object, and every object
/// in it is closed (`additionalProperties` false) and requires all of its properties. With another schema a strict request
/// is refused; without `strict` it is a wish, and the reply is checked here all the same.
///
/// Source: OpenAI, Structured model outputs, "Supported schemas".
pub fn is_strict(schema: &Value) -> bool {
    is_object(schema) && is_closed(schema)
}

fn is_object(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("object")
}

fn is_closed(schema: &Value) -> bool {
    let Value::Object(keys) = schema else {
        // `true` and `false` are schemas, too, and none that is taken.
        return !schema.is_boolean();
    };
    if is_object(schema) {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let properties = schema.get("properties").and_then(Value::as_object);
        let is_closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        if !is_closed || !properties.is_some_and(|p| p.keys().all(|name| required.contains(&name.as_str()))) {
            return false;
        }
    }
    let all = |schemas: &Value| match schemas {
        Value::Object(named) => named.values().all(is_closed),
        Value::Array(listed) => listed.iter().all(is_closed),
        _ => true,
    };
    !keys.contains_key("oneOf")
        && !keys.contains_key("allOf")
        && ["properties", "$defs", "definitions", "anyOf"].iter().filter_map(|key| keys.get(*key)).all(all)
        && keys.get("items").is_none_or(is_closed)
}

#[cfg(test)]
mod tests {
    use super::is_strict;
    use serde_json::json;

    #[test]
    fn every_object_is_closed_and_requires_what_it_has() {
        let closed = |properties, required| json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false});
        assert!(is_strict(&closed(json!({"a": {"type": "integer"}}), json!(["a"]))));
        assert!(!is_strict(&closed(json!({"a": {"type": "integer"}}), json!([]))));
        assert!(!is_strict(&json!({"type": "object"})));
        assert!(!is_strict(&json!({"type": "array", "items": {"type": "integer"}})));
        let inner = json!({"type": "object", "properties": {}});
        assert!(!is_strict(&closed(json!({"a": {"type": "array", "items": inner}}), json!(["a"]))));
        let inner = closed(json!({}), json!([]));
        assert!(is_strict(&closed(json!({"a": {"type": "array", "items": inner}}), json!(["a"]))));
        assert!(!is_strict(&closed(json!({"a": true}), json!(["a"]))));
    }
}
