//! Tables → files and text, one format a file.
//!
//! | format | NULL | floating-point numbers | lists, structs, maps |
//! |---|---|---|---|
//! | parquet | typed | typed | typed |
//! | csv, tsv | an empty field; an empty text is `""` | fewest digits that read back; `NaN`, `inf`, `-inf` | JSON text |
//! | json, ndjson | `null` | fewest digits that read back; NaN and the infinities are `null`: JSON has none | JSON |
//! | table, box, markdown, latex, line | `NULL` | six significant digits, all digits before the point | `[a, b]`, `{'key': a}` |

mod bytes;
mod cell;
mod copy_to;
mod csv;
mod escape;
mod float_text;
mod format;
mod json;
mod json_text;
mod latex;
mod line;
mod markdown;
mod options;
mod parquet;
mod plain;
mod table;
mod target;
pub(crate) mod width;

use std::io::Write;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;

use crate::error::{Error, ErrorKind, Result};

pub use bytes::write_bytes;
pub use copy_to::copy_to;
pub(crate) use copy_to::of_stream;
pub use float_text::float_text;
pub use format::Format;
pub use options::{Compression, WriteOptions};

/// Where rows go: once `begin`, any number of `batch`, once `finish`.
pub trait RowWriter: Send {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()>;
    fn batch(&mut self, batch: &RecordBatch) -> Result<()>;
    fn finish(&mut self) -> Result<()>;
}

/// What goes over a writer's output.
pub(crate) type Out = Box<dyn Write + Send>;

/// Writes rows to `out` as `format`. Table, box and markdown wait for the last row, to know how wide the columns are; of the first
/// two only `max_rows` rows are kept. All other formats stream.
///
/// # Errors
/// An option whose value does not fit the format.
pub fn row_writer(format: Format, out: Out, options: &WriteOptions) -> Result<Box<dyn RowWriter>> {
    options.check_for(format)?;
    let options = options.clone();
    Ok(match format {
        Format::Parquet => Box::new(parquet::ParquetWriter::new(out, options)),
        Format::Csv => Box::new(csv::CsvWriter::new(out, options, b',')),
        Format::Tsv => Box::new(csv::CsvWriter::new(out, options, b'\t')),
        Format::Json => Box::new(json::JsonWriter::new(out, true)),
        Format::NdJson => Box::new(json::JsonWriter::new(out, false)),
        Format::Markdown => Box::new(markdown::MarkdownWriter::new(out, options)),
        Format::Latex => Box::new(latex::LatexWriter::new(out, options)),
        Format::Table => Box::new(table::TableWriter::new(out, options, &table::ASCII)),
        Format::Box => Box::new(table::TableWriter::new(out, options, &table::BOX)),
        Format::Line => Box::new(line::LineWriter::new(out, options)),
    })
}

/// An output that cannot be written to; [`copy_to`] adds which file it is.
fn write_error(source: &std::io::Error) -> Error {
    Error::new(ErrorKind::World, format!("cannot write the result: {source}"))
}

#[cfg(test)]
pub(crate) mod tester;
#[cfg(test)]
mod tests;
