//! The arguments of `llm_translate`, read and checked.

use super::ModelFunction;
use crate::kit::{Kind, Param, suggest};
use datafusion_common::arrow::array::ArrayRef;
use datafusion_common::{Result, ScalarValue};
use glotrace_text::lang;

/// What one row asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TranslateRow {
    /// Name or URI.
    pub model: String,
    /// What is to be translated; an empty one needs no call.
    pub text: String,
    /// The English name of the language.
    pub language: &'static str,
}

pub(super) const TRANSLATE: &[Param] =
    &[Param::required("model", Kind::Text), Param::required("text", Kind::Text), Param::required("lang", Kind::Text)];

const LANG: usize = 2;

impl TranslateRow {
    /// The rows of a batch; `None` where an argument is NULL, and no call is to be made.
    ///
    /// # Errors
    /// An execution error for a language that is none.
    pub fn read(function: &ModelFunction, arrays: &[ArrayRef], rows: usize) -> Result<Vec<Option<Self>>> {
        let args = function.args(arrays, rows)?;
        let (model, text, lang) = (args.text(0)?, args.text(1)?, args.text(LANG)?);
        args.each(|row| {
            let language = language(lang.at(row))
                .map_err(|(what, hint)| args.error(format!("{} {what}", args.place(LANG)), hint))?;
            Ok(Some(Self { model: model.at(row).to_owned(), text: text.at(row).to_owned(), language }))
        })
    }

    pub(super) fn check(function: &ModelFunction, literals: &[Option<&ScalarValue>]) -> Result<()> {
        let Some(lang) = literals.get(LANG).copied().flatten().and_then(ScalarValue::try_as_str).flatten() else {
            return Ok(());
        };
        match language(lang) {
            Ok(_) => Ok(()),
            Err((what, hint)) => Err(function.literal_error(LANG, what, hint)),
        }
    }
}

/// The English name of a language, or what is wrong and the way out.
pub(crate) fn language(lang: &str) -> Result<&'static str, (String, String)> {
    lang::named(lang).ok_or_else(|| {
        let hint = match suggest(lang, lang::all_names()) {
            Some(meant) => format!("did you mean '{meant}'?"),
            None => "write an ISO 639-1 code or an English name, as in 'th' or 'Thai'".to_owned(),
        };
        (format!("must be a language, got '{lang}'"), hint)
    })
}

#[cfg(test)]
mod tests {
    use super::TranslateRow;
    use crate::kit::tester::message;
    use crate::llm::llm_translate;
    use datafusion_common::arrow::array::{ArrayRef, StringArray};
    use std::sync::Arc;

    fn read(text: Option<&str>, lang: &str) -> Result<Option<TranslateRow>, String> {
        let column = |text: Option<&str>| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        TranslateRow::read(&llm_translate(), &[column(Some("m")), column(text), column(Some(lang))], 1)
            .map(|mut rows| rows.remove(0))
            .map_err(|error| message(&error.strip_backtrace()))
    }

    #[test]
    fn a_language_is_a_code_or_a_name() {
        assert_eq!(read(Some("x"), "th").unwrap().unwrap().language, "Thai");
        assert_eq!(read(Some("x"), " thai ").unwrap().unwrap().language, "Thai");
        assert_eq!(read(None, "th"), Ok(None));
        assert_eq!(
            read(Some("x"), "Bengaly").unwrap_err(),
            "llm_translate: argument 3 `lang` must be a language, got 'Bengaly'\n\nhint: did you mean 'Bengali'?"
        );
    }
}
