//! Separated values (RFC 4180, lines end with `\n`).
//!
//! NULL is an empty field and an empty text is `""`, so that both come back as what they were.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};

use super::cell::Cells;
use super::{Out, RowWriter, WriteOptions, write_error};

pub(super) struct CsvWriter {
    out: Out,
    options: WriteOptions,
    delimiter: u8,
    buffer: Vec<u8>,
}

impl CsvWriter {
    pub fn new(out: Out, options: WriteOptions, usual: u8) -> Self {
        let delimiter = options.delimiter.unwrap_or(usual);
        Self { out, options, delimiter, buffer: Vec::new() }
    }

    fn field(&mut self, text: &str) {
        let special = |byte: u8| byte == self.delimiter || matches!(byte, b'"' | b'\n' | b'\r');
        if text.is_empty() || self.options.null.as_deref() == Some(text) || text.bytes().any(special) {
            self.buffer.push(b'"');
            for byte in text.bytes() {
                if byte == b'"' {
                    self.buffer.push(b'"');
                }
                self.buffer.push(byte);
            }
            self.buffer.push(b'"');
        } else {
            self.buffer.extend_from_slice(text.as_bytes());
        }
    }

    fn rows(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let columns: Vec<Cells<'_>> =
            batch.columns().iter().map(|column| Cells::new(column.as_ref())).collect::<Result<_, _>>()?;
        let null = self.options.null_text("").to_owned();
        for row in 0..batch.num_rows() {
            for (at, cells) in columns.iter().enumerate() {
                if at > 0 {
                    self.buffer.push(self.delimiter);
                }
                if cells.is_null(row) {
                    self.buffer.extend_from_slice(null.as_bytes());
                } else if let Some(text) = cells.string(row) {
                    self.field(text);
                } else {
                    let text = cells.text(row)?;
                    self.field(&text);
                }
            }
            self.buffer.push(b'\n');
        }
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        self.out.write_all(&self.buffer).map_err(|e| write_error(&e))?;
        self.buffer.clear();
        Ok(())
    }
}

impl RowWriter for CsvWriter {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        if self.options.header {
            for (at, field) in schema.fields().iter().enumerate() {
                if at > 0 {
                    self.buffer.push(self.delimiter);
                }
                self.field(field.name());
            }
            self.buffer.push(b'\n');
        }
        self.send()
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows(batch).map_err(|e| Error::data(format!("a value cannot be written as text: {e}")))?;
        self.send()
    }

    fn finish(&mut self) -> Result<()> {
        self.out.flush().map_err(|e| write_error(&e))
    }
}
