//! `lang_confidence`: how sure `lang_detect` is, and between which languages it wavers.

use super::Detectors;
use crate::kit::{Args, Function, Kind, Param, Record, Structs, structs};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::lang;

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = "Each candidate language with its probability, best first; equal ones by code. The probabilities sum to 1, or are all 0
where nothing can be said. They are rounded to nine decimals.",
    syntax_example = "lang_confidence(text [, candidates])",
    sql_example = r"```sql
SELECT lang_confidence('คำตอบคือสิบแปด', 'en,th') AS languages;
+--------------------------------------------------------------------+
| languages                                                          |
+--------------------------------------------------------------------+
| [{'lang': th, 'confidence': 1.0}, {'lang': en, 'confidence': 0.0}] |
+--------------------------------------------------------------------+
```",
    argument(name = "text", description = "The text."),
    argument(name = "candidates", description = "Comma list of codes, as for `lang_detect`.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LangConfidence {
    detectors: Detectors,
}

impl LangConfidence {
    /// Keeps its detectors in `detectors`.
    pub fn new(detectors: Detectors) -> Self {
        Self { detectors }
    }
}

impl Function for LangConfidence {
    const NAME: &'static str = "lang_confidence";
    const PARAMS: &'static [Param] = &[Param::required("text", Kind::Text), Param::optional("candidates", Kind::Text)];
    type Returns = Vec<Confidence>;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (text, mut detector) = (args.text(0)?, self.detectors.rows(args, 1)?);
        args.map(|row| {
            let languages = lang::confidence(text.at(row), &*detector.at(row)?);
            Ok(Some(
                languages.into_iter().map(|(lang, confidence)| Confidence { lang, confidence }).collect::<Vec<_>>(),
            ))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// A candidate and its probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Confidence {
    /// ISO 639-1.
    pub lang: &'static str,
    /// 0 to 1.
    pub confidence: f64,
}

impl Record for Confidence {
    fn fields<'a>() -> Structs<'a, Self> {
        structs().field("lang", |c: &mut Self| Some(c.lang)).field("confidence", |c| Some(c.confidence))
    }
}

#[cfg(test)]
mod tests {
    use super::{Detectors, LangConfidence};
    use crate::kit::tester::columns;

    #[test]
    fn the_best_language_stands_first() {
        let shown = columns(
            LangConfidence::new(Detectors::default()),
            &[&[Some("คำตอบคือสิบแปด"), Some(""), None], &[Some("en,th"), Some("en,th"), Some("en,th")]],
        );
        assert_eq!(
            shown,
            [
                "[{lang: th, confidence: 1.0}, {lang: en, confidence: 0.0}]",
                "[{lang: en, confidence: 0.0}, {lang: th, confidence: 0.0}]",
                "NULL",
            ]
        );
    }
}
