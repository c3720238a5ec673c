//! Files of separated values: what separates them, whether they have a header, what the columns hold, and their values.

use std::collections::HashSet;
use std::io::{BufReader, Cursor, Read};
use std::sync::Arc;

use chrono::Utc;
use datafusion::arrow::compute::kernels::cast_utils::{Parser, string_to_datetime};
use datafusion::arrow::datatypes::Date32Type;

use crate::error::Result;

use super::ReadFormat;
use super::column::{Column, Columns, Mismatch};
use super::csv_records::{CsvRecords, Dialect};
use super::kind::{Keys, Kind};
use super::options::ReadOptions;
use super::text_file::{Text, TextFile};

/// How one file is laid out.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub dialect: Dialect,
    pub header: bool,
    pub skip: u64,
    pub null: Option<String>,
    pub names: Arc<[String]>,
}

/// Bytes looked at to find the separator and the header.
const SNIFFED: u64 = 64 << 10;
const SEPARATORS: [u8; 4] = [b',', b'\t', b';', b'|'];

impl Layout {
    /// # Errors
    /// The file cannot be read.
    pub fn of(file: &TextFile, options: &ReadOptions) -> Result<Self> {
        let mut head = Vec::new();
        let read = file.open()?.input.take(SNIFFED).read_to_end(&mut head).map_err(|e| file.io_error(&e))?;
        let whole = (read as u64) < SNIFFED;
        let delimiter = options.delimiter.unwrap_or_else(|| match file.format {
            ReadFormat::Tsv => b'\t',
            _ => separator(file, &head, whole, options),
        });
        let dialect = Dialect { delimiter, quote: options.quote };
        let mut records = CsvRecords::new(file.open()?, dialect, options.skip)?;
        let mut first: Vec<String> = Vec::new();
        while records.advance()? {
            if !records.is_blank() {
                first = records.fields()?.map(|(field, _)| field.to_owned()).collect();
                break;
            }
        }
        let header = options.header.unwrap_or_else(|| is_header(&first));
        let names = if header { unique(first) } else { (0..first.len()).map(|at| format!("column{at}")).collect() };
        Ok(Self { dialect, header, skip: options.skip, null: options.null.clone(), names: names.into() })
    }

    fn records(&self, file: &TextFile) -> Result<CsvRecords> {
        let mut records = CsvRecords::new(file.open()?, self.dialect, self.skip)?;
        while self.header && records.advance()? && records.is_blank() {}
        Ok(records)
    }

    fn is_null(&self, field: &str, quoted: bool) -> bool {
        !quoted && (field.is_empty() || self.null.as_deref() == Some(field))
    }
}

/// The separator that gives the most fields, the same number in each of the first records.
fn separator(file: &TextFile, head: &[u8], whole: bool, options: &ReadOptions) -> u8 {
    let count = |delimiter: u8| -> Option<usize> {
        let text = Text { input: BufReader::new(Box::new(Cursor::new(head.to_vec()))), file: file.clone() };
        let mut records = CsvRecords::new(text, Dialect { delimiter, quote: options.quote }, options.skip).ok()?;
        let mut counts = Vec::new();
        while let Ok(true) = records.advance() {
            if !records.is_blank() {
                counts.push(records.len());
            }
        }
        // The last record may be cut off.
        if !whole && counts.len() > 1 {
            counts.pop();
        }
        let first = *counts.first()?;
        (first > 1 && counts.iter().all(|count| *count == first)).then_some(first)
    };
    let mut best = (1, b',');
    for delimiter in SEPARATORS {
        if let Some(fields) = count(delimiter)
            && fields > best.0
        {
            best = (fields, delimiter);
        }
    }
    best.1
}

/// Names are text, none is empty and none occurs twice; data seldom look like that in every column.
fn is_header(first: &[String]) -> bool {
    let mut seen = HashSet::new();
    first.iter().all(|field| kind_of(field) == Kind::Text && !field.trim().is_empty() && seen.insert(field))
}

/// Every name once: `a, , a` → `a, column1, a_1`.
fn unique(names: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    names
        .into_iter()
        .enumerate()
        .map(|(at, name)| {
            let name = if name.trim().is_empty() { format!("column{at}") } else { name };
            let mut chosen = name.clone();
            let mut copy = 0;
            while !seen.insert(chosen.clone()) {
                copy += 1;
                chosen = format!("{name}_{copy}");
            }
            chosen
        })
        .collect()
}

/// What a field, not NULL, holds. Dates are ISO 8601: others are ambiguous.
fn kind_of(field: &str) -> Kind {
    let text = field.trim_ascii();
    let Some(first) = text.bytes().next() else { return Kind::Text };
    match first {
        b'0'..=b'9' | b'+' | b'-' | b'.' => {
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return if text.parse::<i64>().is_ok() { Kind::Int } else { Kind::BigInt };
            }
            if let Some(kind) = date_or_time(text) {
                return kind;
            }
            if parse_float(text).is_some() { Kind::Float } else { Kind::Text }
        }
        b't' | b'T' | b'f' | b'F' if parse_bool(text).is_some() => Kind::Bool,
        b'n' | b'N' | b'i' | b'I' if parse_float(text).is_some() => Kind::Float,
        _ => Kind::Text,
    }
}

fn date_or_time(text: &str) -> Option<Kind> {
    let bytes = text.as_bytes();
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    if bytes.len() == 10 {
        return Date32Type::parse(text).map(|_| Kind::Date);
    }
    if bytes.len() < 16 || !matches!(bytes[10], b'T' | b' ') {
        return None;
    }
    string_to_datetime(&Utc, text).ok()?;
    let clock = &text[11..];
    Some(if clock.ends_with(['Z', 'z']) || clock.contains(['+', '-']) { Kind::Instant } else { Kind::Timestamp })
}

fn parse_bool(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// Numbers, and the spellings of what is none that programs write.
fn parse_float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    match digits {
        "NaN" | "nan" | "inf" | "Inf" | "Infinity" | "infinity" => text.parse().ok(),
        _ if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => text.parse().ok(),
        _ => None,
    }
}

/// Looks at the rows until `enough` says so; gives how many were seen, and whether they were all.
pub(super) fn infer(
    file: &TextFile,
    layout: &Layout,
    all_text: bool,
    mut enough: impl FnMut(u64, u64) -> bool,
) -> Result<(Keys, u64, bool)> {
    let mut kinds = vec![Kind::Null; layout.names.len()];
    let mut records = layout.records(file)?;
    let (mut rows, mut bytes) = (0, 0);
    let mut whole = true;
    while records.advance()? {
        if records.is_blank() && kinds.len() != 1 {
            continue;
        }
        check_width(&records, layout)?;
        for (kind, (field, quoted)) in kinds.iter_mut().zip(records.fields()?) {
            if *kind != Kind::Text && !field.is_empty() && !layout.is_null(field, quoted) {
                kind.add(if all_text { Kind::Text } else { kind_of(field) });
            }
        }
        rows += 1;
        bytes += records.byte_length() as u64;
        if enough(rows, bytes) {
            whole = false;
            break;
        }
    }
    let mut keys = Keys::default();
    for (name, kind) in layout.names.iter().zip(kinds) {
        keys.entry(name).add(kind);
    }
    Ok((keys, rows, whole))
}

fn check_width(records: &CsvRecords, layout: &Layout) -> Result<()> {
    let (found, expected) = (records.len(), layout.names.len());
    if found == expected {
        return Ok(());
    }
    let first = if layout.header { "the header" } else { "the first line" };
    let fields = if found == 1 { "1 field".to_owned() } else { format!("{found} fields") };
    let hint = "quote a field that holds the separator; delim, quote, header and skip can be given, as in read_csv('x.csv', delim => ';')";
    Err(records.error_at(format!("{fields} where {first} has {expected}"), expected.min(found - 1)).with_hint(hint))
}

/// Reads the rows of a file into columns.
pub(super) struct CsvReader {
    records: CsvRecords,
    layout: Layout,
    /// Field of the file → field of the table.
    targets: Vec<Option<usize>>,
}

impl CsvReader {
    pub fn open(file: &TextFile, layout: &Layout, columns: &Columns) -> Result<Self> {
        let targets = layout.names.iter().enumerate().map(|(at, name)| columns.find(name, at)).collect();
        Ok(Self { records: layout.records(file)?, layout: layout.clone(), targets })
    }

    pub fn byte_length(&self) -> usize {
        self.records.byte_length()
    }

    /// Appends the next record; `false` at the end.
    pub fn read(&mut self, columns: &mut Columns) -> Result<bool> {
        loop {
            if !self.records.advance()? {
                return Ok(false);
            }
            if !self.records.is_blank() || self.targets.len() == 1 {
                break;
            }
        }
        check_width(&self.records, &self.layout)?;
        for (at, (field, quoted)) in self.records.fields()?.enumerate() {
            let Some(column) = self.targets[at].and_then(|target| columns.column(target)) else { continue };
            if self.layout.is_null(field, quoted) {
                column.push_null();
            } else if let Err(mismatch) = push(column, field) {
                let error = self.records.error_at(format!("column `{}`: {mismatch}", self.layout.names[at]), at);
                return Err(if columns.partial { error.with_hint(columns.advice.clone()) } else { error });
            }
        }
        columns.end_row();
        Ok(true)
    }
}

fn push(column: &mut Column, field: &str) -> Result<(), Mismatch> {
    if column.is_text() {
        return column.push_text(field);
    }
    let text = field.trim_ascii();
    if text.is_empty() {
        column.push_null();
        return Ok(());
    }
    let wrong = |column: &Column| Err(Mismatch::text(column, field));
    match column {
        Column::Bool(b) => match parse_bool(text) {
            Some(v) => b.append_value(v),
            None => return wrong(column),
        },
        Column::Int(b) => match text.parse() {
            Ok(v) => b.append_value(v),
            Err(_) => return wrong(column),
        },
        Column::Float(b) => match parse_float(text) {
            Some(v) => b.append_value(v),
            None => return wrong(column),
        },
        Column::Date(b) => match Date32Type::parse(text) {
            Some(v) => b.append_value(v),
            None => return wrong(column),
        },
        Column::Time(b) => match date_or_time(text) {
            Some(Kind::Date) => match Date32Type::parse(text) {
                Some(days) => b.append_value(i64::from(days) * 86_400_000_000),
                None => return wrong(column),
            },
            Some(_) => match string_to_datetime(&Utc, text) {
                Ok(time) => b.append_value(time.timestamp_micros()),
                Err(_) => return wrong(column),
            },
            None => return wrong(column),
        },
        _ => return wrong(column),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_apart() {
        for (field, kind) in [
            ("12", Kind::Int),
            ("-007", Kind::Int),
            ("+3", Kind::Int),
            ("99999999999999999999", Kind::BigInt),
            ("1.5", Kind::Float),
            (".5", Kind::Float),
            ("1e-3", Kind::Float),
            ("NaN", Kind::Float),
            ("-inf", Kind::Float),
            ("True", Kind::Bool),
            ("2024-02-29", Kind::Date),
            ("2023-02-29", Kind::Text),
            ("2024-02-29 10:00:00", Kind::Timestamp),
            ("2024-02-29T10:00:00.5Z", Kind::Instant),
            ("2024-02-29T10:00:00+09:00", Kind::Instant),
            ("1,5", Kind::Text),
            ("-", Kind::Text),
            ("1/2", Kind::Text),
            ("১২", Kind::Text),
            ("night", Kind::Text),
            ("   ", Kind::Text),
        ] {
            assert_eq!(kind_of(field), kind, "{field}");
        }
    }

    #[test]
    fn names_become_unique() {
        let names = ["a", "", "a", "a_1"].map(str::to_owned).to_vec();
        assert_eq!(unique(names), ["a", "column1", "a_1", "a_1_1"]);
    }
}
