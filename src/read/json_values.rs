//! Cuts a JSON file into the texts of its rows, holding one row at a time.
//!
//! `.jsonl`: a row is a line, and lines end with `\n` only (texts contain U+2028 and other separators). Otherwise: the elements of
//! one array, or values one after the other. Only the outermost structure is looked at here; what a row is made of is checked
//! when it is parsed.

use std::io::BufRead;

use crate::error::{Error, Result};

use super::text_file::{Text, TextFile};

/// A row longer than this is taken for a file that is broken (a quote or bracket that never closes).
pub(super) const MOST_BYTES: usize = 256 << 20;

pub(super) struct JsonValues {
    text: Text,
    shape: Shape,
    value: Vec<u8>,
    /// Where the value begins: line from 1 and byte from 0; a range of a file counts from the range.
    start: (u64, usize),
    /// Where the reader stands.
    at: (u64, usize),
    /// Rows that begin at or after this byte belong to the next range.
    left: Option<u64>,
    first_byte: u64,
}

enum Shape {
    Lines,
    Sequence,
    /// Whether an element came already.
    Array(bool),
}

impl JsonValues {
    /// # Errors
    /// The file cannot be opened.
    pub fn open(file: &TextFile) -> Result<Self> {
        let mut text = file.open()?;
        let start = text.input.fill_buf().map_err(|e| file.io_error(&e))?;
        // An array in a `.jsonl` is a common slip, and no line of objects begins like one.
        let array = start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
        let shape = if file.format == super::ReadFormat::JsonLines && !array { Shape::Lines } else { Shape::Sequence };
        Ok(Self { text, shape, value: Vec::new(), start: (1, 0), at: (1, 0), left: None, first_byte: 0 })
    }

    /// The lines that begin in bytes `start..end` of a file that is not packed and has one object a line.
    pub fn open_range(file: &TextFile, start: u64, end: u64) -> Result<Self> {
        let mut values = Self::open(file)?;
        values.left = Some(end - start);
        if start > 0 {
            // From one byte earlier: a line that begins exactly at `start` is ours.
            values.text = file.open_at(start - 1)?;
            values.left = Some(end - (start - 1));
            values.first_byte = start - 1;
            values.read_line()?;
            values.at = (1, 0);
            values.first_byte = end - values.left.unwrap_or_default().min(end);
        }
        Ok(values)
    }

    /// Whether ranges of `file` can be read apart.
    pub fn has_lines(file: &TextFile) -> Result<bool> {
        Ok(file.packing == super::query::Packing::None && matches!(Self::open(file)?.shape, Shape::Lines))
    }

    pub fn file(&self) -> &TextFile {
        &self.text.file
    }

    /// Reads the next row; `false` at the end.
    ///
    /// # Errors
    /// The file cannot be read, or what stands around the rows is no JSON.
    pub fn advance(&mut self) -> Result<bool> {
        match self.shape {
            Shape::Lines => loop {
                if self.left == Some(0) {
                    return Ok(false);
                }
                self.start = self.at;
                if !self.read_line()? {
                    return Ok(false);
                }
                if !self.value.trim_ascii().is_empty() {
                    return Ok(true);
                }
            },
            _ => self.advance_in_sequence(),
        }
    }

    pub fn byte_length(&self) -> usize {
        self.value.len()
    }

    /// The row's text as it stands in the file.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn value(&self) -> Result<&str> {
        std::str::from_utf8(&self.value).map_err(|e| {
            let (number, line, column) = self.place(e.valid_up_to());
            match number {
                Ok(number) => self.file().not_utf8(number, &line, column),
                Err(error) => error,
            }
        })
    }

    /// `message` about byte `offset` of the current row.
    pub fn error_at(&self, message: impl Into<String>, offset: usize) -> Error {
        let (number, line, column) = self.place(offset);
        match number {
            Ok(number) => self.file().error_at(message, number, &line, column),
            Err(error) => error,
        }
    }

    /// The line of the file (number, text, byte in it) in which byte `offset` of the row lies.
    fn place(&self, offset: usize) -> (Result<u64>, Vec<u8>, usize) {
        let offset = offset.min(self.value.len());
        let begin = self.value[..offset].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let end =
            self.value[offset..].iter().position(|byte| *byte == b'\n').map_or(self.value.len(), |at| offset + at);
        let number = self.start.0 + self.value[..begin].iter().filter(|byte| **byte == b'\n').count() as u64;
        let number = match self.first_byte {
            0 => Ok(number),
            byte => self.file().lines_before(byte).map(|lines| lines + number),
        };
        // What stands before the row in its first line was not kept; blanks hold its place.
        let before = if begin == 0 { self.start.1 } else { 0 };
        let mut line = vec![b' '; before];
        line.extend_from_slice(&self.value[begin..end]);
        (number, line, before + offset - begin)
    }

    fn read_line(&mut self) -> Result<bool> {
        self.value.clear();
        let file = &self.text.file;
        let length = self.text.input.read_until(b'\n', &mut self.value).map_err(|e| file.io_error(&e))?;
        self.at.0 += 1;
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(length as u64);
        }
        if self.value.last() == Some(&b'\n') {
            self.value.pop();
        }
        Ok(length > 0)
    }

    fn peek(&mut self) -> Result<Option<u8>> {
        match self.text.input.fill_buf() {
            Ok(bytes) => Ok(bytes.first().copied()),
            Err(e) => Err(self.text.file.io_error(&e)),
        }
    }

    fn pass(&mut self, byte: u8) {
        self.text.input.consume(1);
        if byte == b'\n' {
            self.at = (self.at.0 + 1, 0);
        } else {
            self.at.1 += 1;
        }
    }

    fn skip_blanks(&mut self) -> Result<Option<u8>> {
        loop {
            match self.peek()? {
                Some(byte) if byte.is_ascii_whitespace() => self.pass(byte),
                other => return Ok(other),
            }
        }
    }

    /// An error about the byte that comes next, outside of any row.
    fn unexpected(&mut self, found: Option<u8>, expected: &str) -> Error {
        let file = self.text.file.clone();
        let found = match found {
            Some(byte) if byte.is_ascii_graphic() => format!("`{}`", byte as char),
            Some(byte) => format!("byte 0x{byte:02X}"),
            None => "the end of the file".to_owned(),
        };
        let mut line = vec![b' '; self.at.1];
        if let Ok(rest) = self.text.input.fill_buf() {
            line.extend(rest.iter().take_while(|byte| **byte != b'\n').take(80));
        }
        file.error_at(
            format!("malformed JSON in `{}`: expected {expected}, found {found}", file.shown),
            self.at.0,
            &line,
            self.at.1,
        )
    }

    fn advance_in_sequence(&mut self) -> Result<bool> {
        let mut next = self.skip_blanks()?;
        if matches!(self.shape, Shape::Sequence) && next == Some(b'[') {
            self.pass(b'[');
            self.shape = Shape::Array(false);
            next = self.skip_blanks()?;
        }
        if let Shape::Array(came) = &mut self.shape {
            let first = !std::mem::replace(came, true);
            match (first, next) {
                (_, Some(b']')) => {
                    self.pass(b']');
                    self.shape = Shape::Sequence;
                    return match self.skip_blanks()? {
                        None => Ok(false),
                        Some(b'[' | b'{') => self.advance_in_sequence(),
                        other => Err(self.unexpected(other, "the end of the file")),
                    };
                }
                (true, _) => {}
                (false, Some(b',')) => {
                    self.pass(b',');
                    next = self.skip_blanks()?;
                }
                (false, other) => {
                    return Err(self.unexpected(other, "`,` or `]`").with_hint("the array may have been cut short"));
                }
            }
        }
        match next {
            None if matches!(self.shape, Shape::Sequence) => Ok(false),
            None | Some(b',' | b']' | b'}' | b':') => Err(self.unexpected(next, "a value")),
            Some(_) => self.read_value().map(|()| true),
        }
    }

    /// From the first byte of a value to its last; brackets and strings are followed, nothing else.
    fn read_value(&mut self) -> Result<()> {
        self.start = self.at;
        self.value.clear();
        let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
        loop {
            // Whole buffers at a time: asking for each byte would cost more than the parsing.
            let file = &self.text.file;
            let bytes = self.text.input.fill_buf().map_err(|e| file.io_error(&e))?;
            let (mut used, mut done) = (0, bytes.is_empty());
            for byte in bytes {
                if in_string {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => in_string = false,
                        _ => {}
                    }
                    done = depth == 0 && !in_string;
                } else {
                    match byte {
                        b'"' => in_string = true,
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' if depth > 0 => {
                            depth -= 1;
                            done = depth == 0;
                        }
                        b',' | b'}' | b']' if depth == 0 => {
                            done = true;
                            break;
                        }
                        byte if depth == 0 && byte.is_ascii_whitespace() => {
                            done = true;
                            break;
                        }
                        _ => {}
                    }
                }
                used += 1;
                if *byte == b'\n' {
                    self.at = (self.at.0 + 1, 0);
                } else {
                    self.at.1 += 1;
                }
                if done {
                    break;
                }
            }
            self.value.extend_from_slice(&bytes[..used]);
            self.text.input.consume(used);
            if done {
                return Ok(());
            }
            if self.value.len() > MOST_BYTES {
                return Err(self.error_at(format!("a value in `{}` is longer than 256 MiB", self.file().shown), 0));
            }
        }
    }
}
