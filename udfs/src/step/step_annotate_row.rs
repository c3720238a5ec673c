//! The arguments of `step_annotate`, read and checked.

use crate::kit::{Args, Kind, Param, Text, Texts};
use crate::llm::{ModelFunction, language};
use datafusion_common::arrow::array::ArrayRef;
use datafusion_common::{Result, ScalarValue};
use glotrace_text::lang;

/// What one row asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepAnnotateRow {
    /// Name or URI; [`Self::TAGGER`] needs no language model.
    pub model: String,
    /// The question that the trace answers.
    pub question: String,
    /// The steps of the trace, at least one, in order.
    pub steps: Vec<String>,
    /// ISO 639-1 code of the language of the question and the trace.
    pub lang: Option<&'static str>,
    /// Its English name.
    pub language: Option<&'static str>,
    /// The question in English.
    pub en_question: Option<String>,
}

pub(super) const STEP_ANNOTATE: &[Param] = &[
    Param::required("model", Kind::Text),
    Param::required("question", Kind::Text),
    Param::required("steps", Kind::Texts),
    Param::optional("lang", Kind::Text),
    Param::optional("en_question", Kind::Text),
];

const STEPS: usize = 2;
const LANG: usize = 3;

impl StepAnnotateRow {
    /// The bundled annotator.
    pub const TAGGER: &'static str = "builtin:tagger";

    /// The rows of a batch; `None` where an argument is NULL or the trace has no steps, and no call is to be made.
    ///
    /// # Errors
    /// An execution error for a NULL among the steps, and for a language that is none.
    pub fn read(function: &ModelFunction, arrays: &[ArrayRef], rows: usize) -> Result<Vec<Option<Self>>> {
        let args = function.args(arrays, rows)?;
        let (model, question, steps) = (args.text(0)?, args.text(1)?, args.texts(STEPS)?);
        let (lang, en_question) = (args.text(LANG)?, args.text(4)?);
        args.each(|row| {
            let steps = whole(&args, STEPS, &steps, row)?;
            if steps.is_empty() {
                return Ok(None);
            }
            let language = name(&args, &lang, row)?;
            Ok(Some(Self {
                model: model.at(row).to_owned(),
                question: question.at(row).to_owned(),
                steps,
                lang: language.and_then(lang::code),
                language,
                en_question: en_question.get(row).map(str::to_owned),
            }))
        })
    }

    pub(crate) fn check(function: &ModelFunction, literals: &[Option<&ScalarValue>]) -> Result<()> {
        let literal = literals.get(LANG).copied().flatten().and_then(ScalarValue::try_as_str).flatten();
        match literal.map(language) {
            Some(Err((what, hint))) => Err(function.literal_error(LANG, what, hint)),
            _ => Ok(()),
        }
    }
}

/// The steps of a row. A NULL among them would move the ids of those behind it.
pub(super) fn whole(args: &Args, i: usize, steps: &Texts, row: usize) -> Result<Vec<String>> {
    if steps.holds_null(row) {
        let what = format!("{} holds a NULL", args.place(i));
        return Err(args.error(what, "a step's id is its place: coalesce it to '' where it is unknown"));
    }
    Ok(steps.get(row).unwrap_or_default())
}

fn name(args: &Args, lang: &Text, row: usize) -> Result<Option<&'static str>> {
    let Some(lang) = lang.get(row) else { return Ok(None) };
    let wrong = |(what, hint)| args.error(format!("{} {what}", args.place(LANG)), hint);
    language(lang).map(Some).map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::Output;
    use crate::kit::tester::message;
    use crate::step::step_annotate;

    fn read(
        question: Option<&'static str>,
        steps: Vec<Option<&'static str>>,
        lang: &'static str,
    ) -> Result<Option<StepAnnotateRow>, String> {
        let column = |text: Option<&'static str>| Output::collect(vec![text]).unwrap();
        let steps = Output::collect(vec![Some(steps)]).unwrap();
        let args = [column(Some("m")), column(question), steps, column(Some(lang))];
        StepAnnotateRow::read(&step_annotate(), &args, 1)
            .map(|mut rows| rows.remove(0))
            .map_err(|error| message(&error.strip_backtrace()))
    }

    #[test]
    fn a_row_without_steps_asks_nothing() {
        let row = read(Some("กี่ฟอง"), vec![Some("a"), Some("")], "Thai").unwrap().unwrap();
        assert_eq!(
            (row.steps, row.lang, row.language),
            (vec!["a".to_owned(), String::new()], Some("th"), Some("Thai"))
        );
        assert_eq!(row.en_question, None);
        assert_eq!(read(Some("q"), vec![], "th"), Ok(None));
        assert_eq!(read(None, vec![Some("a")], "th"), Ok(None));
    }

    #[test]
    fn a_null_among_the_steps_and_an_unknown_language_are_errors() {
        assert!(
            read(Some("q"), vec![Some("a"), None], "th")
                .unwrap_err()
                .starts_with("step_annotate: argument 3 `steps` holds a NULL")
        );
        assert_eq!(
            read(Some("q"), vec![Some("a")], "Thay").unwrap_err(),
            "step_annotate: argument 4 `lang` must be a language, got 'Thay'\n\nhint: did you mean 'Thai'?"
        );
    }
}
