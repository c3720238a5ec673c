//! Where results go: standard output, the pager, a file.

use std::fs::File;
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::draw::Picture;
use crate::error::{Error, Result};
use crate::write::Format;

/// Standard output, whose reader may go away (`glotrace … | head`): that ends the work and is no error.
#[derive(Debug, Clone, Default)]
pub struct Stdout {
    broken: Arc<AtomicBool>,
}

impl Stdout {
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// Prints text for the user; a broken pipe is noted, not reported.
    ///
    /// # Errors
    /// Where standard output cannot be written for another reason.
    pub fn print(&mut self, text: &str) -> Result<()> {
        match self.write_all(text.as_bytes()).and_then(|()| self.flush()) {
            Err(_) if self.is_broken() => Ok(()),
            other => other.map_err(|error| Error::io("write to", "standard output", &error)),
        }
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            self.broken.store(true, Ordering::Relaxed);
        }
        result
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.note(io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.note(io::stdout().flush())
    }
}

/// Prints a message to standard error. A terminal that went away must not stop the work.
pub fn message(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A writer that its owner still holds after a row writer has taken it.
pub struct Shared<W>(Arc<Mutex<W>>);

impl<W> Shared<W> {
    pub fn new(inner: W) -> Self {
        Self(Arc::new(Mutex::new(inner)))
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut W) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<W> Clone for Shared<W> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<W: Write> Write for Shared<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|inner| inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with(Write::flush)
    }
}

/// A file that results go to.
///
/// The first result replaces what was there, whole or not at all ([`crate::write::copy_to`]); later ones are added where the
/// format allows it.
#[derive(Debug, Clone)]
pub struct Target {
    pub path: PathBuf,
    pub format: Format,
    /// Results in it so far.
    pub results: usize,
}

/// The results of statements are tables; a picture is drawn of one query.
///
/// # Errors
/// A path that names a picture.
pub fn refuse_picture(path: &Path) -> Result<()> {
    match Picture::from_path(path) {
        Some(_) => Err(Error::query(format!("`{}` is a picture, and results are written as tables", path.display()))
            .with_hint(format!("draw one: COPY (SELECT …) TO '{}' OPTIONS (plot 'bar')", path.display()))),
        None => Ok(()),
    }
}

impl Target {
    pub fn new(path: &Path, format: Format) -> Self {
        Self { path: path.to_owned(), format, results: 0 }
    }

    /// A place to collect one more result until it is complete.
    ///
    /// # Errors
    /// Where the format holds one result only, or the folder cannot be written.
    pub fn spool(&self) -> Result<Spool> {
        let packed = self.path.extension().is_some_and(|extension| extension == "gz" || extension == "zst");
        if packed || matches!(self.format, Format::Parquet | Format::Json) {
            return Err(Error::query(format!("`{}` holds one result, and this is result {}", self.path.display(), self.results + 1))
                .with_hint("plain csv, ndjson, markdown and latex files take several; or write each to a file of its own: COPY (…) TO '…'"));
        }
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::tempfile_in(folder).map_err(|error| Error::io("write to", &self.path, &error))?;
        let separator = if matches!(self.format, Format::Csv | Format::Tsv | Format::NdJson) { "" } else { "\n" };
        Ok(Spool { file, path: self.path.clone(), separator })
    }
}

/// One result on its way to the end of a file.
pub struct Spool {
    file: File,
    path: PathBuf,
    separator: &'static str,
}

impl Spool {
    /// A second handle to write through.
    ///
    /// # Errors
    /// Where the system gives none.
    pub fn handle(&self) -> Result<File> {
        self.file.try_clone().map_err(|error| Error::io("write to", &self.path, &error))
    }

    /// Adds what was collected to the file; where that fails the file is cut back to what it was.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn append(mut self) -> Result<()> {
        let mut target =
            File::options().append(true).open(&self.path).map_err(|error| Error::io("write to", &self.path, &error))?;
        let before = target.metadata().map(|data| data.len());
        let added = self
            .file
            .rewind()
            .and_then(|()| target.write_all(self.separator.as_bytes()))
            .and_then(|()| io::copy(&mut self.file, &mut target))
            .and_then(|_| target.sync_all());
        added.map_err(|error| {
            if let Ok(length) = before {
                let _ = target.set_len(length);
            }
            Error::io("write to", &self.path, &error)
        })
    }
}
