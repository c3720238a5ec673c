//! An annotator's reply → annotation.

use serde_json::{Map, Value};

use super::json::{Entry, Nothing, entries};
use super::{AnnotatedStep, Tag};

/// Why a reply is no annotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unparsable {
    /// The trace has no steps.
    NoSteps,
    /// Nothing but blanks.
    Empty,
    /// No JSON in it: a refusal, or prose.
    NoJson,
    /// JSON without an object in it that could be a step.
    NoEntries,
    /// Objects, but none under the id of a step.
    NoStepIds,
}

impl Unparsable {
    /// The reason as one word, as tables keep it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoSteps => "no_steps",
            Self::Empty => "empty_reply",
            Self::NoJson => "no_json",
            Self::NoEntries => "no_entries",
            Self::NoStepIds => "no_step_ids",
        }
    }
}

/// The annotation in `raw` of a trace of `n_steps` steps: one element a step, `None` where the reply says nothing of it.
///
/// Lenient: a byte order mark, code fences, prose, trailing commas and a reply that breaks off do not matter; entries stand
/// in an object under their ids or in an array in order; ids are numbers or text, `"[3]"` too; a single tag or id needs no
/// list; tags are read by [`Tag::read`]. Of two entries with one id the last counts. Ids that are none, and dependencies on
/// the step itself, on later ones or said twice are dropped. Ids that count from 1 are not moved: which ones do cannot be told.
///
/// # Errors
/// [`Unparsable`] where nothing is usable.
pub fn parse(raw: &str, n_steps: usize) -> Result<Vec<Option<AnnotatedStep>>, Unparsable> {
    if n_steps == 0 {
        return Err(Unparsable::NoSteps);
    }
    if raw.trim_matches(|c: char| c == '\u{feff}' || c.is_whitespace()).is_empty() {
        return Err(Unparsable::Empty);
    }
    let entries = entries(raw).map_err(|nothing| match nothing {
        Nothing::NoJson => Unparsable::NoJson,
        Nothing::NoEntries => Unparsable::NoEntries,
    })?;
    let mut annotation = vec![None; n_steps];
    for Entry { id: key, fields } in entries {
        if let Some(id) = id(&key, n_steps) {
            annotation[id] = Some(step(&fields, id));
        }
    }
    if annotation.iter().all(Option::is_none) { Err(Unparsable::NoStepIds) } else { Ok(annotation) }
}

fn step(fields: &Map<String, Value>, id: usize) -> AnnotatedStep {
    // Both names are in use: the published prompt asks for the first, the column of a table has the second.
    let tags = fields.get("function_tags").or_else(|| fields.get("tags"));
    let tags = listed(tags).iter().filter_map(Value::as_str).filter(|text| !text.trim().is_empty()).map(Tag::read);
    let mut depends_on = Vec::new();
    for dependency in listed(fields.get("depends_on")) {
        if let Some(earlier) = self::id(dependency, id)
            && !depends_on.contains(&(earlier as i64))
        {
            depends_on.push(earlier as i64);
        }
    }
    AnnotatedStep { tags: tags.collect(), depends_on: Some(depends_on) }
}

/// The elements of a list; a single value is a list of one, nothing and null are none.
fn listed(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items,
        Some(single) => std::slice::from_ref(single),
    }
}

/// The id that `value` is, below `end`: a whole number, or digits as text, with blanks and one pair of brackets around them.
fn id(value: &Value, end: usize) -> Option<usize> {
    let id = match value {
        Value::Number(number) => match number.as_u64() {
            Some(id) => id,
            // 3.0 is 3. Beyond 2^53 there is no step anyway.
            None => number.as_f64().filter(|id| id.fract() == 0.0 && (0.0..9e15).contains(id))? as u64,
        },
        Value::String(text) => {
            let text = text.trim();
            let digits = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text).trim();
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            digits.parse().ok()?
        }
        _ => return None,
    };
    usize::try_from(id).ok().filter(|&id| id < end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::lend;
    use serde_json::json;

    fn shown(raw: &str, n_steps: usize) -> String {
        match parse(raw, n_steps) {
            Err(reason) => reason.name().to_owned(),
            Ok(annotation) => lend(&annotation)
                .iter()
                .map(|step| match step {
                    None => "-".to_owned(),
                    Some(step) => {
                        let tags: Vec<_> = step.tags.iter().map(|tag| tag.name()).collect();
                        format!("{}{:?}", tags.join("+"), step.depends_on.unwrap_or_default())
                    }
                })
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    #[test]
    fn tags_and_dependencies_are_read_in_any_form() {
        assert_eq!(
            shown(
                r#"{"0": {"function_tags": "Problem Setup", "depends_on": [""]},
                   "[1]": {"function_tags": ["", "other", "self-checking"], "depends_on": 0},
                   " 2 ": {"depends_on": ["[1]", 1, 1.0, " 0", "step 1", true, null, -1, 2, 3, "1.5"]}}"#,
                4
            ),
            "problem_setup[] unknown+self_checking[0] [1, 0] -"
        );
        assert_eq!(shown(r#"[{"tags": ["plan_generation"]}]"#, 1), "plan_generation[]");
    }

    #[test]
    fn the_last_entry_of_an_id_counts() {
        assert_eq!(
            shown(r#"{"0": {"function_tags": ["a"]}, " 0": {"function_tags": ["self_checking"]}}"#, 1),
            "self_checking[]"
        );
    }

    #[test]
    fn an_unusable_reply_says_why() {
        for (raw, n_steps, reason) in [
            (r#"{"0": {}}"#, 0, "no_steps"),
            ("", 2, "empty_reply"),
            ("\u{feff} \n", 2, "empty_reply"),
            ("ขออภัย", 2, "no_json"),
            ("[]", 2, "no_entries"),
            (r#"{"2": {}, "step 1": {}}"#, 2, "no_step_ids"),
        ] {
            assert_eq!(shown(raw, n_steps), reason, "{raw}");
        }
    }

    #[test]
    fn an_id_is_a_whole_number_in_range() {
        for (value, expected) in [
            (json!(3), Some(3)),
            (json!(3.0), Some(3)),
            (json!("03"), Some(3)),
            (json!("[ 3 ]"), Some(3)),
            (json!(3.5), None),
            (json!(-1), None),
            (json!(9), None),
            (json!(true), None),
            (json!("[[3]]"), None),
            (json!("٣"), None),
            (json!("99999999999999999999999"), None),
            (json!(1e300), None),
        ] {
            assert_eq!(id(&value, 9), expected, "{value}");
        }
    }
}
