//! Telling an output's thinking from its response.

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// An output in two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thinking {
    /// What was thought, without the tags; `None` where nothing was.
    pub thinking: Option<String>,
    /// What follows; `None` where the thinking was never closed.
    pub response: Option<String>,
}

/// Splits `text` at its first `</think>`.
///
/// The opening tag is optional, since templates often end the prompt with it; `opened` says that this one
/// did, which tells thinking that ran out of tokens from a plain answer. White space around a part does not
/// belong to it.
pub fn split(text: &str, opened: bool) -> Thinking {
    let thought = |s: &str| {
        let s = s.trim();
        Some(s.strip_prefix(OPEN).map_or(s, str::trim).to_owned())
    };
    let said = |s: &str| Some(s.trim().to_owned());
    match text.split_once(CLOSE) {
        Some((thinking, response)) => Thinking { thinking: thought(thinking), response: said(response) },
        None if opened || text.contains(OPEN) => Thinking { thinking: thought(text), response: None },
        None => Thinking { thinking: None, response: said(text) },
    }
}

/// Whether `prompt` ends with thinking that the completion has to close.
pub fn is_open(prompt: &str) -> bool {
    prompt.trim_end().ends_with(OPEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str, opened: bool) -> (Option<String>, Option<String>) {
        let Thinking { thinking, response } = split(text, opened);
        (thinking, response)
    }

    fn some(s: &str) -> Option<String> {
        Some(s.to_owned())
    }

    #[test]
    fn the_opening_tag_is_optional() {
        let expected = (some("two and two"), some("4"));
        assert_eq!(parts("<think>\ntwo and two\n</think>\n\n4", false), expected);
        assert_eq!(parts("two and two</think>4", true), expected);
        assert_eq!(parts("two and two</think>4", false), expected);
    }

    #[test]
    fn thinking_that_is_never_closed_leaves_no_response() {
        assert_eq!(parts("<think>২ আর ২", false), (some("২ আর ২"), None));
        assert_eq!(parts("২ আর ২", true), (some("২ আর ২"), None));
    }

    #[test]
    fn an_output_without_tags_is_a_response() {
        assert_eq!(parts("答えは4です", false), (None, some("答えは4です")));
        assert_eq!(parts("", false), (None, some("")));
    }

    #[test]
    fn only_the_first_closing_tag_counts() {
        assert_eq!(parts("a</think>b</think>c", false), (some("a"), some("b</think>c")));
    }

    #[test]
    fn a_prompt_that_ends_in_the_opening_tag_is_open() {
        assert!(is_open("<|Assistant|><think>\n"));
        assert!(!is_open("<|im_start|>assistant\n<think>\n\n</think>\n\n"));
    }
}
