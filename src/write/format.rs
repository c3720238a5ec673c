//! The formats that are written.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::suggest::closest;

use super::Compression;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Parquet,
    Csv,
    Tsv,
    /// One array, a row a line.
    Json,
    /// One object a line.
    NdJson,
    Markdown,
    /// A `tabular` with booktabs rules.
    Latex,
    /// ASCII lines, as psql draws them.
    Table,
    /// Box-drawing lines, as DuckDB draws them.
    Box,
    /// One `column = value` a line.
    Line,
}

/// Names and extensions; the first of a format is its name.
const NAMES: [(&str, Format); 17] = [
    ("table", Format::Table),
    ("box", Format::Box),
    ("csv", Format::Csv),
    ("tsv", Format::Tsv),
    ("json", Format::Json),
    ("ndjson", Format::NdJson),
    ("markdown", Format::Markdown),
    ("latex", Format::Latex),
    ("line", Format::Line),
    ("parquet", Format::Parquet),
    ("jsonl", Format::NdJson),
    ("jsonlines", Format::NdJson),
    ("md", Format::Markdown),
    ("tex", Format::Latex),
    ("txt", Format::Table),
    ("tab", Format::Tsv),
    ("pq", Format::Parquet),
];

impl Format {
    /// The names of all formats, for help and completion.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.iter().take(10).map(|(name, _)| *name)
    }

    /// By the extension, `.gz` and `.zst` aside.
    ///
    /// # Errors
    /// An extension that no format has.
    pub fn from_path(path: &Path) -> Result<Self> {
        let (extension, _) = extension_and_packing(path);
        let known = NAMES
            .iter()
            .skip(2)
            .filter(|(name, _)| !matches!(*name, "box" | "line" | "latex" | "markdown" | "jsonlines"));
        match known.clone().find(|(name, _)| extension.eq_ignore_ascii_case(name)) {
            Some((_, format)) => Ok(*format),
            None => {
                let error =
                    Error::query(format!("`{}`: the extension does not say what format to write", path.display()));
                Err(match closest(&extension, known.map(|(name, _)| *name)) {
                    Some(near) => error.with_hint(format!("did you mean `.{near}`?")),
                    None => error.with_hint("known are .parquet, .csv, .tsv, .json, .ndjson, .md and .tex, for figures .svg, .png, .html and .vl.json; or name it, as in OPTIONS (format 'csv')"),
                })
            }
        }
    }

    pub(super) fn is_text(self) -> bool {
        self != Format::Parquet
    }
}

/// `x.csv.gz` → (`csv`, gzip).
pub(super) fn extension_and_packing(path: &Path) -> (String, Option<Compression>) {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (stem, packing) = match name.rsplit_once('.') {
        Some((stem, "gz")) => (stem, Some(Compression::Gzip)),
        Some((stem, "zst")) => (stem, Some(Compression::Zstd(None))),
        _ => (name.as_str(), None),
    };
    (stem.rsplit_once('.').map(|(_, extension)| extension.to_owned()).unwrap_or_default(), packing)
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAMES.iter().find(|(_, format)| format == self).map_or("table", |(name, _)| name))
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        if let Some((_, format)) = NAMES.iter().find(|(known, _)| name.eq_ignore_ascii_case(known)) {
            return Ok(*format);
        }
        let error = Error::query(format!("no format named `{name}` can be written"));
        Err(match closest(name, NAMES.iter().map(|(known, _)| *known)) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint(format!("known are {}", Self::names().collect::<Vec<_>>().join(", "))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_named_by_extension() {
        for (path, format) in [
            ("a/x.parquet", Format::Parquet),
            ("x.CSV", Format::Csv),
            ("x.csv.gz", Format::Csv),
            ("x.jsonl.zst", Format::NdJson),
            ("x.md", Format::Markdown),
            ("x.tex", Format::Latex),
        ] {
            assert_eq!(Format::from_path(Path::new(path)).unwrap(), format, "{path}");
        }
        assert!(Format::from_path(Path::new("x.docx")).is_err());
        assert!(Format::from_path(Path::new("x")).is_err());
    }

    #[test]
    fn an_unknown_format_is_met_with_the_nearest() {
        assert_eq!("markdwon".parse::<Format>().unwrap_err().hint.as_deref(), Some("did you mean `markdown`?"));
    }

    #[test]
    fn a_name_reads_back() {
        for name in Format::names() {
            assert_eq!(name.parse::<Format>().unwrap().to_string(), name);
        }
    }
}
