//! `sparkline`: a list of numbers as a line in a cell of a terminal.

use crate::kit::{Args, Features, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_learn::stat;

#[user_doc(
    doc_section(label = "Statistics"),
    description = "A character a number, from `▁` for the smallest of the list to `█` for the largest; equal numbers are all `▄`. A NULL in the list is a blank.",
    syntax_example = "sparkline(list)",
    sql_example = r"```sql
SELECT sparkline([1, 2, 4, 8, 4, 2, 1]) AS accuracy;
+----------+
| accuracy |
+----------+
| ▁▂▄█▄▂▁  |
+----------+
```",
    argument(name = "list", description = "The numbers, in order.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sparkline;

impl Function for Sparkline {
    const NAME: &'static str = "sparkline";
    const PARAMS: &'static [Param] = &[Param::required("list", Kind::Doubles)];
    type Returns = String;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (lists, mut numbers) = (Features::new(args, 0)?, Vec::new());
        args.map(|row| Ok(lists.row(row, &mut numbers).then(|| stat::sparkline(&numbers))))
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::Sparkline;
    use crate::kit::tester::literal;
    use datafusion_common::ScalarValue;
    use datafusion_common::arrow::array::ListArray;
    use datafusion_common::arrow::datatypes::Int64Type;
    use std::sync::Arc;

    #[test]
    fn lists_of_any_number_become_lines() {
        let list = |values: Option<Vec<Option<i64>>>| {
            let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([values]);
            literal(Sparkline, &[ScalarValue::List(Arc::new(lists))])
        };
        assert_eq!(list(Some(vec![Some(1), None, Some(8)])), "▁ █");
        assert_eq!([list(Some(vec![])), list(None)], ["", "NULL"]);
    }
}
