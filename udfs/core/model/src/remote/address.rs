//! Where requests go and what opens the door there, with the parts that must not be seen kept apart.

use async_openai::config::Config;
use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};

use super::EndpointOptions;
use crate::{Error, Kind, Result};

/// A base URL taken apart.
#[derive(Clone)]
pub(super) struct Address {
    /// Without user, password, query and a slash at its end.
    base: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    key: SecretString,
    /// Texts that no message may hold.
    secrets: Vec<SecretString>,
    /// Whether it is this machine, where no proxy stands between.
    pub loopback: bool,
    /// Whether connections are encrypted.
    pub tls: bool,
    /// Whether it is OpenAI's own, which differs from those that follow it.
    pub openai: bool,
}

impl Address {
    pub fn new(options: &EndpointOptions) -> Result<Self> {
        let wrong = |what: &str| {
            Error::new(Kind::Parameter, format!("`{}` is no address of an endpoint: {what}", shown(&options.base_url)))
                .with_hint("an endpoint is what stands before /chat/completions, such as http://localhost:8000/v1")
        };
        let url = Url::parse(&options.base_url).map_err(|e| wrong(&e.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("it must begin with http:// or https://"));
        }
        let host = url.host_str().ok_or_else(|| wrong("it names no host"))?;
        let loopback = host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let mut secrets = Vec::new();
        let mut headers = HeaderMap::new();
        let mut key = SecretString::from("");
        if let Some(given) = &options.api_key {
            // A key out of a file or a variable often brings its line's end along.
            key = SecretString::from(given.expose_secret().trim());
            let mut value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret())).map_err(|_| {
                Error::new(Kind::Parameter, "the API key holds a character that no header can carry".to_owned())
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
            secrets.push(key.clone());
        }
        let mut base = url.clone();
        if !url.username().is_empty() || url.password().is_some() {
            // reqwest turns these into basic authorization, unless there is a key, which then is what counts.
            secrets.extend(url.password().map(SecretString::from));
        }
        base.set_query(None);
        base.set_fragment(None);
        let query = url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect::<Vec<_>>();
        secrets.extend(query.iter().map(|(_, v)| SecretString::from(v.as_str())));
        Ok(Self {
            tls: url.scheme() == "https",
            openai: host == "api.openai.com",
            base: base.as_str().trim_end_matches('/').to_owned(),
            query,
            headers,
            key,
            secrets,
            loopback,
        })
    }

    /// As messages may show it.
    pub fn shown(&self) -> String {
        shown(&self.base)
    }

    /// `text` without any of the secrets: servers repeat keys and addresses in what they say.
    pub fn scrub(&self, text: &str) -> String {
        self.secrets
            .iter()
            .map(ExposeSecret::expose_secret)
            .filter(|secret| secret.len() >= 4)
            .fold(text.to_owned(), |text, secret| text.replace(secret, "***"))
    }
}

impl Config for Address {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        self.query.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect()
    }

    fn api_base(&self) -> &str {
        &self.base
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}

/// `url` without user, password, query and fragment. What is no address shows only what stands after its last `@`.
pub(super) fn shown(url: &str) -> String {
    match Url::parse(url) {
        Ok(mut url) if url.has_host() => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.set_query(None);
            url.set_fragment(None);
            url.as_str().trim_end_matches('/').to_owned()
        }
        _ => {
            let tail = url.rsplit('@').next().unwrap_or_default();
            tail.split(['?', '#']).next().unwrap_or_default().to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_the_door_is_not_shown() {
        let mut options = EndpointOptions::new("https://me:p%40ssw0rd@host.example/v1/?token=tok-9876#x", "m");
        options.api_key = Some("sk-secret\n".into());
        let address = Address::new(&options).unwrap();
        assert_eq!(address.shown(), "https://host.example/v1");
        let said = address.scrub("bad key sk-secret, password p%40ssw0rd, token tok-9876");
        assert_eq!(said, "bad key ***, password ***, token ***");
        let debug = format!("{options:?}");
        assert!(!debug.contains("sk-secret") && !debug.contains("ssw0rd") && !debug.contains("tok-"), "{debug}");
        assert_eq!(address.url("/embeddings"), "https://me:p%40ssw0rd@host.example/v1/embeddings");
    }

    #[test]
    fn an_address_that_is_none_is_an_error_without_its_password() {
        for bad in ["ftp://a:hidden@h/v1", "a:hidden@nowhere", "http://"] {
            let error = Address::new(&EndpointOptions::new(bad, "m")).err().unwrap();
            assert_eq!(error.kind(), Kind::Parameter);
            assert!(!error.to_string().contains("hidden"), "{error}");
        }
    }

    #[test]
    fn this_machine_is_known_by_its_address() {
        let loopback = |url: &str| Address::new(&EndpointOptions::new(url, "m")).unwrap().loopback;
        assert!(loopback("http://127.0.0.1:8/v1") && loopback("http://[::1]/v1") && loopback("http://localhost/v1"));
        assert!(!loopback("http://10.0.0.1/v1"));
    }
}
