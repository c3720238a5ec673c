//! The prompts between which V-information is measured (Ki et al. 2026, section on V-information, and their code).

use crate::trace::steps_paragraph;

/// The question, with the trace as thinking where there is one; the answer is what continues it.
///
/// Raw text for a model without its chat template, as published:
/// `Please answer the following question.\n\nQuestion: …\n\n<think>\n…\n</think>\n\nAnswer: `, or the same without the thinking.
pub fn v_information(question: &str, trace: Option<&str>) -> String {
    let thinking = trace.map_or_else(String::new, |trace| format!("<think>\n{trace}\n</think>\n\n"));
    format!("Please answer the following question.\n\nQuestion: {question}\n\n{thinking}Answer: ")
}

/// [`v_information`] as the published code fills it: the trace as its paragraphs, one a line.
pub fn v_information_ki2026(question: &str, trace: Option<&str>) -> String {
    let trace = trace.map(|trace| steps_paragraph(trace).join("\n"));
    v_information(question, trace.as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_prompts_differ_in_the_thinking_only() {
        let without = v_information("৬ × ৩?", None);
        assert_eq!(without, "Please answer the following question.\n\nQuestion: ৬ × ৩?\n\nAnswer: ");
        let with = v_information("৬ × ৩?", Some("a\n\nb"));
        assert_eq!(with.replace("<think>\na\n\nb\n</think>\n\n", ""), without);
        assert!(v_information_ki2026("q", Some("a\n\nb")).contains("<think>\na\nb\n</think>"));
    }
}
