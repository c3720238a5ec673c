//! Work that waits for the disk or the processor, off the runtime's threads.

use crate::error::{Error, Result};

/// # Errors
/// What `work` says; a thread that ended early.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Error::internal(format!("a thread ended: {e}")))?
}
