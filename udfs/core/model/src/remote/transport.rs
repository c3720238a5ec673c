//! The way to the endpoint and back: async-openai's client over a service of ours that sees status, headers and size of what
//! comes back, and makes a [`Failure`] of what is no answer.

use std::{error::Error as StdError, sync::Arc, time::SystemTime};

use async_openai::{Client, error::OpenAIError, middleware::HttpRequestFactory, traits::RequestOptionsBuilder};
use reqwest::{Response, header::CONTENT_LENGTH, redirect};
use serde_json::Value;
use tower::{BoxError, service_fn};

use super::{EndpointOptions, address::Address, failure::Failure};
use crate::{Error, Kind, Result};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    Chat,
    /// Continues a text as it stands.
    Completions,
    Embeddings,
}

/// A connection to one endpoint, made when it is first needed and again where it is lost. It carries one exchange at a time.
pub(super) struct Transport {
    client: Client<Address>,
    address: Address,
}

impl Transport {
    /// # Errors
    /// A client that cannot be built: no certificates, no TLS.
    pub fn new(options: &EndpointOptions, address: &Address) -> Result<Self> {
        let mut http = reqwest::Client::builder()
            .connect_timeout(options.connect_timeout)
            // A redirected POST becomes a GET, and a key would travel to another host.
            .redirect(redirect::Policy::none())
            // Whether a request is made again is decided, and counted, in `persist`.
            .retry(reqwest::retry::never())
            .tcp_nodelay(true)
            .pool_max_idle_per_host(1);
        if !address.tls {
            // Loading the system's certificates takes time and memory.
            http = http.tls_certs_only([]);
        }
        if address.loopback {
            http = http.no_proxy();
        }
        let http = http.build().map_err(|e| {
            Error::new(Kind::Http, format!("no client for {} can be built: {}", address.shown(), reason(&e))).fatal()
        })?;
        let most = options.max_body_bytes;
        let sent_by = http.clone();
        let shown: Arc<str> = address.shown().into();
        let service = service_fn(move |request: HttpRequestFactory| {
            let (http, shown) = (sent_by.clone(), Arc::clone(&shown));
            async move { exchange(&http, request, most, &shown).await.map_err(BoxError::from) }
        });
        let client = Client::build(http, address.clone()).with_http_service(service);
        Ok(Self { client, address: address.clone() })
    }

    /// Sends `body` and brings back the answer, which is JSON and no more than that.
    pub async fn post(&self, path: Path, body: &Value) -> Result<Value, Failure> {
        let answer = match path {
            Path::Chat => self.client.chat().create_byot::<_, Value>(body).await,
            Path::Completions => match self.client.chat().path("/completions") {
                Ok(completions) => completions.create_byot::<_, Value>(body).await,
                Err(e) => Err(e),
            },
            Path::Embeddings => self.client.embeddings().create_byot::<_, Value>(body).await,
        };
        answer.map_err(|e| self.failure(e).map_message(|m| self.address.scrub(m)))
    }

    fn failure(&self, error: OpenAIError) -> Failure {
        match error {
            OpenAIError::Boxed(e) => match e.downcast::<Failure>() {
                Ok(failure) => *failure,
                Err(e) => Failure::later(Error::new(Kind::Http, reason(e.as_ref()))),
            },
            OpenAIError::JSONDeserialize(e, _) => Failure::malformed(e),
            OpenAIError::Reqwest(e) => no_exchange(&e, &self.address.shown()),
            other => Failure::never(Error::new(Kind::Http, reason(&other)).fatal()),
        }
    }
}

/// One request and its response, which has to be whole, successful and no larger than `most` bytes.
async fn exchange(
    http: &reqwest::Client,
    request: HttpRequestFactory,
    most: usize,
    shown: &str,
) -> Result<Response, Failure> {
    let request = request.build().await.map_err(|e| Failure::never(Error::new(Kind::Http, reason(&e)).fatal()))?;
    let mut response = http.execute(request).await.map_err(|e| no_exchange(&e, shown))?;
    let status = response.status();
    let headers = response.headers().clone();
    let too_large = || {
        Failure::never(
            Error::new(Kind::Parse, format!("the answer is larger than {most} bytes"))
                .with_hint("ask for fewer samples, fewer tokens or no log-probabilities"),
        )
    };
    let announced = headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if status.is_success() && announced.is_some_and(|n| n > most as u64) {
        return Err(too_large());
    }
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(piece)) if body.len() + piece.len() > most => return Err(too_large()),
            Ok(Some(piece)) => body.extend_from_slice(&piece),
            Ok(None) => break,
            // What an error's body said so far is worth more than that it broke off.
            Err(_) if !status.is_success() => break,
            Err(e) => {
                let message = format!("the answer of {shown} broke off after {} bytes: {}", body.len(), reason(&e));
                return Err(Failure { status: Some(status), ..Failure::later(Error::new(Kind::Http, message)) });
            }
        }
    }
    if !status.is_success() {
        return Err(Failure::of_response(status, &headers, &body, SystemTime::now()));
    }
    let whole = http::Response::builder().status(status).body(body);
    whole.map(Response::from).map_err(|e| Failure::later(Error::new(Kind::Http, e.to_string())))
}

/// A request to which no response came.
fn no_exchange(error: &reqwest::Error, shown: &str) -> Failure {
    if error.is_builder() || error.is_redirect() {
        return Failure::never(Error::new(Kind::Http, format!("{shown} cannot be asked: {}", reason(error))).fatal());
    }
    if error.is_timeout() {
        return Failure::later(Error::new(Kind::Timeout, format!("{shown} could not be reached in time")));
    }
    let what = if error.is_connect() { "cannot be reached" } else { "did not answer" };
    Failure::later(Error::new(Kind::Http, format!("{shown} {what}: {}", reason(error))))
}

/// The innermost cause, which says what happened; the outer ones say where, with the whole address.
fn reason(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match innermost.downcast_ref::<reqwest::Error>() {
        Some(e) if e.url().is_some() => "the request failed".to_owned(),
        _ => innermost.to_string(),
    }
}
