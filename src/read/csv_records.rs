//! Cuts a file of separated values into records and fields (RFC 4180), holding one record at a time.
//!
//! A field is quoted as a whole or not at all; in a quoted one a doubled quote is a quote, and separators and line breaks
//! are text. Lines end with `\n` or `\r\n`.

use std::io::BufRead;

use crate::error::{Error, Result};

use super::json_values::MOST_BYTES;
use super::text_file::{Text, TextFile};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub delimiter: u8,
    pub quote: Option<u8>,
}

pub(super) struct CsvRecords {
    text: Text,
    dialect: Dialect,
    /// The fields' text without quotes, one after the other.
    bytes: Vec<u8>,
    /// Where a field ends in `bytes`, and whether it was quoted.
    ends: Vec<(usize, bool)>,
    /// Line from 1 on which the record begins.
    start: u64,
    line: u64,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Start,
    Plain,
    Quoted,
    AfterQuote,
}

impl CsvRecords {
    /// # Errors
    /// The lines to be passed over cannot be read.
    pub fn new(mut text: Text, dialect: Dialect, skip: u64) -> Result<Self> {
        let mut line = Vec::new();
        for _ in 0..skip {
            line.clear();
            text.input.read_until(b'\n', &mut line).map_err(|e| text.file.io_error(&e))?;
        }
        Ok(Self { text, dialect, bytes: Vec::new(), ends: Vec::new(), start: 1 + skip, line: 1 + skip })
    }

    pub fn file(&self) -> &TextFile {
        &self.text.file
    }

    pub fn byte_length(&self) -> usize {
        self.bytes.len()
    }

    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A line with nothing on it.
    pub fn is_blank(&self) -> bool {
        self.ends.len() == 1 && self.ends[0] == (0, false)
    }

    /// Reads the next record; `false` at the end.
    ///
    /// # Errors
    /// The file cannot be read, or a quote is out of place.
    pub fn advance(&mut self) -> Result<bool> {
        self.bytes.clear();
        self.ends.clear();
        self.start = self.line;
        let Dialect { delimiter, quote } = self.dialect;
        let mut state = State::Start;
        loop {
            let file = &self.text.file;
            let input = self.text.input.fill_buf().map_err(|e| file.io_error(&e))?;
            if input.is_empty() {
                return match state {
                    State::Start if self.ends.is_empty() => Ok(false),
                    State::Quoted => Err(self
                        .error_at("a quote opens here and is never closed", self.ends.len())
                        .with_hint("double a quote inside a quoted field, or read with quote => '' where quotes are plain text")),
                    _ => {
                        self.end_field(state);
                        Ok(true)
                    }
                };
            }
            let (mut used, mut stray) = (0, false);
            let mut ended = false;
            for byte in input {
                used += 1;
                let byte = *byte;
                if byte == b'\n' {
                    self.line += 1;
                }
                match state {
                    State::Quoted if Some(byte) == quote => state = State::AfterQuote,
                    State::Quoted => self.bytes.push(byte),
                    State::AfterQuote if Some(byte) == quote => {
                        self.bytes.push(byte);
                        state = State::Quoted;
                    }
                    State::Start if Some(byte) == quote => state = State::Quoted,
                    _ if byte == delimiter => {
                        self.ends.push((self.bytes.len(), state == State::AfterQuote));
                        state = State::Start;
                    }
                    _ if byte == b'\n' => {
                        ended = true;
                        break;
                    }
                    State::AfterQuote if byte == b'\r' => {}
                    State::AfterQuote => {
                        stray = true;
                        break;
                    }
                    State::Start | State::Plain => {
                        self.bytes.push(byte);
                        state = State::Plain;
                    }
                }
            }
            self.text.input.consume(used);
            if stray {
                return Err(self.error_at("text follows the closing quote of a field", self.ends.len()).with_hint(
                    "double a quote inside a quoted field, or read with quote => '' where quotes are plain text",
                ));
            }
            if ended {
                self.end_field(state);
                return Ok(true);
            }
            if self.bytes.len() > MOST_BYTES {
                return Err(self.error_at("a record is longer than 256 MiB: a quote may be open", self.ends.len()));
            }
        }
    }

    /// The last field of a record: the `\r` of `\r\n` is none of its text.
    fn end_field(&mut self, state: State) {
        let begin = self.ends.last().map_or(0, |(end, _)| *end);
        if state == State::Plain && self.bytes.len() > begin && self.bytes.last() == Some(&b'\r') {
            self.bytes.pop();
        }
        self.ends.push((self.bytes.len(), state == State::AfterQuote));
    }

    /// The fields and whether they were quoted.
    ///
    /// # Errors
    /// A field is not UTF-8.
    pub fn fields(&self) -> Result<impl ExactSizeIterator<Item = (&str, bool)>> {
        let text = std::str::from_utf8(&self.bytes).map_err(|e| {
            let at = e.valid_up_to();
            let field = self.ends.iter().take_while(|(end, _)| *end <= at).count();
            let byte = self.bytes[at];
            self.error_at(format!("byte 0x{byte:02X} is not UTF-8"), field)
                .with_hint("if the file is in another encoding, convert it first, as with `iconv -f LATIN1 -t UTF-8`")
        })?;
        // A separator never splits a character: all of them are ASCII.
        Ok((0..self.ends.len()).map(move |at| {
            let begin = if at == 0 { 0 } else { self.ends[at - 1].0 };
            let (end, quoted) = self.ends[at];
            (text.get(begin..end).unwrap_or_default(), quoted)
        }))
    }

    /// `message` about a field (from 0) of the current record.
    pub fn error_at(&self, message: impl Into<String>, field: usize) -> Error {
        let message = format!("`{}`: {}", self.file().shown, message.into());
        let line = self.file().line(self.start).unwrap_or_default();
        self.file().error_at(message, self.start, &line, self.column_of(&line, field))
    }

    /// The byte of `line`, the record's first, at which a field begins; 0 where it is on a later line.
    fn column_of(&self, line: &[u8], field: usize) -> usize {
        let (mut passed, mut quoted) = (0, false);
        if field == 0 {
            return 0;
        }
        for (at, byte) in line.iter().enumerate() {
            if Some(*byte) == self.dialect.quote {
                quoted = !quoted;
            } else if *byte == self.dialect.delimiter && !quoted {
                passed += 1;
                if passed == field {
                    return at + 1;
                }
            }
        }
        0
    }
}
