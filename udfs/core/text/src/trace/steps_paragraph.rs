//! A trace into steps at its blank lines.
//!
//! Reasoning models separate their steps by an empty line in every language, so this is the unit
//! that compares across languages. It is also the published segmentation ("agnostic"), which it
//! equals: think tags go first, the cut is at each `"\n\n"` from the left, and a blank line that
//! holds a blank, or `"\r\n\r\n"`, is none.

use super::{trim, untag};

/// The non-empty paragraphs of `trace`, trimmed, in order; none for a blank trace.
pub fn steps_paragraph(trace: &str) -> Vec<String> {
    untag(trace).split("\n\n").map(trim).filter(|step| !step.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::steps_paragraph;

    #[test]
    fn blank_lines_separate_and_single_breaks_do_not() {
        assert_eq!(steps_paragraph("একটি\n\nदो\nतीन\n\n\n\n四"), ["একটি", "दो\nतीन", "四"]);
    }

    #[test]
    fn windows_line_ends_do_not_separate() {
        assert_eq!(steps_paragraph("a\r\n\r\nb"), ["a\r\n\r\nb"]);
    }

    #[test]
    fn tags_are_no_step() {
        assert_eq!(steps_paragraph("<think>\n\na\n\nb\n</think>"), ["a", "b"]);
        assert!(steps_paragraph("<think>\n\n</think>").is_empty());
        assert!(steps_paragraph("").is_empty());
    }
}
