//! How long an endpoint asks to be left alone.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;

/// The wait that a response's headers ask for, at `now`; `None` where they do not say.
///
/// In this order: `retry-after-ms`; `Retry-After` in seconds or as an HTTP date (RFC 9110, section 10.2.3; a date that is past
/// is no wait); OpenAI's `x-ratelimit-reset-requests` and `-tokens` (`6m0s`, `120ms`) of whichever budget has nothing left.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim);
    if let Some(ms) = text("retry-after-ms").and_then(|t| t.parse::<f64>().ok()) {
        return Duration::try_from_secs_f64(ms / 1000.0).ok();
    }
    if let Some(after) = text("retry-after") {
        if let Ok(seconds) = after.parse::<f64>() {
            return Duration::try_from_secs_f64(seconds).ok();
        }
        if let Ok(date) = DateTime::parse_from_rfc2822(after) {
            return Some((date.to_utc() - DateTime::<Utc>::from(now)).to_std().unwrap_or_default());
        }
    }
    ["requests", "tokens"]
        .into_iter()
        .filter(|what| text(&format!("x-ratelimit-remaining-{what}")).is_some_and(|left| left.parse() == Ok(0)))
        .filter_map(|what| span(text(&format!("x-ratelimit-reset-{what}"))?))
        .max()
}

/// A span as OpenAI writes it: numbers with units `d`, `h`, `m`, `s`, `ms`, one after the other; or plain seconds.
fn span(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, tail) = rest.split_at(unit_at);
        let unit_end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        let seconds = match unit {
            "d" => 86_400.0,
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * seconds;
        rest = next;
    }
    Duration::try_from_secs_f64(total).ok().filter(|_| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&'static str, &'static str)]) -> Option<f64> {
        let headers = headers.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect::<HeaderMap>();
        // Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110's own example.
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
        retry_after(&headers, now).map(|d| d.as_secs_f64())
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(asked(&[("retry-after", "120")]), Some(120.0));
        assert_eq!(asked(&[("retry-after", "0.25")]), Some(0.25));
        assert_eq!(asked(&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")]), Some(30.0));
        assert_eq!(asked(&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")]), Some(0.0));
        assert_eq!(asked(&[("retry-after", "7"), ("retry-after-ms", "1500")]), Some(1.5));
    }

    #[test]
    fn nonsense_is_no_wish() {
        assert_eq!(asked(&[]), None);
        assert_eq!(asked(&[("retry-after", "soon")]), None);
        assert_eq!(asked(&[("retry-after", "-3")]), None);
        assert_eq!(asked(&[("retry-after", "1e300")]), None);
    }

    #[test]
    fn a_budget_with_nothing_left_says_when_it_is_full_again() {
        let left = ("x-ratelimit-remaining-requests", "0");
        assert_eq!(asked(&[left, ("x-ratelimit-reset-requests", "6m0.5s")]), Some(360.5));
        assert_eq!(asked(&[left, ("x-ratelimit-reset-requests", "120ms")]), Some(0.12));
        assert_eq!(asked(&[left, ("x-ratelimit-reset-requests", "x")]), None);
        let some = ("x-ratelimit-remaining-tokens", "12");
        assert_eq!(asked(&[some, ("x-ratelimit-reset-tokens", "6m0s")]), None);
    }
}
