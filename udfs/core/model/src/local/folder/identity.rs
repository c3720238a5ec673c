//! What a folder is, as one digest.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::{Error, Kind, Result, digest};

/// The small files that decide what a model says. Others (README, licence, images) may change freely.
const SMALL: [&str; 7] = [
    "chat_template.jinja",
    "config.json",
    "generation_config.json",
    "model.safetensors.index.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
];

/// SHA-256 over name and SHA-256 of each file that counts, in the order of their names. Files are read side by side:
/// weights in several shards take as long as the largest.
pub(super) fn identity(folder: &Path, shards: &[PathBuf]) -> Result<String> {
    let small = SMALL.iter().map(|name| folder.join(name)).filter(|path| path.is_file());
    let mut files: Vec<PathBuf> = small.chain(shards.iter().cloned()).collect();
    files.sort_unstable();
    let base = |path: &PathBuf| path.parent().unwrap_or(folder).to_owned();
    of_files(files.iter().map(|path| (base(path), path.clone())).collect())
}

/// SHA-256 over name and SHA-256 of each of `files` in their order: a folder, and a file somewhere in it, whose name is what
/// leads from the one to the other.
pub(in crate::local) fn of_files(files: Vec<(PathBuf, PathBuf)>) -> Result<String> {
    let digests = files
        .par_iter()
        .map(|(folder, path)| {
            let name = path
                .strip_prefix(folder)
                .ok()
                .and_then(Path::to_str)
                .ok_or_else(|| Error::new(Kind::Io, format!("the name of {} is not UTF-8", path.display())))?;
            // The format of sha256sum, so that the digest can be checked by hand.
            Ok(format!("{}  {name}\n", digest::sha256_file(path)?))
        })
        .collect::<Result<Vec<String>>>()?;
    Ok(format!("{:x}", Sha256::digest(digests.concat())))
}
