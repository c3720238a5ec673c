//! The prompt that asks for JSON.

/// `prompt`, and that the reply be JSON of this schema.
pub fn json(prompt: &str, schema: &str) -> String {
    format!("{prompt}\n\nReply with JSON that satisfies this JSON schema, and with nothing else:\n{schema}")
}
