//! `system.calls`: the store of model calls as a table. Its rows are read as they are asked for; a store has millions.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, Float64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;

use crate::error::{Error, Result};
use crate::store::calls::{CallRow, CallStore};

/// Rows of a batch: outputs are long.
const BATCH: usize = 1024;

/// `model, task, input, sample, output, error, message, finish_reason, prompt_tokens, completion_tokens, seconds, usd, attempts,
/// finished, identity`
pub fn table(store: &CallStore) -> Result<Arc<dyn TableProvider>> {
    let schema = schema();
    let rows = Arc::new(Calls { store: store.clone(), schema: Arc::clone(&schema) });
    let table = StreamingTable::try_new(schema, vec![rows]).map_err(|e| Error::internal(e.to_string()))?;
    Ok(Arc::new(table))
}

struct Calls {
    store: CallStore,
    schema: SchemaRef,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("system.calls")
    }
}

impl PartitionStream for Calls {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let (to, store, schema) = (stream.tx(), self.store.clone(), Arc::clone(&self.schema));
        stream.spawn_blocking(move || {
            let mut rows = Vec::with_capacity(BATCH);
            let mut open = true;
            let send = |rows: &mut Vec<CallRow>| to.blocking_send(batch(&schema, std::mem::take(rows))).is_ok();
            store.rows(&mut |row| {
                rows.push(row);
                if rows.len() == BATCH {
                    open = send(&mut rows);
                }
                open
            })?;
            if open && !rows.is_empty() {
                send(&mut rows);
            }
            Ok(())
        });
        stream.build()
    }
}

fn schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, true);
    let count = |name| Field::new(name, DataType::UInt64, true);
    let double = |name| Field::new(name, DataType::Float64, true);
    Arc::new(Schema::new(vec![
        text("model"),
        text("task"),
        text("input"),
        count("sample"),
        text("output"),
        text("error"),
        text("message"),
        text("finish_reason"),
        count("prompt_tokens"),
        count("completion_tokens"),
        double("seconds"),
        double("usd"),
        Field::new("attempts", DataType::UInt32, true),
        Field::new("finished", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        text("identity"),
    ]))
}

fn batch(schema: &SchemaRef, rows: Vec<CallRow>) -> Result<RecordBatch, DataFusionError> {
    let text = |of: &dyn Fn(&CallRow) -> Option<String>| -> ArrayRef {
        Arc::new(rows.iter().map(of).collect::<StringArray>())
    };
    let count =
        |of: &dyn Fn(&CallRow) -> Option<u64>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<UInt64Array>()) };
    let double =
        |of: &dyn Fn(&CallRow) -> Option<f64>| -> ArrayRef { Arc::new(rows.iter().map(of).collect::<Float64Array>()) };
    let columns: Vec<ArrayRef> = vec![
        text(&|r| Some(r.model.clone())),
        text(&|r| Some(r.task.clone())),
        text(&|r| Some(r.input.clone())),
        count(&|r| Some(r.sample)),
        text(&|r| r.output.as_deref().map(said)),
        text(&|r| r.error.clone()),
        text(&|r| r.message.clone()),
        text(&|r| r.finish_reason.clone()),
        count(&|r| r.prompt_tokens),
        count(&|r| r.completion_tokens),
        double(&|r| r.seconds),
        double(&|r| r.usd),
        Arc::new(rows.iter().map(|r| Some(r.attempts)).collect::<UInt32Array>()),
        Arc::new(TimestampMicrosecondArray::from_iter_values(rows.iter().map(|r| r.finished)).with_timezone("UTC")),
        text(&|r| Some(r.identity.clone())),
    ];
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// The text of a completion; other outputs as JSON.
fn said(output: &[u8]) -> String {
    let json: Option<serde_json::Value> = serde_json::from_slice(output).ok();
    match json.as_ref().and_then(|json| json.get("text")).and_then(serde_json::Value::as_str) {
        Some(text) => text.to_owned(),
        None => String::from_utf8_lossy(output).into_owned(),
    }
}
