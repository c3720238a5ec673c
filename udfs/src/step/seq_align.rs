//! `seq_align`: how well two sequences match, whatever they are sequences of.

use crate::kit::{Args, Function, Kind, Param, Record, Sequence, Structs, Value, structs};
use datafusion_common::Result;
use datafusion_common::arrow::array::Int64Array;
use datafusion_expr::{ColumnarValue, Documentation};
use datafusion_macros::user_doc;
use glotrace_text::step::{Alignment, Scoring, align};

#[user_doc(
    doc_section(label = "Annotations"),
    description = "The best local alignment of two sequences (Smith and Waterman, linear gaps): the highest score of any alignment of any
stretch of one with any stretch of the other, and its ratio to the highest score possible, `match` times the length of the shorter one.
`ratio` lies between 0 and 1 and is NULL where a sequence is empty. NULL among the elements is like no other.",
    syntax_example = "seq_align(a, b [, match, mismatch, gap])",
    sql_example = r"```sql
SELECT seq_align(['plan', 'compute', 'check', 'answer'], ['plan', 'compute', 'answer']) AS alignment;
+---------------------------------+
| alignment                       |
+---------------------------------+
| {'score': 5, 'ratio': 0.833333} |
+---------------------------------+
```",
    argument(name = "a", description = "A sequence of texts or of whole numbers."),
    argument(name = "b", description = "Another one of the same kind."),
    argument(name = "match", description = "What two equal elements add, 1 to 2147483647. Default: 2."),
    argument(name = "mismatch", description = "What two different ones add, -2147483648 to 0. Default: -1."),
    argument(name = "gap", description = "What an element without a partner adds, -2147483648 to 0. Default: -1.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SeqAlign;

impl Function for SeqAlign {
    const NAME: &'static str = "seq_align";
    const PARAMS: &'static [Param] = &[
        Param::required("a", Kind::Sequence),
        Param::required("b", Kind::Sequence),
        Param::optional("match", Kind::Bigint),
        Param::optional("mismatch", Kind::Bigint),
        Param::optional("gap", Kind::Bigint),
    ];
    type Returns = Alignment;

    fn call(&self, args: &Args) -> Result<ColumnarValue> {
        let (a, b) = (args.sequences(0)?, args.sequences(1)?);
        let scores = [args.bigint(2)?, args.bigint(3)?, args.bigint(4)?];
        args.map(|row| {
            let scoring = scoring(args, &scores, row)?;
            Ok(Some(match (a.at(row), b.at(row)) {
                (Sequence::Texts(a), Sequence::Texts(b)) => align(&a, &b, scoring),
                (Sequence::Numbers(a), Sequence::Numbers(b)) => align(&a, &b, scoring),
                (Sequence::Nulls(n), b) => align(&nulls(n), &nulls(b.len()), scoring),
                (a, Sequence::Nulls(n)) => align(&nulls(a.len()), &nulls(n), scoring),
                _ => {
                    let what =
                        format!("{} and {} must be of one kind, got text and numbers", args.place(0), args.place(1));
                    return Err(args.error(what, "cast one of them, as in a::TEXT[]"));
                }
            }))
        })
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// A sequence in which nothing is known matches nothing, whatever the other holds.
fn nulls(n: usize) -> Vec<Option<i64>> {
    vec![None; n]
}

fn scoring(args: &Args, scores: &[Value<Int64Array>; 3], row: usize) -> Result<Scoring> {
    let default = Scoring::default();
    let score = |i: usize, default: i32, least: i32, most: i32, hint: &str| {
        let Some(given) = scores[i].get(row) else { return Ok(default) };
        i32::try_from(given).ok().filter(|given| (least..=most).contains(given)).ok_or_else(|| {
            args.error(format!("{} must be from {least} to {most}, got {given}", args.place(i + 2)), hint)
        })
    };
    let penalty = "write the penalty as a number below 0, as in -1";
    Ok(Scoring {
        matched: score(0, default.matched, 1, i32::MAX, "a match adds to the score")?,
        mismatch: score(1, default.mismatch, i32::MIN, 0, penalty)?,
        gap: score(2, default.gap, i32::MIN, 0, penalty)?,
    })
}

impl Record for Alignment {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("score", |alignment: &mut Self| Some(alignment.score))
            .field("ratio", |alignment| alignment.ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::SeqAlign;
    use crate::kit::tester::{call, literal, show};
    use crate::kit::{Output, Scalar};
    use datafusion_common::ScalarValue;
    use datafusion_common::arrow::array::ArrayRef;
    use datafusion_common::arrow::compute::cast;
    use datafusion_common::arrow::datatypes::DataType;
    use datafusion_expr::{ColumnarValue, ScalarUDF};

    fn aligned(a: ArrayRef, b: ArrayRef) -> Vec<String> {
        let rows = a.len();
        let args = vec![ColumnarValue::Array(a), ColumnarValue::Array(b)];
        show(&call(&ScalarUDF::from(Scalar::new(SeqAlign)), args, rows).unwrap().into_array(rows).unwrap())
    }

    #[test]
    fn texts_and_numbers_of_every_type_are_sequences() {
        let texts = |rows: Vec<Option<Vec<&str>>>| Output::collect(rows).unwrap();
        let a = texts(vec![Some(vec!["ก", "ข", "ค"]), Some(vec![]), None]);
        let b = texts(vec![Some(vec!["ข", "ค"]), Some(vec!["ก"]), Some(vec!["ก"])]);
        let expected = ["{score: 4, ratio: 1.0}", "{score: 0, ratio: NULL}", "NULL"];
        assert_eq!(aligned(ArrayRef::clone(&a), ArrayRef::clone(&b)), expected);
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        for item in [DataType::LargeUtf8, DataType::Utf8View, dictionary] {
            let large = cast(&a, &DataType::new_large_list(item, true)).unwrap();
            assert_eq!(aligned(large, ArrayRef::clone(&b)), expected);
        }
        let numbers = |rows: Vec<Option<Vec<i64>>>| -> ArrayRef { Output::collect(rows).unwrap() };
        let narrow = cast(&numbers(vec![Some(vec![1, 2, 3])]), &DataType::new_list(DataType::UInt8, true)).unwrap();
        assert_eq!(aligned(narrow, numbers(vec![Some(vec![3, 1, 3])])), ["{score: 3, ratio: 0.5}"]);
    }

    #[test]
    fn a_penalty_above_0_is_an_error() {
        let list = ScalarValue::List(ScalarValue::new_list_nullable(&[1i64.into()], &DataType::Int64));
        let args = [list.clone(), list, ScalarValue::Null, 1i64.into()];
        assert_eq!(
            literal(SeqAlign, &args),
            "seq_align: argument 4 `mismatch` must be from -2147483648 to 0, got 1\n\nhint: write the penalty as a number below 0, \
             as in -1"
        );
    }
}
