//! `lang_name`: what a language code is called, for tables and prompts.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::lang;

#[user_doc(
    doc_section(label = "Traces and answers"),
    description = "The English name of a language. NULL for what is no ISO 639-1 code.",
    syntax_example = "lang_name(code)",
    sql_example = r"```sql
SELECT lang_name('sw') AS name;
+---------+
| name    |
+---------+
| Swahili |
+---------+
```",
    argument(name = "code", description = "ISO 639-1 code; case and blanks around it do not matter.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LangName;

impl Function for LangName {
    const NAME: &'static str = "lang_name";
    const PARAMS: &'static [Param] = &[Param::required("code", Kind::Text)];
    type Returns = &'static str;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        args.map_text(lang::name)
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::LangName;
    use crate::kit::tester::columns;

    #[test]
    fn codes_have_names_and_other_texts_have_none() {
        let codes = [Some("te"), Some(" ZH "), Some("ไทย"), Some(""), None];
        assert_eq!(columns(LangName, &[&codes]), ["Telugu", "Chinese", "NULL", "NULL", "NULL"]);
    }
}
