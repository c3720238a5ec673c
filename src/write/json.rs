//! JSON: one array with a row a line, or one object a line.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};

use super::cell::Cells;
use super::{Out, RowWriter, json_text, write_error};

pub(super) struct JsonWriter {
    out: Out,
    array: bool,
    /// `"name":` of each column.
    keys: Vec<Vec<u8>>,
    any: bool,
    buffer: Vec<u8>,
}

impl JsonWriter {
    pub fn new(out: Out, array: bool) -> Self {
        Self { out, array, keys: Vec::new(), any: false, buffer: Vec::new() }
    }

    fn rows(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let columns: Vec<Cells<'_>> =
            batch.columns().iter().map(|column| Cells::new(column.as_ref())).collect::<Result<_, _>>()?;
        let buffer = &mut self.buffer;
        for row in 0..batch.num_rows() {
            if self.array {
                buffer.extend_from_slice(if self.any { b",\n" } else { b"\n" });
            }
            self.any = true;
            buffer.push(b'{');
            for (at, (cells, key)) in columns.iter().zip(&self.keys).enumerate() {
                if at > 0 {
                    buffer.push(b',');
                }
                buffer.extend_from_slice(key);
                json_text::value(cells, row, buffer)?;
            }
            buffer.push(b'}');
            if !self.array {
                buffer.push(b'\n');
            }
        }
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        self.out.write_all(&self.buffer).map_err(|e| write_error(&e))?;
        self.buffer.clear();
        Ok(())
    }
}

fn unwritable(error: &ArrowError) -> Error {
    Error::data(format!("a value cannot be written as JSON: {error}"))
}

impl RowWriter for JsonWriter {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        for field in schema.fields() {
            let mut key = Vec::new();
            json_text::string(field.name(), &mut key).map_err(|e| unwritable(&e))?;
            key.push(b':');
            self.keys.push(key);
        }
        if self.array {
            self.buffer.push(b'[');
        }
        self.send()
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows(batch).map_err(|e| unwritable(&e))?;
        self.send()
    }

    fn finish(&mut self) -> Result<()> {
        if self.array {
            self.buffer.extend_from_slice(if self.any { b"\n]\n" } else { b"]\n" });
        }
        self.send()?;
        self.out.flush().map_err(|e| write_error(&e))
    }
}
