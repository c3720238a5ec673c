//! Parquet files as one table, through DataFusion's reader: filters skip row groups and pages, columns that nobody asked
//! for are not read, statistics come from the footers.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result as DfResult, ScalarValue, Statistics, project_schema};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use futures::{StreamExt, TryStreamExt, stream};
use object_store::{ObjectMeta, ObjectStore};
use tempfile::TempPath;

use crate::error::{Error, Result};

use super::text_table::FILENAME;

/// One file in a store.
#[derive(Debug, Clone)]
pub(super) struct ParquetFile {
    pub shown: String,
    pub url: ObjectStoreUrl,
    pub store: Arc<dyn ObjectStore>,
    pub meta: ObjectMeta,
    /// Keeps a download on the disk for as long as it is needed.
    pub download: Option<Arc<TempPath>>,
}

#[derive(Debug)]
pub(super) struct ParquetTable {
    files: Vec<(ParquetFile, Arc<Statistics>)>,
    format: ParquetFormat,
    parts: TableSchema,
}

impl ParquetTable {
    /// # Errors
    /// A file that is no Parquet, or columns of one name whose types cannot be one.
    pub async fn open(files: Vec<ParquetFile>, filename: bool, state: &dyn Session) -> Result<Self> {
        let options = state.config_options().execution.parquet.clone();
        let mut format = ParquetFormat::default();
        format = format.with_enable_pruning(options.pruning).with_force_view_types(options.schema_force_view_types);
        let threads = state.config().target_partitions().max(4);
        let schemas: Vec<SchemaRef> = stream::iter(files.clone())
            .map(|file| {
                let format = &format;
                async move {
                    let inferred = format.infer_schema(state, &file.store, std::slice::from_ref(&file.meta)).await;
                    inferred.map_err(|e| unreadable(&file, &e))
                }
            })
            .buffered(threads)
            .try_collect()
            .await?;
        let schema = unite(&files, &schemas)?;
        if filename && schema.fields().find(FILENAME).is_some() {
            return Err(Error::query(format!(
                "filename => true: `{}` has a column `filename` already",
                files[0].shown
            )));
        }
        let statistics: Vec<Arc<Statistics>> = stream::iter(files.clone())
            .map(|file| {
                let (format, schema) = (&format, Arc::clone(&schema));
                async move {
                    let inferred = format.infer_stats(state, &file.store, schema, &file.meta).await;
                    inferred.map(Arc::new).map_err(|e| unreadable(&file, &e))
                }
            })
            .buffered(threads)
            .try_collect()
            .await?;
        let extra = if filename { vec![Arc::new(Field::new(FILENAME, DataType::Utf8, false))] } else { vec![] };
        let parts = TableSchema::builder(schema).with_table_partition_cols(extra).build();
        Ok(Self { files: files.into_iter().zip(statistics).collect(), format, parts })
    }

    fn has_filename(&self) -> bool {
        !self.parts.table_partition_cols().is_empty()
    }
}

fn unreadable(file: &ParquetFile, error: &dyn std::fmt::Display) -> Error {
    let text = error.to_string();
    let reason = text.lines().next().unwrap_or_default();
    let reason = reason.trim_start_matches("Parquet error: ").trim_start_matches("External: ");
    Error::data(format!("cannot read `{}` as Parquet: {reason}", file.shown))
        .with_hint("the file may have been cut short, or it is in another format")
}

/// The columns of all files by name, each of a type that holds all of theirs.
fn unite(files: &[ParquetFile], schemas: &[SchemaRef]) -> Result<SchemaRef> {
    // With the file that gave a column its type first, for errors.
    let mut columns: Vec<(Field, usize)> = Vec::new();
    let mut index: HashMap<String, usize> = HashMap::new();
    for (file, schema) in schemas.iter().enumerate() {
        for field in schema.fields() {
            match index.get(field.name()) {
                None => {
                    index.insert(field.name().clone(), columns.len());
                    columns.push((field.as_ref().clone(), file));
                }
                Some(at) => {
                    let (known, first) = &mut columns[*at];
                    let Some(wider) = wider(known.data_type(), field.data_type()) else {
                        return Err(Error::data(format!(
                            "column `{}` is {} in `{}` and {} in `{}`",
                            field.name(),
                            known.data_type(),
                            files[*first].shown,
                            field.data_type(),
                            files[file].shown
                        ))
                        .with_hint("read the files apart and CAST the column, then UNION ALL BY NAME"));
                    };
                    let nullable = known.is_nullable() || field.is_nullable();
                    *known = Field::new(field.name(), wider, nullable).with_metadata(known.metadata().clone());
                }
            }
        }
    }
    let everywhere = |name: &str| schemas.iter().all(|schema| schema.fields().find(name).is_some());
    let fields: Fields = columns
        .into_iter()
        .map(|(field, _)| {
            let nullable = field.is_nullable() || !everywhere(field.name());
            field.with_nullable(nullable)
        })
        .collect();
    Ok(Arc::new(Schema::new(fields)))
}

/// The smallest type that holds the values of both; `None` where there is none.
fn wider(a: &DataType, b: &DataType) -> Option<DataType> {
    use DataType::{
        Binary, BinaryView, Date32, Dictionary, Float16, Float32, Float64, Int8, Int16, Int32, Int64, LargeBinary,
        LargeList, LargeUtf8, List, Null, Struct, Timestamp, UInt8, UInt16, UInt32, UInt64, Utf8, Utf8View,
    };
    if a == b {
        return Some(a.clone());
    }
    Some(match (a, b) {
        (Null, other) | (other, Null) => other.clone(),
        (Dictionary(_, inner), other) | (other, Dictionary(_, inner)) => wider(inner, other)?,
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) => Utf8View,
        (Binary | LargeBinary | BinaryView, Binary | LargeBinary | BinaryView) => BinaryView,
        (Float16 | Float32 | Float64, other) | (other, Float16 | Float32 | Float64) if other.is_numeric() => {
            if other.is_decimal() { return None } else { Float64 }
        }
        (UInt64, other) | (other, UInt64) if other.is_signed_integer() => return None,
        (
            Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32,
            Int8 | Int16 | Int32 | Int64 | UInt8 | UInt16 | UInt32,
        ) => Int64,
        (UInt64, other) | (other, UInt64) if other.is_unsigned_integer() => UInt64,
        (Date32, Timestamp(unit, zone)) | (Timestamp(unit, zone), Date32) => Timestamp(*unit, zone.clone()),
        (Timestamp(a, za), Timestamp(b, zb)) if za == zb => Timestamp(finer(*a, *b), za.clone()),
        (DataType::Decimal128(p, s), DataType::Decimal128(q, t)) => {
            let whole = (i16::from(*p) - i16::from(*s)).max(i16::from(*q) - i16::from(*t));
            let scale = (*s).max(*t);
            DataType::Decimal128(
                u8::try_from(whole + i16::from(scale)).ok().filter(|precision| *precision <= 38)?,
                scale,
            )
        }
        (List(a), List(b)) => List(Arc::new(wider_field(a, b)?)),
        (List(a) | LargeList(a), List(b) | LargeList(b)) => LargeList(Arc::new(wider_field(a, b)?)),
        (Struct(a), Struct(b)) => {
            let mut fields: Vec<Field> = Vec::new();
            for field in a {
                fields.push(match b.find(field.name()) {
                    Some((_, other)) => wider_field(field, other)?,
                    None => field.as_ref().clone().with_nullable(true),
                });
            }
            fields.extend(
                b.iter()
                    .filter(|field| a.find(field.name()).is_none())
                    .map(|field| field.as_ref().clone().with_nullable(true)),
            );
            Struct(fields.into())
        }
        _ => return None,
    })
}

fn wider_field(a: &Field, b: &Field) -> Option<Field> {
    Some(Field::new(a.name(), wider(a.data_type(), b.data_type())?, a.is_nullable() || b.is_nullable()))
}

fn finer(a: TimeUnit, b: TimeUnit) -> TimeUnit {
    [TimeUnit::Nanosecond, TimeUnit::Microsecond, TimeUnit::Millisecond]
        .into_iter()
        .find(|unit| *unit == a || *unit == b)
        .unwrap_or(TimeUnit::Second)
}

#[async_trait]
impl TableProvider for ParquetTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.parts.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let mut plans: Vec<Arc<dyn ExecutionPlan>> = Vec::new();
        // A scan reads from one store: files of several servers are scans beside each other.
        for files in self.files.chunk_by(|(a, _), (b, _)| a.url == b.url) {
            let Some((first, _)) = files.first() else { continue };
            state.runtime_env().register_object_store(first.url.as_ref(), Arc::clone(&first.store));
            let group: Vec<PartitionedFile> = files
                .iter()
                .map(|(file, statistics)| {
                    let mut part = PartitionedFile::new_from_meta(file.meta.clone());
                    if self.has_filename() {
                        part = part.with_partition_values(vec![ScalarValue::Utf8(Some(file.shown.clone()))]);
                    }
                    // The plan may outlive this table.
                    if let Some(download) = &file.download {
                        part = part.with_extension(Arc::clone(download));
                    }
                    part.with_statistics(Arc::clone(statistics))
                })
                .collect();
            let each = group.iter().filter_map(|file| file.statistics.as_deref());
            let statistics = Statistics::try_merge_iter(each, self.parts.table_schema())?;
            let groups = vec![FileGroup::new(group).with_statistics(Arc::new(statistics.clone()))];
            let source = self.format.file_source(self.parts.clone());
            let config = FileScanConfigBuilder::new(first.url.clone(), source)
                .with_file_groups(groups)
                .with_statistics(statistics)
                .with_projection_indices(projection.cloned())?
                .with_limit(limit)
                .build();
            plans.push(self.format.create_physical_plan(state, config).await?);
        }
        match plans.len() {
            0 => Ok(Arc::new(EmptyExec::new(project_schema(self.parts.table_schema(), projection)?))),
            1 => Ok(plans.remove(0)),
            _ => Ok(UnionExec::try_new(plans)?),
        }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> DfResult<Vec<TableProviderFilterPushDown>> {
        // Row groups and pages are skipped by their statistics; the rest is left to a filter above.
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_widen_and_texts_are_one() {
        assert_eq!(wider(&DataType::Int32, &DataType::Int64), Some(DataType::Int64));
        assert_eq!(wider(&DataType::Int64, &DataType::Float32), Some(DataType::Float64));
        assert_eq!(wider(&DataType::LargeUtf8, &DataType::Utf8), Some(DataType::Utf8View));
        assert_eq!(wider(&DataType::Null, &DataType::Date32), Some(DataType::Date32));
        assert_eq!(wider(&DataType::Decimal128(10, 2), &DataType::Decimal128(8, 4)), Some(DataType::Decimal128(12, 4)));
    }

    #[test]
    fn a_number_and_a_text_are_not_one() {
        assert_eq!(wider(&DataType::Int64, &DataType::Utf8View), None);
        assert_eq!(wider(&DataType::UInt64, &DataType::Int64), None);
        assert_eq!(wider(&DataType::Decimal128(38, 0), &DataType::Decimal128(38, 10)), None);
    }

    #[test]
    fn objects_unite_by_name() {
        let a = DataType::Struct(vec![Field::new("x", DataType::Int32, false)].into());
        let b = DataType::Struct(
            vec![Field::new("y", DataType::Utf8, false), Field::new("x", DataType::Float64, false)].into(),
        );
        let both = vec![Field::new("x", DataType::Float64, false), Field::new("y", DataType::Utf8, true)];
        assert_eq!(wider(&a, &b), Some(DataType::Struct(both.into())));
    }
}
