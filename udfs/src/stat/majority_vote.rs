//! `majority_vote`: the answer that most samples give.

use crate::kit::{Aggregate, Args, Constants, Kind, Param, Rows, items, list, list_type};
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, StringArray, UInt64Array};
use datafusion_common::arrow::datatypes::{DataType, UInt64Type};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Documentation;
use datafusion_macros::user_doc;
use glotrace_learn::stat::{self, Keys};
use std::sync::Arc;

#[user_doc(
    doc_section(label = "Statistics"),
    description = "The most frequent answer, as text; of several the smallest: numbers by value, before other texts by code points. Answers are compared as text, so
bring them into one form first. NULL does not vote; NULL where nobody votes.",
    syntax_example = "majority_vote(answer)",
    sql_example = r"```sql
SELECT majority_vote(answer) AS answer FROM (VALUES ('18'), ('9'), ('18'), (NULL)) AS t(answer);
+--------+
| answer |
+--------+
| 18     |
+--------+
```",
    argument(name = "answer", description = "The samples' answers: text, numbers.")
)]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MajorityVote;

impl Aggregate for MajorityVote {
    const NAME: &'static str = "majority_vote";
    const PARAMS: &'static [Param] = &[Param::required("answer", Kind::Key)];
    type Rows = Votes;

    fn start(&self, _: &Constants<'_>) -> Result<Votes> {
        Ok(Votes::default())
    }

    fn documentation(&self) -> Option<&Documentation> {
        self.doc()
    }
}

/// The votes of a group.
#[derive(Debug, Default)]
pub struct Votes {
    answers: Keys,
    counts: Vec<u64>,
}

impl Votes {
    fn add(&mut self, answer: &str, votes: u64) {
        let code = self.answers.code(answer) as usize;
        if code == self.counts.len() {
            self.counts.push(0);
        }
        self.counts[code] += votes;
    }
}

impl Rows for Votes {
    type Returns = String;

    fn state_types() -> Vec<(&'static str, DataType)> {
        vec![("answers", list_type(DataType::Utf8)), ("counts", list_type(DataType::UInt64))]
    }

    fn update(&mut self, args: &Args) -> Result<()> {
        let answers = args.key(0)?;
        for row in 0..args.rows() {
            if let Some(answer) = answers.get(row) {
                self.add(answer, 1);
            }
        }
        Ok(())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let answers: StringArray = self.answers.names().map(Some).collect();
        Ok(vec![list(Arc::new(answers))?, list(Arc::new(UInt64Array::from(std::mem::take(&mut self.counts))))?])
    }

    fn merge(&mut self, states: &[ArrayRef]) -> Result<()> {
        for row in 0..states[0].len() {
            let (answers, counts) = (items(&states[0], row), items(&states[1], row));
            let counts = counts.as_primitive::<UInt64Type>().values();
            for (answer, votes) in answers.as_string::<i32>().iter().flatten().zip(counts) {
                self.add(answer, *votes);
            }
        }
        Ok(())
    }

    fn evaluate(&mut self) -> Result<Option<String>> {
        Ok(stat::majority_vote(self.answers.names().zip(self.counts.iter().copied())).map(str::to_owned))
    }

    fn size(&self) -> usize {
        self.answers.size() + self.counts.capacity() * 8
    }
}

#[cfg(test)]
mod tests {
    use super::MajorityVote;
    use crate::kit::tester::{aggregated, names, numbers};

    #[test]
    fn ties_go_to_the_smallest_and_null_does_not_vote() {
        assert_eq!(aggregated(&MajorityVote, &[names(&[Some("10"), Some("9"), None, None, None])]), "9");
        assert_eq!(aggregated(&MajorityVote, &[numbers(&[Some(18.0), Some(3.0), Some(18.0)])]), "18.0");
        assert_eq!(aggregated(&MajorityVote, &[names(&[None])]), "NULL");
        assert_eq!(aggregated(&MajorityVote, &[names(&[Some("")])]), "");
    }
}
