//! `token_count`: the length of a text as a model sees it. Characters do not compare across scripts; neither do tokens of
//! two vocabularies.

use crate::Tokenizers;
use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::{DataFusionError, Result};
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::token::{self, Encoding};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = "The number of tokens of a text. The text of a special token, such as `<|endoftext|>`, counts as ordinary text.",
    syntax_example = "token_count(text [, encoding])",
    sql_example = r"```sql
SELECT token_count('คำตอบคือสิบแปด') AS o200k, token_count('คำตอบคือสิบแปด', 'cl100k_base') AS cl100k;
+-------+--------+
| o200k | cl100k |
+-------+--------+
| 7     | 13     |
+-------+--------+
```",
    argument(name = "text", description = "The text."),
    argument(
        name = "encoding",
        description = "'o200k_base' (default; GPT-4o and later), 'cl100k_base' (GPT-3.5 and GPT-4), or the name or URI of a model, whose own
tokenizer then counts."
    )
)]
#[derive(Clone, Debug)]
pub struct TokenCount {
    tokenizers: Arc<dyn Tokenizers>,
}

impl TokenCount {
    /// Asks `tokenizers` about names that are no encodings.
    pub fn new(tokenizers: Arc<dyn Tokenizers>) -> Self {
        Self { tokenizers }
    }
}

impl Function for TokenCount {
    const NAME: &'static str = "token_count";
    const PARAMS: &'static [Param] = &[Param::required("text", Kind::Text), Param::optional("encoding", Kind::Text)];
    type Returns = i64;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (text, encoding) = (args.text(0)?, args.text(1)?);
        args.map(|row| {
            let text = text.at(row);
            let encoding = match encoding.get(row).map(|name| (name, name.parse())) {
                None => Encoding::default(),
                Some((_, Ok(encoding))) => encoding,
                Some((model, Err(_))) => {
                    let tokens = self.tokenizers.count(model, text).map_err(|error| in_place(args, error))?;
                    return Ok(i64::try_from(tokens).ok());
                }
            };
            let tokens = token::count(text, encoding).map_err(|error| args.error(error, ""))?;
            Ok(i64::try_from(tokens).ok())
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// Says in which argument it went wrong, and keeps errors of the engine's own as they are.
fn in_place(args: &Args, error: DataFusionError) -> DataFusionError {
    match error {
        DataFusionError::Execution(message) => args.error(format!("{}: {message}", args.place(1)), ""),
        other => other,
    }
}

impl PartialEq for TokenCount {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.tokenizers, &other.tokenizers)
    }
}

impl Eq for TokenCount {}

impl Hash for TokenCount {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.tokenizers).cast::<()>().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::TokenCount;
    use crate::kit::tester::{columns, literal, texts};
    use crate::{NoTokenizers, Tokenizers};
    use datafusion_common::Result;
    use std::sync::Arc;

    /// A model for which every character is a token.
    #[derive(Debug)]
    struct Characters;

    impl Tokenizers for Characters {
        fn count(&self, _model: &str, text: &str) -> Result<usize> {
            Ok(text.chars().count())
        }
    }

    #[test]
    fn encodings_differ_and_a_model_has_its_own() {
        let text = [Some("therefore"), Some("therefore"), Some("therefore"), Some("<|endoftext|>"), Some(""), None];
        let encoding = [None, Some("cl100k_base"), Some("m"), Some("o200k_base"), None, Some("m")];
        assert_eq!(
            columns(TokenCount::new(Arc::new(Characters)), &[&text, &encoding]),
            ["2", "2", "9", "7", "0", "NULL"]
        );
    }

    #[test]
    fn an_unknown_name_is_an_error() {
        assert_eq!(
            literal(TokenCount::new(Arc::new(NoTokenizers)), &texts(&["a", "o200k"])),
            "token_count: argument 2 `encoding`: 'o200k' is no encoding, and there is no model of this name\n\n\
             hint: 'o200k_base' and 'cl100k_base' need no model"
        );
    }
}
