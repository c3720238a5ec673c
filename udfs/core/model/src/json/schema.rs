//! A JSON schema that has been checked, and values against it.

use std::{fmt, sync::Arc};

use jsonschema::Validator;
use serde_json::Value;

use crate::{Error, Kind, Result};

/// How many faults of a value are told to the model, and how much of each.
const FAULTS: usize = 3;
const FAULT_CHARS: usize = 200;

/// A JSON schema, ready to validate. Drafts 4 to 2020-12, by `$schema`; references to other documents are not followed.
#[derive(Clone)]
pub struct Schema {
    value: Arc<Value>,
    validator: Arc<Validator>,
}

impl Schema {
    /// The schema that `text` is.
    ///
    /// # Errors
    /// [`Kind::Parameter`] where it is no JSON (with line and column) or no schema (with the place in it).
    pub fn new(text: &str) -> Result<Self> {
        let wrong = |what: String| {
            Error::new(Kind::Parameter, what)
                .with_hint(r#"as in '{"type": "object", "properties": {"answer": {"type": "integer"}}}'"#)
        };
        let value: Value = serde_json::from_str(text).map_err(|e| wrong(format!("is no JSON: {e}")))?;
        if !(value.is_object() || value.is_boolean()) {
            return Err(wrong(format!("is no JSON schema: it must be an object, got {}", cut(&value.to_string()))));
        }
        let validator = jsonschema::validator_for(&value).map_err(|e| {
            let place = e.instance_path().to_string();
            let place = if place.is_empty() { String::new() } else { format!("at {place}: ") };
            wrong(format!("is no JSON schema: {place}{}", cut(&e.to_string())))
        })?;
        Ok(Self { value: Arc::new(value), validator: Arc::new(validator) })
    }

    /// The schema itself, for endpoints that hold a reply to it.
    pub fn value(&self) -> &Arc<Value> {
        &self.value
    }

    /// The JSON of `reply` that satisfies the schema, as compact text with the keys in the reply's order; of several the
    /// last.
    ///
    /// # Errors
    /// [`Kind::Parse`], with what is wrong with the last value of the reply, in words that a model can act on.
    pub fn read(&self, reply: &str) -> Result<String> {
        let values = super::values(reply);
        if let Some(value) = values.iter().find(|value| self.validator.is_valid(value)) {
            return Ok(value.to_string());
        }
        Err(Error::new(
            Kind::Parse,
            match values.first() {
                None => format!("the reply holds no complete JSON: {:?}", cut(reply.trim())),
                Some(value) => format!("the JSON does not satisfy the schema: {}", self.faults(value)),
            },
        ))
    }

    fn faults(&self, value: &Value) -> String {
        let faults: Vec<_> = self
            .validator
            .iter_errors(value)
            .take(FAULTS)
            .map(|fault| match fault.instance_path().to_string() {
                place if place.is_empty() => cut(&fault.to_string()),
                place => format!("at {place}: {}", cut(&fault.to_string())),
            })
            .collect();
        faults.join("; ")
    }
}

/// Enough of `text` to know it by.
fn cut(text: &str) -> String {
    match text.char_indices().nth(FAULT_CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Schema").field(&self.value).finish()
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

#[cfg(test)]
mod tests {
    use super::Schema;
    use crate::Kind;

    const PERSON: &str = r#"{"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
        "required": ["name"], "additionalProperties": false}"#;

    #[test]
    fn the_json_that_fits_is_taken_compact_and_in_its_order() {
        let schema = Schema::new(PERSON).unwrap();
        assert_eq!(schema.read("Sure: {\"name\": \"สมชาย\",\n\"age\": 7}").unwrap(), r#"{"name":"สมชาย","age":7}"#);
        // A later value that does not fit loses against an earlier one that does.
        assert_eq!(schema.read(r#"{"name": "a"} as in the list [1, 2]"#).unwrap(), r#"{"name":"a"}"#);
    }

    #[test]
    fn a_reply_that_does_not_fit_is_told_why() {
        let schema = Schema::new(PERSON).unwrap();
        let error = schema.read(r#"{"name": "a", "age": "x"}"#).unwrap_err();
        assert_eq!(error.kind(), Kind::Parse);
        assert_eq!(error.message(), r#"the JSON does not satisfy the schema: at /age: "x" is not of type "integer""#);
        assert_eq!(schema.read("no").unwrap_err().message(), r#"the reply holds no complete JSON: "no""#);
    }

    #[test]
    fn a_schema_that_is_none_says_where() {
        let message = |text| Schema::new(text).unwrap_err().message().to_owned();
        assert!(message("{\"type\": ").starts_with("is no JSON: EOF while parsing a value at line 1 column 9"));
        let wrong = message(r#"{"properties": {"age": {"type": "int"}}}"#);
        assert!(wrong.starts_with("is no JSON schema: at /properties/age/type: "), "{wrong}");
        assert!(message("[]").contains("must be an object"));
        assert!(message(r#"{"$ref": "http://127.0.0.1:9/x"}"#).starts_with("is no JSON schema: "));
    }
}
