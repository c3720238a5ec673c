//! Models of the Hugging Face hub: from the cache that its own tools share, or fetched once.
//!
//! ```text
//! hf://ORG/NAME@REVISION ──▶ cache.rs: there? ──▶ a folder or a file
//!                                 │ no
//!                                 └──▶ download.rs: listed, fetched, checked ──▶ the cache
//! ```
//!
//! A model that is in the cache is not asked for again, so that a study gives tomorrow what it gave today: a newer version
//! is named by its revision.

mod cache;
mod download;

use std::fmt;
use std::path::PathBuf;

use super::Environment;
use crate::error::{Error, Result};
use cache::Cached;

/// `ORG/NAME[@REVISION][#FILE]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// `ORG/NAME`.
    pub name: String,
    /// A branch, a tag or a commit.
    pub revision: String,
    pub part: Part,
}

/// What of a repository is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// All that a model needs.
    Model,
    /// Its configuration and its tokenizer.
    Settings,
    /// One file.
    File(String),
}

impl Repository {
    /// What stands behind `hf://`.
    pub fn parse(text: &str) -> Option<Self> {
        let (place, file) = match text.split_once('#') {
            Some((place, file)) => (place, Some(file)),
            None => (text, None),
        };
        let (name, revision) = place.split_once('@').unwrap_or((place, "main"));
        let plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        let (organisation, model) = name.split_once('/')?;
        let safe = |path: &str| path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let ok = plain(organisation) && plain(model) && safe(revision) && file.is_none_or(safe);
        let part = file.map_or(Part::Model, |file| Part::File(file.into()));
        ok.then(|| Self { name: name.into(), revision: revision.into(), part })
    }

    /// Configuration and tokenizer of the model that a checkpoint calls `name`. The oldest models of the hub have no ORG.
    pub fn settings_of(name: &str) -> Option<Self> {
        let with_org = if name.contains('/') { name.to_owned() } else { format!("-/{name}") };
        let parsed = Self::parse(&with_org).filter(|parsed| parsed.revision == "main" && parsed.part == Part::Model)?;
        Some(Self { name: name.to_owned(), part: Part::Settings, ..parsed })
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hf://{}", self.name)?;
        if self.revision != "main" {
            write!(f, "@{}", self.revision)?;
        }
        match &self.part {
            Part::File(file) => write!(f, "#{file}"),
            Part::Model | Part::Settings => Ok(()),
        }
    }
}

/// The folder, or the file, of `repository` on this machine.
///
/// # Errors
/// Not in the cache while HF_HUB_OFFLINE is set; no such repository, revision or file; one that asks for consent; a file
/// that did not arrive as the hub says it is. What has arrived stays, and the next try goes on from there.
pub async fn fetch(repository: &Repository, environment: &Environment) -> Result<PathBuf> {
    let cached = Cached::new(repository, environment)?;
    if let Some(path) = cached.complete(repository) {
        return Ok(path);
    }
    if is_on(environment, "HF_HUB_OFFLINE") || is_on(environment, "TRANSFORMERS_OFFLINE") {
        return Err(Error::world(format!("`{repository}` is not in `{}`", cached.root().display()))
            .with_hint("HF_HUB_OFFLINE is set: unset it to fetch the model once"));
    }
    download::download(repository, &cached, environment).await
}

/// Whether all of it lies in the cache.
pub fn is_here(repository: &Repository, environment: &Environment) -> bool {
    Cached::new(repository, environment).is_ok_and(|cached| cached.complete(repository).is_some())
}

fn is_on(environment: &Environment, name: &str) -> bool {
    environment(name).is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "on" | "yes" | "true"))
}

#[cfg(test)]
mod tests {
    use super::{Part, Repository};

    #[test]
    fn an_address_has_org_name_revision_and_file() {
        let all = Repository::parse("Qwen/Qwen3-4B@v1#a/b.gguf").unwrap();
        assert_eq!(
            (all.name.as_str(), all.revision.as_str(), all.part),
            ("Qwen/Qwen3-4B", "v1", Part::File("a/b.gguf".into()))
        );
        let plain = Repository::parse("o/n").unwrap();
        assert_eq!((plain.revision.as_str(), plain.part), ("main", Part::Model));
        for bad in ["", "n", "o/", "/n", "o/n/x", "o/..", "o/n@", "o/n@../x", "o/n#", "o/n#../../etc"] {
            assert!(Repository::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn an_encoder_may_be_named_without_an_organisation() {
        for name in ["xlm-roberta-large", "microsoft/infoxlm-large"] {
            let repository = Repository::settings_of(name).unwrap();
            assert_eq!((repository.name.as_str(), repository.part), (name, Part::Settings));
        }
        for bad in ["", "..", "a/b/c", "/tmp/x", "a@b", "a#b"] {
            assert!(Repository::settings_of(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn it_is_shown_as_it_is_written() {
        for text in ["o/n", "o/n@v1", "o/n@v1#f.gguf"] {
            assert_eq!(Repository::parse(text).unwrap().to_string(), format!("hf://{text}"));
        }
    }
}
