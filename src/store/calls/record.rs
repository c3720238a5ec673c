//! A call as it is kept.

/// What names a call: 128 bits of a digest over model, task, input, parameters, seed and sample index.
pub type CallKey = [u8; 16];

/// A finished call on its way to the store.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRecord {
    pub key: CallKey,
    /// The model as the statement named it.
    pub model: String,
    /// What its weights or its endpoint are.
    pub identity: String,
    /// `generate`, `log_prob` …
    pub task: &'static str,
    /// The beginning of what was asked, for people.
    pub input: String,
    pub sample: u64,
    /// What came out as JSON, or the kind of error and its message.
    pub outcome: Result<Vec<u8>, (String, String)>,
    pub finish_reason: Option<&'static str>,
    pub prompt_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
    pub seconds: Option<f64>,
    pub usd: Option<f64>,
    /// Requests that it took.
    pub attempts: u32,
}

/// A call that is served: what came out, as the file holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored(pub(super) Vec<u8>);

/// With what a compressed output begins, and JSON never.
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The most bytes that an output may have: more than any context holds.
const LARGEST: usize = 1 << 28;

impl Stored {
    /// What came out, as JSON; `None` where it cannot be unpacked, and the call is to be made again.
    pub fn json(self) -> Option<Vec<u8>> {
        if !self.0.starts_with(&ZSTD) {
            return Some(self.0);
        }
        // A damaged file may name any size.
        let size = zstd::zstd_safe::get_frame_content_size(&self.0).ok()??;
        let size = usize::try_from(size).ok().filter(|size| *size <= LARGEST)?;
        zstd::bulk::decompress(&self.0, size).ok()
    }
}

/// One line of `system.calls`.
#[derive(Debug, Clone, PartialEq)]
pub struct CallRow {
    pub model: String,
    pub identity: String,
    pub task: String,
    pub input: String,
    pub sample: u64,
    /// As JSON.
    pub output: Option<Vec<u8>>,
    pub error: Option<String>,
    pub message: Option<String>,
    pub finish_reason: Option<String>,
    pub prompt_tokens: Option<u64>,
    pub completion_tokens: Option<u64>,
    pub seconds: Option<f64>,
    pub usd: Option<f64>,
    pub attempts: u32,
    /// When it finished, in microseconds since 1970 (UTC).
    pub finished: i64,
}
