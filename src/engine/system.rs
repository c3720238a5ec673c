//! The schema `system`: what the engine knows of itself, as tables.

use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;

use super::{Shared, calls};
use crate::error::{Error, Result};
use crate::models::KNOWN;
use crate::settings::SETTINGS;

pub const SCHEMA: &str = "system";
pub const TABLES: &[&str] = &["calls", "devices", "functions", "models", "runs", "settings"];

pub fn table(shared: &Shared, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
    let batch = match name {
        "calls" => return calls::table(&shared.calls).map(Some),
        "devices" => devices()?,
        "functions" => functions()?,
        "models" => models(shared)?,
        "runs" => runs(shared)?,
        "settings" => settings(shared)?,
        _ => return Ok(None),
    };
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).map_err(|e| Error::internal(e.to_string()))?;
    Ok(Some(Arc::new(table)))
}

fn batch(columns: Vec<(&str, ArrayRef)>) -> Result<RecordBatch> {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
        .map_err(|e| Error::internal(e.to_string()))
}

fn text<S: AsRef<str>>(values: impl IntoIterator<Item = Option<S>>) -> ArrayRef {
    Arc::new(StringArray::from_iter(values))
}

/// `name, family, kind, signature, result, description, example`
pub fn functions() -> Result<RecordBatch> {
    let docs = glotrace_udfs::reference().map_err(|e| Error::internal(e.strip_backtrace()))?;
    batch(vec![
        ("name", text(docs.iter().map(|d| Some(&d.name)))),
        ("family", text(docs.iter().map(|d| Some(&d.family)))),
        ("kind", text(docs.iter().map(|d| Some(&d.kind)))),
        ("signature", text(docs.iter().map(|d| Some(&d.signature)))),
        ("result", text(docs.iter().map(|d| Some(&d.result_type)))),
        ("description", text(docs.iter().map(|d| Some(&d.description)))),
        ("example", text(docs.iter().map(|d| d.examples.first().map(|e| &e.sql)))),
    ])
}

/// `device, name, threads, memory_total, memory_free, compute_capability, features`: what models can run on, memory in bytes.
fn devices() -> Result<RecordBatch> {
    let devices = glotrace_model::device::devices();
    let capability = |(major, minor): (u32, u32)| format!("{major}.{minor}");
    batch(vec![
        ("device", text(devices.iter().map(|d| Some(d.device.to_string())))),
        ("name", text(devices.iter().map(|d| d.name.as_ref()))),
        ("threads", Arc::new(UInt64Array::from_iter(devices.iter().map(|d| d.threads.map(|n| n as u64))))),
        ("memory_total", Arc::new(UInt64Array::from_iter(devices.iter().map(|d| d.memory_total)))),
        ("memory_free", Arc::new(UInt64Array::from_iter(devices.iter().map(|d| d.memory_free)))),
        ("compute_capability", text(devices.iter().map(|d| d.compute_capability.map(capability)))),
        ("features", text(devices.iter().map(|d| Some(d.features.join(" "))))),
    ])
}

/// `name, uri, options, created`: the database's models, then those that glotrace knows by itself.
fn models(shared: &Shared) -> Result<RecordBatch> {
    let created = shared.models.created();
    let known = KNOWN.iter().filter(|k| !created.iter().any(|(n, _)| n == k.name));
    let mut rows: Vec<(String, String, Option<String>, bool)> = created
        .iter()
        .map(|(name, d)| {
            (
                name.clone(),
                d.uri.clone(),
                (!d.options.is_empty()).then(|| serde_json::Value::Object(d.options.clone()).to_string()),
                true,
            )
        })
        .collect();
    rows.extend(known.map(|k| (k.name.to_owned(), k.uri.to_owned(), None, false)));
    batch(vec![
        ("name", text(rows.iter().map(|r| Some(&r.0)))),
        ("uri", text(rows.iter().map(|r| Some(&r.1)))),
        ("options", text(rows.iter().map(|r| r.2.as_ref()))),
        ("created", Arc::new(BooleanArray::from_iter(rows.iter().map(|r| Some(r.3))))),
    ])
}

/// `statement, started, seconds, rows, calls, usd, version, error`
fn runs(shared: &Shared) -> Result<RecordBatch> {
    let runs = shared.store.runs()?;
    batch(vec![
        ("statement", text(runs.iter().map(|r| Some(&r.statement)))),
        (
            "started",
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(runs.iter().map(|r| r.started.timestamp_micros()))
                    .with_timezone("UTC"),
            ),
        ),
        ("seconds", Arc::new(Float64Array::from_iter_values(runs.iter().map(|r| r.seconds)))),
        ("rows", Arc::new(UInt64Array::from_iter(runs.iter().map(|r| r.rows)))),
        ("calls", Arc::new(UInt64Array::from_iter_values(runs.iter().map(|r| r.calls)))),
        ("usd", Arc::new(Float64Array::from_iter_values(runs.iter().map(|r| r.usd)))),
        ("version", text(runs.iter().map(|r| Some(&r.version)))),
        ("error", text(runs.iter().map(|r| r.error.as_ref()))),
    ])
}

/// `name, value, default, description`: glotrace's settings; DataFusion's own are in `information_schema.df_settings`.
fn settings(shared: &Shared) -> Result<RecordBatch> {
    batch(vec![
        ("name", text(SETTINGS.iter().map(|s| Some(s.name)))),
        ("value", text(SETTINGS.iter().map(|s| shared.settings.get(s.name).ok()))),
        ("default", text(SETTINGS.iter().map(|s| Some(s.default)))),
        ("description", text(SETTINGS.iter().map(|s| Some(s.description)))),
    ])
}

/// What SHOW prints.
pub fn setting_row(name: &str, value: &str) -> Result<RecordBatch> {
    batch(vec![("name", text([Some(name)])), ("value", text([Some(value)]))])
}
