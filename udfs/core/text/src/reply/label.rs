//! The label that a reply means.

use super::{unfence, unquote};

/// The place in `labels` of the one that `reply` is.
///
/// White space, quotes, emphasis, a code fence, `{"label": "…"}` and a full stop around the label do not matter; nor does
/// case, where only one label is equal without it. A reply that merely holds a label among other words is none of them.
pub fn label<S: AsRef<str>>(reply: &str, labels: &[S]) -> Option<usize> {
    let mut word = unfence(reply);
    loop {
        if let Some(at) = labels.iter().position(|label| label.as_ref().trim() == word) {
            return Some(at);
        }
        let inner = unwrap(word).trim();
        if inner.len() == word.len() {
            break;
        }
        word = inner;
    }
    let folded = word.to_lowercase();
    let mut near = labels.iter().enumerate().filter(|(_, label)| label.as_ref().trim().to_lowercase() == folded);
    match (near.next(), near.next()) {
        (Some((at, _)), None) => Some(at),
        _ => None,
    }
}

/// One layer of what models put around a label, or the same text where there is none.
fn unwrap(word: &str) -> &str {
    if let Some(inner) = object(word).or_else(|| unquote(word)) {
        return inner;
    }
    let emphasis = ["**", "*", "__"].into_iter().find_map(|mark| word.strip_prefix(mark)?.strip_suffix(mark));
    emphasis.or_else(|| word.strip_suffix(['.', '。', '।'])).unwrap_or(word)
}

/// `{"label": "x"}` → `"x"`.
fn object(word: &str) -> Option<&str> {
    let inside = word.strip_prefix('{')?.strip_suffix('}')?.trim();
    inside.strip_prefix("\"label\"")?.trim_start().strip_prefix(':').map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::label;

    const LABELS: [&str; 4] = ["good", "bad", "ดี", "good enough"];

    #[test]
    fn what_stands_around_a_label_does_not_matter() {
        for reply in
            ["good", " good\n", "\"good\"", "Good.", "**good**", "{\"label\": \"good\"}", "```\ngood\n```", "“GOOD”."]
        {
            assert_eq!(label(reply, &LABELS), Some(0), "{reply}");
        }
        assert_eq!(label("\"ดี\"", &LABELS), Some(2));
        assert_eq!(label("good enough", &LABELS), Some(3));
    }

    #[test]
    fn a_reply_that_is_not_a_label_is_none() {
        for reply in ["", "It is good", "good or bad", "goo", "{\"label\": 1}"] {
            assert_eq!(label(reply, &LABELS), None, "{reply}");
        }
    }

    #[test]
    fn case_decides_where_labels_differ_in_nothing_else() {
        assert_eq!(label("US", &["us", "US"]), Some(1));
        assert_eq!(label("Us", &["us", "US"]), None);
    }
}
