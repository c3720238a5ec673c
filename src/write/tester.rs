//! What a format makes of some batches, as text.

use std::io::Write;
use std::sync::{Arc, Mutex};

use datafusion::arrow::array::RecordBatch;

use super::{Format, WriteOptions, row_writer};

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub(crate) fn written(batches: &[RecordBatch], format: Format, options: &WriteOptions) -> String {
    let buffer = Buffer::default();
    let mut writer = row_writer(format, Box::new(buffer.clone()), options).unwrap();
    writer.begin(&batches[0].schema()).unwrap();
    batches.iter().for_each(|batch| writer.batch(batch).unwrap());
    writer.finish().unwrap();
    drop(writer);
    let bytes = buffer.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}
