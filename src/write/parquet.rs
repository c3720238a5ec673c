//! Parquet: zstd(3), the Arrow schema kept in the footer so that every type comes back (views as their plain types).

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression as Codec, GzipLevel, ZstdLevel};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};

use crate::error::{Error, ErrorKind, Result};

use super::plain::{plain_batches, plain_schema};
use super::{Compression, Out, RowWriter, WriteOptions};

/// A row group is closed at this size even if it has few rows: a group of traces would fill the memory.
const GROUP_BYTES: usize = 64 << 20;

pub(super) struct ParquetWriter {
    out: Option<Out>,
    options: WriteOptions,
    /// The writer and the schema of what it writes.
    writer: Option<(ArrowWriter<Out>, SchemaRef)>,
}

impl ParquetWriter {
    pub fn new(out: Out, options: WriteOptions) -> Self {
        Self { out: Some(out), options, writer: None }
    }
}

fn unwritable(error: &ParquetError) -> Error {
    match error {
        ParquetError::NYI(what) => {
            Error::data(format!("Parquet has no such type: {what}")).with_hint("CAST the column, to text for instance")
        }
        other => Error::new(ErrorKind::World, format!("cannot write Parquet: {other}")),
    }
}

fn properties(options: &WriteOptions) -> Result<WriterProperties> {
    let codec = match options.compression {
        None => Codec::ZSTD(ZstdLevel::try_new(3).map_err(|e| unwritable(&e))?),
        Some(Compression::None) => Codec::UNCOMPRESSED,
        Some(Compression::Gzip) => Codec::GZIP(GzipLevel::default()),
        Some(Compression::Zstd(level)) => {
            Codec::ZSTD(ZstdLevel::try_new(level.unwrap_or(3)).map_err(|e| unwritable(&e))?)
        }
        Some(Compression::Snappy) => Codec::SNAPPY,
        Some(Compression::Lz4) => Codec::LZ4_RAW,
    };
    Ok(WriterProperties::builder()
        .set_compression(codec)
        .set_max_row_group_row_count(Some(options.row_group_size))
        .set_statistics_enabled(EnabledStatistics::Page)
        .set_created_by(concat!("glotrace ", env!("CARGO_PKG_VERSION")).to_owned())
        .build())
}

fn not_begun() -> Error {
    Error::internal("a Parquet writer got rows before a schema")
}

impl RowWriter for ParquetWriter {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        let out = self.out.take().ok_or_else(not_begun)?;
        let plain = plain_schema(schema);
        let writer = ArrowWriter::try_new(out, Arc::clone(&plain), Some(properties(&self.options)?))
            .map_err(|e| unwritable(&e))?;
        self.writer = Some((writer, plain));
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        let (writer, schema) = self.writer.as_mut().ok_or_else(not_begun)?;
        let pieces = plain_batches(batch, schema).map_err(|e| Error::data(format!("cannot write Parquet: {e}")))?;
        for piece in pieces {
            writer.write(&piece).map_err(|e| unwritable(&e))?;
            if writer.in_progress_size() >= GROUP_BYTES {
                writer.flush().map_err(|e| unwritable(&e))?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        let (writer, _) = self.writer.take().ok_or_else(not_begun)?;
        let mut out = writer.into_inner().map_err(|e| unwritable(&e))?;
        out.flush().map_err(|e| super::write_error(&e))
    }
}
