//! The result of `llm_generate`: a list of samples a row.

use crate::kit::{Output, Record, Structs, structs};
use datafusion_common::Result;
use datafusion_common::arrow::array::ArrayRef;
use datafusion_common::arrow::datatypes::DataType;
use std::mem::take;

/// One sampled reply and what is known of it. `None` is NULL.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Generated {
    /// 0 to n − 1.
    pub sample: i64,
    /// The reply as the model wrote it.
    pub text: Option<String>,
    /// What it thought, by `trace_split`.
    pub thinking: Option<String>,
    /// What it said, by `trace_split`.
    pub response: Option<String>,
    /// `stop`, `length` …
    pub finish_reason: Option<String>,
    /// Length of the input in the model's tokens.
    pub prompt_tokens: Option<i64>,
    /// Length of the reply in the model's tokens.
    pub completion_tokens: Option<i64>,
    /// What the call took, of the first time where `cached`.
    pub seconds: Option<f64>,
    /// Whether it came from the store.
    pub cached: Option<bool>,
    /// Where the call failed: the kind of error (`refused`, `truncated`, `timeout` …) and its message.
    pub error: Option<String>,
}

impl Generated {
    /// A sample whose call failed.
    pub fn failed(sample: i64, error: String) -> Self {
        Self { sample, error: Some(error), ..Self::default() }
    }
}

impl Record for Generated {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("sample", |s: &mut Self| Some(s.sample))
            .field("text", |s| take(&mut s.text))
            .field("thinking", |s| take(&mut s.thinking))
            .field("response", |s| take(&mut s.response))
            .field("finish_reason", |s| take(&mut s.finish_reason))
            .field("prompt_tokens", |s| s.prompt_tokens)
            .field("completion_tokens", |s| s.completion_tokens)
            .field("seconds", |s| s.seconds)
            .field("cached", |s| s.cached)
            .field("error", |s| take(&mut s.error))
    }
}

/// Builds the result column of `llm_generate`, row by row.
#[derive(Debug, Default)]
pub struct GeneratedBuilder(Vec<Option<Vec<Generated>>>);

impl GeneratedBuilder {
    /// The type of the column.
    pub fn data_type() -> DataType {
        Vec::<Generated>::data_type()
    }

    /// A row: its samples, or NULL where no call was made.
    pub fn append(&mut self, samples: Option<&[Generated]>) {
        self.0.push(samples.map(<[_]>::to_vec));
    }

    /// The column.
    ///
    /// # Errors
    /// An execution error where the texts of the batch are larger than 2 GiB.
    pub fn finish(self) -> Result<ArrayRef> {
        Output::collect(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Generated, GeneratedBuilder};
    use crate::kit::{sql_type, tester::show};

    #[test]
    fn rows_have_as_many_samples_as_were_asked_for() {
        let text = Some("18".to_owned());
        let said = Generated {
            text: text.clone(),
            response: text,
            seconds: Some(0.5),
            cached: Some(true),
            ..Generated::default()
        };
        let mut column = GeneratedBuilder::default();
        column.append(Some(&[said, Generated::failed(1, "timeout: 30 s".to_owned())]));
        column.append(None);
        column.append(Some(&[]));
        let column = column.finish().unwrap();
        assert_eq!(*column.data_type(), GeneratedBuilder::data_type());
        assert_eq!(
            show(&column),
            [
                "[{sample: 0, text: 18, thinking: NULL, response: 18, finish_reason: NULL, prompt_tokens: NULL, completion_tokens: NULL, \
                 seconds: 0.5, cached: true, error: NULL}, {sample: 1, text: NULL, thinking: NULL, response: NULL, finish_reason: NULL, \
                 prompt_tokens: NULL, completion_tokens: NULL, seconds: NULL, cached: NULL, error: timeout: 30 s}]",
                "NULL",
                "[]",
            ]
        );
    }

    #[test]
    fn the_type_is_the_contract() {
        assert_eq!(
            sql_type(&GeneratedBuilder::data_type()),
            "LIST<STRUCT<sample BIGINT, text TEXT, thinking TEXT, response TEXT, finish_reason TEXT, prompt_tokens BIGINT, \
             completion_tokens BIGINT, seconds DOUBLE, cached BOOLEAN, error TEXT>>"
        );
    }
}
