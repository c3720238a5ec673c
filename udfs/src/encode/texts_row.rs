//! The arguments of a function of a model and texts, read.

use crate::kit::{Kind, Param};
use crate::llm::ModelFunction;
use datafusion_common::Result;
use datafusion_common::arrow::array::ArrayRef;

/// What one row asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextsRow {
    /// Name or URI.
    pub model: String,
    /// The other arguments, in the function's order.
    pub texts: Vec<String>,
}

pub(super) const MODEL: Param = Param::required("model", Kind::Text);

pub(super) const fn text(name: &'static str) -> Param {
    Param::required(name, Kind::Text)
}

impl TextsRow {
    /// The rows of a batch; `None` where an argument is NULL, and no call is to be made.
    ///
    /// # Errors
    /// None that the caller could cause.
    pub fn read(function: &ModelFunction, arrays: &[ArrayRef], rows: usize) -> Result<Vec<Option<Self>>> {
        let args = function.args(arrays, rows)?;
        let model = args.text(0)?;
        let texts = (1..arrays.len()).map(|i| args.text(i)).collect::<Result<Vec<_>>>()?;
        args.each(|row| {
            let texts = texts.iter().map(|text| text.at(row).to_owned()).collect();
            Ok(Some(Self { model: model.at(row).to_owned(), texts }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::TextsRow;
    use crate::encode::nli;
    use datafusion_common::arrow::array::{ArrayRef, StringArray};
    use std::sync::Arc;

    #[test]
    fn texts_stand_in_the_order_of_the_arguments_and_a_null_asks_nothing() {
        let column = |values: [Option<&str>; 2]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
        let args = [column([Some("m"), Some("m")]), column([Some("ক"), Some("a")]), column([Some("খ"), None])];
        let rows = TextsRow::read(&nli(), &args, 2).unwrap();
        assert_eq!(rows, [Some(TextsRow { model: "m".into(), texts: vec!["ক".into(), "খ".into()] }), None]);
    }
}
