//! The options of `read_csv(…)`, `read_json(…)`, `read_parquet(…)`, checked before anything is opened.

use crate::error::{Error, Result};
use crate::suggest::closest;

use super::query::{FileQuery, Packing, ReadFormat};

/// How much of a file is looked at to find its columns and their types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sample {
    /// All rows of files up to this many bytes (unpacked), the first rows up to here of longer ones.
    Bytes(u64),
    Rows(u64),
    All,
}

/// 64 MiB: a whole file in almost every study, and under a second of parsing where it is not.
const SAMPLE_BYTES: u64 = 64 << 20;

#[derive(Debug, Clone)]
pub(super) struct ReadOptions {
    pub format: Option<ReadFormat>,
    pub packing: Option<Packing>,
    pub filename: bool,
    pub sample: Sample,
    pub delimiter: Option<u8>,
    /// `None`: found out.
    pub header: Option<bool>,
    /// `None`: nothing quotes.
    pub quote: Option<u8>,
    /// A field, unquoted, of this text is NULL, as is an empty one.
    pub null: Option<String>,
    /// Every CSV column is text.
    pub all_text: bool,
    /// Lines before the header to be passed over.
    pub skip: u64,
}

const ANY: [&str; 3] = ["format", "filename", "compression"];
const TEXT: [&str; 1] = ["sample_size"];
const CSV: [&str; 10] =
    ["delim", "delimiter", "sep", "header", "quote", "nullstr", "null", "all_text", "all_varchar", "skip"];

impl ReadOptions {
    /// # Errors
    /// An unknown option, or a value that does not fit it.
    pub fn of(query: &FileQuery) -> Result<Self> {
        let mut options = Self {
            format: query.format,
            packing: None,
            filename: query.filename,
            sample: Sample::Bytes(SAMPLE_BYTES),
            delimiter: None,
            header: None,
            quote: Some(b'"'),
            null: None,
            all_text: false,
            skip: 0,
        };
        for (name, value) in &query.options {
            match name.to_ascii_lowercase().as_str() {
                "format" => options.format = Some(value.parse()?),
                "filename" => options.filename = truth(name, value)?,
                "compression" => options.packing = Some(value.parse()?),
                "sample_size" => {
                    options.sample = match value.trim().parse::<i64>() {
                        Ok(-1) => Sample::All,
                        Ok(rows) if rows > 0 => Sample::Rows(rows.unsigned_abs()),
                        _ => {
                            return Err(Error::query(format!(
                                "sample_size: a number of rows or -1 (all rows) is needed, got `{value}`"
                            )));
                        }
                    }
                }
                "delim" | "delimiter" | "sep" => {
                    options.delimiter = Some(match byte(name, value)? {
                        Some(byte) => byte,
                        None => return Err(Error::query(format!("{name}: a character is needed"))),
                    });
                }
                "header" => options.header = Some(truth(name, value)?),
                "quote" => options.quote = byte(name, value)?,
                "nullstr" | "null" => options.null = Some(value.clone()),
                "all_text" | "all_varchar" => options.all_text = truth(name, value)?,
                "skip" => {
                    options.skip = value
                        .trim()
                        .parse()
                        .map_err(|_| Error::query(format!("skip: a number of lines is needed, got `{value}`")))?;
                }
                unknown => {
                    let known = ANY.iter().chain(&TEXT).chain(&CSV).copied();
                    let error = Error::query(format!("no option named `{name}` for reading files"));
                    return Err(match closest(unknown, known.clone()) {
                        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                        None => error.with_hint(format!("known are {}", known.collect::<Vec<_>>().join(", "))),
                    });
                }
            }
        }
        Ok(options)
    }

    /// Refuses options that mean nothing for `format`: silently passing over one would read other data than asked for.
    pub fn check_for(&self, query: &FileQuery, format: ReadFormat) -> Result<()> {
        let known: Vec<&str> = match format.family() {
            "parquet" => ANY.to_vec(),
            "json" => ANY.iter().chain(&TEXT).copied().collect(),
            _ => return Ok(()),
        };
        match query.options.keys().find(|name| !known.contains(&name.to_ascii_lowercase().as_str())) {
            None => Ok(()),
            Some(name) => Err(Error::query(format!("the option `{name}` means nothing for {format} files"))
                .with_hint(format!("{format} takes {}", known.join(", ")))),
        }
    }
}

fn truth(name: &str, value: &str) -> Result<bool> {
    match value.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Ok(true),
        "false" | "0" | "off" | "no" => Ok(false),
        _ => Err(Error::query(format!("{name}: true or false is needed, got `{value}`"))),
    }
}

/// One ASCII character, `\t` for a tab, nothing for none.
fn byte(name: &str, value: &str) -> Result<Option<u8>> {
    match value.as_bytes() {
        [] => Ok(None),
        b"\\t" => Ok(Some(b'\t')),
        [byte] if byte.is_ascii() && !matches!(byte, b'\n' | b'\r') => Ok(Some(*byte)),
        _ => Err(Error::query(format!("{name}: one ASCII character is needed, got `{value}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> FileQuery {
        let mut query = FileQuery::new("x");
        query.options.insert(name.into(), value.into());
        query
    }

    #[test]
    fn an_unknown_option_is_met_with_the_nearest() {
        let error = ReadOptions::of(&with("heder", "true")).unwrap_err();
        assert_eq!(error.message, "no option named `heder` for reading files");
        assert_eq!(error.hint.as_deref(), Some("did you mean `header`?"));
    }

    #[test]
    fn an_option_of_another_format_is_refused() {
        let query = with("delim", ";");
        let options = ReadOptions::of(&query).unwrap();
        assert!(options.check_for(&query, ReadFormat::Csv).is_ok());
        assert!(options.check_for(&query, ReadFormat::JsonLines).is_err());
    }

    #[test]
    fn values_are_checked() {
        assert_eq!(ReadOptions::of(&with("delim", "\\t")).unwrap().delimiter, Some(b'\t'));
        assert_eq!(ReadOptions::of(&with("sample_size", "-1")).unwrap().sample, Sample::All);
        for (name, value) in [
            ("delim", "ab"),
            ("delim", ""),
            ("header", "maybe"),
            ("sample_size", "0"),
            ("skip", "-1"),
            ("compression", "rar"),
        ] {
            assert!(ReadOptions::of(&with(name, value)).is_err(), "{name} {value}");
        }
    }
}
