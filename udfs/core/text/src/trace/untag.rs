//! Think tags out of a trace before it is cut into steps.
//!
//! The tag is the model's envelope, not a step. The four spellings go one after the other, the ones
//! with their line break first, because a tag on its own line would otherwise leave an empty line
//! that splits a paragraph in two.

use std::borrow::Cow;

const TAGS: [&str; 4] = ["<think>\n", "\n</think>", "<think>", "</think>"];

/// `trace` without `<think>` and `</think>`; borrowed where there is neither.
pub(super) fn untag(trace: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(trace);
    for tag in TAGS {
        if text.contains(tag) {
            text = Cow::Owned(text.replace(tag, ""));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::untag;

    #[test]
    fn a_tag_takes_its_own_line_break_with_it() {
        assert_eq!(untag("<think>\na\n\nb\n</think>\nc"), "a\n\nb\nc");
        assert_eq!(untag("a<think>b</think>c"), "abc");
        assert_eq!(untag("nothing"), "nothing");
    }
}
