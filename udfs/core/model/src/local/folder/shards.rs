//! Which safetensors files hold the weights of a folder.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    path::{Path, PathBuf},
};

use super::json::Json;
use crate::{Error, Kind, Result};

const INDEX: &str = "model.safetensors.index.json";
const WHOLE: &str = "model.safetensors";

/// The files with the weights of `folder`, in the order of their names: those that the index lists, or the single
/// one, or all parts where the index did not come along.
///
/// # Errors
/// A file that the index lists, or a number of `model-00001-of-00003.safetensors`, that is not there.
pub(in crate::local) fn shards(folder: &Path) -> Result<Vec<PathBuf>> {
    if let Some(index) = Json::open(&folder.join(INDEX))? {
        return listed(folder, &index);
    }
    if folder.join(WHOLE).is_file() {
        return Ok(vec![folder.join(WHOLE)]);
    }
    let entries = std::fs::read_dir(folder).map_err(|e| Error::io(folder, &e))?;
    let mut names = BTreeSet::new();
    for entry in entries {
        let name = entry.map_err(|e| Error::io(folder, &e))?.file_name();
        // Other sets of the same weights lie beside them under names of their own (`consolidated`, `adapter_model`).
        if let Some(name) = name.to_str().filter(|n| n.starts_with("model") && n.ends_with(".safetensors")) {
            names.insert(name.to_owned());
        }
    }
    let Some(first) = names.first() else {
        let others = ["bin", "pt", "pth", "gguf"].map(OsStr::new);
        let other = std::fs::read_dir(folder)
            .map_err(|e| Error::io(folder, &e))?
            .filter_map(|entry| Some(entry.ok()?.path()))
            .find(|path| path.extension().is_some_and(|x| others.contains(&x)));
        let hint = match other {
            Some(path) => format!("{} is another format: weights are read from safetensors", path.display()),
            None => "weights are files that end in .safetensors".to_owned(),
        };
        let message = format!("{} holds no {WHOLE}", folder.display());
        return Err(Error::new(Kind::Io, message).with_hint(hint));
    };
    if let Some(total) = total(first) {
        for i in 1..=total {
            let name = format!("model-{i:05}-of-{total:05}.safetensors");
            if !names.contains(&name) {
                return Err(missing(&folder.join(name), "its neighbours' names say so"));
            }
        }
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

/// The files that `weight_map` names, which lie in the folder itself.
fn listed(folder: &Path, index: &Json) -> Result<Vec<PathBuf>> {
    let map = index.get("weight_map").and_then(|map| map.as_object());
    let map = map.ok_or_else(|| index.invalid("weight_map must be an object"))?;
    let mut shards = BTreeSet::new();
    for (tensor, name) in map {
        let plain = name.as_str().filter(|name| Path::new(name).file_name() == Some(OsStr::new(name)));
        let name = plain.ok_or_else(|| index.invalid(format!("{tensor} lies in {name}, which is no file name")))?;
        shards.insert(folder.join(name));
    }
    match shards.iter().find(|path| !path.is_file()) {
        Some(path) => Err(missing(path, &format!("{INDEX} lists it"))),
        None if shards.is_empty() => Err(index.invalid("weight_map lists no file")),
        None => Ok(shards.into_iter().collect()),
    }
}

fn missing(path: &Path, why: &str) -> Error {
    Error::new(Kind::Io, format!("{} is missing: {why}", path.display()))
        .with_hint("an interrupted download looks like this: fetch the file")
}

/// n of `model-00001-of-0000n.safetensors`.
fn total(name: &str) -> Option<usize> {
    name.strip_suffix(".safetensors")?.rsplit_once("-of-")?.1.parse().ok()
}
