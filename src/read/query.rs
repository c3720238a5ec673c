//! What `FROM 'url'` and `read_json('url', filename => true)` mean, and how that travels through SQL as a table name.
//!
//! SQL has one slot for a table: an identifier. A plain path or URL is its own identifier; everything else is written
//! as `glotrace-file:` followed by the query as JSON, which no table of a database is called.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::suggest::closest;

const PREFIX: &str = "glotrace-file:";

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadFormat {
    Parquet,
    /// Separated values; the separator is found out where it is not given.
    Csv,
    /// Separated by tabs.
    Tsv,
    /// One array of objects, one object, or several objects one after the other.
    Json,
    /// One object a line.
    JsonLines,
}

impl ReadFormat {
    /// Extensions, most usual first.
    pub(super) const EXTENSIONS: [(&'static str, ReadFormat); 9] = [
        ("parquet", ReadFormat::Parquet),
        ("csv", ReadFormat::Csv),
        ("tsv", ReadFormat::Tsv),
        ("json", ReadFormat::Json),
        ("jsonl", ReadFormat::JsonLines),
        ("ndjson", ReadFormat::JsonLines),
        ("pq", ReadFormat::Parquet),
        ("tab", ReadFormat::Tsv),
        ("jsonlines", ReadFormat::JsonLines),
    ];

    /// Whether files of both formats can be one table.
    pub(super) fn mixes_with(self, other: ReadFormat) -> bool {
        self.family() == other.family()
    }

    pub(super) fn family(self) -> &'static str {
        match self {
            ReadFormat::Parquet => "parquet",
            ReadFormat::Csv | ReadFormat::Tsv => "csv",
            ReadFormat::Json | ReadFormat::JsonLines => "json",
        }
    }
}

impl fmt::Display for ReadFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ReadFormat::Parquet => "parquet",
            ReadFormat::Csv => "csv",
            ReadFormat::Tsv => "tsv",
            ReadFormat::Json => "json",
            ReadFormat::JsonLines => "jsonl",
        })
    }
}

impl FromStr for ReadFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let lower = name.to_ascii_lowercase();
        if let Some((_, format)) = Self::EXTENSIONS.iter().find(|(known, _)| *known == lower) {
            return Ok(*format);
        }
        let error = Error::query(format!("no file format named `{name}` can be read"));
        Err(match closest(name, Self::EXTENSIONS.iter().map(|(known, _)| *known)) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint("known are parquet, csv, tsv, json, jsonl and ndjson"),
        })
    }
}

/// How a file is packed around its format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    None,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

impl Packing {
    const EXTENSIONS: [(&'static str, Packing); 7] = [
        ("gz", Packing::Gzip),
        ("gzip", Packing::Gzip),
        ("zst", Packing::Zstd),
        ("zstd", Packing::Zstd),
        ("bz2", Packing::Bzip2),
        ("bzip2", Packing::Bzip2),
        ("xz", Packing::Xz),
    ];
}

impl FromStr for Packing {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let lower = name.to_ascii_lowercase();
        if lower == "none" || lower == "uncompressed" {
            return Ok(Packing::None);
        }
        match Self::EXTENSIONS.iter().find(|(known, _)| *known == lower) {
            Some((_, packing)) => Ok(*packing),
            None => Err(Error::query(format!("no compression named `{name}` is known")).with_hint(
                "known are gzip, zstd, bzip2, xz and none; without the option the file's extension decides",
            )),
        }
    }
}

/// `dir/x.jsonl.gz` → (`Some(JsonLines)`, `Gzip`); the format is `None` where the extension is not known.
pub(super) fn format_of_path(path: &str) -> (Option<ReadFormat>, Packing) {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, packing) = match name.rsplit_once('.') {
        Some((stem, extension)) => {
            match Packing::EXTENSIONS.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known)) {
                Some((_, packing)) => (stem, *packing),
                None => (name, Packing::None),
            }
        }
        None => (name, Packing::None),
    };
    let format = stem.rsplit_once('.').and_then(|(_, extension)| {
        ReadFormat::EXTENSIONS
            .iter()
            .find(|(known, _)| extension.eq_ignore_ascii_case(known))
            .map(|(_, format)| *format)
    });
    (format, packing)
}

/// Files to be read as one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileQuery {
    /// A path, a glob (`*`, `**`, `?`, `[…]`), a folder, `https://…` or `hf://datasets/ORG/NAME[@REVISION]/path`;
    /// several are separated by a newline.
    pub url: String,
    /// `None`: the extension decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ReadFormat>,
    /// Adds a column `filename` that holds the path of the file that a row is from.
    #[serde(default)]
    pub filename: bool,
    /// As written in SQL, values as text: `delim`, `header`, `quote`, `nullstr`, `all_text`, `skip`, `compression`,
    /// `sample_size`, `format`, `filename`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

impl FileQuery {
    /// A query for `url` with nothing else said.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), format: None, filename: false, options: BTreeMap::new() }
    }

    /// An identifier that [`FileQuery::from_table_name`] takes apart again and that no ordinary table has.
    pub fn to_table_name(&self) -> String {
        match serde_json::to_string(self) {
            Ok(json) => format!("{PREFIX}{json}"),
            // A struct of strings always has a JSON text; the plain URL is the next best name.
            Err(_) => self.url.clone(),
        }
    }

    /// `None` where `name` is an ordinary table's: it has no known extension, no `/`, no `*` and no scheme.
    pub fn from_table_name(name: &str) -> Option<FileQuery> {
        if let Some(json) = name.strip_prefix(PREFIX) {
            return serde_json::from_str(json).ok();
        }
        let is_file =
            name.contains('/') || name.contains('*') || format_of_path(name).0.is_some_and(|_| !name.starts_with('.'));
        (is_file && !name.trim().is_empty()).then(|| FileQuery::new(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_survives_the_way_through_a_table_name() {
        let query = FileQuery {
            url: "a \"b\"/খ*.jsonl.gz".into(),
            format: Some(ReadFormat::JsonLines),
            filename: true,
            options: BTreeMap::from([("nullstr".into(), "NA".into())]),
        };
        assert_eq!(FileQuery::from_table_name(&query.to_table_name()), Some(query));
    }

    #[test]
    fn paths_globs_folders_and_urls_are_files() {
        for name in [
            "x.parquet",
            "X.CSV",
            "dir/*.jsonl",
            "dir/",
            "*.json",
            "/a/b",
            "https://h/x",
            "hf://datasets/o/n/x.parquet",
            "a.csv.gz",
        ] {
            assert_eq!(FileQuery::from_table_name(name), Some(FileQuery::new(name)), "{name}");
        }
    }

    #[test]
    fn ordinary_names_are_not_files() {
        for name in ["traces", "my table", "x.y", "jsonl", "csv", "", "v1.2", ".csv", "a.gz", "what?"] {
            assert_eq!(FileQuery::from_table_name(name), None, "{name}");
        }
    }

    #[test]
    fn extensions_name_format_and_packing() {
        assert_eq!(format_of_path("a/b.jsonl.zst"), (Some(ReadFormat::JsonLines), Packing::Zstd));
        assert_eq!(format_of_path("a.b/c"), (None, Packing::None));
        assert_eq!(format_of_path("c.txt.gz"), (None, Packing::Gzip));
    }

    #[test]
    fn an_unknown_format_is_met_with_the_nearest() {
        let error = ReadFormat::from_str("parqet").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean `parquet`?"));
    }
}
