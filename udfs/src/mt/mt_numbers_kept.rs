//! `mt_numbers_kept`: whether a translation lost a number. The first check of translated mathematics, and a cheap one.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::mt;

#[user_doc(
    doc_section(label = "Translation metrics"),
    description = r"Whether a translation holds the same numbers and the same formulas as its source, each as often. Numbers are compared
by value, in digits of any script and with any marks of grouping and decimals (1,000 = 1.000 = 1 000 = ১,০০০; 30,000 = 3万); each text must
follow one convention. Numbers in words are none. Formulas (`$…$`, `$$…$$`, `\(…\)`, `\[…\]`) must be the same but for blanks and the words in
`\text{…}`; a dollar sign before a price makes none.",
    syntax_example = "mt_numbers_kept(source, translation)",
    sql_example = r"```sql
SELECT mt_numbers_kept('She sells 1,000.50 eggs.', 'Sie verkauft 1.000,50 Eier.') AS kept, mt_numbers_kept('16 eggs', '61 Eier') AS changed;
+------+---------+
| kept | changed |
+------+---------+
| true | false   |
+------+---------+
```",
    argument(name = "source", description = "The text that was translated."),
    argument(name = "translation", description = "Its translation.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MtNumbersKept;

impl Function for MtNumbersKept {
    const NAME: &'static str = "mt_numbers_kept";
    const PARAMS: &'static [Param] =
        &[Param::required("source", Kind::Text), Param::required("translation", Kind::Text)];
    type Returns = bool;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        args.map_texts(|source, translation| Some(mt::numbers_kept(source, translation)))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::MtNumbersKept;
    use crate::kit::tester::columns;

    #[test]
    fn digits_of_any_script_are_the_same_numbers() {
        let sources = [Some("16 eggs"), Some("16 eggs"), Some(""), None];
        let translations = [Some("১৬টি ডিম"), Some("๖๑ ฟอง"), Some(""), Some("16")];
        assert_eq!(columns(MtNumbersKept, &[&sources, &translations]), ["true", "false", "true", "NULL"]);
    }
}
