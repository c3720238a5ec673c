//! A Markdown table (GitHub's dialect); numbers are aligned to the right.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};

use super::cell::{Cells, is_number};
use super::escape::for_markdown;
use super::width::{pad, width};
use super::{Out, RowWriter, WriteOptions, write_error};

pub(super) struct MarkdownWriter {
    out: Out,
    options: WriteOptions,
    right: Vec<bool>,
    /// The names, then the rows.
    lines: Vec<Vec<String>>,
}

impl MarkdownWriter {
    pub fn new(out: Out, options: WriteOptions) -> Self {
        Self { out, options, right: Vec::new(), lines: Vec::new() }
    }

    fn rows(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let columns: Vec<Cells<'_>> =
            batch.columns().iter().map(|column| Cells::new(column.as_ref())).collect::<Result<_, _>>()?;
        let null = self.options.null_text("NULL");
        for row in 0..batch.num_rows() {
            let cells: Result<Vec<String>, ArrowError> =
                columns.iter().map(|cells| Ok(for_markdown(&cells.shown(row, null, self.options.decimals)?))).collect();
            self.lines.push(cells?);
        }
        Ok(())
    }
}

impl RowWriter for MarkdownWriter {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        self.right = schema.fields().iter().map(|field| is_number(field.data_type())).collect();
        self.lines.push(schema.fields().iter().map(|field| for_markdown(field.name())).collect());
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows(batch).map_err(|e| Error::data(format!("a value cannot be written as text: {e}")))
    }

    fn finish(&mut self) -> Result<()> {
        let widths: Vec<usize> = (0..self.right.len())
            .map(|at| self.lines.iter().map(|line| width(&line[at])).max().unwrap_or(0).max(3))
            .collect();
        let mut text = String::new();
        for (number, line) in self.lines.iter().enumerate() {
            for ((cell, wide), right) in line.iter().zip(&widths).zip(&self.right) {
                text.push_str("| ");
                text.push_str(&pad(cell, *wide, *right));
                text.push(' ');
            }
            text.push_str("|\n");
            if number == 0 {
                for (wide, right) in widths.iter().zip(&self.right) {
                    let dashes = "-".repeat(wide - 1);
                    text.push_str(&if *right { format!("| {dashes}: ") } else { format!("| :{dashes} ") });
                }
                text.push_str("|\n");
            }
        }
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).map_err(|e| write_error(&e))
    }
}
