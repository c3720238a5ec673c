//! `lang_detect`: which language a text is written in. A trace need not be in the language of its question.

use super::Detectors;
use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::lang;

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = "The language of a text as an ISO 639-1 code, by lingua in its high accuracy mode. NULL where nothing can be said: no
letters, only scripts of no candidate, or two candidates that are equally likely. A text in a language that is no candidate gets the nearest
one.",
    syntax_example = "lang_detect(text [, candidates])",
    sql_example = r"```sql
SELECT lang_detect('Die Antwort ist achtzehn.') AS lang, lang_detect('12 + 6 = 18') AS nothing;
+------+---------+
| lang | nothing |
+------+---------+
| de   | NULL    |
+------+---------+
```",
    argument(name = "text", description = "The text."),
    argument(
        name = "candidates",
        description = "Comma list of the codes to choose among, of ar, bn, de, en, es, fr, ja, ko, pt, ru, sw, te, th and zh. Default: all
but ar and pt. The shorter the list, the surer the choice."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LangDetect {
    detectors: Detectors,
}

impl LangDetect {
    /// Keeps its detectors in `detectors`.
    pub fn new(detectors: Detectors) -> Self {
        Self { detectors }
    }
}

impl Function for LangDetect {
    const NAME: &'static str = "lang_detect";
    const PARAMS: &'static [Param] = &[Param::required("text", Kind::Text), Param::optional("candidates", Kind::Text)];
    type Returns = &'static str;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (text, mut detector) = (args.text(0)?, self.detectors.rows(args, 1)?);
        args.map(|row| Ok(lang::detect(text.at(row), &*detector.at(row)?)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::{Detectors, LangDetect};
    use crate::kit::tester::{columns, literal, texts};

    fn detect() -> LangDetect {
        LangDetect::new(Detectors::default())
    }

    #[test]
    fn each_row_has_its_own_candidates() {
        let texts = [
            Some("Die Antwort ist achtzehn."),
            Some("คำตอบคือสิบแปด"),
            Some("o resultado é dezoito"),
            Some("18"),
            Some(""),
            None,
        ];
        let candidates = [None, Some("en,th"), Some(" pt, ES"), None, Some("en"), Some("en")];
        assert_eq!(columns(detect(), &[&texts, &candidates]), ["de", "th", "pt", "NULL", "NULL", "NULL"]);
    }

    #[test]
    fn a_code_that_cannot_be_detected_is_an_error() {
        let error = literal(detect(), &texts(&["a", "en,xx"]));
        assert!(error.starts_with("lang_detect: argument 2 `candidates`: 'xx' is not an ISO 639-1 code; "), "{error}");
        assert!(error.ends_with("\n\nhint: a comma list of codes, as in 'en,de,sw'"), "{error}");
        assert!(literal(detect(), &texts(&["a", " , "])).contains("the list of languages is empty"));
    }
}
