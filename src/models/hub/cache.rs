//! The cache that all tools of the hub share: `models--ORG--NAME/{blobs,refs,snapshots}`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Part, Repository};
use crate::error::{Error, Result};
use crate::models::Environment;

/// One repository in the cache.
pub(super) struct Cached {
    root: PathBuf,
}

impl Cached {
    /// Where HF_HUB_CACHE or HF_HOME say, else in the user's cache.
    pub(super) fn new(repository: &Repository, environment: &Environment) -> Result<Self> {
        let folder = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let cache = folder("HF_HUB_CACHE").or_else(|| Some(home(environment)?.join("hub")));
        let cache = cache.ok_or_else(|| {
            Error::world("there is no home folder to keep models in").with_hint("set HF_HOME to a folder")
        })?;
        Ok(Self { root: cache.join(format!("models--{}", repository.name.replace('/', "--"))) })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// What was fetched of `repository`, where that is all that it takes.
    pub(super) fn complete(&self, repository: &Repository) -> Option<PathBuf> {
        let named = fs::read_to_string(self.root.join("refs").join(&repository.revision)).ok();
        let commit = named.as_deref().map_or(repository.revision.as_str(), str::trim);
        let snapshot = self.snapshot(commit);
        match &repository.part {
            Part::File(file) => Some(snapshot.join(file)).filter(|path| path.is_file()),
            Part::Model => is_whole(&snapshot).then_some(snapshot),
            Part::Settings => has_settings(&snapshot).then_some(snapshot),
        }
    }

    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.root.join("snapshots").join(commit)
    }

    /// Where the content of a file lies.
    pub(super) fn blob(&self, name: &str) -> PathBuf {
        self.root.join("blobs").join(name)
    }

    /// Makes `blob` the content of `file` in the snapshot of `commit`.
    pub(super) fn link(&self, commit: &str, file: &str, blob: &str) -> io::Result<()> {
        let place = self.snapshot(commit).join(file);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        let up = "../".repeat(2 + file.matches('/').count());
        match symlink(&format!("{up}blobs/{blob}"), &place) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            // A file system without links holds the file itself.
            Err(_) => fs::hard_link(self.blob(blob), &place).or_else(|_| fs::copy(self.blob(blob), &place).map(drop)),
            Ok(()) => Ok(()),
        }
    }

    /// Notes which commit a branch or tag was: the last step, so that what is named is whole.
    pub(super) fn name(&self, revision: &str, commit: &str) -> io::Result<()> {
        let place = self.root.join("refs").join(revision);
        let folder = place.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder)?;
        let part = tempfile::NamedTempFile::new_in(folder)?;
        fs::write(part.path(), commit)?;
        part.persist(&place).map(drop).map_err(|e| e.error)
    }
}

/// HF_HOME, or `huggingface` in the user's cache.
pub(super) fn home(environment: &Environment) -> Option<PathBuf> {
    let folder = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")));
    folder("HF_HOME").or_else(|| Some(cache()?.join("huggingface")))
}

/// Whether a snapshot holds a configuration, and every file of weights that its index names.
fn is_whole(snapshot: &Path) -> bool {
    let has_weights = |index: &Path| -> bool {
        let read = || -> Option<bool> {
            let index: Value = serde_json::from_slice(&fs::read(index).ok()?).ok()?;
            let files = index.get("weight_map")?.as_object()?;
            Some(files.values().filter_map(Value::as_str).all(|file| snapshot.join(file).is_file()))
        };
        read().unwrap_or(false)
    };
    let index = snapshot.join("model.safetensors.index.json");
    let weights = match index.is_file() {
        true => has_weights(&index),
        false => ["model.safetensors", "checkpoints/model.ckpt", "pytorch_model.bin"]
            .iter()
            .any(|file| snapshot.join(file).is_file()),
    };
    weights && ["config.json", "hparams.yaml"].iter().any(|file| snapshot.join(file).is_file())
}

/// Whether a snapshot holds a configuration and a tokenizer.
fn has_settings(snapshot: &Path) -> bool {
    let has = |file: &str| snapshot.join(file).is_file();
    has("config.json") && ["tokenizer.json", "sentencepiece.bpe.model", "spm.model"].iter().any(|file| has(file))
}

#[cfg(unix)]
fn symlink(to: &str, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, place)
}

#[cfg(not(unix))]
fn symlink(_: &str, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
