//! `reason_prompt`: the question as a prompt in its own language. The language of a prompt steers that of the trace.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::prompt;

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = r"A prompt that asks, in the language of the question, to reason step by step and to write the final answer inside
`\boxed{}`. The instruction stands first, then an empty line and the question as it is.",
    syntax_example = "reason_prompt(lang, question)",
    sql_example = r"```sql
SELECT replace(reason_prompt('de', 'Wie viel ist 6 mal 3?'), chr(10), ' ') AS prompt;
+----------------------------------------------------------------------------------------------------------------------------------------------+
| prompt                                                                                                                                       |
+----------------------------------------------------------------------------------------------------------------------------------------------+
| Löse die folgende Aufgabe, indem du Schritt für Schritt überlegst, und schreibe das Endergebnis in \boxed{}.  Aufgabe: Wie viel ist 6 mal 3? |
+----------------------------------------------------------------------------------------------------------------------------------------------+
```",
    argument(
        name = "lang",
        description = "bn, de, en, es, fr, ja, ko, ru, sw, te, th or zh; another language is an error."
    ),
    argument(name = "question", description = "The question, written in that language.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReasonPrompt;

impl Function for ReasonPrompt {
    const NAME: &'static str = "reason_prompt";
    const PARAMS: &'static [Param] = &[Param::required("lang", Kind::Text), Param::required("question", Kind::Text)];
    type Returns = String;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (lang, question) = (args.text(0)?, args.text(1)?);
        args.map(|row| match prompt::reason(lang.at(row), question.at(row)) {
            Ok(prompt) => Ok(Some(prompt)),
            Err(error) => Err(args.error(
                format!("{}: {error}", args.place(0)),
                "lang_detect(question) gives the language of a question",
            )),
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::ReasonPrompt;
    use crate::kit::tester::{columns, literal, texts};

    #[test]
    fn the_prompt_is_in_the_language_and_ends_with_the_question() {
        let shown = columns(
            ReasonPrompt,
            &[&[Some("th"), Some("EN"), Some("de"), None], &[Some("1+1=?"), Some(""), None, Some("q")]],
        );
        assert!(
            shown[0].ends_with("1+1=?") && shown[0].contains(r"\boxed{}") && shown[0].contains("ทีละขั้นตอน"),
            "{}",
            shown[0]
        );
        assert!(shown[1].contains("step by step"), "{}", shown[1]);
        assert_eq!(shown[2..], ["NULL", "NULL"]);
    }

    #[test]
    fn a_language_without_a_prompt_is_an_error_that_lists_the_others() {
        let error = literal(ReasonPrompt, &texts(&["pt", "Quanto?"]));
        assert!(error.starts_with("reason_prompt: argument 1 `lang`: no prompt for the language 'pt'; "), "{error}");
        assert!(error.contains("bn, de, en"), "{error}");
    }
}
