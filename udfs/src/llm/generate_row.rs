//! The arguments of one call of `llm_generate` or `llm_complete`, read and checked.

use super::{ModelFunction, Task};
use crate::kit::{Args, Kind, Param};
use datafusion_common::arrow::array::{ArrayRef, BooleanArray};
use datafusion_common::arrow::compute::filter;
use datafusion_common::arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::ColumnarValue;

/// The parameters of `llm_generate` and `llm_complete`, in order.
pub const GENERATE: &[Param] = &[
    Param::required("model", Kind::Text),
    Param::required("prompt", Kind::Text),
    Param::optional("n", Kind::Bigint),
    Param::optional("temperature", Kind::Double),
    Param::optional("top_p", Kind::Double),
    Param::optional("top_k", Kind::Bigint),
    Param::optional("min_p", Kind::Double),
    Param::optional("max_tokens", Kind::Bigint),
    Param::optional("seed", Kind::Bigint),
    Param::optional("stop", Kind::TextOrTexts),
    Param::optional("system", Kind::Text),
    Param::optional("enable_thinking", Kind::Boolean),
    Param::optional("raw", Kind::Boolean),
];

/// The most samples of one call.
const MOST_SAMPLES: f64 = 1024.0;

/// What one row asks of a model. `None` is the model's default.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerateRow {
    /// Name or URI.
    pub model: String,
    /// The user's turn, or the whole input where `raw`.
    pub prompt: String,
    /// Number of samples, 1 to 1024.
    pub n: Option<i64>,
    /// 0 to 100.
    pub temperature: Option<f64>,
    /// Above 0, at most 1.
    pub top_p: Option<f64>,
    /// 0 or more; 0 keeps all tokens.
    pub top_k: Option<i64>,
    /// 0 to 1.
    pub min_p: Option<f64>,
    /// 1 or more.
    pub max_tokens: Option<i64>,
    /// Any whole number.
    pub seed: Option<i64>,
    /// Texts that end a reply, none of them empty.
    pub stop: Option<Vec<String>>,
    /// The system's turn.
    pub system: Option<String>,
    /// Handed to the chat template.
    pub enable_thinking: Option<bool>,
    /// Without a chat template.
    pub raw: bool,
}

impl GenerateRow {
    /// The rows of the evaluated arguments of a call of `function`, in the order of [`GENERATE`]; trailing ones may be missing.
    /// `None` where model or prompt is NULL, and no call is to be made: nothing else of such a row is read.
    ///
    /// # Errors
    /// An execution error that names the argument whose value is of the wrong kind or out of range.
    pub fn read_all(function: &ModelFunction, args: &[ArrayRef], rows: usize) -> Result<Vec<Option<Self>>> {
        let name = function.static_name();
        let columns = |arrays: &[ArrayRef], rows| {
            let values: Vec<_> = arrays.iter().cloned().map(ColumnarValue::Array).collect();
            Args::new(name, GENERATE, &values, rows)
        };
        let all = columns(args, rows)?;
        let asks: Vec<bool> = (0..rows).map(|row| !all.is_null(row)).collect();
        if asks.iter().all(|asks| *asks) {
            return Ok(Self::each(function, &all, rows)?.into_iter().map(Some).collect());
        }
        let mask = BooleanArray::from(asks.clone());
        let asking = args.iter().map(|array| filter(array, &mask)).collect::<Result<Vec<_>, _>>()?;
        let mut read = Self::each(function, &columns(&asking, mask.true_count())?, mask.true_count())?.into_iter();
        Ok(asks.into_iter().map(|asks| if asks { read.next() } else { None }).collect())
    }

    /// Rows in which neither model nor prompt is NULL.
    fn each(function: &ModelFunction, args: &Args, rows: usize) -> Result<Vec<Self>> {
        let (model, prompt, system) = (args.text(0)?, args.text(1)?, args.text(10)?);
        let (n, top_k, max_tokens, seed) = (args.bigint(2)?, args.bigint(5)?, args.bigint(7)?, args.bigint(8)?);
        let (temperature, top_p, min_p) = (args.double(3)?, args.double(4)?, args.double(6)?);
        let (stop, enable_thinking, raw) = (args.texts(9)?, args.boolean(11)?, args.boolean(12)?);
        let within =
            |i: usize, value: Option<f64>| match value.and_then(|v| refusal(function.task(), GENERATE[i].name, v)) {
                Some((what, hint)) => Err(args.error(format!("{} {what}", args.place(i)), hint)),
                None => Ok(value),
            };
        #[expect(clippy::cast_precision_loss, reason = "the ends of the ranges are small")]
        let whole = |i: usize, value: Option<i64>| within(i, value.map(|value| value as f64)).map(|_| value);
        let row = |row: usize| {
            let stop = stop.get(row);
            if stop.iter().flatten().any(String::is_empty) {
                let what = format!("{} holds an empty text, which would end every reply", args.place(9));
                return Err(args.error(what, "leave it out"));
            }
            Ok(Self {
                model: model.at(row).to_owned(),
                prompt: prompt.at(row).to_owned(),
                n: whole(2, n.get(row))?,
                temperature: within(3, temperature.get(row))?,
                top_p: within(4, top_p.get(row))?,
                top_k: whole(5, top_k.get(row))?,
                min_p: within(6, min_p.get(row))?,
                max_tokens: whole(7, max_tokens.get(row))?,
                seed: whole(8, seed.get(row))?,
                stop,
                system: system.get(row).map(str::to_owned),
                enable_thinking: enable_thinking.get(row),
                raw: raw.get(row).unwrap_or(false),
            })
        };
        (0..rows).map(row).collect()
    }
}

/// The literals of a call against the ranges of their parameters, so that `temperature => -1` fails before any call is made.
pub(super) fn check_ranges(function: &ModelFunction, literals: &[Option<&ScalarValue>]) -> Result<()> {
    for (i, (param, literal)) in function.params().iter().zip(literals).enumerate() {
        let Some(ScalarValue::Float64(Some(value))) = literal.and_then(|v| v.cast_to(&DataType::Float64).ok()) else {
            continue;
        };
        if let Some((what, hint)) = refusal(function.task(), param.name, value) {
            return Err(function.literal_error(i, what, hint));
        }
    }
    Ok(())
}

/// Why a parameter cannot have this value, if it cannot: the end of the sentence, and the hint.
fn refusal(task: Task, name: &str, value: f64) -> Option<(String, &'static str)> {
    let (fits, range, hint) = match name {
        "n" if task == Task::Complete => (value == 1.0, "1", "llm_generate gives n samples"),
        "n" => ((1.0..=MOST_SAMPLES).contains(&value), "from 1 to 1024", "leave it out for one sample"),
        "temperature" => ((0.0..=100.0).contains(&value), "from 0 to 100", "0 always takes the likeliest token"),
        "top_p" => (value > 0.0 && value <= 1.0, "above 0 and at most 1", "1 keeps every token"),
        "top_k" => (value >= 0.0, "0 or more", "0 keeps every token"),
        "min_p" => ((0.0..=1.0).contains(&value), "from 0 to 1", "0 keeps every token"),
        "max_tokens" => (value >= 1.0, "1 or more", "leave it out for the model's default"),
        _ => return None,
    };
    (!fits).then(|| (format!("must be {range}, got {value}"), hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kit::tester::message;
    use crate::llm::{llm_complete, llm_generate};
    use datafusion_common::arrow::array::{
        Float32Array, Int32Array, LargeStringArray, NullArray, StringArray, UInt64Array,
    };
    use std::sync::Arc;

    fn scalar(value: impl Into<ScalarValue>) -> ArrayRef {
        value.into().to_array().unwrap()
    }

    fn error(function: &ModelFunction, args: &[ArrayRef]) -> String {
        message(&GenerateRow::read_all(function, args, 1).unwrap_err().strip_backtrace())
    }

    #[test]
    fn columns_of_any_width_make_requests() {
        let args: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from(vec!["m"; 3])),
            Arc::new(LargeStringArray::from(vec![Some("p"), None, Some("ถาม")])),
            Arc::new(Int32Array::from(vec![Some(2), Some(3), None])),
            Arc::new(Float32Array::from(vec![Some(0.5), None, Some(0.0)])),
            Arc::new(NullArray::new(3)),
            Arc::new(UInt64Array::from(vec![20; 3])),
        ];
        let mut rows = GenerateRow::read_all(&llm_generate(), &args, 3).unwrap().into_iter();
        let mut read = || rows.next().unwrap();
        let first = read().unwrap();
        assert_eq!((first.prompt.as_str(), first.n, first.temperature), ("p", Some(2), Some(0.5)));
        assert_eq!((first.top_p, first.top_k, first.seed), (None, Some(20), None));
        assert_eq!(read(), None);
        let third = read().unwrap();
        assert_eq!((third.prompt.as_str(), third.n, third.raw, third.stop), ("ถาม", None, false, None));
    }

    #[test]
    fn stop_is_a_text_or_a_list() {
        let args = |stop: ScalarValue| {
            let mut args = vec![scalar("m"), scalar("p")];
            args.resize(9, scalar(ScalarValue::Null));
            args.push(scalar(stop));
            args
        };
        let stop = |value| GenerateRow::read_all(&llm_generate(), &args(value), 1).unwrap().remove(0).unwrap().stop;
        let list = |items: &[&str]| {
            let items: Vec<_> = items.iter().map(|item| ScalarValue::from(*item)).collect();
            ScalarValue::List(ScalarValue::new_list_nullable(&items, &DataType::Utf8))
        };
        assert_eq!(stop("END".into()).unwrap(), ["END"]);
        assert_eq!(stop(list(&["a", "จบ"])).unwrap(), ["a", "จบ"]);
        assert_eq!(stop(ScalarValue::Null), None);
        assert!(error(&llm_generate(), &args("".into())).contains("argument 10 `stop` holds an empty text"));
    }

    #[test]
    fn a_row_that_asks_nothing_is_not_checked() {
        let n: ArrayRef = Arc::new(Int32Array::from(vec![0, 2]));
        let prompts: ArrayRef = Arc::new(StringArray::from(vec![None, Some("p")]));
        let read = GenerateRow::read_all(&llm_generate(), &[Arc::new(StringArray::from(vec!["m"; 2])), prompts, n], 2);
        assert_eq!(read.unwrap().into_iter().flatten().map(|row| row.n).collect::<Vec<_>>(), [Some(2)]);
    }

    #[test]
    fn a_value_out_of_range_names_the_range() {
        let with_n = |function: ModelFunction, n: ScalarValue| error(&function, &[scalar("m"), scalar("p"), scalar(n)]);
        assert_eq!(
            with_n(llm_generate(), 0_i64.into()),
            "llm_generate: argument 3 `n` must be from 1 to 1024, got 0\n\nhint: leave it out for one sample"
        );
        assert_eq!(
            with_n(llm_generate(), 1.5.into()),
            "llm_generate: argument 3 `n` must be a whole number, got 1.5\n\nhint: round it"
        );
        assert_eq!(
            with_n(llm_complete(), 2_i64.into()),
            "llm_complete: argument 3 `n` must be 1, got 2\n\nhint: llm_generate gives n samples"
        );
        assert!(with_n(llm_generate(), u64::MAX.into()).contains("argument 3 `n` must be a whole number"));
    }
}
