//! Text files as one table: rows are parsed as they are asked for, columns that nobody asked for are passed over.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::array::builder::StringViewBuilder;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result as DfResult, Statistics, project_schema};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PhysicalExpr, PlanProperties,
};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::sync::mpsc::Sender;

use crate::error::{Error, Result};

use super::column::Columns;
use super::csv::{self, CsvReader, Layout};
use super::json;
use super::json_values::JsonValues;
use super::kind::Keys;
use super::options::{ReadOptions, Sample};
use super::query::Packing;
use super::text_file::TextFile;

/// What was found out about one file.
#[derive(Debug)]
struct Part {
    file: TextFile,
    /// Of a CSV.
    layout: Option<Layout>,
    /// Rows seen, and whether these are all.
    rows: u64,
    whole: bool,
    /// JSON with one object a line, not packed: parts of it can be read apart.
    divisible: bool,
}

#[derive(Debug)]
pub(super) struct TextTable {
    parts: Arc<[Part]>,
    fields: Fields,
    /// `fields`, and `filename` at the end where it was asked for.
    schema: SchemaRef,
    statistics: Statistics,
    /// The columns were inferred from a part of the rows: what to do where a later one does not fit.
    advice: Option<Arc<str>>,
}

/// All files together are never looked at for longer than this many bytes for their columns.
const SAMPLE_ALL: u64 = 256 << 20;
/// Below this, more threads cost more than they bring, and one keeps the rows in the files' order.
const ONE_THREAD: u64 = 16 << 20;
/// A batch is sent when its texts reach this, so that long traces do not fill the memory.
const BATCH_BYTES: usize = 16 << 20;
pub(super) const FILENAME: &str = "filename";

impl TextTable {
    /// Looks at the files' rows to find the columns.
    ///
    /// # Errors
    /// A file that cannot be read or is malformed in the part that was looked at.
    pub async fn open(files: Vec<TextFile>, options: &ReadOptions, threads: usize) -> Result<Self> {
        let share = (SAMPLE_ALL / files.len() as u64).max(1 << 20);
        let looked: Vec<(Part, Keys)> = stream::iter(files)
            .map(|file| {
                let options = options.clone();
                async move {
                    tokio::task::spawn_blocking(move || look(file, &options, share))
                        .await
                        .map_err(|e| Error::internal(format!("reading a file ended early: {e}")))?
                }
            })
            .buffered(threads.max(1))
            .try_collect()
            .await?;
        let mut all = Keys::default();
        let mut parts = Vec::new();
        for (part, keys) in looked {
            all.add(keys);
            parts.push(part);
        }
        let fields = all.fields(false);
        let mut with_name: Vec<_> = fields.iter().cloned().collect();
        if options.filename {
            if fields.find(FILENAME).is_some() {
                return Err(Error::query(format!(
                    "filename => true: `{}` has a column `filename` already",
                    parts[0].file.shown
                )));
            }
            with_name.push(Arc::new(Field::new(FILENAME, DataType::Utf8View, false)));
        }
        if with_name.is_empty() {
            return Err(Error::data(format!("`{}` holds no rows, so it has no columns", parts[0].file.shown)));
        }
        let schema = Arc::new(Schema::new(with_name));
        let whole = parts.iter().all(|part| part.whole);
        let advice = (!whole).then(|| {
            let rows: u64 = parts.iter().map(|part| part.rows).sum();
            let call = if parts[0].layout.is_some() { "read_csv" } else { "read_json" };
            let shown = &parts[0].file.shown;
            format!("columns and types were inferred from the first {rows} rows; {call}('{shown}', sample_size => -1) looks at all").into()
        });
        let statistics = statistics(&parts, &schema);
        Ok(Self { parts: parts.into(), fields, schema, statistics, advice })
    }

    /// Which partition reads what, in the files' order.
    fn pieces(&self, threads: usize) -> Vec<Vec<Piece>> {
        let weight = |part: &Part| if part.file.packing == Packing::None { part.file.size } else { part.file.size * 4 };
        let total: u64 = self.parts.iter().map(weight).sum();
        let whole = |at: usize| Piece { part: at, range: None };
        if threads <= 1 || total <= ONE_THREAD {
            return vec![(0..self.parts.len()).map(whole).collect()];
        }
        let goal = total.div_ceil(threads as u64).max(ONE_THREAD / 2);
        let mut partitions: Vec<Vec<Piece>> = vec![Vec::new()];
        let mut room = goal;
        for (at, part) in self.parts.iter().enumerate() {
            let size = weight(part);
            let mut start = 0;
            loop {
                if room == 0 && partitions.len() < threads {
                    partitions.push(Vec::new());
                    room = goal;
                }
                let last = partitions.len() - 1;
                // The last partition takes all that is left; so does any for a file that cannot be divided.
                if !part.divisible || size - start <= room || last + 1 == threads {
                    let range = (start > 0).then_some((start, size));
                    partitions[last].push(Piece { part: at, range });
                    room = room.saturating_sub(size - start);
                    break;
                }
                partitions[last].push(Piece { part: at, range: Some((start, start + room)) });
                start += room;
                room = 0;
            }
        }
        partitions
    }
}

fn statistics(parts: &[Part], schema: &Schema) -> Statistics {
    let mut statistics = Statistics::new_unknown(schema);
    let size: u64 = parts.iter().map(|part| part.file.size).sum();
    let rows: u64 = parts.iter().map(|part| part.rows).sum();
    let to_usize = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    statistics.total_byte_size = Precision::Inexact(to_usize(size));
    if parts.iter().all(|part| part.whole) {
        statistics.num_rows = Precision::Exact(to_usize(rows));
    }
    statistics
}

/// Layout, kinds and number of rows of one file.
fn look(file: TextFile, options: &ReadOptions, share: u64) -> Result<(Part, Keys)> {
    let enough = |rows: u64, bytes: u64| match options.sample {
        Sample::All => false,
        Sample::Rows(most) => rows >= most,
        Sample::Bytes(most) => bytes >= most.min(share),
    };
    if file.format.family() == "csv" {
        let layout = Layout::of(&file, options)?;
        let (keys, rows, whole) = csv::infer(&file, &layout, options.all_text, enough)?;
        return Ok((Part { file, layout: Some(layout), rows, whole, divisible: false }, keys));
    }
    let divisible = JsonValues::has_lines(&file)?;
    let mut values = JsonValues::open(&file)?;
    let mut keys = Keys::default();
    let (mut rows, mut bytes, mut whole) = (0, 0, true);
    while values.advance()? {
        json::infer(&values, &mut keys)?;
        rows += 1;
        bytes += values.byte_length() as u64;
        if enough(rows, bytes) {
            whole = false;
            break;
        }
    }
    Ok((Part { file, layout: None, rows, whole, divisible }, keys))
}

#[async_trait]
impl TableProvider for TextTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn statistics(&self) -> Option<Statistics> {
        Some(self.statistics.clone())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let schema = project_schema(&self.schema, projection)?;
        let projection = projection.cloned().unwrap_or_else(|| (0..self.schema.fields().len()).collect());
        let pieces: Arc<[Vec<Piece>]> = self.pieces(state.config().target_partitions()).into();
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(pieces.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Arc::new(TextScan {
            parts: Arc::clone(&self.parts),
            pieces,
            fields: self.fields.clone(),
            statistics: Arc::new(self.statistics.clone().project(Some(&projection))),
            projection,
            schema,
            limit,
            advice: self.advice.clone(),
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

/// A file, or the lines of it that begin in a range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    part: usize,
    range: Option<(u64, u64)>,
}

#[derive(Debug, Clone)]
struct TextScan {
    parts: Arc<[Part]>,
    pieces: Arc<[Vec<Piece>]>,
    fields: Fields,
    /// Of the table's columns, `filename` being the one after `fields`.
    projection: Vec<usize>,
    schema: SchemaRef,
    limit: Option<usize>,
    advice: Option<Arc<str>>,
    statistics: Arc<Statistics>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl DisplayAs for TextScan {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.schema.fields().iter().map(|field| field.name().as_str()).collect();
        write!(f, "TextScan: file={}", self.parts[0].file.shown)?;
        if self.parts.len() > 1 {
            write!(f, " and {} more", self.parts.len() - 1)?;
        }
        write!(f, ", partitions={}, columns=[{}]", self.pieces.len(), names.join(", "))?;
        match self.limit {
            Some(limit) => write!(f, ", limit={limit}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for TextScan {
    fn name(&self) -> &'static str {
        "TextScan"
    }

    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _: Vec<Arc<dyn ExecutionPlan>>) -> DfResult<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn partition_statistics(&self, partition: Option<usize>) -> DfResult<Arc<Statistics>> {
        match partition {
            Some(_) if self.pieces.len() > 1 => Ok(Arc::new(Statistics::new_unknown(&self.schema))),
            _ => Ok(Arc::new(Statistics::clone(&self.statistics).with_fetch(self.limit, 0, self.pieces.len())?)),
        }
    }

    fn supports_limit_pushdown(&self) -> bool {
        true
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(Arc::new(Self { limit, ..self.clone() }))
    }

    fn fetch(&self) -> Option<usize> {
        self.limit
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> DfResult<SendableRecordBatchStream> {
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let sender = stream.tx();
        let scan = self.clone();
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let batch_rows = context.session_config().batch_size();
        stream.spawn_blocking(move || scan.read(partition, batch_rows, &sender, &metrics));
        Ok(stream.build())
    }
}

enum Reader {
    Json(Box<JsonValues>),
    Csv(Box<CsvReader>),
}

impl Reader {
    /// Appends the next row; gives its length in bytes, `None` at the end.
    fn read(&mut self, columns: &mut Columns) -> Result<Option<usize>> {
        match self {
            Reader::Json(values) => {
                if !values.advance()? {
                    return Ok(None);
                }
                json::decode(values, columns)?;
                Ok(Some(values.byte_length()))
            }
            Reader::Csv(reader) => Ok(reader.read(columns)?.then(|| reader.byte_length())),
        }
    }
}

impl TextScan {
    /// Sends the rows of a partition; stops when nobody listens any more.
    fn read(
        &self,
        partition: usize,
        batch_rows: usize,
        sender: &Sender<DfResult<RecordBatch>>,
        metrics: &BaselineMetrics,
    ) -> DfResult<()> {
        let elapsed = metrics.elapsed_compute().clone();
        let wanted: Vec<usize> = self.projection.iter().copied().filter(|at| *at < self.fields.len()).collect();
        let mut columns = Columns::new(&self.fields, Some(&wanted))?;
        if let Some(advice) = &self.advice {
            columns.set_partial(advice);
        }
        let mut names = StringViewBuilder::new();
        let named = wanted.len() < self.projection.len();
        let (mut bytes, mut left) = (0, self.limit.unwrap_or(usize::MAX));
        let mut timer = elapsed.timer();
        for piece in &self.pieces[partition] {
            let part = &self.parts[piece.part];
            let mut reader = match (&part.layout, piece.range) {
                (Some(layout), _) => Reader::Csv(Box::new(CsvReader::open(&part.file, layout, &columns)?)),
                (None, Some((start, end))) => Reader::Json(Box::new(JsonValues::open_range(&part.file, start, end)?)),
                (None, None) => Reader::Json(Box::new(JsonValues::open(&part.file)?)),
            };
            while left > 0
                && let Some(length) = reader.read(&mut columns)?
            {
                left -= 1;
                bytes += length;
                if named {
                    names.append_value(&*part.file.shown);
                }
                if columns.rows >= batch_rows || bytes >= BATCH_BYTES {
                    bytes = 0;
                    let batch = self.batch(&mut columns, &mut names)?;
                    metrics.output_rows().add(batch.num_rows());
                    timer.stop();
                    if sender.blocking_send(Ok(batch)).is_err() {
                        return Ok(());
                    }
                    timer.restart();
                }
            }
        }
        if columns.rows > 0 {
            let batch = self.batch(&mut columns, &mut names)?;
            metrics.output_rows().add(batch.num_rows());
            timer.stop();
            // Whoever stopped listening does not need the last rows.
            let _ = sender.blocking_send(Ok(batch));
        }
        Ok(())
    }

    fn batch(&self, columns: &mut Columns, names: &mut StringViewBuilder) -> DfResult<RecordBatch> {
        let rows = columns.rows;
        let mut read = columns.finish()?.into_iter();
        let arrays: Option<Vec<ArrayRef>> = self
            .projection
            .iter()
            .map(|at| if *at < self.fields.len() { read.next() } else { Some(Arc::new(names.finish()) as ArrayRef) })
            .collect();
        let arrays = arrays.ok_or_else(|| Error::internal("fewer columns were read than asked for"))?;
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            arrays,
            &RecordBatchOptions::new().with_row_count(Some(rows)),
        )?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::ReadFormat;

    fn table(files: &[(u64, bool)]) -> TextTable {
        let part = |(size, divisible): &(u64, bool)| Part {
            file: TextFile {
                shown: "x".into(),
                path: "x".into(),
                format: ReadFormat::JsonLines,
                packing: Packing::None,
                size: *size,
                _download: None,
            },
            layout: None,
            rows: 0,
            whole: true,
            divisible: *divisible,
        };
        let schema = Arc::new(Schema::empty());
        let statistics = Statistics::new_unknown(&schema);
        TextTable { parts: files.iter().map(part).collect(), fields: Fields::empty(), schema, statistics, advice: None }
    }

    #[test]
    fn small_files_are_read_by_one_thread_in_order() {
        let pieces = table(&[(10, true), (20, true), (0, false)]).pieces(8);
        assert_eq!(pieces.len(), 1);
        assert_eq!(pieces[0].iter().map(|piece| piece.part).collect::<Vec<_>>(), [0, 1, 2]);
    }

    #[test]
    fn pieces_cover_every_file_once_and_in_order() {
        const M: u64 = 1 << 20;
        for files in [
            vec![(100 * M, true)],
            vec![(30 * M, true), (50 * M, false), (5 * M, true), (90 * M, true)],
            vec![(M, false); 60],
        ] {
            for threads in [1, 2, 3, 8, 64] {
                let partitions = table(&files).pieces(threads);
                assert!(
                    partitions.len() <= threads && partitions.iter().all(|pieces| !pieces.is_empty()),
                    "{files:?} {threads}"
                );
                let mut read: Vec<Vec<(u64, u64)>> = vec![vec![]; files.len()];
                let flat: Vec<&Piece> = partitions.iter().flatten().collect();
                assert!(flat.is_sorted_by_key(|piece| piece.part));
                flat.iter().for_each(|piece| read[piece.part].push(piece.range.unwrap_or((0, files[piece.part].0))));
                for ((size, _), ranges) in files.iter().zip(read) {
                    let mut end = 0;
                    for range in ranges {
                        assert_eq!(range.0, end);
                        end = range.1;
                    }
                    assert_eq!(end, *size);
                }
            }
        }
    }
}
