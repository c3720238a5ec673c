//! The arguments of `llm_json`, read and checked.

use super::ModelFunction;
use crate::kit::{Kind, Param};
use datafusion_common::arrow::array::ArrayRef;
use datafusion_common::{Result, ScalarValue};
use glotrace_model::json::Schema;
use std::collections::HashMap;

/// What one row asks.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonRow {
    /// Name or URI.
    pub model: String,
    /// The user's turn, to which the schema is added.
    pub prompt: String,
    /// What the reply has to satisfy; equal texts are checked once a batch.
    pub schema: Schema,
}

pub(super) const JSON: &[Param] = &[
    Param::required("model", Kind::Text),
    Param::required("prompt", Kind::Text),
    Param::required("schema", Kind::Text),
];

const SCHEMA: usize = 2;

impl JsonRow {
    /// The rows of a batch; `None` where an argument is NULL, and no call is to be made.
    ///
    /// # Errors
    /// An execution error for a schema that is none.
    pub fn read(function: &ModelFunction, arrays: &[ArrayRef], rows: usize) -> Result<Vec<Option<Self>>> {
        let args = function.args(arrays, rows)?;
        let (model, prompt, schema) = (args.text(0)?, args.text(1)?, args.text(SCHEMA)?);
        let mut known: HashMap<&str, Schema> = HashMap::new();
        args.each(|row| {
            let text = schema.at(row);
            let schema = match known.get(text) {
                Some(schema) => schema.clone(),
                None => {
                    let schema = Schema::new(text).map_err(|error| {
                        let what = format!("{} {}", args.place(SCHEMA), error.message());
                        args.error(what, error.hint().unwrap_or_default())
                    })?;
                    known.entry(text).or_insert(schema).clone()
                }
            };
            Ok(Some(Self { model: model.at(row).to_owned(), prompt: prompt.at(row).to_owned(), schema }))
        })
    }

    pub(super) fn check(function: &ModelFunction, literals: &[Option<&ScalarValue>]) -> Result<()> {
        let Some(text) = literals.get(SCHEMA).copied().flatten().and_then(ScalarValue::try_as_str).flatten() else {
            return Ok(());
        };
        match Schema::new(text) {
            Ok(_) => Ok(()),
            Err(error) => Err(function.literal_error(SCHEMA, error.message(), error.hint().unwrap_or_default())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::JsonRow;
    use crate::kit::tester::{call, message, texts};
    use crate::llm::llm_json;
    use datafusion_common::arrow::array::{ArrayRef, StringArray};
    use datafusion_expr::{ColumnarValue, ScalarUDF};
    use std::sync::Arc;

    fn column(values: [Option<&str>; 3]) -> ArrayRef {
        Arc::new(StringArray::from(values.to_vec()))
    }

    #[test]
    fn a_row_with_a_null_asks_nothing() {
        let args =
            [column([Some("m"); 3]), column([Some("p"), None, Some("ถาม")]), column([Some("{}"), Some("{}"), None])];
        let rows = JsonRow::read(&llm_json(), &args, 3).unwrap();
        assert_eq!(rows.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
    }

    #[test]
    fn a_schema_that_is_none_is_found_in_the_plan_and_in_a_column() {
        let wrong = r#"{"type": "int"}"#;
        let args = texts(&["m", "p", wrong]).into_iter().map(ColumnarValue::Scalar).collect();
        let error = call(&ScalarUDF::from(llm_json()), args, 1).err().unwrap();
        let text = message(&error.strip_backtrace());
        assert!(matches!(error, datafusion_common::DataFusionError::Plan(_)));
        assert!(text.starts_with("llm_json: argument 3 `schema` is no JSON schema: at /type: "), "{text}");

        let args = [column([Some("m"); 3]), column([Some("p"); 3]), column([Some("{}"), Some("{"), None])];
        let text = message(&JsonRow::read(&llm_json(), &args, 3).unwrap_err().strip_backtrace());
        assert!(text.starts_with("llm_json: argument 3 `schema` is no JSON: EOF"), "{text}");
    }
}
