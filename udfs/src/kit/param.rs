//! What a function takes: names, kinds, and which may be left out.

use super::suggest;
use datafusion_expr::{Signature, TypeSignature, Volatility};
use std::fmt;

/// One parameter. A function's list of them is a constant, from which signature, checks, hints and reference are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Param {
    /// As it is written in `name => value`.
    pub name: &'static str,
    /// What values it takes.
    pub kind: Kind,
    /// What its absence and its NULL mean.
    pub presence: Presence,
}

/// What values a parameter takes. Every Arrow form of a kind will do: text is Utf8, LargeUtf8, Utf8View or a dictionary of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text.
    Text,
    /// A list of texts; a NULL among them is left out.
    Texts,
    /// A text, or a list of texts.
    TextOrTexts,
    /// One of these texts, exactly.
    Choice(&'static [&'static str]),
    /// A whole number; a floating-point value will do where it is whole.
    Bigint,
    /// A number.
    Double,
    /// True or false.
    Boolean,
    /// True or false, or 1 or 0.
    Truth,
    /// A number, or true or false, which count as 1 and 0.
    Measure,
    /// What tells groups apart: text, a number, a truth value, a date.
    Key,
    /// A list of numbers.
    Doubles,
    /// Named numbers, as a record, or a list of numbers; truth values count as 1 and 0.
    Features,
    /// What `logit_fit` returns.
    Fit,
    /// An annotation: LIST<STRUCT<tags LIST<TEXT>, depends_on LIST<BIGINT>>>.
    Annotation,
    /// A list of texts or a list of whole numbers.
    Sequence,
    /// A table of verdicts: LIST<STRUCT<step BIGINT, depends_on BIGINT, label TEXT>>.
    Verdicts,
}

/// What a parameter's absence and its NULL mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Presence {
    /// It must be given, and NULL gives NULL.
    Required,
    /// It must be given, and the function knows what NULL means.
    Nullable,
    /// It may be left out, and NULL means the same: the default.
    Optional,
}

impl Param {
    /// A parameter that must be given; NULL gives NULL.
    pub const fn required(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, presence: Presence::Required }
    }

    /// A parameter that must be given and may be NULL.
    pub const fn nullable(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, presence: Presence::Nullable }
    }

    /// A parameter that may be left out; NULL means left out.
    pub const fn optional(name: &'static str, kind: Kind) -> Self {
        Self { name, kind, presence: Presence::Optional }
    }

    /// Whether a call may leave it out.
    pub const fn is_optional(&self) -> bool {
        matches!(self.presence, Presence::Optional)
    }
}

impl Kind {
    /// The kind as an SQL type, for the reference: `TEXT`, `LIST<TEXT>`, `BIGINT` …
    pub fn sql_type(self) -> &'static str {
        match self {
            Self::Text | Self::Choice(_) => "TEXT",
            Self::Texts => "LIST<TEXT>",
            Self::TextOrTexts => "TEXT or LIST<TEXT>",
            Self::Bigint => "BIGINT",
            Self::Double => "DOUBLE",
            Self::Boolean => "BOOLEAN",
            Self::Truth => "BOOLEAN or 0/1",
            Self::Measure => "DOUBLE or BOOLEAN",
            Self::Key => "any",
            Self::Doubles => "LIST<DOUBLE>",
            Self::Features => "STRUCT of DOUBLE or LIST<DOUBLE>",
            Self::Fit => "STRUCT",
            Self::Annotation => "LIST<STRUCT<tags LIST<TEXT>, depends_on LIST<BIGINT>>>",
            Self::Sequence => "LIST<TEXT> or LIST<BIGINT>",
            Self::Verdicts => "LIST<STRUCT<step BIGINT, depends_on BIGINT, label TEXT>>",
        }
    }

    /// Why `value` is none of the choices, if it is none: the end of the sentence, and the hint.
    pub(super) fn refusal(self, value: &str) -> Option<(String, String)> {
        let Self::Choice(choices) = self else { return None };
        if choices.contains(&value) {
            return None;
        }
        let hint = match suggest(value, choices.iter().copied()) {
            Some(meant) => format!("did you mean '{meant}'?"),
            None => "leave it out for the default".to_owned(),
        };
        Some((format!("must be {self}, got '{value}'"), hint))
    }
}

/// The kind in words, as in "must be text".
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Texts => f.write_str("a list of text"),
            Self::TextOrTexts => f.write_str("text or a list of text"),
            Self::Choice(choices) => {
                for (i, choice) in choices.iter().enumerate() {
                    let separator = match i {
                        0 => "",
                        _ if i + 1 == choices.len() => " or ",
                        _ => ", ",
                    };
                    write!(f, "{separator}'{choice}'")?;
                }
                Ok(())
            }
            Self::Bigint => f.write_str("a whole number"),
            Self::Double => f.write_str("a number"),
            Self::Boolean => f.write_str("true or false"),
            Self::Truth => f.write_str("true or false, or 0 or 1"),
            Self::Measure => f.write_str("a number, or true or false"),
            Self::Key => f.write_str("text, a number, a truth value or a date"),
            Self::Doubles => f.write_str("a list of numbers"),
            Self::Features => f.write_str("a record of numbers or a list of numbers"),
            Self::Fit => f.write_str("a fit of logit_fit"),
            Self::Annotation => f.write_str("an annotation"),
            Self::Sequence => f.write_str("a list of text or of whole numbers"),
            Self::Verdicts => f.write_str("a list of verdicts"),
        }
    }
}

/// DataFusion's signature: any types, which [`super::check_types`] then judges, and the names for `name => value`.
pub fn signature(params: &[Param], volatility: Volatility) -> Signature {
    Signature {
        type_signature: TypeSignature::UserDefined,
        volatility,
        parameter_names: Some(params.iter().map(|param| param.name.to_owned()).collect()),
    }
}

/// The call as the documentation writes it: `math_boxed(text [, compat])`.
pub fn syntax(function: &str, params: &[Param]) -> String {
    format!("{function}({})", parameter_list(params))
}

/// `text [, compat]`: the optional ones, which stand last, in brackets.
pub(super) fn parameter_list(params: &[Param]) -> String {
    let mut list = String::new();
    let mut is_open = false;
    for (i, param) in params.iter().enumerate() {
        if param.is_optional() && !is_open {
            is_open = true;
            list.push_str(if i == 0 { "[" } else { " [, " });
        } else if i > 0 {
            list.push_str(", ");
        }
        list.push_str(param.name);
    }
    if is_open {
        list.push(']');
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn optional_parameters_stand_in_brackets() {
        let params = [
            Param::required("trace", Kind::Text),
            Param::optional("mode", Kind::Text),
            Param::optional("markers", Kind::Texts),
        ];
        assert_eq!(syntax("trace_steps", &params), "trace_steps(trace [, mode, markers])");
        assert_eq!(syntax("f", &params[..1]), "f(trace)");
        assert_eq!(syntax("f", &params[1..]), "f([mode, markers])");
    }

    #[test]
    fn a_wrong_choice_lists_the_right_ones() {
        let kind = Kind::Choice(&["a", "bcd", "e"]);
        let (what, hint) = kind.refusal("bce").unwrap_or_default();
        assert_eq!(what, "must be 'a', 'bcd' or 'e', got 'bce'");
        assert_eq!(hint, "did you mean 'bcd'?");
        assert_eq!(kind.refusal("a"), None);
    }
}
