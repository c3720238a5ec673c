//! Reference data, where it is present.

#![allow(dead_code, reason = "each test file uses its part")]

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use serde_json::Value;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A row of a table by column; what is NULL is not there.
pub type Row = HashMap<String, Cell>;

/// A value of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Any number.
    Number(f64),
    /// A text.
    Text(String),
}

fn path(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/golden").join(name);
    if !path.exists() {
        eprintln!("skipped: ../shared/golden/{name} is absent");
        return None;
    }
    Some(path)
}

/// The rows of a JSONL file.
pub fn jsonl(name: &str) -> Option<Vec<Value>> {
    let text = fs::read_to_string(path(name)?).unwrap();
    Some(text.split('\n').filter(|line| !line.is_empty()).map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The rows of a CSV file as text; an empty cell is NULL.
pub fn csv(name: &str) -> Option<Vec<HashMap<String, String>>> {
    let mut reader = csv::Reader::from_path(path(name)?).unwrap();
    let rows: Vec<HashMap<String, String>> = reader.deserialize().map(|row| row.unwrap()).collect();
    Some(rows.into_iter().map(|row| row.into_iter().filter(|(_, value)| !value.is_empty()).collect()).collect())
}

/// The rows of a Parquet file.
pub fn parquet(name: &str) -> Option<Vec<Row>> {
    let reader = SerializedFileReader::new(fs::File::open(path(name)?).unwrap()).unwrap();
    let rows = reader.get_row_iter(None).unwrap().map(|row| {
        let cells = row.unwrap().into_columns().into_iter().filter_map(|(name, field)| Some((name, cell(field)?)));
        cells.collect()
    });
    Some(rows.collect())
}

fn cell(field: Field) -> Option<Cell> {
    match field {
        Field::Null => None,
        Field::Str(text) => Some(Cell::Text(text)),
        Field::Long(number) => Some(Cell::Number(number as f64)),
        Field::Int(number) => Some(Cell::Number(f64::from(number))),
        Field::Double(number) => Some(Cell::Number(number)),
        other => panic!("no cell for {other}"),
    }
}

/// A number of a row, where it is not NULL.
pub fn number(row: &Row, column: &str) -> Option<f64> {
    match row.get(column) {
        Some(Cell::Number(number)) => Some(*number),
        _ => None,
    }
}

/// A text of a row.
pub fn text<'a>(row: &'a Row, column: &str) -> &'a str {
    match row.get(column) {
        Some(Cell::Text(text)) => text,
        other => panic!("{column}: {other:?}"),
    }
}

/// Counts agreements and keeps the worst deviation of each kind of number.
#[derive(Default)]
pub struct Worst(std::collections::BTreeMap<&'static str, (usize, f64, String)>);

impl Worst {
    /// Notes a deviation.
    pub fn note(&mut self, kind: &'static str, deviation: f64, place: impl FnOnce() -> String) {
        let entry = self.0.entry(kind).or_insert((0, 0.0, String::new()));
        entry.0 += 1;
        if deviation.is_nan() || deviation > entry.1 {
            *entry = (entry.0, deviation, place());
        }
    }

    /// Notes |a − b| / |b|.
    pub fn relative(&mut self, kind: &'static str, a: f64, b: f64, place: impl FnOnce() -> String) {
        self.note(kind, (a - b).abs() / b.abs().max(f64::MIN_POSITIVE), place);
    }

    /// Prints counts and worst deviations, and fails where one is above its tolerance.
    pub fn hold(&self, title: &str, tolerances: &[(&str, f64)]) {
        for (kind, (count, worst, place)) in &self.0 {
            eprintln!("{title}: {kind}: {count} compared, worst {worst:.2e} ({place})");
        }
        for (kind, tolerance) in tolerances {
            let (count, worst, place) =
                self.0.get(kind).unwrap_or_else(|| panic!("{title}: nothing compared for {kind}"));
            assert!(*count > 0 && worst <= tolerance, "{title}: {kind} {worst:.3e} above {tolerance:.0e} at {place}");
        }
    }
}
