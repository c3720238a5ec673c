//! `SUMMARIZE t`: one row a column, with DuckDB's columns.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};

use crate::error::{Error, Result};

/// The aggregates of one column, in the order in which [`table`] reads them.
const AGGREGATES: usize = 9;

/// One query that aggregates all columns of `source` (a query's text) in one pass.
pub fn query(source: &str, schema: &SchemaRef) -> String {
    let mut select = vec!["count(*)".to_owned()];
    for field in schema.fields() {
        let column = format!("\"{}\"", field.name().replace('"', "\"\""));
        let comparable = !field.data_type().is_nested();
        let numeric = field.data_type().is_numeric();
        let of = |there: bool, sql: String| if there { sql } else { "NULL".to_owned() };
        select.push(format!("count({column})"));
        select.push(of(comparable, format!("CAST(min({column}) AS TEXT)")));
        select.push(of(comparable, format!("CAST(max({column}) AS TEXT)")));
        // Not every type has a sketch of its own; equal values have equal texts.
        select.push(of(comparable, format!("approx_distinct(CAST({column} AS TEXT))")));
        select.push(of(numeric, format!("avg({column})")));
        select.push(of(numeric, format!("stddev({column})")));
        for q in ["0.25", "0.5", "0.75"] {
            select.push(of(numeric, format!("CAST(approx_percentile_cont(CAST({column} AS DOUBLE), {q}) AS DOUBLE)")));
        }
    }
    let select: Vec<String> = select.into_iter().enumerate().map(|(i, s)| format!("{s} AS a{i}")).collect();
    format!("SELECT {} FROM ({source}) AS summarized", select.join(", "))
}

/// The answer of [`query`], turned: one row a column of `schema`.
pub fn table(schema: &SchemaRef, answer: &RecordBatch) -> Result<RecordBatch> {
    let options = FormatOptions::default();
    let cell = |i: usize| -> Result<Option<String>> {
        let column = answer.column(i);
        if column.is_null(0) || column.data_type() == &DataType::Null {
            return Ok(None);
        }
        let formatter = ArrayFormatter::try_new(column, &options).map_err(|e| Error::internal(e.to_string()))?;
        Ok(Some(formatter.value(0).to_string()))
    };
    let number = |i: usize| Ok::<_, Error>(cell(i)?.and_then(|s| s.parse::<f64>().ok()));
    let rows = cell(0)?.and_then(|s| s.parse::<i64>().ok()).unwrap_or(0);
    let n = schema.fields().len();
    let at = |column: usize, k: usize| 1 + column * AGGREGATES + k;
    let texts = |k: usize| (0..n).map(|c| cell(at(c, k))).collect::<Result<Vec<_>>>();
    let numbers = |k: usize| (0..n).map(|c| number(at(c, k))).collect::<Result<Vec<_>>>();
    #[expect(clippy::cast_possible_truncation, reason = "counts are whole numbers below 2^53")]
    let unique: Vec<Option<i64>> = numbers(3)?.into_iter().map(|n| n.map(|n| n as i64)).collect();
    let nulls: Vec<Option<f64>> = numbers(0)?
        .into_iter()
        .map(|there| there.filter(|_| rows > 0).map(|n| ((rows as f64 - n) / rows as f64 * 10_000.0).round() / 100.0))
        .collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("column_name", Arc::new(StringArray::from_iter_values(schema.fields().iter().map(|f| f.name())))),
        (
            "column_type",
            Arc::new(StringArray::from_iter_values(schema.fields().iter().map(|f| type_name(f.data_type())))),
        ),
        ("min", Arc::new(StringArray::from(texts(1)?))),
        ("max", Arc::new(StringArray::from(texts(2)?))),
        ("approx_unique", Arc::new(Int64Array::from(unique))),
        ("avg", Arc::new(Float64Array::from(numbers(4)?))),
        ("std", Arc::new(Float64Array::from(numbers(5)?))),
        ("q25", Arc::new(Float64Array::from(numbers(6)?))),
        ("q50", Arc::new(Float64Array::from(numbers(7)?))),
        ("q75", Arc::new(Float64Array::from(numbers(8)?))),
        ("count", Arc::new(Int64Array::from(vec![rows; n]))),
        ("null_percentage", Arc::new(Float64Array::from(nulls))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true)))
        .map_err(|e| Error::internal(e.to_string()))
}

/// `DESCRIBE`: one row a column.
pub fn describe(schema: &SchemaRef) -> Result<RecordBatch> {
    let fields = schema.fields();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("column_name", Arc::new(StringArray::from_iter_values(fields.iter().map(|f| f.name())))),
        ("column_type", Arc::new(StringArray::from_iter_values(fields.iter().map(|f| type_name(f.data_type()))))),
        (
            "null",
            Arc::new(StringArray::from_iter_values(fields.iter().map(|f| if f.is_nullable() { "YES" } else { "NO" }))),
        ),
    ];
    RecordBatch::try_from_iter(columns).map_err(|e| Error::internal(e.to_string()))
}

/// A type as SQL writes it: `TEXT`, `BIGINT`, `LIST<STRUCT<sample BIGINT, text TEXT>>`.
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Null => "NULL".into(),
        DataType::Boolean => "BOOLEAN".into(),
        DataType::Int8 => "TINYINT".into(),
        DataType::Int16 => "SMALLINT".into(),
        DataType::Int32 => "INTEGER".into(),
        DataType::Int64 => "BIGINT".into(),
        DataType::UInt8 => "UTINYINT".into(),
        DataType::UInt16 => "USMALLINT".into(),
        DataType::UInt32 => "UINTEGER".into(),
        DataType::UInt64 => "UBIGINT".into(),
        DataType::Float16 | DataType::Float32 => "FLOAT".into(),
        DataType::Float64 => "DOUBLE".into(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "TEXT".into(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => "BLOB".into(),
        DataType::Date32 | DataType::Date64 => "DATE".into(),
        DataType::Time32(_) | DataType::Time64(_) => "TIME".into(),
        DataType::Timestamp(_, None) => "TIMESTAMP".into(),
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE".into(),
        DataType::Interval(_) | DataType::Duration(_) => "INTERVAL".into(),
        DataType::Decimal32(p, s)
        | DataType::Decimal64(p, s)
        | DataType::Decimal128(p, s)
        | DataType::Decimal256(p, s) => {
            format!("DECIMAL({p},{s})")
        }
        DataType::List(item) | DataType::LargeList(item) | DataType::ListView(item) | DataType::LargeListView(item) => {
            format!("LIST<{}>", type_name(item.data_type()))
        }
        DataType::FixedSizeList(item, n) => format!("LIST<{}>[{n}]", type_name(item.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|f| format!("{} {}", f.name(), type_name(f.data_type()))).collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                format!("MAP<{}, {}>", type_name(fields[0].data_type()), type_name(fields[1].data_type()))
            }
            other => format!("MAP<{other}>"),
        },
        DataType::Dictionary(_, value) => type_name(value),
        other => other.to_string(),
    }
}
