//! The box as the first study cut it out (Ki, Duh, Carpuat): the first one, up to the first closing brace.

use std::sync::LazyLock;

use regex::Regex;

static FIRST: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\\boxed\{(.+?)\}").ok());

/// What `\\boxed\{(.+?)\}` captures first in `text`: at least one character, on one line, up to the first `}` after it.
///
/// So `\boxed{\frac{1}{2}}` gives `\frac{1`. The study removed `<think>\n` and `\n</think>` from the text before it
/// looked, and parsed the whole text where there was no box.
///
/// ```
/// assert_eq!(glotrace_text::math::boxed_first(r"\boxed{3} \boxed{\frac{1}{2}}"), Some("3"));
/// assert_eq!(glotrace_text::math::boxed_first(r"\boxed{\frac{1}{2}}"), Some(r"\frac{1"));
/// ```
pub fn boxed_first(text: &str) -> Option<&str> {
    FIRST.as_ref()?.captures(text)?.get(1).map(|found| found.as_str())
}
