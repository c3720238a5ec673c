//! `llm_translate`: a text in another language, with the numbers that it had.

use super::translate_row::TRANSLATE;
use super::{ModelFunction, Task};
use datafusion_common::arrow::datatypes::DataType;
use datafusion_macros::user_doc;

#[user_doc(
    doc_section(label = "Models"),
    description = r#"The translation of a text by a model. NULL where the call failed; the error is in `system.calls`.

The prompt is one user turn: "Translate the text below into … . Keep every number in digits and every formula as it is. Reply with the
translation only, without quotes, notes or explanations.", "Text:" and the text. Quotes, a line such as "Here is the translation:" and notes that
the reply has and the source has not are taken off. A translation that is empty, or that does not keep the numbers and formulas
(`mt_numbers_kept`), is asked for again with the next sample number and a note, twice at most; then it is an error of kind `parse`. One that
`max_tokens` cut off is an error of kind `truncated`."#,
    syntax_example = "llm_translate(model, text, lang)",
    sql_example = r"```sql
SELECT llm_translate('smollm2', NULL, 'th') AS translation;
+-------------+
| translation |
+-------------+
| NULL        |
+-------------+
SELECT llm_translate('smollm2', '16 eggs', 'French') AS translation;
```",
    argument(name = "model", description = "The name of a created model, or a URI."),
    argument(
        name = "text",
        description = "What is to be translated. NULL gives NULL and an empty text an empty one, without a call."
    ),
    argument(
        name = "lang",
        description = "Into which language: its ISO 639-1 code, or its English name as `lang_name` gives it."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LlmTranslate;

/// The marker.
pub fn llm_translate() -> ModelFunction {
    ModelFunction::new("llm_translate", Task::Translate, TRANSLATE, DataType::Utf8, LlmTranslate.doc().cloned())
}
