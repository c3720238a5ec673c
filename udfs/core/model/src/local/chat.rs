//! A checkpoint's own chat template, rendered as `transformers` renders it.
//!
//! Jinja with `trim_blocks`, `lstrip_blocks`, Python's string methods, `raise_exception` and a `tojson` that
//! escapes no HTML. One thing is left out on purpose: `strftime_now`. A prompt that changes with the day
//! would change the call without changing what the caller asked for; templates that look for it fall back to
//! a date of their own.

use minijinja::{
    Environment, ErrorKind, Value,
    syntax::SyntaxConfig,
    value::{Kwargs, Serde},
};
use serde::Serialize;
use serde_json::{Map, ser::Formatter};

use crate::{Error, Kind, Result};

const NAME: &str = "chat template";

/// A compiled chat template.
pub struct ChatTemplate {
    environment: Environment<'static>,
    bos_token: Option<String>,
    eos_token: Option<String>,
}

impl ChatTemplate {
    /// Compiles `source`; the two tokens are what the template sees as `bos_token` and `eos_token`.
    pub fn new(source: &str, bos_token: Option<String>, eos_token: Option<String>) -> Result<Self> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(broken)?;
        environment.set_syntax(syntax);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        environment.add_filter("tojson", to_json);
        environment.add_template_owned(NAME, source.to_owned()).map_err(broken)?;
        Ok(Self { environment, bos_token, eos_token })
    }

    /// The text of `messages`, a list of objects with at least `role` and `content`; `variables` are further
    /// names that the template may look for, such as `add_generation_prompt` and `enable_thinking`.
    ///
    /// # Errors
    /// [`Kind::Refused`] where the template raises an exception, [`Kind::Model`] where it fails otherwise.
    pub fn render(&self, messages: &impl Serialize, variables: &Map<String, serde_json::Value>) -> Result<String> {
        let mut context: Vec<(&str, Value)> = vec![
            ("messages", Value::from(Serde(messages))),
            // `transformers` defines both, and templates ask `is not none`.
            ("tools", Value::from(())),
            ("documents", Value::from(())),
        ];
        let tokens = [("bos_token", &self.bos_token), ("eos_token", &self.eos_token)];
        context.extend(tokens.into_iter().filter_map(|(name, token)| Some((name, token.as_deref()?.into()))));
        context.extend(variables.iter().map(|(name, value)| (name.as_str(), Value::from(Serde(value)))));
        self.environment.get_template(NAME).and_then(|template| template.render(Value::from_pairs(context))).map_err(
            |e| match raised(&e) {
                Some(message) => {
                    Error::new(Kind::Refused, format!("the chat template refuses these messages: {message}"))
                }
                None => Error::new(Kind::Model, format!("the chat template failed: {}", describe(&e))),
            },
        )
    }
}

/// What a template raises is told from its other failures by this type, which only [`raise_exception`] makes.
#[derive(Debug)]
struct Raised(String);

impl std::fmt::Display for Raised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Raised {}

fn raise_exception(message: String) -> std::result::Result<Value, minijinja::Error> {
    Err(minijinja::Error::new(ErrorKind::InvalidOperation, "raised by the template").with_source(Raised(message)))
}

fn raised(error: &minijinja::Error) -> Option<&str> {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(Raised(message)) = cause.downcast_ref() {
            return Some(message);
        }
        source = cause.source();
    }
    None
}

/// Python's `json.dumps(value, ensure_ascii=False, indent=indent)`.
fn to_json(value: &Value, indent: Option<usize>, kwargs: Kwargs) -> std::result::Result<String, minijinja::Error> {
    let indent = match indent {
        Some(indent) => Some(indent),
        None => kwargs.get::<Option<usize>>("indent")?,
    };
    let mut out = Vec::new();
    let written = match indent {
        Some(n) => {
            let spaces = " ".repeat(n);
            let pretty = serde_json::ser::PrettyFormatter::with_indent(spaces.as_bytes());
            value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, pretty))
        }
        None => value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Spaced)),
    };
    let failed = |e: String| minijinja::Error::new(ErrorKind::InvalidOperation, format!("tojson: {e}"));
    written.map_err(|e| failed(e.to_string()))?;
    String::from_utf8(out).map_err(|e| failed(e.to_string()))
}

/// A space after each comma and colon, as Python writes them.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(&mut self, out: &mut W, first: bool) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        out.write_all(b": ")
    }
}

fn broken(error: minijinja::Error) -> Error {
    Error::new(Kind::Model, format!("the chat template cannot be compiled: {}", describe(&error)))
        .with_hint("raw => true sends the prompt without a template")
}

fn describe(error: &minijinja::Error) -> String {
    match error.line() {
        Some(line) => {
            format!("{} (line {line})", error.detail().map_or_else(|| error.kind().to_string(), str::to_owned))
        }
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Message;

    fn render(source: &str) -> Result<String> {
        ChatTemplate::new(source, Some("<s>".into()), None)?
            .render(&[Message::new("user", "a < b & \"c\"")], &Map::new())
    }

    #[test]
    fn json_is_written_as_python_writes_it() {
        assert_eq!(render("{{ messages[0] | tojson }}").unwrap(), r#"{"role": "user", "content": "a < b & \"c\""}"#);
        assert_eq!(render("{{ [1, 'é'] | tojson(indent=2) }}").unwrap(), "[\n  1,\n  \"é\"\n]");
    }

    #[test]
    fn what_a_template_raises_is_a_refusal_with_its_words() {
        let error = render("{{ raise_exception('Roles must alternate') }}").unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        assert!(error.message().ends_with("Roles must alternate"), "{error}");
    }

    #[test]
    fn a_template_that_cannot_be_compiled_says_where() {
        let error = render("{% if %}").unwrap_err();
        assert_eq!(error.kind(), Kind::Model);
        assert!(error.message().contains("line 1"), "{error}");
    }

    #[test]
    fn absent_tools_are_none_and_absent_tokens_are_empty() {
        assert_eq!(render("{{ bos_token }}{{ eos_token }}{% if tools is not none %}tools{% endif %}").unwrap(), "<s>");
    }

    #[test]
    fn the_day_does_not_change_a_prompt() {
        assert_eq!(render("{{ 'now' if strftime_now is defined else 'fixed' }}").unwrap(), "fixed");
    }
}
