//! The translation in a reply.

use super::{unfence, unquote};

/// `reply` without what models put around a translation: a code fence, quotes, a line before it that ends in a colon
/// ("Here is the translation:"), "Translation:" at its head, and notes below it. What the source has too, stays.
pub fn translation<'a>(source: &str, reply: &'a str) -> &'a str {
    let source = source.trim();
    let mut text = reply.trim();
    if !source.starts_with("```") {
        text = unfence(text);
    }
    text = without_preamble(source, text);
    text = without_note(source, text);
    if unquote(source).is_none() {
        text = unquote(text).unwrap_or(text);
    }
    text.trim()
}

fn ends_in_colon(line: &str) -> bool {
    line.trim_end().trim_end_matches("**").ends_with([':', '：'])
}

fn without_preamble<'a>(source: &str, text: &'a str) -> &'a str {
    let source_head = source.lines().next().unwrap_or_default();
    if let Some((head, rest)) = text.split_once('\n')
        && ends_in_colon(head)
        && !ends_in_colon(source_head)
        && !rest.trim().is_empty()
    {
        return rest.trim();
    }
    let is_head = |text: &str| text.get(..12).is_some_and(|head| head.eq_ignore_ascii_case("translation:"));
    if is_head(text) && !is_head(source) { text[12..].trim_start() } else { text }
}

/// Without the last paragraph, where it is a note in English that the source has not.
fn without_note<'a>(source: &str, text: &'a str) -> &'a str {
    match text.rsplit_once("\n\n") {
        Some((body, last)) if is_note(last) && !is_note(source.rsplit("\n\n").next().unwrap_or_default()) => {
            body.trim_end()
        }
        _ => text,
    }
}

fn is_note(paragraph: &str) -> bool {
    let start = paragraph.trim_start().trim_start_matches(['(', '*', '[']);
    start.starts_with("Note:") || start.starts_with("Note that") || start.starts_with("Translator")
}

#[cfg(test)]
mod tests {
    use super::translation;

    #[test]
    fn what_models_put_around_a_translation_is_taken_off() {
        for reply in [
            "Das Haus ist rot.",
            "  Das Haus ist rot.\n",
            "\"Das Haus ist rot.\"",
            "„Das Haus ist rot.“",
            "Here is the translation:\n\nDas Haus ist rot.",
            "**German translation:**\n\"Das Haus ist rot.\"",
            "Translation: Das Haus ist rot.",
            "```\nDas Haus ist rot.\n```",
            "Das Haus ist rot.\n\n(Note: literal.)",
        ] {
            assert_eq!(translation("The house is red.", reply), "Das Haus ist rot.", "{reply}");
        }
    }

    #[test]
    fn what_the_source_has_too_stays() {
        assert_eq!(translation("\"Stop!\"", "„Halt!“"), "„Halt!“");
        assert_eq!(translation("Given:\nx = 3", "Gegeben:\nx = 3"), "Gegeben:\nx = 3");
        assert_eq!(translation("x", "„A“ und „B“"), "„A“ und „B“");
        assert_eq!(translation("x", "ประโยค"), "ประโยค");
        assert_eq!(translation("x", ""), "");
    }
}
