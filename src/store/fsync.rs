//! The file system as Delta sees it, with the promise that object_store 0.13 does not give: what was put survives a power
//! loss.
//!
//! A commit must be on the disk *before* its name appears: a name that outlives its content would be an empty log entry,
//! which spoils the whole table. So a put writes a staged file, syncs it, links it to its name and syncs the folder. Data
//! files are named by a commit only later, so for them syncing once after completion is enough.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use futures::stream::BoxStream;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart,
};

const NAME: &str = "glotrace";

/// `bytes::Bytes`, named through object_store, which does not export it.
type Bytes = <PutPayload as IntoIterator>::Item;

/// How much a put promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Promise {
    /// Nothing can be put.
    ReadOnly,
    /// Survives the process: for the temporary database of a session without one.
    Process,
    /// Survives a power loss.
    PowerLoss,
}

/// The first thing that went wrong with a store's puts.
pub(super) type FirstFailure = Arc<OnceLock<Error>>;

/// The local file system from `/` on.
#[derive(Debug, Clone)]
pub(super) struct FileStore {
    files: Arc<LocalFileSystem>,
    promise: Promise,
    failure: Option<FirstFailure>,
}

impl FileStore {
    pub(super) fn new(promise: Promise) -> Self {
        Self { files: Arc::new(LocalFileSystem::new()), promise, failure: None }
    }

    /// A store whose puts always succeed and that tells apart from them whether they did. deltalake 1.1 answers a put that
    /// fails at the end of a file with a panic; it catches it, but not before it has been printed to the user's terminal.
    /// The caller asks for the failure before it believes in what was put.
    pub(super) fn deferring(promise: Promise) -> (Self, FirstFailure) {
        let failure = FirstFailure::default();
        (Self { failure: Some(Arc::clone(&failure)), ..Self::new(promise) }, failure)
    }

    fn writable(&self) -> Result<()> {
        if self.promise == Promise::ReadOnly {
            let source = io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "the database is open read-only");
            return Err(generic(source));
        }
        Ok(())
    }
}

impl fmt::Display for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileStore({:?})", self.promise)
    }
}

/// Makes a folder's entries durable. Not every file system knows how to (Windows, some FUSE): there it does it by itself.
pub(super) fn sync_folder(path: &FilePath) -> io::Result<()> {
    #[cfg(unix)]
    match File::open(path)?.sync_all() {
        Err(e) if matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {}
        other => other?,
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn sync_file(path: &FilePath) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn sync_parent(path: &FilePath) -> io::Result<()> {
    path.parent().map_or(Ok(()), sync_folder)
}

fn generic(source: io::Error) -> Error {
    Error::Generic { store: NAME, source: Box::new(source) }
}

/// Blocking work off the runtime's threads.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|source| Error::JoinError { source })?
}

/// A new file beside `target`. Names that end in `#` and digits are skipped by every object_store listing, so that a staged
/// file of a dead process is never taken for content.
fn stage(target: &FilePath) -> Result<(File, PathBuf)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    loop {
        let mut name = target.as_os_str().to_owned();
        name.push(format!("#{}{:06}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed) % 1_000_000));
        let staged = PathBuf::from(name);
        match File::options().write(true).create_new(true).open(&staged) {
            Ok(file) => return Ok((file, staged)),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                // A log's folder is made when its table is; where it is gone, the table was dropped, and a commit must
                // not bring half of it back.
                if in_log(target) {
                    return Err(Error::NotFound { path: target.display().to_string(), source: Box::new(source) });
                }
                let parent = target.parent().ok_or_else(|| generic(source))?;
                fs::create_dir_all(parent).map_err(generic)?;
            }
            Err(source) => return Err(generic(source)),
        }
    }
}

fn in_log(path: &FilePath) -> bool {
    path.components().any(|part| part.as_os_str() == "_delta_log")
}

fn put(target: &FilePath, payload: &PutPayload, create: bool, durable: bool) -> Result<PutResult> {
    let (mut file, staged) = stage(target)?;
    let done = (|| {
        for part in payload {
            file.write_all(part).map_err(generic)?;
        }
        if durable {
            file.sync_all().map_err(generic)?;
        }
        drop(file);
        if create {
            fs::hard_link(&staged, target).map_err(|source| match source.kind() {
                io::ErrorKind::AlreadyExists => {
                    Error::AlreadyExists { path: target.display().to_string(), source: Box::new(source) }
                }
                _ => generic(source),
            })?;
            let _ = fs::remove_file(&staged);
        } else {
            fs::rename(&staged, target).map_err(generic)?;
        }
        if durable {
            sync_parent(target).map_err(generic)?;
        }
        Ok(PutResult { e_tag: None, version: None })
    })();
    if done.is_err() {
        let _ = fs::remove_file(&staged);
    }
    done
}

#[async_trait]
impl ObjectStore for FileStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.writable()?;
        let create = match options.mode {
            PutMode::Create => true,
            PutMode::Overwrite => false,
            PutMode::Update(_) => {
                return Err(Error::NotImplemented {
                    operation: "`put_opts` with mode `Update`".to_owned(),
                    implementer: self.to_string(),
                });
            }
        };
        let target = self.files.path_to_filesystem(location)?;
        let durable = self.promise == Promise::PowerLoss;
        defer(self.failure.as_ref(), blocking(move || put(&target, &payload, create, durable)).await, nothing_put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.writable()?;
        let target = self.files.path_to_filesystem(location)?;
        let upload = self.files.put_multipart_opts(location, options).await?;
        Ok(Box::new(Upload {
            upload,
            target,
            durable: self.promise == Promise::PowerLoss,
            failure: self.failure.clone(),
        }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.files.get_opts(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        match self.writable() {
            Ok(()) => self.files.delete_stream(locations),
            Err(error) => Box::pin(futures::stream::once(futures::future::ready(Err(error)))),
        }
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list(prefix)
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.files.list_with_offset(prefix, offset)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.files.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.writable()?;
        self.files.copy_opts(from, to, options).await?;
        self.sync(to).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        self.writable()?;
        self.files.rename_opts(from, to, options).await?;
        self.sync(to).await
    }
}

impl FileStore {
    async fn sync(&self, location: &Path) -> Result<()> {
        if self.promise != Promise::PowerLoss {
            return Ok(());
        }
        let target = self.files.path_to_filesystem(location)?;
        blocking(move || sync_file(&target).and_then(|()| sync_parent(&target)).map_err(generic)).await
    }
}

/// With a place to remember failures, the first one goes there and the put counts as done.
fn defer<T>(failure: Option<&FirstFailure>, done: Result<T>, instead: impl FnOnce() -> T) -> Result<T> {
    match (failure, done) {
        (Some(failure), Err(error)) => {
            let _ = failure.set(error);
            Ok(instead())
        }
        (_, done) => done,
    }
}

fn nothing_put() -> PutResult {
    PutResult { e_tag: None, version: None }
}

/// A large data file, written in parts.
#[derive(Debug)]
struct Upload {
    upload: Box<dyn MultipartUpload>,
    target: PathBuf,
    durable: bool,
    failure: Option<FirstFailure>,
}

#[async_trait]
impl MultipartUpload for Upload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        let (part, failure) = (self.upload.put_part(data), self.failure.clone());
        Box::pin(async move { defer(failure.as_ref(), part.await, || ()) })
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let done = match self.upload.complete().await {
            Ok(done) if self.durable => {
                let target = self.target.clone();
                blocking(move || sync_file(&target).and_then(|()| sync_parent(&target)).map_err(generic))
                    .await
                    .map(|()| done)
            }
            done => done,
        };
        defer(self.failure.as_ref(), done, nothing_put)
    }

    async fn abort(&mut self) -> Result<()> {
        self.upload.abort().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::ObjectStoreExt;

    fn at(folder: &FilePath, name: &str) -> Path {
        Path::from_absolute_path(folder.join(name)).unwrap()
    }

    fn create() -> PutOptions {
        PutOptions { mode: PutMode::Create, ..Default::default() }
    }

    #[tokio::test]
    async fn putting_if_absent_lets_exactly_one_of_many_win() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(Promise::PowerLoss);
        let target = at(folder.path(), "x");
        let won = futures::future::join_all(
            (0..8).map(|i| store.put_opts(&target, PutPayload::from(vec![i; 1000]), create())),
        )
        .await;
        assert_eq!(won.iter().filter(|r| r.is_ok()).count(), 1);
        assert!(won.iter().all(|r| matches!(r, Ok(_) | Err(Error::AlreadyExists { .. }))));
        let bytes = fs::read(folder.path().join("x")).unwrap();
        assert!(bytes.len() == 1000 && bytes.iter().all(|b| *b == bytes[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no staged file stays");
    }

    #[tokio::test]
    async fn a_commit_does_not_bring_a_dropped_table_back() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(Promise::Process);
        let missing =
            store.put_opts(&at(folder.path(), "t/_delta_log/00.json"), PutPayload::from("{}"), create()).await;
        assert!(matches!(missing, Err(Error::NotFound { .. })));
        assert!(!folder.path().join("t").exists());
    }

    #[tokio::test]
    async fn a_read_only_store_puts_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(Promise::ReadOnly);
        assert!(store.put(&at(folder.path(), "x"), PutPayload::from("x")).await.is_err());
        assert!(store.put_multipart(&at(folder.path(), "x")).await.is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn large_files_arrive_in_parts() {
        let folder = tempfile::tempdir().unwrap();
        let store = FileStore::new(Promise::PowerLoss);
        let mut upload = store.put_multipart(&at(folder.path(), "x")).await.unwrap();
        upload.put_part(PutPayload::from("ab")).await.unwrap();
        upload.put_part(PutPayload::from("cd")).await.unwrap();
        upload.complete().await.unwrap();
        assert_eq!(fs::read(folder.path().join("x")).unwrap(), b"abcd");
    }
}
