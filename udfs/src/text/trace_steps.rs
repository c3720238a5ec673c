//! `trace_steps`: a trace into its reasoning steps, the unit of all later annotation.

use super::Detectors;
use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::lang;
use glotrace_text::trace::{self, MarkerSet};
use std::collections::HashMap;

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = "Splits a trace into its steps, trimmed and non-empty, in order. Think tags are removed first. Step ids count from
0, list elements from 1.",
    syntax_example = "trace_steps(trace [, mode, markers])",
    sql_example = r"```sql
SELECT trace_steps('6 times 3 is 18. Wait, is it 6? Yes.', mode => 'marker') AS steps;
+-----------------------------------------+
| steps                                   |
+-----------------------------------------+
| [6 times 3 is 18., Wait, is it 6? Yes.] |
+-----------------------------------------+
SELECT trace_steps('First.' || chr(10) || chr(10) || 'Second.') AS steps;
+-------------------+
| steps             |
+-------------------+
| [First., Second.] |
+-------------------+
```",
    argument(name = "trace", description = "A trace, with or without its think tags."),
    argument(
        name = "mode",
        description = "'paragraph' (default) splits at blank lines (two line feeds); 'marker' splits in front of each discourse marker."
    ),
    argument(
        name = "markers",
        description = "For mode 'marker': the words that begin a step, matched as whole words without regard to case. Default: a list
for the language of the trace, which is detected among the twelve of `lang_detect`; a trace in no known language is one step."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TraceSteps {
    detectors: Detectors,
}

impl TraceSteps {
    /// Detects the language of a trace with one of `detectors`.
    pub fn new(detectors: Detectors) -> Self {
        Self { detectors }
    }
}

impl Function for TraceSteps {
    const NAME: &'static str = "trace_steps";
    const PARAMS: &'static [Param] = &[
        Param::required("trace", Kind::Text),
        Param::optional("mode", Kind::Choice(&["paragraph", "marker"])),
        Param::optional("markers", Kind::Texts),
    ];
    type Returns = Vec<String>;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (trace, mode, markers) = (args.text(0)?, args.text(1)?, args.texts(2)?);
        let detector = self.detectors.of(lang::Candidates::default());
        let none = MarkerSet::new([""; 0]);
        let mut by_language: HashMap<&str, Option<MarkerSet>> = HashMap::new();
        let mut given: Option<(Vec<String>, MarkerSet)> = None;
        args.map(|row| {
            let trace = trace.at(row);
            if mode.get(row) != Some("marker") {
                return Ok(Some(trace::steps_paragraph(trace)));
            }
            let set = match markers.get(row) {
                Some(list) => {
                    if given.as_ref().is_none_or(|(last, _)| *last != list) {
                        given = Some((list.clone(), MarkerSet::new(&list)));
                    }
                    given.as_ref().map(|(_, set)| set)
                }
                None => lang::detect(trace, &detector)
                    .and_then(|code| by_language.entry(code).or_insert_with(|| MarkerSet::of_language(code)).as_ref()),
            };
            Ok(Some(trace::steps_marker(trace, set.unwrap_or(&none))))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::{Detectors, TraceSteps};
    use crate::kit::tester::{columns, literal, texts};
    use datafusion_common::ScalarValue;
    use datafusion_common::arrow::datatypes::DataType;

    fn steps() -> TraceSteps {
        TraceSteps::new(Detectors::default())
    }

    #[test]
    fn blank_lines_separate_by_default() {
        let traces = [Some("<think>\na\n\n ข \n\n\n\nc</think>"), Some("a\nb"), Some("  "), Some(""), None];
        assert_eq!(columns(steps(), &[&traces]), ["[a, ข, c]", "[a\nb]", "[]", "[]", "NULL"]);
    }

    #[test]
    fn default_markers_are_those_of_the_language_of_the_row() {
        let traces = [
            Some("The first box holds twelve eggs. Wait, it holds ten eggs."),
            Some("Die erste Kiste enthält zwölf Eier. Moment, sie enthält nur zehn Eier."),
            Some("12 + 5"),
        ];
        assert_eq!(
            columns(steps(), &[&traces, &[Some("marker"); 3]]),
            [
                "[The first box holds twelve eggs., Wait, it holds ten eggs.]",
                "[Die erste Kiste enthält zwölf Eier., Moment, sie enthält nur zehn Eier.]",
                "[12 + 5]",
            ]
        );
    }

    #[test]
    fn given_markers_replace_the_default_ones() {
        let list = |items: &[&str]| {
            let items: Vec<_> = items.iter().map(|item| ScalarValue::from(*item)).collect();
            ScalarValue::List(ScalarValue::new_list_nullable(&items, &DataType::Utf8))
        };
        let mut args = texts(&["a b. Wait, c. Then d", "marker"]);
        args.push(list(&["then", ""]));
        assert_eq!(literal(steps(), &args), "[a b. Wait, c., Then d]");
        args[2] = list(&[]);
        assert_eq!(literal(steps(), &args), "[a b. Wait, c. Then d]");
        args[1] = ScalarValue::Null;
        assert_eq!(literal(steps(), &args), "[a b. Wait, c. Then d]");
    }

    #[test]
    fn an_unknown_mode_is_an_error() {
        assert_eq!(
            literal(steps(), &texts(&["a", "paragraf"])),
            "trace_steps: argument 2 `mode` must be 'paragraph' or 'marker', got 'paragraf'\n\nhint: did you mean 'paragraph'?"
        );
        assert_eq!(
            literal(steps(), &texts(&["a", "marker", "wait"])),
            "trace_steps: argument 3 `markers` must be a list of text, got Utf8\n\nhint: write a list, as in ['first', 'second']"
        );
    }
}
