//! A checkpoint's own chat template, rendered as `transformers` renders it.
//!
//! Jinja with `trim_blocks`, `lstrip_blocks`, Python's string methods, `raise_exception` and a `tojson` that
//! escapes no HTML. `strftime_now` is there only where the caller gives the time: a prompt that changes with the day
//! would change the call without changing what was asked for. Templates that look for it first fall back to a date of
//! their own.

use std::fmt::Write;

use chrono::NaiveDateTime;
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
    dated: bool,
}

impl ChatTemplate {
    /// Compiles `source`; the two tokens are what the template sees as `bos_token` and `eos_token`, and `now` is the time
    /// that `strftime_now` writes.
    pub fn new(
        source: &str,
        bos_token: Option<String>,
        eos_token: Option<String>,
        now: Option<NaiveDateTime>,
    ) -> Result<Self> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(broken)?;
        environment.set_syntax(syntax);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", raise_exception);
        environment.add_filter("tojson", to_json);
        let dated = now.is_some() && source.contains("strftime_now");
        if let Some(now) = now {
            environment.add_function("strftime_now", move |format: String| strftime(now, &format));
        }
        environment.add_template_owned(NAME, without_generation(source)).map_err(broken)?;
        Ok(Self { environment, bos_token, eos_token, dated })
    }

    /// Whether its text may depend on the time that was given.
    pub fn is_dated(&self) -> bool {
        self.dated
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

fn strftime(now: NaiveDateTime, format: &str) -> std::result::Result<String, minijinja::Error> {
    let mut text = String::new();
    write!(text, "{}", now.format(format)).map_err(|_| {
        minijinja::Error::new(ErrorKind::InvalidOperation, format!("strftime_now: {format:?} is no format"))
    })?;
    Ok(text)
}

/// `{% generation %}` marks what training is to learn from. It changes no text, and only `transformers` knows it; a
/// block that is always taken says the same, with the same rules for the space around it.
fn without_generation(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find("{%") {
        let (before, tag) = rest.split_at(start);
        text.push_str(before);
        let end = tag.find("%}").map_or(tag.len(), |at| at + 2);
        let (tag, after) = tag.split_at(end);
        let name = tag.trim_start_matches("{%").trim_end_matches("%}").trim_matches(['-', '+']).trim();
        text.push_str(&match name {
            "generation" => tag.replace("generation", "if true"),
            "endgeneration" => tag.replace("endgeneration", "endif"),
            _ => tag.to_owned(),
        });
        rest = after;
    }
    text + rest
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
        ChatTemplate::new(source, Some("<s>".into()), None, None)?
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

    #[test]
    fn the_day_is_what_the_caller_says() {
        let now = chrono::NaiveDate::from_ymd_opt(2025, 3, 9).and_then(|day| day.and_hms_opt(7, 5, 0));
        let source = "{{ strftime_now('%d %b %Y') }}";
        let template = ChatTemplate::new(source, None, None, now).unwrap();
        assert!(template.is_dated());
        assert_eq!(template.render(&[Message::new("user", "a")], &Map::new()).unwrap(), "09 Mar 2025");
        let error = render(source).unwrap_err();
        assert!(error.message().contains("strftime_now"), "{error}");
    }

    #[test]
    fn marks_for_training_leave_no_trace() {
        let source = "{% for m in messages %}\n  {%- generation -%} {{ m.content }}\n{% endgeneration %}\n{% endfor %}";
        assert_eq!(render(source).unwrap(), "a < b & \"c\"\n");
    }

    /// Constructs that templates on the hub use.
    #[test]
    fn python_in_templates_works() {
        for (source, expected) in [
            ("{{ 'a,b'.split(',')[-1] }}", "b"),
            ("{{ ' a\n'.strip() }}|{{ '\n\na'.lstrip('\n') }}", "a|a"),
            ("{% for x in [1, 2, 3][::-1] %}{{ x }}{% endfor %}", "321"),
            ("{{ [1, 2, 3][:-1] }}", "[1, 2]"),
            ("{% set ns = namespace(a=1) %}{% for x in [2, 3] %}{% set ns.a = ns.a + x %}{% endfor %}{{ ns.a }}", "6"),
            ("{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% endfor %}", "a1"),
            ("{{ messages[0].get('name', 'none') }}", "none"),
            ("{{ messages[0]['content'].startswith('a') }}", "True"),
            ("{{ messages | selectattr('role', 'equalto', 'user') | list | length }}", "1"),
            ("{% for x in [1, 2, 3] %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "13"),
            ("{% macro f(x) %}<{{ x }}>{% endmacro %}{{ f('a') }}", "<a>"),
            ("{{ none }}|{{ true }}|{{ 1.0 }}|{{ ['a'] }}", "None|True|1.0|['a']"),
            ("{{ 'a' ~ 1 ~ 'b' }}{{ 'a' + 'b' }}", "a1bab"),
            ("{{ 'ab'.upper() }}{{ 'a-b' | replace('-', '+') }}{{ 'a' in 'ab' }}", "ABa+bTrue"),
        ] {
            assert_eq!(render(source).unwrap(), expected, "{source}");
        }
    }
}
