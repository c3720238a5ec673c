//! `trace_split`: where the thinking of an output ends. Every study of reasoning starts with this cut.

use crate::kit::{Args, Function, Kind, Param, Record, Structs, structs};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::trace::{self, Split};

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = "Splits an output into what the model thought and what it said, both trimmed. The text up to the first
`</think>` is the thinking; the opening tag is optional, since chat templates write it themselves. Thinking that is never closed leaves
`response` NULL and `closed` false; an output without any tag is all response, with `thinking` NULL and `closed` true.",
    syntax_example = "trace_split(output [, compat])",
    sql_example = r"```sql
SELECT trace_split('<think>6 times 3 is 18.</think>The answer is 18.') AS parts;
+-------------------------------------------------------------------------------+
| parts                                                                         |
+-------------------------------------------------------------------------------+
| {'thinking': 6 times 3 is 18., 'response': The answer is 18., 'closed': true} |
+-------------------------------------------------------------------------------+
SELECT trace_split('<think>Let me see').closed AS closed;
+--------+
| closed |
+--------+
| false  |
+--------+
```",
    argument(name = "output", description = "A model's output."),
    argument(
        name = "compat",
        description = "'ki2026' splits as the published code does: an output that never closes its thinking is all response, the opening
tag stays, and what precedes an answer phrase such as \"Answer:\" is cut off the response. 'ki2026_qwen' also knows the phrase of its
scripts for Qwen3. Default: neither."
    )
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TraceSplit;

impl Function for TraceSplit {
    const NAME: &'static str = "trace_split";
    const PARAMS: &'static [Param] =
        &[Param::required("output", Kind::Text), Param::optional("compat", Kind::Choice(&["ki2026", "ki2026_qwen"]))];
    type Returns = Split<'static>;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (output, compat) = (args.text(0)?, args.text(1)?);
        args.map(|row| {
            let output = output.at(row);
            Ok(Some(match compat.get(row) {
                None => trace::split(output),
                Some(variant) => trace::split_ki2026(output, variant == "ki2026_qwen"),
            }))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

impl Record for Split<'_> {
    fn fields<'a>() -> Structs<'a, Self>
    where
        Self: 'a,
    {
        structs()
            .field("thinking", |split: &mut Self| split.thinking)
            .field("response", |split| split.response)
            .field("closed", |split| Some(split.closed))
    }
}

#[cfg(test)]
mod tests {
    use super::TraceSplit;
    use crate::kit::tester::{columns, literal, texts};

    #[test]
    fn each_shape_of_output_has_its_parts() {
        let outputs = [Some("<think>a</think>b"), Some("คิด</think>ตอบ"), Some("<think>a"), Some("b"), Some(""), None];
        assert_eq!(
            columns(TraceSplit, &[&outputs]),
            [
                "{thinking: a, response: b, closed: true}",
                "{thinking: คิด, response: ตอบ, closed: true}",
                "{thinking: a, response: NULL, closed: false}",
                "{thinking: NULL, response: b, closed: true}",
                "{thinking: NULL, response: , closed: true}",
                "NULL",
            ]
        );
    }

    #[test]
    fn compat_can_change_from_row_to_row() {
        let outputs = ["<think>a", "a</think>b ### Final Answer 5", "<think>a</think>b"].map(Some);
        let compat = [Some("ki2026"), Some("ki2026_qwen"), None];
        assert_eq!(
            columns(TraceSplit, &[&outputs, &compat]),
            [
                "{thinking: , response: <think>a, closed: false}",
                "{thinking: a, response: 5, closed: true}",
                "{thinking: a, response: b, closed: true}",
            ]
        );
    }

    #[test]
    fn an_unknown_compat_is_an_error() {
        assert_eq!(
            literal(TraceSplit, &texts(&["a", "ki2025"])),
            "trace_split: argument 2 `compat` must be 'ki2026' or 'ki2026_qwen', got 'ki2025'\n\nhint: did you mean 'ki2026'?"
        );
    }
}
