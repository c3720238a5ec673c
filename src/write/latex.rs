//! A LaTeX `tabular` with the rules of booktabs; numbers are aligned to the right. Unicode is kept: XeLaTeX and LuaLaTeX set it.

use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};

use super::cell::{Cells, is_number};
use super::escape::for_latex;
use super::{Out, RowWriter, WriteOptions, write_error};

pub(super) struct LatexWriter {
    out: Out,
    options: WriteOptions,
    buffer: String,
}

impl LatexWriter {
    pub fn new(out: Out, options: WriteOptions) -> Self {
        Self { out, options, buffer: String::new() }
    }

    fn rows(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let columns: Vec<Cells<'_>> =
            batch.columns().iter().map(|column| Cells::new(column.as_ref())).collect::<Result<_, _>>()?;
        let null = self.options.null_text("NULL");
        for row in 0..batch.num_rows() {
            for (at, cells) in columns.iter().enumerate() {
                if at > 0 {
                    self.buffer.push_str(" & ");
                }
                let text = cells.shown(row, null, self.options.decimals)?;
                let number = is_number(cells.array.data_type()) && !cells.is_null(row);
                self.buffer.push_str(&if number { number_text(&text) } else { for_latex(&text) });
            }
            self.buffer.push_str(" \\\\\n");
        }
        Ok(())
    }

    fn send(&mut self) -> Result<()> {
        self.out.write_all(self.buffer.as_bytes()).map_err(|e| write_error(&e))?;
        self.buffer.clear();
        Ok(())
    }
}

/// A minus is no hyphen, and a power of ten is written as one.
fn number_text(text: &str) -> String {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.contains(|letter: char| letter.is_alphabetic() && letter != 'e') {
        return for_latex(text);
    }
    match text.split_once('e') {
        Some((digits, exponent)) => format!("${digits} \\times 10^{{{exponent}}}$"),
        None if text.starts_with('-') => format!("${text}$"),
        None => text.to_owned(),
    }
}

impl RowWriter for LatexWriter {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        let align = |data_type: &DataType| if is_number(data_type) { 'r' } else { 'l' };
        let columns: String = schema.fields().iter().map(|field| align(field.data_type())).collect();
        let names: Vec<String> = schema.fields().iter().map(|field| for_latex(field.name())).collect();
        self.buffer = format!(
            "% \\usepackage{{booktabs}}\n\\begin{{tabular}}{{{columns}}}\n\\toprule\n{} \\\\\n\\midrule\n",
            names.join(" & ")
        );
        self.send()
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.rows(batch).map_err(|e| Error::data(format!("a value cannot be written as text: {e}")))?;
        self.send()
    }

    fn finish(&mut self) -> Result<()> {
        self.buffer.push_str("\\bottomrule\n\\end{tabular}\n");
        self.send()?;
        self.out.flush().map_err(|e| write_error(&e))
    }
}

#[cfg(test)]
mod tests {
    use super::number_text;

    #[test]
    fn a_minus_is_set_as_one() {
        assert_eq!(number_text("-0.5"), "$-0.5$");
        assert_eq!(number_text("12"), "12");
        assert_eq!(number_text("1.5e-7"), "$1.5 \\times 10^{-7}$");
        assert_eq!(number_text("NaN"), "NaN");
        assert_eq!(number_text("-inf"), "-inf");
    }
}
