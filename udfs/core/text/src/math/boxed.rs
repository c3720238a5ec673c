//! The content of the last `\boxed{…}`: models correct themselves, so the last box is the answer.

/// The content, trimmed, of the last box of `text` by start position.
///
/// A box is `\boxed{…}` or `\fbox{…}` with balanced braces, where `\` escapes the next character and blanks may stand
/// before the brace; or `\boxed 5` without braces, which holds the run of characters that are neither blank nor one of
/// `$ \ { }`, less the punctuation at its end. A box whose brace never closes holds nothing. Boxes may nest. One pass.
///
/// ```
/// use glotrace_text::math::boxed;
/// assert_eq!(boxed(r"\boxed{7} no, \boxed{\frac{1}{2}}"), Some(r"\frac{1}{2}"));
/// assert_eq!(boxed(r"$\boxed 18$."), Some("18"));
/// assert_eq!(boxed(r"\boxed{18"), None);
/// ```
pub fn boxed(text: &str) -> Option<&str> {
    last_box(text).map(|(_, content)| content)
}

/// The last box as its start position and content.
pub(crate) fn last_box(text: &str) -> Option<(usize, &str)> {
    let bytes = text.as_bytes();
    let mut i = [r"\boxed", r"\fbox"].into_iter().filter_map(|command| text.find(command)).min()?;
    // Open braces; those of a box remember where its command starts and where its content does.
    let mut open: Vec<Option<(usize, usize)>> = Vec::new();
    let mut best: Option<(usize, &str)> = None;
    let mut keep = |start: usize, content| {
        if best.is_none_or(|(previous, _)| start > previous) {
            best = Some((start, content));
        }
    };
    while i < bytes.len() {
        match bytes[i] {
            b'\\' => {
                let Some(width) = command_width(&text[i..]) else {
                    // An escape, but not the first half of `\\boxed`, which double-escaped output contains.
                    let doubled = bytes.get(i + 1) == Some(&b'\\') && command_width(&text[i + 1..]).is_some();
                    i += if doubled { 1 } else { 2 };
                    continue;
                };
                let rest = &text[i + width..];
                let after = text.len() - rest.trim_start().len();
                if bytes.get(after) == Some(&b'{') {
                    open.push(Some((i, after + 1)));
                    i = after + 1;
                } else {
                    let run = &text[after..];
                    let end = run
                        .find(|c: char| c.is_whitespace() || matches!(c, '$' | '\\' | '{' | '}'))
                        .unwrap_or(run.len());
                    let content = run[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', '。']);
                    if !content.is_empty() {
                        keep(i, content);
                    }
                    i = after;
                }
            }
            b'{' => {
                open.push(None);
                i += 1;
            }
            b'}' => {
                if let Some(Some((start, from))) = open.pop() {
                    keep(start, text[from..i].trim());
                }
                i += 1;
            }
            _ => i += 1,
        }
    }
    best
}

/// The length of a box command at the start of `text`.
fn command_width(text: &str) -> Option<usize> {
    let width = [r"\boxed", r"\fbox"].into_iter().find(|command| text.starts_with(command))?.len();
    // `\boxedsep` is another command.
    (!text[width..].starts_with(|c: char| c.is_ascii_alphabetic())).then_some(width)
}

/// Where the first box that never closes starts, if no later box closes: what stands there is an answer cut off.
pub(crate) fn unclosed_box(text: &str) -> Option<usize> {
    let after = last_box(text).map_or(0, |(start, _)| start + 1);
    [r"\boxed", r"\fbox"].into_iter().filter_map(|command| text[after..].find(command)).min().map(|at| after + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_box_wins_and_braces_nest() {
        assert_eq!(boxed(r"\boxed{33\text{ рублей}}"), Some(r"33\text{ рублей}"));
        assert_eq!(boxed(r"\boxed{1} \boxed { 2 }"), Some("2"));
        assert_eq!(boxed(r"\boxed{a \boxed{b}}"), Some("b"));
        assert_eq!(boxed(r"\fbox{737}"), Some("737"));
    }

    #[test]
    fn an_escaped_brace_is_not_a_brace() {
        assert_eq!(boxed(r"\boxed{\{1, 2\}}"), Some(r"\{1, 2\}"));
        assert_eq!(boxed(r"\\boxed{5}"), Some("5"));
    }

    #[test]
    fn an_unclosed_box_is_skipped() {
        assert_eq!(boxed(r"\boxed{4} \boxed{5"), Some("4"));
        assert_eq!(boxed(r"\boxed{"), None);
        assert_eq!(boxed(""), None);
        assert_eq!(unclosed_box(r"\boxed{4} so \boxed{5"), Some(13));
        assert_eq!(unclosed_box(r"\boxed{4}"), None);
    }

    #[test]
    fn a_box_without_braces_holds_one_word() {
        assert_eq!(boxed(r"\boxed 18."), Some("18"));
        assert_eq!(boxed(r"\boxed5"), Some("5"));
        assert_eq!(boxed(r"\boxedsep 5"), None);
    }

    #[test]
    fn many_unclosed_boxes_take_linear_time() {
        assert_eq!(boxed(&r"\boxed{".repeat(200_000)), None);
        assert_eq!(boxed(&r"\boxed ".repeat(20_000)), None);
    }
}
