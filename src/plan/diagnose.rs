//! DataFusion's error → glotrace's: what failed, in the users' words, the place in their text, and the nearest name.

use datafusion::arrow::error::ArrowError;
use datafusion::common::{Column, SchemaError, Span};
use datafusion::error::DataFusionError;

use crate::error::{Error, ErrorKind};
use crate::plan::parse::token_width;
use crate::plan::split::Statement;
use crate::suggest::closest;

/// Names that a misspelt one may have meant.
#[derive(Debug, Default, Clone)]
pub struct Names {
    pub tables: Vec<String>,
    pub functions: Vec<String>,
}

/// What went wrong in `statement`.
pub fn diagnose(statement: &Statement, error: &DataFusionError, names: &Names) -> Error {
    let mut found = Found::default();
    let mut result = found.walk(statement, error, names);
    if result.place.is_none() {
        let place = found
            .span
            .and_then(|span| from_span(statement, span, found.name.as_deref()))
            .or_else(|| locate(statement, found.name.as_deref()?));
        result.place = place.map(Box::new);
    }
    result
}

/// What was met on the way down to the root of an error.
#[derive(Default)]
struct Found {
    span: Option<Span>,
    /// The name that was wrong, as the user wrote it.
    name: Option<String>,
}

impl Found {
    fn walk(&mut self, statement: &Statement, error: &DataFusionError, names: &Names) -> Error {
        match error {
            DataFusionError::Diagnostic(diagnostic, inner) => {
                self.span = self.span.or(diagnostic.span);
                self.walk(statement, inner, names)
            }
            DataFusionError::Context(_, inner) => self.walk(statement, inner, names),
            DataFusionError::Shared(inner) => self.walk(statement, inner, names),
            DataFusionError::Collection(all) => match all.first() {
                Some(first) => self.walk(statement, first, names),
                None => Error::internal("an empty collection of errors"),
            },
            DataFusionError::External(source) => self.external(statement, source.as_ref(), names),
            DataFusionError::ArrowError(arrow, _) => self.arrow(statement, arrow, names),
            DataFusionError::SchemaError(schema, _) => self.schema(schema),
            DataFusionError::Plan(message) => self.plan(message, names),
            DataFusionError::Execution(message) => with_hint(ErrorKind::Data, message),
            DataFusionError::Configuration(message)
            | DataFusionError::Substrait(message)
            | DataFusionError::Ffi(message) => with_hint(ErrorKind::Query, message),
            DataFusionError::NotImplemented(message) => {
                if message.contains("OuterReferenceColumn") {
                    return Error::query(
                        "a subquery here reads a column of the query around it, which is not supported in this place",
                    )
                    .with_hint("join the tables, or call the function in SELECT and unnest its result");
                }
                with_hint(ErrorKind::Query, &format!("not supported: {message}"))
            }
            DataFusionError::SQL(parser, _) => Error::query(parser.to_string()),
            DataFusionError::ResourcesExhausted(message) => Error::world(format!("out of memory: {message}"))
                .with_hint("raise it: SET datafusion.runtime.memory_limit = '8G'; or read less at once"),
            DataFusionError::IoError(io) => of_io(io),
            DataFusionError::ObjectStore(store) => self.object_store(store),
            DataFusionError::ParquetError(parquet) => match parquet.as_ref() {
                datafusion::parquet::errors::ParquetError::External(source) => {
                    self.external(statement, source.as_ref(), names)
                }
                other => Error::data(format!("a Parquet file cannot be read: {other}")),
            },
            DataFusionError::ExecutionJoin(join) => Error::internal(format!("a task ended: {join}")),
            DataFusionError::Internal(message) => Error::internal(message.trim().to_owned()),
        }
    }

    fn external(
        &mut self,
        statement: &Statement,
        source: &(dyn std::error::Error + Send + Sync + 'static),
        names: &Names,
    ) -> Error {
        if let Some(own) = source.downcast_ref::<Error>() {
            return own.clone();
        }
        if let Some(inner) = source.downcast_ref::<DataFusionError>() {
            return self.walk(statement, inner, names);
        }
        if let Some(arrow) = source.downcast_ref::<ArrowError>() {
            return self.arrow(statement, arrow, names);
        }
        if let Some(io) = source.downcast_ref::<std::io::Error>() {
            return of_io(io);
        }
        if let Some(store) = source.downcast_ref::<object_store::Error>() {
            return self.object_store(store);
        }
        with_hint(ErrorKind::World, &source.to_string())
    }

    fn arrow(&mut self, statement: &Statement, arrow: &ArrowError, names: &Names) -> Error {
        match arrow {
            ArrowError::ExternalError(source) => self.external(statement, source.as_ref(), names),
            ArrowError::IoError(_, io) => of_io(io),
            ArrowError::DivideByZero => Error::data("division by zero").with_hint("guard it: `x / nullif(y, 0)`"),
            ArrowError::CastError(message) => {
                Error::data(lower_first(message)).with_hint("try_cast(x AS type) gives NULL where a value does not fit")
            }
            ArrowError::MemoryError(message) => Error::world(format!("out of memory: {message}")),
            ArrowError::JsonError(message) => Error::data(format!("JSON: {message}")),
            ArrowError::CsvError(message) => Error::data(format!("CSV: {message}")),
            other => Error::data(lower_first(&other.to_string())),
        }
    }

    fn object_store(&mut self, store: &object_store::Error) -> Error {
        match store {
            object_store::Error::NotFound { path, .. } => {
                Error::world(format!("cannot read `{path}`: there is no such file or folder"))
            }
            object_store::Error::PermissionDenied { path, .. } | object_store::Error::Unauthenticated { path, .. } => {
                Error::world(format!("cannot read `{path}`: permission denied"))
            }
            other => {
                let mut source: Option<&(dyn std::error::Error + 'static)> = Some(other);
                while let Some(e) = source {
                    if let Some(io) = e.downcast_ref::<std::io::Error>() {
                        return of_io(io);
                    }
                    source = e.source();
                }
                Error::world(other.to_string())
            }
        }
    }

    fn schema(&mut self, schema: &SchemaError) -> Error {
        match schema {
            SchemaError::FieldNotFound { field, valid_fields } => {
                self.name = Some(field.name.clone());
                self.span = self.span.or_else(|| field.spans().first());
                no_column(field, valid_fields)
            }
            SchemaError::AmbiguousReference { field } => {
                self.name = Some(field.name.clone());
                Error::query(format!("`{}` is ambiguous: several tables have a column of this name", field.name))
                    .with_hint(format!("say which: `table.{}`", field.name))
            }
            SchemaError::DuplicateQualifiedField { name, .. } | SchemaError::DuplicateUnqualifiedField { name } => {
                self.name = Some(name.clone());
                Error::query(format!("two columns are named `{name}`"))
                    .with_hint(format!("give one another name: `{name} AS …`"))
            }
        }
    }

    fn plan(&mut self, message: &str, names: &Names) -> Error {
        if let Some(name) = quoted_before(message, "table '", "' not found") {
            let short = name.rsplit('.').next().unwrap_or(name).to_owned();
            self.name = Some(short.clone());
            let error =
                Error::query(format!("no table named `{}`", name.strip_prefix("glotrace.main.").unwrap_or(name)));
            return match closest(&short, names.tables.iter().map(String::as_str)) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None if names.tables.is_empty() => {
                    error.with_hint("there are no tables yet; a file is read as FROM 'file.parquet'")
                }
                None => error.with_hint(format!("the tables are {}", list(&names.tables))),
            };
        }
        let function = quoted_before(message, "Invalid function '", "'")
            .or_else(|| quoted_before(message, "table function '", "' not found"));
        if let Some(name) = function {
            self.name = Some(name.to_owned());
            let error = Error::query(format!("no function named `{name}`"));
            return match closest(name, names.functions.iter().map(String::as_str)) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error.with_hint("`glotrace functions`, or SELECT * FROM system.functions, lists them"),
            };
        }
        let message = message.split("\nBacktrace").next().unwrap_or(message);
        if let Some(call) = quoted_before(message, "given name and argument types '", "'") {
            let (function, types) = call.split_once('(').unwrap_or((call, ""));
            self.name = Some(function.to_owned());
            let types = types
                .trim_end_matches(')')
                .replace("Utf8View", "TEXT")
                .replace("Utf8", "TEXT")
                .replace("Int64", "BIGINT")
                .replace("Float64", "DOUBLE");
            let error = Error::query(format!("`{function}` does not take ({types})"));
            return match message.split_once("Candidate functions:") {
                Some((_, candidates)) => {
                    error.with_hint(format!("it takes{}", candidates.trim_end().replace("\n\t", " ")))
                }
                None => error,
            };
        }
        if message.contains("must appear in the GROUP BY clause")
            && let Some(column) =
                quoted_before(message, "olumn \"", "\"").or_else(|| quoted_before(message, "olumn '", "'"))
        {
            let column = column.rsplit('.').next().unwrap_or(column).trim_matches('"');
            self.name = Some(column.to_owned());
            return Error::query(format!("`{column}` must be in GROUP BY or inside an aggregate")).with_hint(format!(
                "GROUP BY ALL groups by every column that is not aggregated; first_value({column}) takes any"
            ));
        }
        with_hint(ErrorKind::Query, message)
    }
}

fn no_column(field: &Column, valid: &[Column]) -> Error {
    let mut tables: Vec<String> =
        valid.iter().filter_map(|c| c.relation.as_ref().map(|r| r.table().to_owned())).collect();
    tables.sort();
    tables.dedup();
    let visible: Vec<&str> = valid.iter().map(|c| c.name.as_str()).filter(|n| !n.starts_with("__")).collect();
    let of = match (&field.relation, tables.as_slice()) {
        (Some(relation), _) if tables.iter().any(|t| t == relation.table()) => format!(" in `{}`", relation.table()),
        (Some(relation), _) => {
            let error = Error::query(format!("no table or alias named `{}` in this query", relation.table()));
            return match closest(relation.table(), tables.iter().map(String::as_str)) {
                Some(near) => error.with_hint(format!("did you mean `{near}.{}`?", field.name)),
                None => error,
            };
        }
        (None, [one]) => format!(" in `{one}`"),
        (None, _) => String::new(),
    };
    let error = Error::query(format!("no column named `{}`{of}", field.name));
    match closest(&field.name, visible.iter().copied()) {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None if visible.is_empty() => error,
        None => error.with_hint(format!("the columns are {}", list(&visible))),
    }
}

fn list<S: AsRef<str>>(names: &[S]) -> String {
    let shown: Vec<&str> = names.iter().take(12).map(AsRef::as_ref).collect();
    let more =
        if names.len() > shown.len() { format!(" and {} more", names.len() - shown.len()) } else { String::new() };
    shown.join(", ") + &more
}

/// glotrace's functions put the way out behind a blank line: "…\n\nhint: …".
fn with_hint(kind: ErrorKind, message: &str) -> Error {
    match message.split_once("\n\nhint: ") {
        Some((message, hint)) => Error::new(kind, message.trim()).with_hint(hint.trim()),
        None => Error::new(kind, lower_first(message.trim())),
    }
}

fn of_io(io: &std::io::Error) -> Error {
    match io.kind() {
        std::io::ErrorKind::StorageFull => Error::world("the disk is full")
            .with_hint("free some space and run the statement again; what was committed before is kept"),
        std::io::ErrorKind::BrokenPipe => Error::new(ErrorKind::Interrupted, "nobody reads the output any more"),
        _ => match io.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            Some(own) => own.clone(),
            None => Error::world(io.to_string()),
        },
    }
}

/// "Cannot cast …" reads as "error: cannot cast …"; a name or acronym at the start stays.
fn lower_first(message: &str) -> String {
    let mut chars = message.chars();
    match (chars.next(), chars.next()) {
        (Some(first), Some(second)) if first.is_uppercase() && second.is_lowercase() => {
            first.to_lowercase().collect::<String>() + &message[first.len_utf8()..]
        }
        _ => message.to_owned(),
    }
}

fn quoted_before<'a>(message: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &message[message.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}

/// A span counts only where the statement's own text holds the name there: rewritten trees carry spans of other texts.
fn from_span(statement: &Statement, span: Span, name: Option<&str>) -> Option<crate::error::Place> {
    let (line, column) = (usize::try_from(span.start.line).ok()?, usize::try_from(span.start.column).ok()?);
    if line == 0 || column == 0 {
        return None;
    }
    let text = statement.text.lines().nth(line - 1)?;
    let here: String = text.chars().skip(column - 1).collect();
    if let Some(name) = name {
        let folded = here.to_lowercase();
        let name = name.to_lowercase();
        // `t.name` starts at the table.
        let reach: String = folded.chars().take_while(|c| c.is_alphanumeric() || "_.\"".contains(*c)).collect();
        if !reach.contains(&name) {
            return None;
        }
    }
    let width = if span.end.line == span.start.line && span.end.column > span.start.column {
        usize::try_from(span.end.column - span.start.column).unwrap_or(1)
    } else {
        token_width(&statement.text, line, column)
    };
    Some(statement.place(line, column, width))
}

/// The first place where the name stands as a word of its own, outside of strings and comments as far as a search can tell.
fn locate(statement: &Statement, name: &str) -> Option<crate::error::Place> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    for (number, line) in statement.text.lines().enumerate() {
        let chars: Vec<char> = line.chars().map(|c| c.to_lowercase().next().unwrap_or(c)).collect();
        let mut in_string = false;
        for i in 0..chars.len() {
            if chars[i] == '\'' {
                in_string = !in_string;
            }
            if !in_string && chars[i] == '-' && chars.get(i + 1) == Some(&'-') {
                break;
            }
            let ends = i + wanted.len();
            if !in_string
                && chars.get(i..ends) == Some(&wanted[..])
                && (i == 0 || !is_word(chars[i - 1]))
                && chars.get(ends).is_none_or(|c| !is_word(*c))
            {
                return Some(statement.place(number + 1, i + 1, wanted.len()));
            }
        }
    }
    None
}
