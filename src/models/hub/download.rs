//! Fetches what a model needs: listed by the hub, each file resumed where an earlier try stopped, and checked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Client, Response, StatusCode, Url};
use serde::Deserialize;

use super::cache::{Cached, home};
use super::{Part, Repository};
use crate::error::{Error, Result};
use crate::http;
use crate::models::Environment;
use crate::models::fetch::sha256_of;

const TRIES: u32 = 5;

/// A revision as the hub lists it.
#[derive(Deserialize)]
struct Listing {
    sha: String,
    siblings: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    rfilename: String,
    size: Option<u64>,
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    sha256: String,
}

struct Hub {
    client: Client,
    endpoint: Url,
    /// Goes to the hub's own host only: reqwest drops it where a redirect leads elsewhere.
    token: Option<String>,
}

/// Fetches `repository` into the cache.
pub(super) async fn download(repository: &Repository, cached: &Cached, environment: &Environment) -> Result<PathBuf> {
    let hub = Hub::new(environment)?;
    let listing = hub.list(repository).await?;
    let names: Vec<&str> = listing.siblings.iter().map(|entry| entry.rfilename.as_str()).collect();
    let wanted = wanted(repository, &names)?;
    for entry in listing.siblings.iter().filter(|entry| wanted.contains(&entry.rfilename.as_str())) {
        if cached.snapshot(&listing.sha).join(&entry.rfilename).is_file() {
            continue;
        }
        let blob = hub.file(repository, &listing.sha, entry, cached).await?;
        (cached.link(&listing.sha, &entry.rfilename, &blob))
            .map_err(|e| Error::io("write to", cached.snapshot(&listing.sha), &e))?;
    }
    if listing.sha != repository.revision {
        cached.name(&repository.revision, &listing.sha).map_err(|e| Error::io("write to", cached.root(), &e))?;
    }
    let snapshot = cached.snapshot(&listing.sha);
    Ok(match &repository.part {
        Part::File(file) => snapshot.join(file),
        Part::Model | Part::Settings => snapshot,
    })
}

/// The files that are wanted of those that there are. Of a model: configuration, tokenizer and template, and its weights in one
/// form.
fn wanted<'a>(repository: &Repository, names: &[&'a str]) -> Result<Vec<&'a str>> {
    if let Part::File(file) = &repository.part {
        let Some(found) = names.iter().find(|name| *name == file) else {
            let near = crate::suggest::closest(file, names.iter().copied())
                .or(names.iter().copied().find(|n| n.ends_with(".gguf")));
            let error = Error::world(format!("`hf://{}` has no file `{file}`", repository.name));
            return Err(match near {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error,
            });
        };
        return Ok(vec![found]);
    }
    let is_text = |file: &str| [".json", ".jinja", ".yaml", ".txt", ".model"].iter().any(|end| file.ends_with(end));
    if repository.part == Part::Settings {
        return Ok(names.iter().copied().filter(|name| !name.contains('/') && is_text(name)).collect());
    }
    let is_weight = |name: &&str| name.ends_with(".safetensors") && !name.contains('/');
    // What PyTorch wrote, of COMET and of transformers.
    let is_checkpoint =
        |name: &&str| (name.starts_with("checkpoints/") && name.ends_with(".ckpt")) || *name == "pytorch_model.bin";
    let has_safetensors = names.iter().any(is_weight);
    let chosen: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| {
            let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
            // Modules of sentence-transformers have folders: 1_Pooling, 2_Dense.
            let module = folder.starts_with(|c: char| c.is_ascii_digit()) && !folder.contains('/');
            (folder.is_empty() && is_text(file))
                || (module && (is_text(file) || file.ends_with(".safetensors")))
                || is_weight(name)
                || (!has_safetensors && is_checkpoint(name))
        })
        .collect();
    if chosen.iter().any(is_weight) || chosen.iter().any(is_checkpoint) {
        return Ok(chosen);
    }
    let error = Error::world(format!(
        "`{repository}` holds no weights in a form that is read here (*.safetensors, pytorch_model.bin)"
    ));
    let quantized = names.iter().find(|name| name.ends_with(".gguf"));
    Err(match quantized {
        Some(file) => error.with_hint(format!("it holds GGUF files; name one: {repository}#{file}")),
        None => error,
    })
}

impl Hub {
    /// As HF_ENDPOINT and HF_TOKEN say; the token also from where the hub's own tools keep it.
    fn new(environment: &Environment) -> Result<Self> {
        let set = |name: &str| environment(name).map(|v| v.trim().to_owned()).filter(|value| !value.is_empty());
        let endpoint = set("HF_ENDPOINT").unwrap_or_else(|| "https://huggingface.co".to_owned());
        let endpoint = Url::parse(&endpoint).map_err(|e| Error::query(format!("HF_ENDPOINT is no URL: {e}")))?;
        let kept = || {
            let file = set("HF_TOKEN_PATH").map(PathBuf::from).or_else(|| Some(home(environment)?.join("token")))?;
            let token = fs::read_to_string(file).ok()?.trim().to_owned();
            Some(token).filter(|token| !token.is_empty())
        };
        let client = http::client(&endpoint)?;
        Ok(Self { client, endpoint, token: set("HF_TOKEN").or_else(kept) })
    }

    fn url<'a>(&self, segments: impl IntoIterator<Item = &'a str>) -> Result<Url> {
        let mut url = self.endpoint.clone();
        match url.path_segments_mut() {
            Ok(mut path) => {
                path.pop_if_empty().extend(segments);
            }
            Err(()) => return Err(Error::query(format!("HF_ENDPOINT: `{}` is no web address", self.endpoint))),
        }
        Ok(url)
    }

    async fn list(&self, repository: &Repository) -> Result<Listing> {
        // A revision is one segment, with slashes too.
        let place = ["api", "models"].into_iter().chain(repository.name.split('/'));
        let mut url = self.url(place.chain(["revision", repository.revision.as_str()]))?;
        url.set_query(Some("blobs=true"));
        let response = self.ask(&url, 0, repository).await?;
        let body = response.bytes().await.map_err(|e| unreachable(repository, &e))?;
        serde_json::from_slice(&body)
            .map_err(|e| Error::world(format!("the hub's answer about `{repository}` cannot be read: {e}")))
    }

    /// Sends, and sends again where the failure may pass. From byte `from` on.
    async fn ask(&self, url: &Url, from: u64, repository: &Repository) -> Result<Response> {
        let mut wait = Duration::from_millis(300);
        let mut tries = 0;
        loop {
            tries += 1;
            let mut request = self.client.get(url.clone());
            if let Some(token) = &self.token {
                request = request.bearer_auth(token);
            }
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let outcome = request.send().await;
            let passing = match &outcome {
                Ok(response) => {
                    response.status().is_server_error() || response.status() == StatusCode::TOO_MANY_REQUESTS
                }
                Err(error) => !error.is_connect() && !error.is_builder(),
            };
            match outcome {
                Ok(response) if response.status().is_success() => return Ok(response),
                _ if passing && tries < TRIES => tokio::time::sleep(wait).await,
                Ok(response) => return Err(self.refused(repository, response.status())),
                Err(error) => return Err(unreachable(repository, &error)),
            }
            wait *= 3;
        }
    }

    fn refused(&self, repository: &Repository, status: StatusCode) -> Error {
        let error = Error::world(format!("cannot fetch `{repository}`: the hub answers {status}"));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if self.token.is_none() => error.with_hint(
                "it is private, asks for consent on its page, or does not exist: set HF_TOKEN to a token of the hub",
            ),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                error.with_hint("accept its conditions on its page, or check that HF_TOKEN may read it")
            }
            StatusCode::NOT_FOUND => {
                error.with_hint("check its name and revision; the address is hf://ORG/NAME[@REVISION][#FILE]")
            }
            _ => error,
        }
    }

    /// Fetches a file and gives the name of its blob.
    async fn file(&self, repository: &Repository, commit: &str, entry: &Entry, cached: &Cached) -> Result<String> {
        let sha256 = entry.lfs.as_ref().map(|lfs| lfs.sha256.clone());
        let name = match sha256.clone().or_else(|| entry.blob_id.clone()) {
            Some(name) if name.chars().all(|c| c.is_ascii_alphanumeric()) => name,
            _ => {
                return Err(Error::world(format!(
                    "the hub does not say what `{}` of `{repository}` is",
                    entry.rfilename
                )));
            }
        };
        let blob = cached.blob(&name);
        let folder = cached.blob("");
        fs::create_dir_all(&folder).map_err(|e| Error::io("make the folder", &folder, &e))?;
        let part = folder.join(format!("{name}.incomplete"));
        // Another process may fetch the same file: it is waited for, and what it fetched is taken.
        let lock = folder.join(format!("{name}.lock"));
        let held = locked(lock.clone()).await.map_err(|e| Error::io("write", &lock, &e))?;
        if !blob.is_file() {
            let parts = ["resolve", commit].into_iter().chain(entry.rfilename.split('/'));
            let url = self.url(repository.name.split('/').chain(parts))?;
            self.content(repository, &url, &part, entry.size).await?;
            check(repository, entry, sha256, &part).await?;
            fs::rename(&part, &blob).map_err(|e| Error::io("write", &blob, &e))?;
        }
        drop(held);
        let _ = fs::remove_file(&lock);
        Ok(name)
    }

    /// Fetches `url` into `part`, going on where that ends, and again where the connection drops.
    async fn content(&self, repository: &Repository, url: &Url, part: &Path, size: Option<u64>) -> Result<()> {
        let failed = |e: &io::Error| Error::io("write", part, e);
        let mut drops = 0;
        loop {
            let mut file = OpenOptions::new().create(true).append(true).open(part).map_err(|e| failed(&e))?;
            let mut have = file.seek(SeekFrom::End(0)).map_err(|e| failed(&e))?;
            if size == Some(have) && have > 0 {
                return Ok(());
            }
            let from = if size.is_none_or(|size| have < size) { have } else { 0 };
            let mut response = self.ask(url, from, repository).await?;
            // A server that does not resume sends all of it.
            if from == 0 || response.headers().get(CONTENT_RANGE).is_none() {
                file.set_len(0).map_err(|e| failed(&e))?;
                have = 0;
            }
            let dropped = loop {
                match response.chunk().await {
                    Ok(Some(bytes)) => {
                        file.write_all(&bytes).map_err(|e| failed(&e))?;
                        have += bytes.len() as u64;
                    }
                    Ok(None) if size.is_none_or(|size| have >= size) => {
                        return file.sync_all().map_err(|e| failed(&e));
                    }
                    Ok(None) => break Error::world(format!("`{repository}`: a file ended early")),
                    Err(error) => break unreachable(repository, &error),
                }
            };
            drops += 1;
            if drops >= TRIES {
                return Err(dropped.with_hint("what has arrived is kept: run it again to go on"));
            }
        }
    }
}

/// Held until it is dropped.
async fn locked(path: PathBuf) -> io::Result<File> {
    let lock = move || {
        let file = File::create(path)?;
        file.lock()?;
        Ok(file)
    };
    tokio::task::spawn_blocking(lock).await.map_err(io::Error::other)?
}

/// Whether a file is what the hub says it is; a wrong one is deleted.
async fn check(repository: &Repository, entry: &Entry, sha256: Option<String>, part: &Path) -> Result<()> {
    let size = fs::metadata(part).map_err(|e| Error::io("read", part, &e))?.len();
    let found = match &sha256 {
        None => None,
        Some(_) => Some(sha256_of(part.to_owned()).await?),
    };
    if entry.size.is_none_or(|expected| expected == size) && found == sha256 {
        return Ok(());
    }
    let _ = fs::remove_file(part);
    Err(Error::world(format!("`{}` of `{repository}` did not arrive as the hub has it", entry.rfilename))
        .with_hint("run it again; if it stays so, a proxy may change what it passes on"))
}

fn unreachable(repository: &Repository, error: &reqwest::Error) -> Error {
    Error::world(format!("cannot fetch `{repository}`: {}", http::reason(error)))
        .with_hint("check the network, HF_ENDPOINT and proxies; what has arrived is kept")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(names: &[&'static str]) -> Vec<&'static str> {
        wanted(&Repository::parse("o/n").unwrap(), names).unwrap()
    }

    #[test]
    fn weights_come_once_and_exports_for_other_runtimes_never() {
        let names = [
            "config.json",
            "tokenizer.json",
            "chat_template.jinja",
            "model-00001-of-00002.safetensors",
            "model.safetensors.index.json",
            "pytorch_model.bin",
            "onnx/model.onnx",
            "onnx/config.json",
            "README.md",
            "original/model.safetensors",
            "1_Pooling/config.json",
            "2_Dense/model.safetensors",
        ];
        assert_eq!(
            chosen(&names),
            [
                "config.json",
                "tokenizer.json",
                "chat_template.jinja",
                "model-00001-of-00002.safetensors",
                "model.safetensors.index.json",
                "1_Pooling/config.json",
                "2_Dense/model.safetensors",
            ]
        );
        assert_eq!(chosen(&["hparams.yaml", "checkpoints/model.ckpt"]), ["hparams.yaml", "checkpoints/model.ckpt"]);
        assert_eq!(
            chosen(&["config.json", "pytorch_model.bin", "spm.model", "tf_model.h5"]),
            ["config.json", "pytorch_model.bin", "spm.model"]
        );
    }

    #[test]
    fn settings_come_without_weights() {
        let names =
            ["config.json", "sentencepiece.bpe.model", "pytorch_model.bin", "model.safetensors", "onnx/config.json"];
        let repository = Repository::settings_of("xlm-roberta-large").unwrap();
        assert_eq!(wanted(&repository, &names).unwrap(), ["config.json", "sentencepiece.bpe.model"]);
    }

    #[test]
    fn a_repository_of_quantized_files_says_which_to_name() {
        let error = wanted(&Repository::parse("o/n").unwrap(), &["config.json", "n-q4.gguf"]).unwrap_err();
        assert!(error.hint.unwrap().contains("hf://o/n#n-q4.gguf"));
    }
}
