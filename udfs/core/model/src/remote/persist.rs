//! Asks until there is an answer, or asking again cannot help.

use std::{sync::atomic::Ordering, time::Duration};

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use super::{
    Endpoint,
    answer::is_by,
    failure::{Again, Failure},
    transport::Path,
    usage::Usage,
};
use crate::{Error, Kind};

/// What came of asking.
pub(super) struct Tried<T> {
    pub outcome: Result<T, Failure>,
    /// How many requests were made.
    pub attempts: u32,
    /// What the last answer counted.
    pub usage: Usage,
    /// What all of them counted together.
    pub tokens: Option<u64>,
    /// What all of them cost together.
    pub usd: Option<f64>,
    /// How long the last one took, without the waits before it.
    pub seconds: f64,
}

impl Endpoint {
    /// Sends `body`, about `estimate` tokens, and reads the answer with `read`.
    pub(super) async fn persist<T>(
        &self,
        path: Path,
        body: &Value,
        estimate: u64,
        read: impl Fn(&Value) -> Result<T, Failure>,
    ) -> Tried<T> {
        let mut attempts = 0;
        let (mut tokens, mut usd) = (None, None);
        let (mut copies, mut strangers) = (0, 0);
        loop {
            let Some(place) = self.gate.enter(estimate, &self.backoff).await else {
                let error = Error::new(Kind::Http, "the endpoint is closed").fatal();
                let outcome = Err(Failure::never(error));
                return Tried { outcome, attempts, usage: Usage::default(), tokens, usd, seconds: 0.0 };
            };
            let transport = match self.transport(copies > 0) {
                Ok(transport) => transport,
                Err(error) => {
                    let outcome = Err(Failure::never(error));
                    return Tried { outcome, attempts, usage: Usage::default(), tokens, usd, seconds: 0.0 };
                }
            };
            attempts += 1;
            let start = Instant::now();
            let answer = match timeout(self.options.timeout, transport.post(path, body)).await {
                Ok(answer) => answer,
                Err(_) => Err(Failure::later(Error::new(
                    Kind::Timeout,
                    format!("no answer within {} s", self.options.timeout.as_secs_f64()),
                ))),
            };
            let seconds = start.elapsed().as_secs_f64();
            let mut usage = Usage::default();
            let outcome = answer.and_then(|answer| {
                usage = Usage::read(&answer);
                tokens = sum(tokens, usage.tokens());
                usd = sum(usd, usage.usd(&self.options));
                // What comes over a connection without a past is no leftover, whatever it looks like.
                self.judge(&answer, body, copies == 0)?;
                read(&answer)
            });
            // After a failure without a response nobody knows what the connection still brings.
            if outcome.as_ref().map_or_else(|f| f.status.is_some(), |_| true) {
                self.give_back(transport);
            }
            drop(place);
            self.gate.settle(estimate, usage.tokens().unwrap_or(estimate));
            let mut failure = match outcome {
                Ok(outcome) => {
                    self.answered.store(true, Ordering::Relaxed);
                    self.answered_rightly.store(true, Ordering::Relaxed);
                    return Tried { outcome: Ok(outcome), attempts, usage, tokens, usd, seconds };
                }
                Err(failure) => failure,
            };
            if failure.status.is_some() {
                self.answered.store(true, Ordering::Relaxed);
            }
            let left = attempts <= self.options.max_retries;
            let wait = match failure.again {
                Again::Later(Some(asked)) if left && asked > self.options.max_wait => {
                    failure.error = too_long_a_wait(&failure.error, asked.as_secs_f64());
                    None
                }
                Again::Later(Some(asked)) => Some(self.backoff.after(asked)),
                Again::Later(None) => Some(self.backoff.wait(attempts)),
                Again::AtMost(most) => {
                    strangers += 1;
                    let passing = strangers <= most || self.answered_rightly.load(Ordering::Relaxed);
                    passing.then(|| self.backoff.wait(attempts))
                }
                Again::Anew => {
                    copies += 1;
                    Some(Duration::ZERO)
                }
                Again::Never => None,
            };
            match wait {
                Some(wait) if left && failure.pauses => self.gate.pause(wait),
                Some(wait) if left => sleep(wait).await,
                _ => {
                    failure.error = self.explain(&failure, attempts);
                    return Tried { outcome: Err(failure), attempts, usage, tokens, usd, seconds };
                }
            }
        }
    }

    /// Whether `answer` is an answer to this call at all.
    fn judge(&self, answer: &Value, asked: &Value, may_be_copy: bool) -> Result<(), Failure> {
        // Some gateways report errors with status 200.
        if answer["error"].is_object() && answer["choices"].is_null() {
            let code = answer["error"]["code"].as_u64().and_then(|c| u16::try_from(c).ok());
            let status = code.and_then(|c| reqwest::StatusCode::from_u16(c).ok()).filter(|s| s.as_u16() >= 400);
            let status = status.unwrap_or(reqwest::StatusCode::BAD_GATEWAY);
            let body = answer.to_string();
            let headers = reqwest::header::HeaderMap::new();
            let failure = Failure::of_response(status, &headers, body.as_bytes(), std::time::SystemTime::now());
            return Err(failure.map_message(|m| self.address.scrub(m)));
        }
        if let Some(by) = answer["model"].as_str()
            && !is_by(by, &self.options.model, &self.options.served_as)
        {
            let message = format!("model `{by}` answered, and `{}` was asked", self.options.model);
            let error = Error::new(Kind::Model, self.address.scrub(&message))
                .with_hint(format!("where that is the same model under another name, say so: served_as '{by}'"))
                .fatal();
            return Err(Failure { again: Again::AtMost(2), ..Failure::never(error) });
        }
        if self.seen.again(answer, asked) && may_be_copy {
            let error = Error::new(Kind::Http, "the answer was another call's, delivered twice");
            return Err(Failure { again: Again::Anew, ..Failure::never(error) });
        }
        Ok(())
    }

    /// The failure as a caller sees it: with the address, how often it was tried, and the way out.
    fn explain(&self, failure: &Failure, attempts: u32) -> Error {
        let shown = self.address.shown();
        let error = &failure.error;
        let mut message = error.message().to_owned();
        if !message.contains(&shown) {
            message = format!("{shown}: {message}");
        }
        if attempts > 1 {
            message = format!("{message} (asked {attempts} times)");
        }
        let mut explained = Error::new(error.kind(), message);
        let unreachable = failure.status.is_none()
            && error.kind() == Kind::Http
            && failure.again == Again::Later(None)
            && !self.answered.load(Ordering::Relaxed);
        let hint = match (failure.status.map(|s| s.as_u16()), &self.options.key_hint) {
            (Some(401), Some(hint)) => Some(hint.clone()),
            _ if unreachable => Some("is the server running, and is this its address?".to_owned()),
            _ => error.hint().map(str::to_owned),
        };
        if let Some(hint) = hint {
            explained = explained.with_hint(hint);
        }
        // Where no request ever got through, none will: every row would wait for nothing.
        if error.is_fatal() || unreachable { explained.fatal() } else { explained }
    }
}

fn too_long_a_wait(error: &Error, seconds: f64) -> Error {
    Error::new(error.kind(), format!("{}; it asks to wait {seconds:.0} s", error.message()))
        .with_hint("run the statement again then: finished calls are kept")
        .fatal()
}

/// The sum of what is known.
fn sum<T: std::ops::Add<Output = T>>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a + b),
        (a, b) => a.or(b),
    }
}
