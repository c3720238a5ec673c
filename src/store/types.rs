//! Arrow's types in the fewer types that Delta has.
//!
//! | Arrow | Delta |
//! |---|---|
//! | UInt8, UInt16, UInt32 | the next larger signed integer |
//! | UInt64 | bigint; a value above 2⁶³−1 is an error |
//! | Float16 | float |
//! | Dictionary, run-end encoded | their values |
//! | Utf8View, LargeUtf8, Null | text |
//! | every binary type | binary |
//! | every list type | array |
//! | Timestamp(s, ms, ns) | microseconds; with a time zone: the same instant in UTC |
//! | Date64 | date |
//! | Time, Duration, Interval | text |
//! | Decimal32, Decimal64, Decimal256 | decimal of at most 38 digits; a value that does not fit is an error |
//!
//! Structs, arrays and maps are treated alike in their depth. Unions and structs without fields have no counterpart.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{CastOptions, can_cast_types, cast_with_options};
use datafusion::arrow::datatypes::{DECIMAL128_MAX_PRECISION, DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};
use deltalake::kernel::StructType;
use deltalake::kernel::engine::arrow_conversion::{TryIntoArrow, TryIntoKernel};

use crate::error::{Error, Result};

/// A table's columns, as Arrow writes them and as Delta's log tells them.
#[derive(Debug, Clone)]
pub(super) struct DeltaSchema {
    pub(super) arrow: SchemaRef,
    pub(super) delta: StructType,
}

/// Whether a column that happens to hold no NULL today forbids NULL forever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotNull {
    /// `CREATE TABLE t (a INT NOT NULL)`: the user said so.
    Kept,
    /// `CREATE TABLE t AS SELECT 1 AS a`: the planner only observed it.
    Dropped,
}

impl DeltaSchema {
    /// The schema of a new table for rows of `input`.
    ///
    /// # Errors
    /// No columns, two columns that differ at most in case (Delta compares names without it), or a type without counterpart.
    pub(super) fn of(input: &Schema, not_null: NotNull) -> Result<Self> {
        if input.fields().is_empty() {
            return Err(Error::query("a table needs at least one column"));
        }
        refuse_twins(input.fields().iter().map(|f| f.name().as_str()), "a table")?;
        let fields: Vec<FieldRef> =
            input.fields().iter().map(|field| lower_field(field, field.name(), not_null)).collect::<Result<_>>()?;
        let lowered = Schema::new(fields);
        let delta: StructType = (&lowered)
            .try_into_kernel()
            .map_err(|e| Error::query(format!("a table cannot have these columns: {e}")))?;
        let arrow: Schema = (&delta)
            .try_into_arrow()
            .map_err(|e| Error::internal(format!("a Delta schema has no Arrow schema: {e}")))?;
        Ok(Self { arrow: Arc::new(arrow), delta })
    }

    /// Does a column, however deep, hold timestamps without a time zone? Delta calls that a feature of the table.
    pub(super) fn has_local_timestamps(&self) -> bool {
        fn any(data_type: &DataType) -> bool {
            match data_type {
                DataType::Timestamp(_, None) => true,
                DataType::List(field) | DataType::Map(field, _) => any(field.data_type()),
                DataType::Struct(fields) => fields.iter().any(|f| any(f.data_type())),
                _ => false,
            }
        }
        self.arrow.fields().iter().any(|f| any(f.data_type()))
    }
}

fn refuse_twins<'a>(names: impl Iterator<Item = &'a str>, whose: &str) -> Result<()> {
    let mut seen = HashMap::new();
    for name in names {
        if let Some(twin) = seen.insert(name.to_lowercase(), name) {
            return Err(Error::query(if twin == name {
                format!("{whose} cannot have two columns named `{name}`")
            } else {
                format!("{whose} cannot have columns `{twin}` and `{name}`: names must differ in more than case")
            })
            .with_hint("name them apart with AS"));
        }
    }
    Ok(())
}

fn lower_field(field: &Field, path: &str, not_null: NotNull) -> Result<FieldRef> {
    let nullable = field.is_nullable() || not_null == NotNull::Dropped || field.data_type().is_null();
    Ok(Arc::new(Field::new(field.name(), lower(field.data_type(), path, not_null)?, nullable)))
}

/// The Delta counterpart of `data_type`, as an Arrow type; `path` names the column in errors.
fn lower(data_type: &DataType, path: &str, not_null: NotNull) -> Result<DataType> {
    use DataType as T;
    let inner = |field: &FieldRef| lower_field(field, path, not_null);
    Ok(match data_type {
        T::Boolean
        | T::Int8
        | T::Int16
        | T::Int32
        | T::Int64
        | T::Float32
        | T::Float64
        | T::Utf8
        | T::Binary
        | T::Date32 => data_type.clone(),
        T::UInt8 => T::Int16,
        T::UInt16 => T::Int32,
        T::UInt32 | T::UInt64 => T::Int64,
        T::Float16 => T::Float32,
        T::LargeUtf8 | T::Utf8View | T::Null | T::Time32(_) | T::Time64(_) | T::Duration(_) | T::Interval(_) => T::Utf8,
        T::LargeBinary | T::BinaryView | T::FixedSizeBinary(_) => T::Binary,
        T::Date64 => T::Date32,
        T::Timestamp(_, zone) => T::Timestamp(TimeUnit::Microsecond, zone.as_ref().map(|_| "UTC".into())),
        T::Decimal32(digits, scale)
        | T::Decimal64(digits, scale)
        | T::Decimal128(digits, scale)
        | T::Decimal256(digits, scale) => {
            // A negative scale counts tens and more: as many digits more before the point, none behind it.
            let digits = digits.saturating_add(scale.min(&0).unsigned_abs()).min(DECIMAL128_MAX_PRECISION);
            T::Decimal128(digits, (*scale).max(0))
        }
        T::Dictionary(_, value) => lower(value, path, not_null)?,
        T::RunEndEncoded(_, value) => lower(value.data_type(), path, not_null)?,
        T::List(item) | T::LargeList(item) | T::ListView(item) | T::LargeListView(item) | T::FixedSizeList(item, _) => {
            T::List(inner(item)?)
        }
        T::Struct(fields) => {
            if fields.is_empty() {
                return Err(Error::query(format!(
                    "column `{path}` is a struct without fields, which a table cannot hold"
                )));
            }
            refuse_twins(fields.iter().map(|f| f.name().as_str()), &format!("the struct `{path}`"))?;
            T::Struct(
                fields
                    .iter()
                    .map(|f| lower_field(f, &format!("{path}.{}", f.name()), not_null))
                    .collect::<Result<_>>()?,
            )
        }
        T::Map(entries, sorted) => {
            let T::Struct(fields) = entries.data_type() else { return Err(unsupported(path, data_type)) };
            let [key, value] = fields.as_ref() else { return Err(unsupported(path, data_type)) };
            let key = Field::new("key", lower(key.data_type(), path, not_null)?, false);
            let value = Field::new("value", lower(value.data_type(), path, not_null)?, true);
            T::Map(Arc::new(Field::new("key_value", T::Struct(vec![key, value].into()), false)), *sorted)
        }
        T::Union(..) => return Err(unsupported(path, data_type)),
    })
}

fn unsupported(path: &str, data_type: &DataType) -> Error {
    Error::query(format!("column `{path}` has the type {data_type}, which a table cannot hold"))
        .with_hint("cast it, for example to text: CAST(… AS VARCHAR)")
}

/// Where each column of a table comes from in the rows to be written.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    target: SchemaRef,
    /// For each column of `target` its place in the input.
    sources: Vec<usize>,
}

impl Mapping {
    /// The columns of `input` are those of `target`, in their order.
    ///
    /// # Errors
    /// A cast that Arrow does not know.
    pub(super) fn in_order(input: &Schema, target: &SchemaRef) -> Result<Self> {
        let mapping = Self { target: Arc::clone(target), sources: (0..input.fields().len()).collect() };
        mapping.check_casts(input)?;
        Ok(mapping)
    }

    /// The columns of `input` have the names of those of `target`, in any order; `table` names it in errors.
    ///
    /// # Errors
    /// A column too many, one that is missing, or types that cannot be cast.
    pub(super) fn by_name(input: &Schema, target: &SchemaRef, table: &str) -> Result<Self> {
        if let Some(extra) = input.fields().iter().find(|f| target.index_of(f.name()).is_err()) {
            let known: Vec<_> = target.fields().iter().map(|f| f.name().as_str()).collect();
            return Err(Error::query(format!("`{table}` has no column `{}`", extra.name()))
                .with_hint(format!("its columns are {}", known.join(", "))));
        }
        let sources: Vec<usize> = target
            .fields()
            .iter()
            .map(|f| {
                input
                    .index_of(f.name())
                    .map_err(|_| Error::query(format!("rows for `{table}` lack the column `{}`", f.name())))
            })
            .collect::<Result<_>>()?;
        if sources.len() != input.fields().len() {
            return Err(Error::query(format!(
                "rows for `{table}` have {} columns, it has {}",
                input.fields().len(),
                sources.len()
            )));
        }
        let mapping = Self { target: Arc::clone(target), sources };
        mapping.check_casts(input)?;
        Ok(mapping)
    }

    fn check_casts(&self, input: &Schema) -> Result<()> {
        for (target, source) in self.target.fields().iter().zip(&self.sources) {
            let source = input.field(*source);
            if source.data_type() != target.data_type() && !can_cast_types(source.data_type(), target.data_type()) {
                return Err(Error::query(format!(
                    "column `{}`: {} cannot be stored as {}",
                    target.name(),
                    source.data_type(),
                    target.data_type()
                )));
            }
        }
        Ok(())
    }

    pub(super) fn target(&self) -> &SchemaRef {
        &self.target
    }

    /// `batch` with the target's columns.
    ///
    /// # Errors
    /// A [`Data`](crate::error::ErrorKind::Data) error where a value does not fit its column, or is NULL in one that forbids it.
    pub(super) fn apply(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let columns: Vec<ArrayRef> = self
            .target
            .fields()
            .iter()
            .zip(&self.sources)
            .map(|(field, source)| {
                let column = batch.column(*source);
                if !field.is_nullable() && column.logical_null_count() > 0 {
                    return Err(Error::data(format!("column `{}` is NOT NULL, got a NULL", field.name())));
                }
                if column.data_type() == field.data_type() {
                    return Ok(Arc::clone(column));
                }
                // Not `safe`: a value that does not fit must stop the statement, never become NULL.
                let options = CastOptions { safe: false, ..CastOptions::default() };
                cast_with_options(column, field.data_type(), &options)
                    .map_err(|e| Error::data(format!("column `{}`: {e}", field.name())))
            })
            .collect::<Result<_>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        RecordBatch::try_new_with_options(Arc::clone(&self.target), columns, &options)
            .map_err(|e| Error::data(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{
        DictionaryArray, Int32Array, ListArray, NullArray, StringViewArray, StructArray, Time64MicrosecondArray,
        TimestampNanosecondArray, UInt8Array, UInt64Array,
    };
    use datafusion::arrow::datatypes::{Int32Type, UInt8Type};
    use datafusion::common::cast::{as_int64_array, as_string_array};

    fn store(column: ArrayRef) -> Result<ArrayRef> {
        let schema = Schema::new(vec![Field::new("a", column.data_type().clone(), true)]);
        let target = DeltaSchema::of(&schema, NotNull::Dropped)?;
        let mapping = Mapping::in_order(&schema, &target.arrow)?;
        let batch = RecordBatch::try_new(Arc::new(schema), vec![column]).unwrap();
        Ok(Arc::clone(mapping.apply(&batch)?.column(0)))
    }

    #[test]
    fn unsigned_integers_keep_their_values() {
        let bytes = store(Arc::new(UInt8Array::from(vec![0, 255]))).unwrap();
        assert_eq!((bytes.data_type(), bytes.len()), (&DataType::Int16, 2));
        let big = store(Arc::new(UInt64Array::from(vec![Some(i64::MAX as u64), None]))).unwrap();
        assert_eq!(as_int64_array(&big).unwrap().value(0), i64::MAX);
        let error = store(Arc::new(UInt64Array::from(vec![i64::MAX as u64 + 1]))).unwrap_err();
        assert_eq!(error.kind, crate::error::ErrorKind::Data);
        assert!(error.message.contains("`a`"), "{error}");
    }

    #[test]
    fn encodings_become_plain_text() {
        let views = store(Arc::new(StringViewArray::from(vec![Some("ถูก"), None]))).unwrap();
        assert_eq!(as_string_array(&views).unwrap().value(0), "ถูก");
        let dictionary: DictionaryArray<UInt8Type> = vec!["a", "b", "a"].into_iter().collect();
        assert_eq!(as_string_array(&store(Arc::new(dictionary)).unwrap()).unwrap().value(2), "a");
        assert_eq!(store(Arc::new(NullArray::new(3))).unwrap().null_count(), 3);
        let time = store(Arc::new(Time64MicrosecondArray::from(vec![3_661_000_000]))).unwrap();
        assert_eq!(as_string_array(&time).unwrap().value(0), "01:01:01");
    }

    #[test]
    fn timestamps_become_microseconds_and_tell_their_feature() {
        let local = store(Arc::new(TimestampNanosecondArray::from(vec![1_500]))).unwrap();
        assert_eq!(local.data_type(), &DataType::Timestamp(TimeUnit::Microsecond, None));
        let zoned = store(Arc::new(TimestampNanosecondArray::from(vec![1_500]).with_timezone("+02:00"))).unwrap();
        assert_eq!(zoned.data_type(), &DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())));
        let list = DataType::List(Arc::new(Field::new("item", local.data_type().clone(), true)));
        let deep = Schema::new(vec![Field::new("a", list, true)]);
        assert!(DeltaSchema::of(&deep, NotNull::Dropped).unwrap().has_local_timestamps());
        let flat = Schema::new(vec![Field::new("a", zoned.data_type().clone(), true)]);
        assert!(!DeltaSchema::of(&flat, NotNull::Dropped).unwrap().has_local_timestamps());
    }

    #[test]
    fn types_are_lowered_at_any_depth() {
        let inner = StructArray::from(vec![
            (Arc::new(Field::new("n", DataType::Null, true)), Arc::new(NullArray::new(1)) as ArrayRef),
            (Arc::new(Field::new("u", DataType::UInt8, false)), Arc::new(UInt8Array::from(vec![7])) as ArrayRef),
        ]);
        let list = ListArray::new(
            Arc::new(Field::new("whatever", inner.data_type().clone(), false)),
            datafusion::arrow::buffer::OffsetBuffer::from_lengths([1]),
            Arc::new(inner),
            None,
        );
        let stored = store(Arc::new(list)).unwrap();
        let DataType::List(item) = stored.data_type() else { unreachable!() };
        let DataType::Struct(fields) = item.data_type() else { unreachable!() };
        assert_eq!((fields[0].data_type(), fields[1].data_type()), (&DataType::Utf8, &DataType::Int16));
        assert!(item.is_nullable() && fields.iter().all(|f| f.is_nullable()));
    }

    #[test]
    fn not_null_holds_only_where_it_was_declared() {
        let schema = Schema::new(vec![Field::new("a", DataType::Int32, false)]);
        assert!(DeltaSchema::of(&schema, NotNull::Dropped).unwrap().arrow.field(0).is_nullable());
        let kept = DeltaSchema::of(&schema, NotNull::Kept).unwrap();
        assert!(!kept.arrow.field(0).is_nullable());
        let nullable = Schema::new(vec![Field::new("a", DataType::Int32, true)]);
        let mapping = Mapping::by_name(&nullable, &kept.arrow, "t").unwrap();
        let nulls = Int32Array::from_iter(vec![Some(1), None]);
        let batch = RecordBatch::try_new(Arc::new(nullable), vec![Arc::new(nulls)]).unwrap();
        assert!(mapping.apply(&batch).unwrap_err().message.contains("NOT NULL"));
    }

    #[test]
    fn columns_are_matched_by_name() {
        let target =
            Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true), Field::new("b", DataType::Utf8, true)]));
        let turned =
            Schema::new(vec![Field::new("b", DataType::Utf8View, true), Field::new("a", DataType::Int32, true)]);
        assert_eq!(Mapping::by_name(&turned, &target, "t").unwrap().sources, [1, 0]);
        let extra = Schema::new(vec![Field::new("c", DataType::Int64, true)]);
        assert!(Mapping::by_name(&extra, &target, "t").unwrap_err().hint.unwrap().contains("a, b"));
        let missing = Schema::new(vec![Field::new("a", DataType::Int64, true)]);
        assert!(Mapping::by_name(&missing, &target, "t").unwrap_err().message.contains("`b`"));
    }

    #[test]
    fn what_delta_cannot_tell_apart_is_refused() {
        let twins = Schema::new(vec![Field::new("a", DataType::Int64, true), Field::new("A", DataType::Int64, true)]);
        assert!(DeltaSchema::of(&twins, NotNull::Dropped).is_err());
        assert!(DeltaSchema::of(&Schema::empty(), NotNull::Dropped).is_err());
        let hollow = Schema::new(vec![Field::new("s", DataType::Struct(Default::default()), true)]);
        assert!(DeltaSchema::of(&hollow, NotNull::Dropped).is_err());
        let dictionary: DictionaryArray<Int32Type> = vec!["x"].into_iter().collect();
        assert!(store(Arc::new(dictionary)).is_ok());
    }
}
