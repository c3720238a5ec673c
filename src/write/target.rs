//! A file that is there as a whole or not at all.
//!
//! Rows go to a temporary name in the same folder; `commit` makes them durable and gives them the real name in one step. Whatever
//! goes wrong before leaves the old file as it was and no partial one. A name that is no plain file (a pipe, `/dev/stdout`) is
//! written to as it comes.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use flate2::write::GzEncoder;
use tempfile::TempPath;

use crate::error::{Error, Result};

use super::Compression;

enum Packed {
    Plain(BufWriter<File>),
    Gzip(GzEncoder<BufWriter<File>>),
    Zstd(zstd::stream::write::Encoder<'static, BufWriter<File>>),
}

struct State {
    /// `None` once it was finished.
    out: Option<Packed>,
    /// The first failure of the system, which formats repeat in their own words.
    failure: Option<io::Error>,
}

/// The way into the file; all copies lead to the same place.
#[derive(Clone)]
pub(super) struct Sink(Arc<Mutex<State>>);

impl Sink {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn take_failure(&self) -> Option<io::Error> {
        self.state().failure.take()
    }

    fn note<T>(state: &mut State, outcome: io::Result<T>) -> io::Result<T> {
        outcome.map_err(|error| {
            let copy = error
                .raw_os_error()
                .map_or_else(|| io::Error::new(error.kind(), error.to_string()), io::Error::from_raw_os_error);
            state.failure.get_or_insert(error);
            copy
        })
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.state();
        let outcome = match &mut state.out {
            Some(Packed::Plain(out)) => out.write(bytes),
            Some(Packed::Gzip(out)) => out.write(bytes),
            Some(Packed::Zstd(out)) => out.write(bytes),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        Self::note(&mut state, outcome)
    }

    /// Nothing: packing would suffer, and `commit` flushes.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) struct Target {
    /// As the user wrote it.
    shown: PathBuf,
    place: Place,
    sink: Sink,
}

enum Place {
    /// Beside the real name, with the folder.
    Beside {
        temporary: TempPath,
        real: PathBuf,
        folder: PathBuf,
    },
    Special,
}

impl Target {
    /// # Errors
    /// The folder is missing or cannot be written to, or the name is a folder's.
    pub fn create(path: &Path, packing: Option<Compression>) -> Result<Self> {
        let fail = |source: io::Error| {
            let error = Error::io("write", path, &source);
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            match (source.kind(), folder) {
                (io::ErrorKind::NotFound, Some(folder)) => {
                    error.with_hint(format!("make the folder `{}` first", folder.display()))
                }
                (io::ErrorKind::PermissionDenied, _) => error.with_hint("choose a folder that you may write to"),
                _ => error,
            }
        };
        let old = match std::fs::metadata(path) {
            Ok(about) if about.is_dir() => {
                return Err(Error::world(format!("cannot write `{}`: it is a folder", path.display()))
                    .with_hint("add a file name"));
            }
            Ok(about) => Some(about),
            Err(_) => None,
        };
        let (file, place) = if old.as_ref().is_some_and(|about| !about.is_file()) {
            (OpenOptions::new().write(true).open(path).map_err(fail)?, Place::Special)
        } else {
            // Through a link, so that it stays one.
            let real = if old.is_some() { path.canonicalize().map_err(fail)? } else { path.to_path_buf() };
            let folder = match real.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
                _ => PathBuf::from("."),
            };
            let name = real.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if let Some(about) = &old
                && about.permissions().readonly()
            {
                return Err(fail(io::ErrorKind::PermissionDenied.into()));
            }
            let prefix = format!(".{}.", name.chars().take(60).collect::<String>());
            let mut builder = tempfile::Builder::new();
            builder.prefix(&prefix).suffix(".partial");
            // The rights of a new file, or those of the one that is replaced; tempfile's own are its maker's alone.
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                builder.permissions(std::fs::Permissions::from_mode(0o666));
            }
            let temporary = builder.tempfile_in(&folder).map_err(fail)?;
            if let Some(about) = &old {
                temporary.as_file().set_permissions(about.permissions()).map_err(fail)?;
            }
            let (file, temporary) = temporary.into_parts();
            (file, Place::Beside { temporary, real, folder })
        };
        let out = BufWriter::with_capacity(256 << 10, file);
        let packed = match packing {
            Some(Compression::Gzip) => Packed::Gzip(GzEncoder::new(out, flate2::Compression::default())),
            Some(Compression::Zstd(level)) => {
                Packed::Zstd(zstd::stream::write::Encoder::new(out, level.unwrap_or(3)).map_err(fail)?)
            }
            _ => Packed::Plain(out),
        };
        let sink = Sink(Arc::new(Mutex::new(State { out: Some(packed), failure: None })));
        Ok(Self { shown: path.to_path_buf(), place, sink })
    }

    pub fn sink(&self) -> Sink {
        self.sink.clone()
    }

    /// The partial file, while there is one.
    pub fn temporary(&self) -> Option<PathBuf> {
        match &self.place {
            Place::Beside { temporary, .. } => Some(temporary.to_path_buf()),
            Place::Special => None,
        }
    }

    /// `error` told as what the system said about this file, if it was the system.
    pub fn explain(&self, error: Error) -> Error {
        match self.sink.take_failure() {
            Some(source) => Error::io("write", &self.shown, &source),
            None => error,
        }
    }

    /// Makes what was written durable and visible under its name.
    pub fn commit(self) -> Result<()> {
        let fail = |source: io::Error| Error::io("write", &self.shown, &source);
        let out = self.sink.state().out.take();
        let buffered = match out {
            Some(Packed::Plain(out)) => out,
            Some(Packed::Gzip(out)) => out.finish().map_err(fail)?,
            Some(Packed::Zstd(out)) => out.finish().map_err(fail)?,
            None => return Err(Error::internal("a file was finished twice")),
        };
        let file = buffered.into_inner().map_err(|e| fail(e.into_error()))?;
        match self.place {
            Place::Special => Ok(()),
            Place::Beside { temporary, real, folder } => {
                file.sync_all().map_err(fail)?;
                temporary.persist(&real).map_err(|e| fail(e.error))?;
                // The name is durable once the folder is.
                File::open(&folder).and_then(|folder| folder.sync_all()).map_err(fail)
            }
        }
    }
}
