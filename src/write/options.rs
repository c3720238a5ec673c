//! What can be said about how a table is written.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::suggest::closest;

use super::Format;

/// How a file is packed: Parquet packs its pages, a text file is packed as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    None,
    Gzip,
    /// With a level from 1 to 22.
    Zstd(Option<i32>),
    /// Parquet only.
    Snappy,
    /// Parquet only.
    Lz4,
}

impl FromStr for Compression {
    type Err = Error;

    /// `zstd`, `zstd(3)`, `gzip`, `snappy`, `lz4`, `none`.
    fn from_str(text: &str) -> Result<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let (name, level) = match lower.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, level)) => (name.trim(), Some(level.trim())),
            None => (lower.as_str(), None),
        };
        Ok(match (name, level) {
            ("zstd" | "zst", None) => Compression::Zstd(None),
            ("zstd" | "zst", Some(level)) => match level.parse() {
                Ok(level) if (1..=22).contains(&level) => Compression::Zstd(Some(level)),
                _ => {
                    return Err(Error::query(format!(
                        "compression: a level of zstd is a number from 1 to 22, got `{level}`"
                    )));
                }
            },
            ("gzip" | "gz", None) => Compression::Gzip,
            ("snappy", None) => Compression::Snappy,
            ("lz4" | "lz4_raw", None) => Compression::Lz4,
            ("none" | "uncompressed" | "plain", None) => Compression::None,
            _ => {
                return Err(Error::query(format!("no compression named `{text}` is known"))
                    .with_hint("known are zstd, zstd(LEVEL), gzip and none, for parquet also snappy and lz4"));
            }
        })
    }
}

#[derive(Debug, Clone)]
pub struct WriteOptions {
    /// How NULL looks; `None`: as the format has it (the table in [`super`]). JSON's `null` stays.
    pub null: Option<String>,
    /// Table, box and line: rows shown at most.
    pub max_rows: Option<usize>,
    /// Table and box: columns of the terminal.
    pub max_width: Option<usize>,
    /// CSV, TSV: whether names come first.
    pub header: bool,
    /// Table and box: escape codes for a terminal.
    pub color: bool,
    /// CSV, TSV: what separates fields.
    pub delimiter: Option<u8>,
    /// `None`: zstd(3) in Parquet, by the extension elsewhere.
    pub compression: Option<Compression>,
    /// Parquet: rows of a group at most.
    pub row_group_size: usize,
    /// Table, box, markdown, latex, line: digits after the point, in place of six significant ones.
    pub decimals: Option<usize>,
}

impl Default for WriteOptions {
    fn default() -> Self {
        Self {
            null: None,
            max_rows: None,
            max_width: None,
            header: true,
            color: false,
            delimiter: None,
            compression: None,
            row_group_size: 122_880,
            decimals: None,
        }
    }
}

const KNOWN: [&str; 8] =
    ["format", "header", "delimiter", "delim", "null", "compression", "row_group_size", "decimals"];

impl WriteOptions {
    /// Options as `COPY … TO … OPTIONS (header false, delimiter ';')` gives them: names and texts. A `format` among them is
    /// left to the caller; a leading `format.` in a name is passed over, as DataFusion writes them so.
    ///
    /// # Errors
    /// An unknown option, or a value that does not fit it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let lower = name.to_ascii_lowercase();
        let short = lower.strip_prefix("format.").unwrap_or(&lower);
        let number = || value.trim().parse::<usize>().ok().filter(|number| *number > 0);
        let wrong = |needed: &str| Error::query(format!("{short}: {needed} is needed, got `{value}`"));
        match short {
            "format" => {}
            "header" | "has_header" => {
                self.header = match value.trim().to_ascii_lowercase().as_str() {
                    "true" | "1" | "on" | "yes" => true,
                    "false" | "0" | "off" | "no" => false,
                    _ => return Err(wrong("true or false")),
                };
            }
            "delimiter" | "delim" | "sep" => {
                self.delimiter = Some(match value.as_bytes() {
                    b"\\t" => b'\t',
                    [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r' | b'"') => *byte,
                    _ => return Err(wrong("one ASCII character")),
                });
            }
            "null" | "nullstr" | "null_value" => self.null = Some(value.to_owned()),
            "compression" => self.compression = Some(value.parse()?),
            "row_group_size" | "max_row_group_size" => {
                self.row_group_size = number().ok_or_else(|| wrong("a number of rows"))?
            }
            "decimals" => {
                self.decimals = Some(
                    value
                        .trim()
                        .parse()
                        .ok()
                        .filter(|digits| *digits <= 17)
                        .ok_or_else(|| wrong("a number from 0 to 17"))?,
                )
            }
            _ => {
                let error = Error::query(format!("no option named `{name}` for writing files"));
                return Err(match closest(short, KNOWN.into_iter()) {
                    Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                    None => error.with_hint(format!("known are {}", KNOWN.join(", "))),
                });
            }
        }
        Ok(())
    }

    pub(super) fn check_for(&self, format: Format) -> Result<()> {
        match self.compression {
            Some(Compression::Snappy | Compression::Lz4) if format.is_text() => {
                Err(Error::query(format!("a {format} file cannot be packed with snappy or lz4"))
                    .with_hint("gzip and zstd can"))
            }
            _ => Ok(()),
        }
    }

    /// How NULL looks where the format says `usual`.
    pub(super) fn null_text<'a>(&'a self, usual: &'a str) -> &'a str {
        self.null.as_deref().unwrap_or(usual)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_checked() {
        let mut options = WriteOptions::default();
        options.set("HEADER", "false").unwrap();
        options.set("format.compression", "zstd(9)").unwrap();
        options.set("delimiter", "\\t").unwrap();
        assert!(!options.header);
        assert_eq!(options.compression, Some(Compression::Zstd(Some(9))));
        assert_eq!(options.delimiter, Some(b'\t'));
        for (name, value) in [
            ("header", "perhaps"),
            ("compression", "rar"),
            ("compression", "zstd(99)"),
            ("row_group_size", "0"),
            ("delim", "ab"),
        ] {
            assert!(options.set(name, value).is_err(), "{name} {value}");
        }
    }

    #[test]
    fn an_unknown_option_is_met_with_the_nearest() {
        let error = WriteOptions::default().set("compresion", "zstd").unwrap_err();
        assert_eq!(error.hint.as_deref(), Some("did you mean `compression`?"));
    }
}
