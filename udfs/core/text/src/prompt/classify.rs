//! The prompt that asks for one label of a text.

/// Asks which of `labels` fits `text`; `instruction` says what to judge, where "Classify the text." does not.
///
/// The labels stand in double quotes, and the reply is asked for in the same form ([`label_as_reply`]): with the closing
/// quote no label is the beginning of another one, so that the probabilities of two of them can be compared.
pub fn classify<S: AsRef<str>>(text: &str, labels: &[S], instruction: Option<&str>) -> String {
    let instruction = instruction.unwrap_or("Classify the text.");
    let labels: Vec<_> = labels.iter().map(|label| label_as_reply(label.as_ref())).collect();
    format!(
        "{instruction}\n\nText:\n{text}\n\nLabels: {}\n\nReply with the label that fits best, in double quotes as it stands \
         above, and with nothing else.",
        labels.join(", ")
    )
}

/// The reply that means `label`.
pub fn label_as_reply(label: &str) -> String {
    format!("\"{label}\"")
}

#[cfg(test)]
mod tests {
    use super::classify;

    #[test]
    fn the_prompt_is_the_documented_one() {
        assert_eq!(
            classify("ดีมาก", &["good", "bad"], None),
            "Classify the text.\n\nText:\nดีมาก\n\nLabels: \"good\", \"bad\"\n\nReply with the label that fits best, in double \
             quotes as it stands above, and with nothing else."
        );
        assert!(classify("x", &["a"], Some("Which step is it?")).starts_with("Which step is it?\n\nText:\nx\n"));
    }
}
