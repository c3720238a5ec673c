//! The prompt that asks for a translation.

/// Asks for `text` in `language`, an English name.
///
/// In English whatever the two languages are, as translators are mostly trained and measured.
pub fn translate(text: &str, language: &str) -> String {
    format!(
        "Translate the text below into {language}. Keep every number in digits and every formula as it is. Reply with the \
         translation only, without quotes, notes or explanations.\n\nText:\n{text}"
    )
}
