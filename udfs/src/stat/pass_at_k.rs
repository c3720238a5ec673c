//! `pass_at_k`: how often k samples hold a right one, without drawing them.

use crate::kit::{Args, Function, Kind, Param};
use datafusion_common::Result;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_learn::stat;

#[user_doc(
    doc_section(label = "Statistics"),
    description = "The unbiased estimate of pass@k (Chen et al. 2021): the chance that at least one of k samples is right, drawn without replacement from n samples of
which c are, 1 − C(n−c, k) / C(n, k). NULL where k is greater than n: so few samples say nothing of it.",
    syntax_example = "pass_at_k(n, c, k)",
    sql_example = r"```sql
SELECT pass_at_k(8, 2, 1) AS one, pass_at_k(4, 1, 2) AS two, pass_at_k(4, 1, 5) AS five;
+------+-----+------+
| one  | two | five |
+------+-----+------+
| 0.25 | 0.5 | NULL |
+------+-----+------+
```",
    argument(name = "n", description = "Samples."),
    argument(name = "c", description = "Right ones among them, 0 to n."),
    argument(name = "k", description = "Samples drawn, at least 1.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PassAtK;

impl Function for PassAtK {
    const NAME: &'static str = "pass_at_k";
    const PARAMS: &'static [Param] =
        &[Param::required("n", Kind::Bigint), Param::required("c", Kind::Bigint), Param::required("k", Kind::Bigint)];
    type Returns = f64;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (n, c, k) = (args.bigint(0)?, args.bigint(1)?, args.bigint(2)?);
        args.map(|row| {
            let (Some(n), Some(c), Some(k)) = (n.get(row), c.get(row), k.get(row)) else { return Ok(None) };
            if n < 0 {
                return Err(args.error(format!("{} must be 0 or more, got {n}", args.place(0)), "count the samples"));
            }
            if c < 0 || c > n {
                let what = format!("{} must be between 0 and n = {n}, got {c}", args.place(1));
                return Err(args.error(what, "count the right ones among the n samples"));
            }
            if k < 1 {
                return Err(args.error(format!("{} must be 1 or more, got {k}", args.place(2)), "draw at least one"));
            }
            Ok(stat::pass_at_k(n.cast_unsigned(), c.cast_unsigned(), k.cast_unsigned()))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

#[cfg(test)]
mod tests {
    use super::PassAtK;
    use crate::kit::tester::literal;
    use datafusion_common::ScalarValue;

    fn pass(n: i64, c: i64, k: i64) -> String {
        literal(PassAtK, &[n, c, k].map(ScalarValue::from))
    }

    #[test]
    fn what_cannot_be_is_refused_and_what_cannot_be_known_is_null() {
        assert_eq!([pass(8, 2, 1), pass(8, 0, 8), pass(4, 1, 5)], ["0.25", "0.0", "NULL"]);
        assert!(pass(4, 5, 1).contains("argument 2 `c` must be between 0 and n = 4, got 5"));
        assert!(pass(4, 1, 0).contains("argument 3 `k` must be 1 or more, got 0"));
    }
}
