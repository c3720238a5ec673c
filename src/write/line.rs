//! One `column = value` a line, for rows with long texts. Line breaks of a text are kept, so that a trace can be read.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};

use super::cell::Cells;
use super::escape::for_terminal;
use super::table::{Shown, rows_line};
use super::width::{pad, width};
use super::{Out, RowWriter, WriteOptions, write_error};

pub(super) struct LineWriter {
    out: Out,
    options: WriteOptions,
    /// Names, filled to one width.
    names: Vec<String>,
    rows: u64,
    buffer: String,
}

impl LineWriter {
    pub fn new(out: Out, options: WriteOptions) -> Self {
        Self { out, options, names: Vec::new(), rows: 0, buffer: String::new() }
    }

    fn rows(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let columns: Vec<Cells<'_>> =
            batch.columns().iter().map(|column| Cells::new(column.as_ref())).collect::<Result<_, _>>()?;
        let null = self.options.null_text("NULL");
        for row in 0..batch.num_rows() {
            self.rows += 1;
            if self.options.max_rows.is_some_and(|most| self.rows > most as u64) {
                continue;
            }
            if self.rows > 1 {
                self.buffer.push('\n');
            }
            for (name, cells) in self.names.iter().zip(&columns) {
                let text = for_terminal(&cells.shown(row, null, self.options.decimals)?, true);
                // What follows a line break stands under the text's beginning, not under the name.
                let indent = format!("\n{}", " ".repeat(width(name) + 3));
                self.buffer.push_str(&format!("{name} = {}\n", text.replace('\n', &indent)));
            }
        }
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        self.out.write_all(self.buffer.as_bytes()).map_err(|e| write_error(&e))?;
        self.buffer.clear();
        Ok(())
    }
}

impl RowWriter for LineWriter {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        let names: Vec<String> = schema.fields().iter().map(|field| for_terminal(field.name(), false)).collect();
        let wide = names.iter().map(|name| width(name)).max().unwrap_or(0);
        self.names = names.iter().map(|name| pad(name, wide, true)).collect();
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows(batch).map_err(|e| Error::data(format!("a value cannot be written as text: {e}")))?;
        self.send()
    }

    fn finish(&mut self) -> Result<()> {
        let shown = self.options.max_rows.map_or(self.rows, |most| self.rows.min(most as u64));
        if shown < self.rows {
            self.buffer.push_str(&format!("\n{}\n", rows_line(Shown { of: self.rows, shown })));
        }
        self.send()?;
        self.out.flush().map_err(|e| write_error(&e))
    }
}
