//! Files of web servers and of the Hugging Face hub.
//!
//! Text is downloaded once into a temporary file and read from there, as its columns can only be known from its rows.
//! Parquet is read in ranges where the server can do that, and downloaded where it cannot.

use std::fmt;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::object_store::ObjectStoreUrl;
use glob::Pattern;
use object_store::http::HttpBuilder;
use object_store::{ClientOptions, HeaderMap, HeaderValue, ObjectMeta, ObjectStore, RetryConfig};
use reqwest::header::{ACCEPT_RANGES, AUTHORIZATION, CONTENT_LENGTH, LINK};
use reqwest::{Method, Response, StatusCode, Url};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tempfile::TempPath;

use crate::error::{Error, Result};
use crate::http;
use crate::suggest::closest;

use super::find::{MATCHING, is_glob};
use super::query::format_of_path;

/// The Hugging Face hub: where it is and who asks. The token is sent to its own host only and never shown.
#[derive(Clone)]
pub struct Hub {
    endpoint: String,
    token: Option<String>,
}

impl Hub {
    /// `endpoint` as `https://huggingface.co`.
    pub fn new(endpoint: &str, token: Option<String>) -> Self {
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: token.filter(|token| !token.trim().is_empty()),
        }
    }

    /// From `HF_ENDPOINT` and `HF_TOKEN`.
    pub fn from_env() -> Self {
        let endpoint = std::env::var("HF_ENDPOINT").ok().filter(|endpoint| !endpoint.is_empty());
        Self::new(endpoint.as_deref().unwrap_or("https://huggingface.co"), std::env::var("HF_TOKEN").ok())
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hub({}, {})", self.endpoint, if self.token.is_some() { "with a token" } else { "without a token" })
    }
}

/// A file on a server.
#[derive(Debug, Clone)]
pub(super) struct WebFile {
    pub url: Url,
    /// For reading in ranges: the address that all files of one store share, and the file's path from there; `None` where
    /// the URL has a query, which such a store cannot hold.
    base: Option<(String, String)>,
    of_hub: bool,
}

impl WebFile {
    pub fn of_url(text: &str) -> Result<Self> {
        let url = Url::parse(text).map_err(|e| Error::query(format!("`{text}` is no URL: {e}")))?;
        let base = match (url.query(), url.host_str()) {
            (None, Some(_)) => Some((url[..url::Position::BeforePath].to_owned(), url.path().to_owned())),
            _ => None,
        };
        Ok(Self { url, base, of_hub: false })
    }
}

/// What goes out over the network.
#[derive(Clone)]
pub(super) struct Web {
    hub: Arc<Hub>,
}

const TRIES: u32 = 4;

/// An entry of the hub's tree.
#[derive(Deserialize)]
struct Entry {
    path: String,
    r#type: String,
}

impl Web {
    pub fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }

    /// Sends, and sends again where the failure may pass.
    async fn ask(&self, method: Method, url: &Url, of_hub: bool) -> Result<Response> {
        let client = http::client(url)?;
        let mut wait = Duration::from_millis(300);
        for attempt in 1.. {
            let mut request = client.request(method.clone(), url.clone());
            if of_hub
                && Url::parse(&self.hub.endpoint).is_ok_and(|hub| hub.origin() == url.origin())
                && let Some(token) = &self.hub.token
            {
                request = request.bearer_auth(token);
            }
            let outcome = request.send().await;
            let passing = match &outcome {
                Ok(response) => {
                    response.status().is_server_error() || response.status() == StatusCode::TOO_MANY_REQUESTS
                }
                Err(error) => error.is_timeout() || (!error.is_connect() && !error.is_builder()),
            };
            if !passing || attempt >= TRIES {
                return match outcome {
                    Ok(response) if response.status().is_success() => Ok(response),
                    Ok(response) => Err(self.refused(url, of_hub, response.status())),
                    Err(error) => Err(unreachable(url, &error)),
                };
            }
            tokio::time::sleep(wait).await;
            wait *= 3;
        }
        Err(Error::internal("the tries ran out without an outcome"))
    }

    fn refused(&self, url: &Url, of_hub: bool, status: StatusCode) -> Error {
        let error = Error::world(format!("cannot read `{}`: the server answers {status}", bare(url)));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if of_hub && self.hub.token.is_none() => {
                error.with_hint("the data set may be private or ask for consent: set HF_TOKEN to a token of the hub")
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if of_hub => error
                .with_hint("the data set may ask for consent on its page, or HF_TOKEN may lack the right to read it"),
            StatusCode::NOT_FOUND if of_hub => error.with_hint(
                "check the data set's name, its revision (@…) and the path; the address is hf://datasets/ORG/NAME/path",
            ),
            _ => error,
        }
    }

    /// The whole file, into a temporary one that goes when the last reader does. Memory stays flat.
    pub async fn download(&self, file: &WebFile) -> Result<TempPath> {
        let mut failure = None;
        for _ in 0..TRIES {
            let mut response = self.ask(Method::GET, &file.url, file.of_hub).await?;
            let mut target = tempfile::Builder::new()
                .prefix("glotrace-")
                .tempfile()
                .map_err(|e| Error::io("write", std::env::temp_dir(), &e))?;
            loop {
                match response.chunk().await {
                    Ok(Some(bytes)) => target.write_all(&bytes).map_err(|e| Error::io("write", target.path(), &e))?,
                    Ok(None) => {
                        target.flush().map_err(|e| Error::io("write", target.path(), &e))?;
                        return Ok(target.into_temp_path());
                    }
                    Err(error) => {
                        failure = Some(error);
                        break;
                    }
                }
            }
        }
        Err(match failure {
            Some(error) => unreachable(&file.url, &error),
            None => Error::internal("a download ended without an outcome"),
        })
    }

    /// A store that reads `file` in ranges, with the file's place in it; `None` where the server does not do that.
    pub async fn ranges(&self, file: &WebFile) -> Result<Option<(ObjectStoreUrl, Arc<dyn ObjectStore>, ObjectMeta)>> {
        let Some((base, path)) = &file.base else { return Ok(None) };
        let Ok(head) = self.ask(Method::HEAD, &file.url, file.of_hub).await else { return Ok(None) };
        let header = |name| head.headers().get(name).and_then(|value| value.to_str().ok());
        let size = header(CONTENT_LENGTH).and_then(|size| size.parse::<u64>().ok());
        let (Some(size), Some("bytes")) = (size, header(ACCEPT_RANGES)) else { return Ok(None) };

        let mut options = ClientOptions::new()
            .with_allow_http(file.url.scheme() == "http")
            .with_connect_timeout(Duration::from_secs(15))
            .with_timeout(Duration::from_secs(600));
        if let (true, Some(token)) = (file.of_hub, &self.hub.token) {
            let mut value = HeaderValue::try_from(format!("Bearer {token}"))
                .map_err(|_| Error::query("HF_TOKEN holds characters that no token has"))?;
            value.set_sensitive(true);
            options = options.with_default_headers(HeaderMap::from_iter([(AUTHORIZATION, value)]));
        }
        let retry = RetryConfig {
            max_retries: TRIES as usize,
            retry_timeout: Duration::from_secs(60),
            ..RetryConfig::default()
        };
        let store = HttpBuilder::new()
            .with_url(base)
            .with_client_options(options)
            .with_retry(retry)
            .build()
            .map_err(|e| Error::world(format!("cannot read `{}`: {e}", bare(&file.url))))?;
        // Names that a store cannot hold can still be downloaded.
        let Ok(location) = object_store::path::Path::from_url_path(path) else { return Ok(None) };
        // A store holds one base address and, for the hub, one token.
        let key = Sha256::digest(format!("{base}\n{}", file.of_hub))
            .iter()
            .take(8)
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>();
        let name = ObjectStoreUrl::parse(format!("web://{key}")).map_err(|e| Error::internal(e.to_string()))?;
        let meta = ObjectMeta { location, last_modified: chrono::Utc::now(), size, e_tag: None, version: None };
        Ok(Some((name, Arc::new(store), meta)))
    }

    /// The files of `hf://` + `rest` with how they are shown.
    pub async fn hub_files(&self, rest: &str, written: &str, any_name: bool) -> Result<Vec<(String, WebFile)>> {
        let place = HubPlace::parse(rest, written)?;
        let direct = !is_glob(&place.path) && !place.path.is_empty() && !place.path.ends_with('/');
        if direct && (any_name || format_of_path(&place.path).0.is_some()) {
            return Ok(vec![(written.to_owned(), self.hub_file(&place, &place.path)?)]);
        }
        let folder = match place.path.find(['*', '?', '[']) {
            Some(glob) => place.path[..glob].rsplit_once('/').map_or("", |(folder, _)| folder),
            None => place.path.trim_end_matches('/'),
        };
        let pattern = is_glob(&place.path)
            .then(|| {
                Pattern::new(&place.path)
                    .map_err(|e| Error::query(format!("`{written}` is no pattern for files: {}", e.msg)))
            })
            .transpose()?;
        let entries = self.tree(&place, folder).await?;
        let mut paths: Vec<&str> =
            entries.iter().filter(|entry| entry.r#type == "file").map(|entry| entry.path.as_str()).collect();
        paths.sort_unstable();
        let wanted: Vec<&str> = paths
            .iter()
            .copied()
            .filter(|path| match &pattern {
                Some(pattern) => pattern.matches_with(path, MATCHING),
                None => format_of_path(path).0.is_some() || any_name,
            })
            .collect();
        if wanted.is_empty() {
            let error = Error::world(format!("no file matches `{written}`"));
            return Err(match closest(&place.path, paths.iter().copied()).or(paths.first().copied()) {
                Some(path) => {
                    error.with_hint(format!("the data set holds `{path}` and {} other files there", paths.len() - 1))
                }
                None => error,
            });
        }
        wanted.into_iter().map(|path| Ok((format!("{}/{path}", place.shown), self.hub_file(&place, path)?))).collect()
    }

    fn hub_url(&self, segments: &[&str]) -> Result<Url> {
        let mut url =
            Url::parse(&self.hub.endpoint).map_err(|e| Error::query(format!("HF_ENDPOINT is no URL: {e}")))?;
        match url.path_segments_mut() {
            Ok(mut path) => {
                // Each is one segment, a revision with slashes too: they are encoded.
                path.pop_if_empty().extend(segments);
            }
            Err(()) => return Err(Error::query(format!("HF_ENDPOINT: `{}` is no web address", self.hub.endpoint))),
        }
        Ok(url)
    }

    fn hub_file(&self, place: &HubPlace, path: &str) -> Result<WebFile> {
        let base = self.hub_url(&["datasets", &place.org, &place.name, "resolve", &place.revision])?;
        let mut url = base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path.split('/'));
        }
        let encoded = url.path().strip_prefix(base.path()).unwrap_or(url.path()).trim_start_matches('/').to_owned();
        Ok(WebFile { url, base: Some((base.to_string(), encoded)), of_hub: true })
    }

    /// Everything under `folder`, page by page.
    async fn tree(&self, place: &HubPlace, folder: &str) -> Result<Vec<Entry>> {
        let mut url = self.hub_url(&["api", "datasets", &place.org, &place.name, "tree", &place.revision])?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(folder.split('/').filter(|part| !part.is_empty()));
        }
        url.set_query(Some("recursive=true"));
        let mut entries = Vec::new();
        loop {
            let response = self.ask(Method::GET, &url, true).await?;
            let next = response.headers().get(LINK).and_then(|link| link.to_str().ok()).and_then(next_page);
            let body = response.bytes().await.map_err(|e| unreachable(&url, &e))?;
            let page: Vec<Entry> = serde_json::from_slice(&body)
                .map_err(|e| Error::world(format!("`{}` does not answer like the hub: {e}", bare(&url))))?;
            entries.extend(page);
            match next.map(|next| url.join(&next)) {
                Some(Ok(next)) if next != url => url = next,
                _ => return Ok(entries),
            }
        }
    }
}

/// `<https://…?cursor=…>; rel="next"` → the address.
fn next_page(link: &str) -> Option<String> {
    link.split(',').find(|part| part.contains("rel=\"next\"")).and_then(|part| {
        let (_, rest) = part.split_once('<')?;
        rest.split_once('>').map(|(address, _)| address.to_owned())
    })
}

/// `datasets/ORG/NAME[@REVISION]/path`.
struct HubPlace {
    org: String,
    name: String,
    revision: String,
    path: String,
    /// `hf://datasets/ORG/NAME[@REVISION]`
    shown: String,
}

impl HubPlace {
    fn parse(rest: &str, written: &str) -> Result<Self> {
        let wrong = || {
            Error::query(format!("`{written}` is no address of a data set on the hub")).with_hint(
                "the address is hf://datasets/ORG/NAME/path, with a revision hf://datasets/ORG/NAME@REVISION/path",
            )
        };
        let mut parts = rest.splitn(4, '/');
        let (Some("datasets"), Some(org), Some(name)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let path = parts.next().unwrap_or_default();
        let (name, revision) = name.split_once('@').unwrap_or((name, "main"));
        if org.is_empty() || name.is_empty() || revision.is_empty() {
            return Err(wrong());
        }
        let shown = format!("hf://datasets/{}", rest.split('/').skip(1).take(2).collect::<Vec<_>>().join("/"));
        // `~parquet` is the hub's short name for its own conversion.
        let revision = if revision == "~parquet" { "refs/convert/parquet" } else { revision };
        Ok(Self {
            org: org.to_owned(),
            name: name.to_owned(),
            revision: revision.to_owned(),
            path: path.to_owned(),
            shown,
        })
    }
}

/// Without what may be a secret.
fn bare(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    let _ = url.set_password(None);
    url.to_string()
}

fn unreachable(url: &Url, error: &reqwest::Error) -> Error {
    let place = bare(url);
    Error::world(format!("cannot read `{place}`: {}", http::reason(error)))
        .with_hint("check the address and the network, then run the statement again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_address_has_org_name_revision_and_path() {
        let place = HubPlace::parse("datasets/openai/gsm8k@v1/main/*.parquet", "x").unwrap();
        assert_eq!(
            (place.org.as_str(), place.name.as_str(), place.revision.as_str(), place.path.as_str()),
            ("openai", "gsm8k", "v1", "main/*.parquet")
        );
        assert_eq!(place.shown, "hf://datasets/openai/gsm8k@v1");
        assert_eq!(HubPlace::parse("datasets/o/n@~parquet/a", "x").unwrap().revision, "refs/convert/parquet");
        for wrong in ["models/o/n/x", "datasets/o", "datasets//n/x", "datasets/o/n@/x"] {
            assert!(HubPlace::parse(wrong, "x").is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_revision_with_slashes_is_one_segment() {
        let web = Web::new(Arc::new(Hub::new("https://hub.example/", None)));
        let place = HubPlace::parse("datasets/o/n@~parquet/a b/x.parquet", "x").unwrap();
        let file = web.hub_file(&place, &place.path).unwrap();
        assert_eq!(
            file.url.as_str(),
            "https://hub.example/datasets/o/n/resolve/refs%2Fconvert%2Fparquet/a%20b/x.parquet"
        );
        assert_eq!(file.base.unwrap().1, "a%20b/x.parquet");
    }

    #[test]
    fn the_token_is_never_shown() {
        assert!(!format!("{:?}", Hub::new("https://h", Some("hf_secret".into()))).contains("secret"));
    }

    #[test]
    fn the_next_page_is_in_the_link_header() {
        assert_eq!(next_page("<https://h/api?cursor=a>; rel=\"next\"").as_deref(), Some("https://h/api?cursor=a"));
        assert_eq!(next_page("<https://h/api>; rel=\"prev\""), None);
    }
}
