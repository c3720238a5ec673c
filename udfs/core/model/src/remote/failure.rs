//! What a response that is no answer means: which kind of failure it is, whom it concerns, and whether asking again can help.
//!
//! | response | kind | asked again | stops the statement |
//! |---|---|---|---|
//! | 408, 409, 429, 5xx, no connection, a broken or malformed body, no answer in time | timeout, http, rate_limit, parse | yes | no |
//! | 429 because the account's quota is used up | rate_limit | no | yes |
//! | 400, 413, 422 because this prompt is too long | truncated | no | no |
//! | 400, 403, 422 because this prompt is against the provider's policy | refused | no | no |
//! | any other 3xx or 4xx | http | no | yes |
//! | an answer by another model | model | yes; twice at most before the right one ever answered | yes |
//!
//! Prompt and policy are known by the error's `code` or `type`; vLLM and SGLang give none, and are known by their wording.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use super::retry_after::retry_after;
use crate::{Error, Kind};

/// A request that brought no answer.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub error: Error,
    pub again: Again,
    /// The endpoint has to be left alone by all calls, not only by this one.
    pub pauses: bool,
    /// The status, where there was a response.
    pub status: Option<StatusCode>,
}

/// Whether asking again can help.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Again {
    Never,
    /// After this long, or where the endpoint does not say, after a backoff.
    Later(Option<Duration>),
    /// Without a wait and on a new connection: what came was somebody else's answer.
    Anew,
    /// At most so many times, unless the endpoint has shown that it can do better.
    AtMost(u32),
}

impl Failure {
    pub fn later(error: Error) -> Self {
        Self { error, again: Again::Later(None), pauses: false, status: None }
    }

    pub fn never(error: Error) -> Self {
        Self { error, again: Again::Never, pauses: false, status: None }
    }

    /// An answer that is none: what was expected there.
    pub fn malformed(what: impl fmt::Display) -> Self {
        Self::later(Error::new(Kind::Parse, format!("the answer is malformed: {what}")))
    }

    /// What a response of `status` means. `body`: what came with it, whole or not.
    pub fn of_response(status: StatusCode, headers: &HeaderMap, body: &[u8], now: SystemTime) -> Self {
        let said = Said::read(body);
        let code = status.as_u16();
        let mut message = match status.canonical_reason() {
            Some(reason) => format!("{code} {reason}"),
            None => code.to_string(),
        };
        if !said.message.is_empty() {
            message = format!("{message}: {}", said.message);
        }
        if !said.code.is_empty() && !said.message.contains(&said.code) {
            message = format!("{message} ({})", said.code);
        }
        let wait = retry_after(headers, now);
        let (kind, again, fatal, hint) = match code {
            429 if said.is(QUOTA) => {
                (Kind::RateLimit, Again::Never, true, Some("the account's quota is used up; finished calls are kept"))
            }
            429 => (Kind::RateLimit, Again::Later(wait), false, Some("set requests_per_minute or tokens_per_minute")),
            408 => (Kind::Timeout, Again::Later(wait), false, None),
            409 | 500..=599 => (Kind::Http, Again::Later(wait), false, None),
            400 | 413 | 422 if said.is(TOO_LONG) || said.says(TOO_LONG_WORDS) || code == 413 => (
                Kind::Truncated,
                Again::Never,
                false,
                Some("the prompt with max_tokens does not fit the model's context"),
            ),
            400 | 403 | 422 if said.is(POLICY) || said.says(POLICY_WORDS) => (Kind::Refused, Again::Never, false, None),
            401 => (Kind::Http, Again::Never, true, Some("the endpoint does not accept the API key")),
            403 => (Kind::Http, Again::Never, true, Some("the API key may not use this model")),
            404 => (
                Kind::Http,
                Again::Never,
                true,
                Some("the endpoint has no such model, or no such path: its address ends in /v1 most of the time"),
            ),
            300..=399 => (
                Kind::Http,
                Again::Never,
                true,
                Some("the endpoint is somewhere else: name the address that it redirects to"),
            ),
            _ => (Kind::Http, Again::Never, true, None),
        };
        let mut error = Error::new(kind, message);
        if let Some(hint) = hint {
            error = error.with_hint(hint);
        }
        if fatal {
            error = error.fatal();
        }
        Self { error, again, pauses: code == 429 || wait.is_some(), status: Some(status) }
    }

    /// The same failure with another message, for texts that must be shortened or scrubbed.
    pub fn map_message(mut self, change: impl FnOnce(&str) -> String) -> Self {
        self.error = self.error.map_message(change);
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Failure {}

const QUOTA: &[&str] = &["insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "access_terminated"];
const TOO_LONG: &[&str] =
    &["context_length_exceeded", "string_above_max_length", "exceed_context_size_error", "context_window_exceeded"];
const TOO_LONG_WORDS: &[&str] = &[
    "maximum context length",
    "context length exceeded",
    "context window",
    "exceeds the available context size",
    "prompt is too long",
    "input is too long",
    "longer than the model's context length",
    "longer than the maximum model length",
];
const POLICY: &[&str] = &[
    "content_filter",
    "content_policy_violation",
    "responsibleaipolicyviolation",
    "invalid_prompt",
    "data_inspection_failed",
    "moderation_blocked",
    "content_moderation",
];
const POLICY_WORDS: &[&str] = &["content management policy", "requires moderation", "flagged by moderation"];

/// What an error's body says.
struct Said {
    message: String,
    /// Its `code`, or where there is none but its `type` is telling, that.
    code: String,
    kind: String,
    inner: String,
}

/// So much of a server's words is shown.
const SHOWN: usize = 400;

impl Said {
    /// `{"error": {"message", "type", "code"}}` is OpenAI's form; others put a text there, or the fields one level up, or write
    /// `detail`; and what stands between may answer in HTML.
    fn read(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            let text = String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN)]);
            let message = if text.trim_start().starts_with('<') { "" } else { text.trim() };
            return Self {
                message: beginning(message),
                code: String::new(),
                kind: String::new(),
                inner: String::new(),
            };
        };
        let error = match &value["error"] {
            Value::Null => &value,
            error => error,
        };
        let text = |v: &Value| match v {
            Value::String(s) => s.clone(),
            Value::Null => String::new(),
            Value::Object(_) | Value::Array(_) => v.to_string(),
            other => other.to_string(),
        };
        let message = [error, &error["message"], &error["detail"]].into_iter().find_map(|v| match v {
            Value::String(s) => Some(s.clone()),
            Value::Array(_) => Some(v.to_string()),
            _ => None,
        });
        Self {
            message: beginning(&message.unwrap_or_default()),
            code: text(&error["code"]),
            kind: text(&error["type"]),
            inner: text(&error["innererror"]["code"]),
        }
    }

    fn is(&self, codes: &[&str]) -> bool {
        [&self.code, &self.kind, &self.inner].iter().any(|given| codes.contains(&given.to_lowercase().as_str()))
    }

    fn says(&self, words: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        words.iter().any(|w| message.contains(w))
    }
}

fn beginning(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> (Kind, bool, bool) {
        let failure = Failure::of_response(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            body.as_bytes(),
            SystemTime::now(),
        );
        (failure.error.kind(), matches!(failure.again, Again::Later(_)), failure.error.is_fatal())
    }

    #[test]
    fn only_what_may_pass_is_asked_again() {
        assert_eq!(of(408, ""), (Kind::Timeout, true, false));
        assert_eq!(of(409, ""), (Kind::Http, true, false));
        assert_eq!(of(429, "slow down"), (Kind::RateLimit, true, false));
        for status in [500, 502, 503, 529] {
            assert_eq!(of(status, "<html>"), (Kind::Http, true, false), "{status}");
        }
        for status in [301, 400, 401, 402, 403, 404, 405, 422] {
            assert_eq!(of(status, r#"{"error": {"message": "no"}}"#), (Kind::Http, false, true), "{status}");
        }
    }

    #[test]
    fn a_used_up_quota_stops_everything_though_it_is_a_429() {
        let body = r#"{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}"#;
        assert_eq!(of(429, body), (Kind::RateLimit, false, true));
    }

    #[test]
    fn a_prompt_that_is_too_long_concerns_one_row() {
        let row = (Kind::Truncated, false, false);
        assert_eq!(of(400, r#"{"error": {"message": "m", "code": "context_length_exceeded"}}"#), row);
        assert_eq!(of(400, r#"{"error": {"code": 400, "message": "m", "type": "exceed_context_size_error"}}"#), row);
        let vllm = r#"{"object": "error", "code": 400, "type": "BadRequestError",
            "message": "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens"}"#;
        assert_eq!(of(400, vllm), row);
        assert_eq!(of(413, "too large"), row);
    }

    #[test]
    fn a_prompt_against_the_policy_concerns_one_row() {
        let row = (Kind::Refused, false, false);
        assert_eq!(of(400, r#"{"error": {"code": "content_policy_violation", "message": "m"}}"#), row);
        let azure = r#"{"error": {"message": "m", "innererror": {"code": "ResponsibleAIPolicyViolation"}}}"#;
        assert_eq!(of(400, azure), row);
    }

    #[test]
    fn the_servers_words_are_shown_in_whatever_form_they_come() {
        let message = |body: &str| {
            let failure =
                Failure::of_response(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes(), SystemTime::now());
            failure.error.message().to_owned()
        };
        assert_eq!(message(r#"{"error": {"message": "m", "code": "c"}}"#), "400 Bad Request: m (c)");
        assert_eq!(message(r#"{"error": "m"}"#), "400 Bad Request: m");
        assert_eq!(message(r#"{"detail": [{"loc": ["n"]}]}"#), r#"400 Bad Request: [{"loc":["n"]}]"#);
        assert_eq!(message("<html>x</html>"), "400 Bad Request");
        assert_eq!(message("plain"), "400 Bad Request: plain");
        assert_eq!(message(&"ก".repeat(9000)).chars().count(), "400 Bad Request: ".len() + 401);
    }
}
