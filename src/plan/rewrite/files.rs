//! `FROM read_json('x/*.jsonl', filename => true)` → a table name that the catalog opens as files.

use std::collections::BTreeMap;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, ObjectNamePart, TableFactor, Value, VisitMut,
};

use super::arguments::{argument_name, argument_value};
use super::{Context, each_factor};
use crate::error::{Error, Result};
use crate::plan::parse::place_of;
use crate::read::{FileQuery, ReadFormat};

pub fn encode<T: VisitMut>(tree: &mut T, context: &Context<'_>) -> Result<()> {
    each_factor(tree, |factor| {
        let TableFactor::Table { name, args, .. } = factor else { return Ok(()) };
        let Some(arguments) = args else { return Ok(()) };
        let function = name.to_string().to_lowercase();
        let format = match function.as_str() {
            "read_json" | "read_json_auto" | "read_ndjson" => Some(ReadFormat::Json),
            "read_csv" | "read_csv_auto" => Some(ReadFormat::Csv),
            "read_parquet" | "parquet_scan" => Some(ReadFormat::Parquet),
            "read_files" => None,
            _ => return Ok(()),
        };
        let query = file_query(&function, format, std::mem::take(&mut arguments.args)).map_err(|e| {
            match place_of(context.statement, name) {
                Some(place) if e.place.is_none() => e.at(place),
                _ => e,
            }
        })?;
        *args = None;
        *name = ObjectName(vec![ObjectNamePart::Identifier(Ident::with_quote('"', query.to_table_name()))]);
        Ok(())
    })
}

fn file_query(function: &str, format: Option<ReadFormat>, arguments: Vec<FunctionArg>) -> Result<FileQuery> {
    let mut url = None;
    let mut filename = false;
    let mut options = BTreeMap::new();
    for argument in arguments {
        let name = argument_name(&argument).map(|n| n.value.to_lowercase());
        let FunctionArgExpr::Expr(value) = argument_value(argument) else {
            return Err(Error::query(format!("{function}: `*` is no path")));
        };
        match name.as_deref() {
            None if url.is_none() => {
                url = Some(match &value {
                    // A list of paths; the reader takes them one a line.
                    Expr::Array(list) => list.elem.iter().map(constant_text).collect::<Result<Vec<_>>>()?.join("\n"),
                    one => constant_text(one)?,
                });
            }
            None => {
                return Err(Error::query(format!(
                    "{function} takes one path; further arguments have names, as in `filename => true`"
                )));
            }
            Some("filename") => filename = constant_text(&value)? == "true",
            Some(other) => {
                options.insert(other.to_owned(), constant_text(&value)?);
            }
        }
    }
    let url = url.ok_or_else(|| Error::query(format!("{function} needs a path, as in {function}('data/*.jsonl')")))?;
    Ok(FileQuery { url, format, filename, options })
}

/// The text of a constant: literals and `||` of them (parameters are literals by now).
///
/// # Errors
/// Anything else: a path, a model or a target must be known before the statement is planned.
pub fn constant_text(expr: &Expr) -> Result<String> {
    match expr {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(s) | Value::DoubleQuotedString(s) => Ok(s.clone()),
            Value::DollarQuotedString(s) => Ok(s.value.clone()),
            Value::Number(n, _) => Ok(n.clone()),
            Value::Boolean(b) => Ok(b.to_string()),
            other => Err(Error::query(format!("`{other}` is no text"))),
        },
        Expr::BinaryOp { left, op: BinaryOperator::StringConcat, right } => {
            Ok(constant_text(left)? + &constant_text(right)?)
        }
        Expr::Nested(inner) => constant_text(inner),
        Expr::UnaryOp { op, expr } => Ok(format!("{op}{}", constant_text(expr)?)),
        other => {
            Err(Error::query(format!("`{other}` must be a constant here: a text, a parameter or a `||` of these")))
        }
    }
}
