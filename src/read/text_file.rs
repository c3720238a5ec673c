//! A text file, packed or not, as a stream of bytes whose errors say where.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use tempfile::TempPath;

use crate::error::{Error, ErrorKind, Place, Result};

use super::query::{Packing, ReadFormat};

/// A file of the local disk: the one that was named, or what was downloaded of it.
#[derive(Debug, Clone)]
pub(super) struct TextFile {
    /// As the user wrote it, globs and folders expanded.
    pub shown: Arc<str>,
    pub path: PathBuf,
    pub format: ReadFormat,
    pub packing: Packing,
    /// Bytes on disk.
    pub size: u64,
    /// Keeps a download on the disk for as long as it is needed.
    pub _download: Option<Arc<TempPath>>,
}

/// The bytes of a [`TextFile`], unpacked, after a UTF-8 byte order mark.
pub(super) struct Text {
    pub input: BufReader<Box<dyn Read + Send>>,
    pub file: TextFile,
}

const BUFFER: usize = 256 << 10;

impl TextFile {
    pub fn open(&self) -> Result<Text> {
        let file = File::open(&self.path).map_err(|e| self.io_error(&e))?;
        let kind = match self.packing {
            Packing::None => FileCompressionType::UNCOMPRESSED,
            Packing::Gzip => FileCompressionType::GZIP,
            Packing::Zstd => FileCompressionType::ZSTD,
            Packing::Bzip2 => FileCompressionType::BZIP2,
            Packing::Xz => FileCompressionType::XZ,
        };
        let mut bytes =
            kind.convert_read(file).map_err(|e| self.error(format!("cannot unpack `{}`: {e}", self.shown)))?;
        let mut head = Vec::with_capacity(3);
        bytes.by_ref().take(3).read_to_end(&mut head).map_err(|e| self.io_error(&e))?;
        match head.as_slice() {
            [0xEF, 0xBB, 0xBF] => head.clear(),
            [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
                return Err(self
                    .error(format!("`{}` is UTF-16, not UTF-8", self.shown))
                    .with_hint(format!("convert it first: iconv -f UTF-16 -t UTF-8 {}", self.shown)));
            }
            _ => {}
        }
        let bytes: Box<dyn Read + Send> = Box::new(Cursor::new(head).chain(bytes));
        Ok(Text { input: BufReader::with_capacity(BUFFER, bytes), file: self.clone() })
    }

    /// From byte `start` of a file that is not packed.
    pub fn open_at(&self, start: u64) -> Result<Text> {
        if start == 0 {
            return self.open();
        }
        let mut file = File::open(&self.path).map_err(|e| self.io_error(&e))?;
        file.seek(SeekFrom::Start(start)).map_err(|e| self.io_error(&e))?;
        Ok(Text { input: BufReader::with_capacity(BUFFER, Box::new(file)), file: self.clone() })
    }

    /// How many lines end before byte `start`.
    pub fn lines_before(&self, start: u64) -> Result<u64> {
        let file = File::open(&self.path).map_err(|e| self.io_error(&e))?;
        let mut input = BufReader::with_capacity(BUFFER, file.take(start));
        let mut lines = 0;
        loop {
            let chunk = input.fill_buf().map_err(|e| self.io_error(&e))?;
            if chunk.is_empty() {
                return Ok(lines);
            }
            lines += chunk.iter().filter(|byte| **byte == b'\n').count() as u64;
            let length = chunk.len();
            input.consume(length);
        }
    }

    /// The text of line `number` (from 1), at most 4 KiB of it: read again for the excerpt of an error.
    pub fn line(&self, number: u64) -> Result<Vec<u8>> {
        let mut text = self.open()?;
        let mut line = Vec::new();
        for _ in 0..number {
            line.clear();
            text.input.read_until(b'\n', &mut line).map_err(|e| self.io_error(&e))?;
        }
        while line.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            line.pop();
        }
        line.truncate(4 << 10);
        Ok(line)
    }

    pub fn error(&self, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::Data, message)
    }

    pub fn io_error(&self, source: &std::io::Error) -> Error {
        let of_the_system = source.raw_os_error().is_some();
        if self.packing == Packing::None || of_the_system {
            return Error::io("read", &*self.shown, source);
        }
        self.error(format!("cannot unpack `{}`: {source}", self.shown))
            .with_hint(format!("the file is not {} or it was cut short", format!("{:?}", self.packing).to_lowercase()))
    }

    /// `message` about byte `column` (from 0) of `line`, which is line `number` (from 1) of the file.
    pub fn error_at(&self, message: impl Into<String>, number: u64, line: &[u8], column: usize) -> Error {
        let message = message.into();
        let column = column.min(line.len());
        let before = String::from_utf8_lossy(&line[..column]).chars().count();
        let text = String::from_utf8_lossy(line);
        // A trace can be a line of a megabyte: the excerpt is for eyes.
        let (text, message) = if before < MOST_SHOWN {
            let mut shown: String = text.chars().take(MOST_SHOWN).collect();
            if shown.len() < text.len() {
                shown.push('…');
            }
            (shown, message)
        } else {
            let near: String = text.chars().skip(before.saturating_sub(30)).take(45).collect();
            (String::new(), format!("{message}, near `…{near}…`"))
        };
        self.error(message).at(Place {
            origin: Some(self.shown.to_string()),
            line: usize::try_from(number).unwrap_or(usize::MAX),
            column: before + 1,
            width: 1,
            text,
        })
    }

    pub fn not_utf8(&self, number: u64, line: &[u8], column: usize) -> Error {
        let byte = line.get(column).copied().unwrap_or_default();
        self.error_at(format!("`{}`: byte 0x{byte:02X} is not UTF-8", self.shown), number, line, column)
            .with_hint("if the file is in another encoding, convert it first, as with `iconv -f LATIN1 -t UTF-8`")
    }
}

/// Characters of a line that an error shows at most.
const MOST_SHOWN: usize = 160;
