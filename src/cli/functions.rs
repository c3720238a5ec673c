//! The function reference: as a table, and the page of one function.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray};
use glotrace_udfs::{FunctionDoc, reference};

use super::names::{Function, Names};
use super::session::Session;
use crate::error::{Error, Result};
use crate::suggest::closest;

/// `glotrace functions [NAME]`.
///
/// # Errors
/// No function of this name.
pub async fn run(session: &mut Session, name: Option<&str>) -> Result<()> {
    match name {
        None => session.all_rows("SELECT * FROM system.functions ORDER BY family, name").await,
        Some(pattern) if pattern.contains('%') => list(session, Some(pattern)).await,
        Some(name) => page(session, name).await,
    }
}

/// `.functions [PATTERN]`: name, signature and one line on each, DataFusion's own included.
///
/// # Errors
/// Nothing is like the pattern.
pub async fn list(session: &mut Session, pattern: Option<&str>) -> Result<()> {
    let names = Names::gather(&session.engine).await;
    let wanted = pattern.unwrap_or("%").to_lowercase();
    let found: Vec<&Function> = names.functions.iter().filter(|f| matches(&f.name.to_lowercase(), &wanted)).collect();
    if found.is_empty() {
        return Err(unknown(&names, &wanted));
    }
    let column =
        |of: fn(&Function) -> &String| Arc::new(StringArray::from_iter_values(found.iter().map(|f| of(f)))) as ArrayRef;
    let batch =
        RecordBatch::try_from_iter([("signature", column(|f| &f.signature)), ("description", column(|f| &f.about))])
            .map_err(|error| Error::internal(error.to_string()))?;
    session.show(&batch.schema(), &[batch]).await
}

/// All that the reference says of one function.
///
/// # Errors
/// No function of this name.
pub async fn page(session: &mut Session, name: &str) -> Result<()> {
    let docs = reference().map_err(|error| Error::internal(error.strip_backtrace()))?;
    if let Some(doc) = docs.iter().find(|doc| doc.name.eq_ignore_ascii_case(name)) {
        return session.stdout.print(&text(doc));
    }
    let names = Names::gather(&session.engine).await;
    match names.function(name) {
        Some(function) => session.stdout.print(&format!("{}\n\n{}\n", function.signature, function.about)),
        None => Err(unknown(&names, name)),
    }
}

fn text(doc: &FunctionDoc) -> String {
    let mut out = format!("{} -> {}\n\n{}\n", doc.signature, doc.result_type, doc.description.trim());
    if !doc.arguments.is_empty() {
        out.push('\n');
    }
    let wide = doc.arguments.iter().map(|argument| argument.name.len()).max().unwrap_or(0);
    for argument in &doc.arguments {
        let optional = if argument.optional { ", optional" } else { "" };
        out += &format!("  {:wide$}  {} ({}{optional})\n", argument.name, argument.description, argument.sql_type);
    }
    for example in &doc.examples {
        out += &format!("\n  {}\n", example.sql.trim().replace('\n', "\n  "));
        if let Some(result) = &example.result {
            out += &format!("  {}\n", result.trim().replace('\n', "\n  "));
        }
    }
    out
}

fn unknown(names: &Names, name: &str) -> Error {
    let error = Error::query(format!("no function named `{name}`"));
    match closest(name, names.functions.iter().map(|f| f.name.as_str())) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error.with_hint("SELECT name, signature FROM system.functions lists them"),
    }
}

/// Without `%` what begins so; with it as LIKE has it.
fn matches(name: &str, pattern: &str) -> bool {
    if !pattern.contains('%') {
        return name.starts_with(pattern);
    }
    let mut rest = name;
    let parts: Vec<&str> = pattern.split('%').collect();
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        match (index, last) {
            (0, _) => match rest.strip_prefix(part) {
                Some(after) => rest = after,
                None => return false,
            },
            (_, true) => return rest.ends_with(part),
            _ => match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            },
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_is_a_beginning_or_like() {
        assert!(matches("math_boxed", "math"));
        assert!(matches("math_boxed", "%box%"));
        assert!(matches("math_boxed", "m%d"));
        assert!(!matches("math_boxed", "%boxes"));
        assert!(!matches("math_boxed", "boxed"));
        assert!(matches("anything", "%"));
    }
}
