//! The arguments of `llm_classify`, read and checked.

use super::ModelFunction;
use crate::kit::{Kind, Param, Texts};
use datafusion_common::arrow::array::ArrayRef;
use datafusion_common::{Result, ScalarValue};
use std::collections::HashSet;

/// What one row asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassifyRow {
    /// Name or URI.
    pub model: String,
    /// What is to be classified.
    pub text: String,
    /// At least one, no two equal.
    pub labels: Vec<String>,
    /// What is to be judged.
    pub instruction: Option<String>,
}

pub(super) const CLASSIFY: &[Param] = &[
    Param::required("model", Kind::Text),
    Param::required("text", Kind::Text),
    Param::required("labels", Kind::Texts),
    Param::optional("instruction", Kind::Text),
];

const LABELS: usize = 2;

impl ClassifyRow {
    /// The rows of a batch; `None` where model, text or labels are NULL, and no call is to be made.
    ///
    /// # Errors
    /// An execution error for labels that are none.
    pub fn read(function: &ModelFunction, arrays: &[ArrayRef], rows: usize) -> Result<Vec<Option<Self>>> {
        let args = function.args(arrays, rows)?;
        let (model, text, labels, instruction) = (args.text(0)?, args.text(1)?, args.texts(LABELS)?, args.text(3)?);
        args.each(|row| {
            let labels = usable(&labels, row)
                .map_err(|(what, hint)| args.error(format!("{} {what}", args.place(LABELS)), hint))?;
            Ok(Some(Self {
                model: model.at(row).to_owned(),
                text: text.at(row).to_owned(),
                labels,
                instruction: instruction.get(row).map(str::to_owned),
            }))
        })
    }

    pub(super) fn check(function: &ModelFunction, literals: &[Option<&ScalarValue>]) -> Result<()> {
        match literals.get(LABELS) {
            Some(Some(literal)) if !literal.is_null() => match usable(&Texts::literal(literal)?, 0) {
                Ok(_) => Ok(()),
                Err((what, hint)) => Err(function.literal_error(LABELS, what, hint)),
            },
            _ => Ok(()),
        }
    }
}

/// The labels of a row, or what is wrong with them and the way out.
fn usable(labels: &Texts, row: usize) -> Result<Vec<String>, (String, &'static str)> {
    if labels.holds_null(row) {
        return Err(("holds a NULL".to_owned(), "array_remove_all(labels, NULL) takes it out"));
    }
    let labels = labels.get(row).unwrap_or_default();
    if labels.is_empty() {
        return Err(("holds no label".to_owned(), "write a list, as in ['yes', 'no']"));
    }
    let mut seen = HashSet::new();
    for label in &labels {
        if label.trim().is_empty() {
            return Err(("holds an empty label".to_owned(), "a label is a word or a few"));
        }
        if !seen.insert(label.trim()) {
            return Err((format!("holds '{}' twice", label.trim()), "array_distinct(labels) keeps one of each"));
        }
    }
    Ok(labels)
}

#[cfg(test)]
mod tests {
    use super::ClassifyRow;
    use crate::kit::tester::message;
    use crate::llm::llm_classify;
    use datafusion_common::ScalarValue;
    use datafusion_common::arrow::array::{ArrayRef, StringArray};
    use datafusion_common::arrow::datatypes::DataType;
    use std::sync::Arc;

    fn read(text: Option<&str>, labels: &[Option<&str>]) -> Result<Option<ClassifyRow>, String> {
        let column = |text: Option<&str>| Arc::new(StringArray::from(vec![text])) as ArrayRef;
        let labels: Vec<_> = labels.iter().map(|label| ScalarValue::Utf8(label.map(str::to_owned))).collect();
        let args = [column(Some("m")), column(text), ScalarValue::new_list_nullable(&labels, &DataType::Utf8)];
        ClassifyRow::read(&llm_classify(), &args, 1)
            .map(|mut rows| rows.remove(0))
            .map_err(|error| message(&error.strip_backtrace()))
    }

    #[test]
    fn a_null_text_asks_nothing() {
        assert_eq!(read(None, &[Some("a")]), Ok(None));
        let row = read(Some(""), &[Some("ดี"), Some("bad")]).unwrap().unwrap();
        assert_eq!(
            (row.text.as_str(), row.labels, row.instruction),
            ("", vec!["ดี".to_owned(), "bad".to_owned()], None)
        );
    }

    #[test]
    fn labels_that_are_none_are_named() {
        let error = |labels| read(Some("x"), labels).unwrap_err();
        assert_eq!(
            error(&[]),
            "llm_classify: argument 3 `labels` holds no label\n\nhint: write a list, as in ['yes', 'no']"
        );
        assert!(error(&[Some("a"), None]).contains("argument 3 `labels` holds a NULL"));
        assert!(error(&[Some("a"), Some("b"), Some(" a")]).contains("argument 3 `labels` holds 'a' twice"));
        assert!(error(&[Some(" ")]).contains("argument 3 `labels` holds an empty label"));
    }
}
