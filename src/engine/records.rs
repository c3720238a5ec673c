//! `system.runs`: statements that wrote or called a model, with what they took.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use chrono::Utc;
use datafusion::arrow::array::RecordBatch;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::StreamExt;

use super::{Answer, Shared};
use crate::error::Result;
use crate::plan::model_call::run::StatementRun;
use crate::plan::split::Statement;
use crate::store::Run;

/// A statement that is being timed.
struct Record {
    shared: Arc<Shared>,
    run: Arc<StatementRun>,
    statement: String,
    started: Instant,
}

impl Record {
    /// A record that cannot be kept stops nothing.
    fn keep(&self, rows: Option<u64>, error: Option<String>) {
        if self.shared.store.is_readonly() {
            return;
        }
        let took = self.started.elapsed();
        let _ = self.shared.store.record_run(&Run {
            statement: self.statement.clone(),
            started: Utc::now() - chrono::Duration::from_std(took).unwrap_or_default(),
            seconds: took.as_secs_f64(),
            rows,
            calls: self.calls(),
            usd: self.run.counters.usd(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            error,
        });
    }

    fn calls(&self) -> u64 {
        self.run.counters.made.load(Ordering::Relaxed)
    }
}

/// Records the statement: now if it is done, when its rows have been read if it has some. Queries that call no model
/// leave no record.
pub fn record(
    shared: &Arc<Shared>,
    statement: &Statement,
    started: Instant,
    run: &Arc<StatementRun>,
    answer: Result<Answer>,
) -> Result<Answer> {
    let record =
        Record { shared: Arc::clone(shared), run: Arc::clone(run), statement: statement.text.clone(), started };
    match answer {
        Ok(Answer::Rows(stream)) => Ok(Answer::Rows(recorded(stream, record))),
        Ok(Answer::Done { message, rows }) => {
            if rows.is_some() || record.calls() > 0 {
                record.keep(rows, None);
            }
            Ok(Answer::Done { message, rows })
        }
        Err(error) => {
            if record.calls() > 0 {
                record.keep(None, Some(error.message.clone()));
            }
            Err(error)
        }
    }
}

fn recorded(stream: SendableRecordBatchStream, record: Record) -> SendableRecordBatchStream {
    /// Keeps the record when the stream is dropped, read to its end or not.
    struct AtEnd {
        record: Record,
        rows: u64,
        error: Option<String>,
    }
    impl Drop for AtEnd {
        fn drop(&mut self) {
            if self.record.calls() > 0 {
                self.record.keep(Some(self.rows), self.error.take());
            }
        }
    }
    impl AtEnd {
        fn see(&mut self, batch: &Result<RecordBatch, DataFusionError>) {
            match batch {
                Ok(batch) => self.rows += batch.num_rows() as u64,
                Err(error) => self.error = Some(error.strip_backtrace()),
            }
        }
    }
    let schema = stream.schema();
    let mut end = AtEnd { record, rows: 0, error: None };
    let stream = stream.inspect(move |batch| end.see(batch));
    Box::pin(RecordBatchStreamAdapter::new(schema, stream))
}
