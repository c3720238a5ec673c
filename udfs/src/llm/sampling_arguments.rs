//! What the reference says of the arguments that `llm_generate` and `llm_complete` share, with the defaults that the core has.

use datafusion_expr::Documentation;
use glotrace_model::Params;

/// A page, with the arguments from `temperature` on.
pub(super) fn with_sampling_arguments(page: Option<&Documentation>) -> Option<Documentation> {
    let mut page = page?.clone();
    page.arguments.get_or_insert_default().extend(arguments());
    Some(page)
}

fn arguments() -> impl Iterator<Item = (String, String)> {
    let defaults = Params::default();
    let default = |value: String| format!("Default: {value}, unless the model's OPTIONS say otherwise.");
    [
        ("temperature", "0 to 100; 0 always takes the likeliest token.", default(defaults.temperature.to_string())),
        (
            "top_p",
            "Above 0, at most 1: keeps the likeliest tokens that together reach this probability; 1 keeps all.",
            default(defaults.top_p.to_string()),
        ),
        ("top_k", "Keeps the k likeliest tokens; 0 keeps all.", default(defaults.top_k.to_string())),
        (
            "min_p",
            "0 to 1: keeps the tokens at least this share as likely as the likeliest; 0 keeps all.",
            default(defaults.min_p.to_string()),
        ),
        (
            "max_tokens",
            "The longest reply in tokens of the model, 1 or more, thinking included.",
            default(defaults.max_tokens.to_string()),
        ),
        (
            "seed",
            "Makes sampling repeatable; each sample of a call has its own stream of chance.",
            default(defaults.seed.to_string()),
        ),
        (
            "stop",
            "A text, or a list of texts, that ends a reply. It is not part of the reply.",
            default("none".to_owned()),
        ),
        ("system", "The system's turn before the prompt.", "Default: that of the chat template.".to_owned()),
        (
            "enable_thinking",
            "Handed to the chat template of models that can think or not.",
            default("the template's".to_owned()),
        ),
        ("raw", "TRUE gives the model the prompt as it is, without its chat template.", "Default: FALSE.".to_owned()),
    ]
    .into_iter()
    .map(|(name, meaning, default)| (name.to_owned(), format!("{meaning} {default}")))
}
