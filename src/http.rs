//! What all that goes out over the network has in common: the client, and why a request failed in words.

use std::time::Duration;

use reqwest::{Client, Url};

use crate::error::{Error, Result};

const AGENT: &str = concat!("glotrace/", env!("CARGO_PKG_VERSION"));

/// A client for the host of `url`.
///
/// # Errors
/// A system without what HTTPS needs.
pub fn client(url: &Url) -> Result<Client> {
    let mut builder = Client::builder()
        .user_agent(AGENT)
        .connect_timeout(Duration::from_secs(15))
        .read_timeout(Duration::from_secs(60));
    // No proxy leads back to this machine.
    if matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")) {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|e| Error::world(format!("cannot set up HTTP: {}", innermost(&e))))
}

/// Why a request failed.
pub fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() { "no answer in time".to_owned() } else { innermost(error) }
}

/// The innermost cause: reqwest's own words only repeat the URL.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
