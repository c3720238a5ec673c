//! Calls a function as the engine would, in every form that an argument can take, and shows results as text.

use super::{Aggregate, Args, Constants, Function, Output, Rows, Scalar, Window, check_types};
use datafusion_common::arrow::array::{Array, ArrayRef, Float64Array, StringArray, UInt32Array};
use datafusion_common::arrow::compute::{cast, take};
use datafusion_common::arrow::datatypes::{DataType, Field};
use datafusion_common::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF};
use std::sync::Arc;

/// Plans and runs `function` on `args` over `rows` rows.
pub fn call(function: &ScalarUDF, args: Vec<ColumnarValue>, rows: usize) -> Result<ColumnarValue> {
    let arg_fields: Vec<_> = args.iter().map(|arg| Arc::new(Field::new("a", arg.data_type(), true))).collect();
    let scalars: Vec<_> = args
        .iter()
        .map(|arg| match arg {
            ColumnarValue::Scalar(scalar) => Some(scalar),
            ColumnarValue::Array(_) => None,
        })
        .collect();
    let return_field =
        function.return_field_from_args(ReturnFieldArgs { arg_fields: &arg_fields, scalar_arguments: &scalars })?;
    let config_options = Arc::new(ConfigOptions::default());
    function.invoke_with_args(ScalarFunctionArgs { args, arg_fields, number_rows: rows, return_field, config_options })
}

/// Each value of a column as text: `NULL`, `[a, b]`, `{field: value}`.
pub fn show(array: &ArrayRef) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let formatter = ArrayFormatter::try_new(array, &options).unwrap();
    (0..array.len()).map(|row| formatter.value(row).to_string()).collect()
}

/// The result of a call with literals, or the message of its error without DataFusion's prefix.
pub fn literal<F: Function>(function: F, args: &[ScalarValue]) -> String {
    let function = ScalarUDF::from(Scalar::new(function));
    let args = args.iter().cloned().map(ColumnarValue::Scalar).collect();
    match call(&function, args, 1) {
        Ok(ColumnarValue::Scalar(scalar)) => show(&scalar.to_array().unwrap()).remove(0),
        Ok(ColumnarValue::Array(_)) => "a scalar call gave an array".to_owned(),
        Err(error) => message(&error.strip_backtrace()),
    }
}

/// A message without `Error during planning: ` and the like.
pub fn message(error: &str) -> String {
    let prefixes = ["Error during planning: ", "Execution error: ", "Internal error: "];
    prefixes.iter().find_map(|prefix| error.strip_prefix(prefix)).unwrap_or(error).to_owned()
}

/// Texts as literals.
pub fn texts(values: &[&str]) -> Vec<ScalarValue> {
    values.iter().map(|value| ScalarValue::from(*value)).collect()
}

/// The results over text columns, after checking that each string type, a slice, and one row at a time give the same.
pub fn columns<F: Function>(function: F, columns: &[&[Option<&str>]]) -> Vec<String> {
    let function = ScalarUDF::from(Scalar::new(function));
    let rows = columns[0].len();
    let utf8: Vec<ArrayRef> =
        columns.iter().map(|column| Arc::new(StringArray::from(column.to_vec())) as ArrayRef).collect();
    let run = |arrays: Vec<ArrayRef>, rows| {
        let args = arrays.into_iter().map(ColumnarValue::Array).collect();
        show(&call(&function, args, rows).unwrap().into_array(rows).unwrap())
    };
    let expected = run(utf8.clone(), rows);

    let dictionary = |values| DataType::Dictionary(Box::new(DataType::Int32), Box::new(values));
    for text in [
        DataType::LargeUtf8,
        DataType::Utf8View,
        dictionary(DataType::Utf8),
        dictionary(DataType::LargeUtf8),
        dictionary(DataType::Utf8View),
    ] {
        let cast = utf8.iter().map(|array| cast(array, &text).unwrap()).collect();
        assert_eq!(run(cast, rows), expected, "{text}");
    }
    if rows > 1 {
        let slices = utf8.iter().map(|array| array.slice(1, rows - 1)).collect();
        assert_eq!(run(slices, rows - 1), expected[1..], "slice");
    }
    for (row, expected) in expected.iter().enumerate() {
        let args =
            utf8.iter().map(|array| ColumnarValue::Scalar(ScalarValue::try_from_array(array, row).unwrap())).collect();
        let one = call(&function, args, rows).unwrap();
        assert!(matches!(one, ColumnarValue::Scalar(_)), "scalars give a scalar");
        assert_eq!(show(&one.into_array(1).unwrap())[0], *expected, "row {row} alone");
    }
    expected
}

/// The result of an aggregate over columns and literals, or the message of its error, after checking that it is the same in one part,
/// two and eight, and with the rows turned round.
pub fn aggregated<A: Aggregate>(aggregate: &A, args: &[ColumnarValue]) -> String {
    let rows = args
        .iter()
        .find_map(|arg| match arg {
            ColumnarValue::Array(array) => Some(array.len()),
            ColumnarValue::Scalar(_) => None,
        })
        .unwrap_or(1);
    let forwards: Vec<u32> = (0..rows as u32).collect();
    let backwards: Vec<u32> = forwards.iter().rev().copied().collect();
    let expected = in_parts(aggregate, args, &forwards, 1);
    for parts in [1, 2, 8] {
        for order in [&forwards, &backwards] {
            assert_eq!(in_parts(aggregate, args, order, parts), expected, "{parts} parts");
        }
    }
    expected
}

fn in_parts<A: Aggregate>(aggregate: &A, args: &[ColumnarValue], order: &[u32], parts: usize) -> String {
    match try_parts(aggregate, args, order, parts) {
        Ok(shown) => shown,
        Err(error) => message(&error.strip_backtrace()),
    }
}

fn try_parts<A: Aggregate>(aggregate: &A, args: &[ColumnarValue], order: &[u32], parts: usize) -> Result<String> {
    let types: Vec<_> = args.iter().map(ColumnarValue::data_type).collect();
    check_types(A::NAME, A::PARAMS, &types)?;
    let start = || {
        let constants = Constants::new(A::NAME, A::PARAMS, types.clone(), args.iter().cloned().map(Ok))?;
        aggregate.start(&constants)
    };
    let mut states: Vec<Vec<ScalarValue>> = vec![Vec::new(); A::Rows::state_types().len()];
    for part in 0..parts {
        let mut rows = start()?;
        let places: Vec<u32> = order.iter().skip(part).step_by(parts).copied().collect();
        let places = UInt32Array::from(places);
        let values: Vec<_> = args
            .iter()
            .map(|arg| {
                let array = match arg {
                    ColumnarValue::Array(array) => take(array, &places, None)?,
                    ColumnarValue::Scalar(scalar) => scalar.to_array_of_size(places.len())?,
                };
                Ok(ColumnarValue::Array(array))
            })
            .collect::<Result<_>>()?;
        rows.update(&Args::new(A::NAME, A::PARAMS, &values, places.len())?)?;
        if parts == 1 {
            // Asked twice, as a growing window does.
            show_one(rows.evaluate()?)?;
            return show_one(rows.evaluate()?);
        }
        for (column, value) in states.iter_mut().zip(rows.state()?) {
            column.push(value);
        }
    }
    let mut merged = start()?;
    let states: Vec<ArrayRef> = states.into_iter().map(ScalarValue::iter_to_array).collect::<Result<_>>()?;
    for (state, (name, data_type)) in states.iter().zip(A::Rows::state_types()) {
        assert_eq!(*state.data_type(), data_type, "{name}");
    }
    merged.merge(&states)?;
    show_one(merged.evaluate()?)
}

fn show_one<T: Output>(value: Option<T>) -> Result<String> {
    Ok(show(&T::collect(vec![value])?).remove(0))
}

/// The results of a window function over one partition, or the message of its error.
pub fn windowed<W: Window>(window: &W, args: &[ColumnarValue], rows: usize) -> Vec<String> {
    let run = || -> Result<Vec<String>> {
        let types: Vec<_> = args.iter().map(ColumnarValue::data_type).collect();
        check_types(W::NAME, W::PARAMS, &types)?;
        window.check(&Constants::new(W::NAME, W::PARAMS, types, args.iter().cloned().map(Ok))?)?;
        let values: Vec<_> =
            args.iter().map(|arg| Ok(ColumnarValue::Array(arg.clone().into_array(rows)?))).collect::<Result<_>>()?;
        Ok(show(&W::Returns::collect(window.call(&Args::new(W::NAME, W::PARAMS, &values, rows)?)?)?))
    };
    run().unwrap_or_else(|error| vec![message(&error.strip_backtrace())])
}

/// Numbers as a column.
pub fn numbers(values: &[Option<f64>]) -> ColumnarValue {
    ColumnarValue::Array(Arc::new(Float64Array::from(values.to_vec())))
}

/// Texts as a column.
pub fn names(values: &[Option<&str>]) -> ColumnarValue {
    ColumnarValue::Array(Arc::new(StringArray::from(values.to_vec())))
}
