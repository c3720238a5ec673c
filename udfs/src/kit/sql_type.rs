//! Arrow types as SQL writes them, for the reference and for hints.

use datafusion_common::arrow::datatypes::DataType;

/// `STRUCT<thinking TEXT, closed BOOLEAN>`, `LIST<TEXT>`, `DOUBLE` …; a type without an SQL name keeps Arrow's.
pub fn sql_type(data_type: &DataType) -> String {
    match data_type {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "TEXT".to_owned(),
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::Int32 => "INTEGER".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Float32 => "FLOAT".to_owned(),
        DataType::List(item) | DataType::LargeList(item) => format!("LIST<{}>", sql_type(item.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|field| format!("{} {}", field.name(), sql_type(field.data_type()))).collect();
            format!("STRUCT<{}>", fields.join(", "))
        }
        other => other.to_string(),
    }
}
