//! An output into thinking and response.
//!
//! A reasoning model writes `<think>…</think>` and then its response, but a chat template may
//! already have written the opening tag, a model may never close it, and a model may not think at
//! all. Each case is told apart here, so that a trace that ran out of tokens (`closed` is false) is
//! not mistaken for a response.

use super::trim;

pub(super) const OPEN: &str = "<think>";
pub(super) const CLOSE: &str = "</think>";

/// The two parts of an output. Both are trimmed; an empty part is `Some("")`, a missing one is
/// `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split<'a> {
    /// What the model thought. `None` where the output never opens and never closes the tag.
    pub thinking: Option<&'a str>,
    /// What the model said. `None` where the thinking was never closed.
    pub response: Option<&'a str>,
    /// False exactly where thinking was begun and not closed.
    pub closed: bool,
}

/// Splits `output` at the first `</think>`.
///
/// What stands before it is the thinking, without a `<think>` at its start. Without `</think>`, an
/// output that contains `<think>` is all thinking, and any other is all response. A `<think>` in
/// mid-text stays, so nothing is lost.
pub fn split(output: &str) -> Split<'_> {
    match output.split_once(CLOSE) {
        Some((thinking, response)) => {
            Split { thinking: Some(unopened(thinking)), response: Some(trim(response)), closed: true }
        }
        None if output.contains(OPEN) => Split { thinking: Some(unopened(output)), response: None, closed: false },
        None => Split { thinking: None, response: Some(trim(output)), closed: true },
    }
}

fn unopened(text: &str) -> &str {
    let text = trim(text);
    text.strip_prefix(OPEN).map_or(text, trim)
}

#[cfg(test)]
mod tests {
    use super::{Split, split};

    fn parts<'a>(thinking: Option<&'a str>, response: Option<&'a str>, closed: bool) -> Split<'a> {
        Split { thinking, response, closed }
    }

    #[test]
    fn the_opening_tag_is_optional() {
        let expected = parts(Some("hm"), Some("4"), true);
        assert_eq!(split("<think>\nhm\n</think>\n\n4"), expected);
        assert_eq!(split("hm\n</think>\n\n4\n"), expected);
        assert_eq!(split(" \n<think>hm</think>4"), expected);
    }

    #[test]
    fn thinking_that_is_never_closed_has_no_response() {
        assert_eq!(split("<think>\nতাহলে"), parts(Some("তাহলে"), None, false));
        assert_eq!(split("well <think> hm"), parts(Some("well <think> hm"), None, false));
    }

    #[test]
    fn an_output_without_tags_is_all_response() {
        assert_eq!(split(" 答案是 4。\n"), parts(None, Some("答案是 4。"), true));
        assert_eq!(split(""), parts(None, Some(""), true));
    }

    #[test]
    fn empty_thinking_is_not_missing_thinking() {
        assert_eq!(split("<think>\n\n</think>\n\n4"), parts(Some(""), Some("4"), true));
        assert_eq!(split("</think>"), parts(Some(""), Some(""), true));
    }

    #[test]
    fn only_the_first_closing_tag_counts() {
        assert_eq!(split("<think>a</think>b</think>c"), parts(Some("a"), Some("b</think>c"), true));
    }
}
