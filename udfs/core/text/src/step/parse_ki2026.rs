//! An annotator's reply as the published code of Ki et al. (2026) reads it.
//!
//! That code reads a reply twice: for tags it cuts out everything between the first and the last brace and mends trailing
//! commas; for validity and utility it takes off the first and the last line of a fenced reply and mends nothing. Its
//! results then depend on the order of the entries, on entries that are of no step, on ids written as numbers, and on where
//! it raises an exception. An annotation of [`parse_ki2026`] keeps as much as the results depend on, by marks that are no
//! tags and ids that are no steps, and the functions whose names end in `ki2026` understand them.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::{AnnotatedStep, Tag};

/// Which of the two scripts reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// `feature/4_validity_utility.py` and `feature/3_struct_alignment.py`: the features of the regressions.
    Feature,
    /// `steer/2_selection.py`: the features of the test-time selection, which reads ids and missing fields otherwise.
    Steer,
}

/// A dependency on what is no entry, on which [`Script::Feature`] raises.
pub(super) const NO_ENTRY: i64 = -1;

/// A dependency whose id is written as a number and not as text: `NUMBER - id`. [`Script::Feature`] follows it and does not
/// count it.
pub(super) const NUMBER: i64 = -2;

/// The annotation in `raw` as the published code reads it: one element a step, behind them one an entry that is of no step.
///
/// - A step without an entry is `None`.
/// - Tags are only those that are spelled exactly; a step always has at least one, [`Tag::Unknown`] where it has none.
/// - [`Tag::NoStep`] comes first in an entry that is of no step, [`Tag::Unreadable`] in one on which the code raises, and
///   [`Tag::NotFinal`] follows where another entry is the final step, which is the first in the order of the reply.
/// - `depends_on` is `None` where the code raises for utility and not for validity. An id below 0 is one on which it raises or
///   that it does not count: −1 and −2 − id for [`Script::Feature`]; for [`Script::Steer`], which raises on none, one number
///   for each that is of no entry.
/// - A reply of which it can use nothing is an annotation without elements.
pub fn parse_ki2026(raw: &str, n_steps: usize, script: Script) -> Vec<Option<AnnotatedStep>> {
    let (tagged, graph) = (for_tags(raw), for_utility(raw));
    let mut steps = vec![None; if tagged.is_some() { n_steps } else { 0 }];
    if let Some(entries) = &tagged {
        for (i, step) in steps.iter_mut().enumerate() {
            *step = entries.get(&i.to_string()).map(|entry| AnnotatedStep { tags: tags(entry), depends_on: None });
        }
    }
    match &graph {
        Some(entries) => add_graph(&mut steps, entries, n_steps, script),
        // Neither validity nor utility can be had, and both are then 0.
        None => steps.iter_mut().flatten().for_each(|step| step.depends_on = raises(script)),
    }
    if steps.is_empty() && n_steps == 0 {
        // What tells a trace without steps from a reply without use.
        steps.push(Some(AnnotatedStep { tags: vec![Tag::NoStep], depends_on: raises(script) }));
    }
    steps
}

/// Dependencies on which the script raises.
fn raises(script: Script) -> Option<Vec<i64>> {
    match script {
        Script::Feature => Some(vec![NO_ENTRY]),
        Script::Steer => None,
    }
}

fn add_graph(steps: &mut Vec<Option<AnnotatedStep>>, entries: &Map<String, Value>, n_steps: usize, script: Script) {
    // Where each key stands in the annotation.
    let mut places: HashMap<&str, i64> = HashMap::new();
    let is_step = |key: &str| key.parse::<usize>().is_ok_and(|id| id < n_steps && id.to_string() == key);
    let mut places_of_others = steps.len() as i64..;
    for key in entries.keys() {
        let place = if !steps.is_empty() && is_step(key) { key.parse().ok() } else { places_of_others.next() };
        places.extend(place.map(|place| (key.as_str(), place)));
    }
    let mut ids = Ids { places, n_steps: steps.len(), unknown: HashMap::new(), script };
    let chosen = final_key(entries);
    for (key, entry) in entries {
        let depends_on = ids.dependencies(entry);
        let is_final = chosen == Some(key);
        match ids.place(key).and_then(|place| steps.get_mut(place)) {
            Some(step) => {
                let step = step.get_or_insert_default();
                step.depends_on = depends_on;
                mark_final(&mut step.tags, is_final);
            }
            None => {
                let mut tags = vec![Tag::NoStep];
                if is_final {
                    tags.push(Tag::FinalAnswerEmission);
                }
                steps.push(Some(AnnotatedStep { tags, depends_on }));
            }
        }
    }
}

/// Sees to it that the first tag stays and that the final step is the one that the published code takes.
fn mark_final(tags: &mut Vec<Tag>, is_final: bool) {
    let says_final = tags.contains(&Tag::FinalAnswerEmission);
    if is_final && !says_final {
        tags.push(Tag::FinalAnswerEmission);
    }
    if !is_final && says_final {
        tags.push(Tag::NotFinal);
    }
}

/// The key of the first entry with the tag of the final answer; `None` also where an entry before it cannot be read.
fn final_key(entries: &Map<String, Value>) -> Option<&String> {
    const FINAL: &str = "final_answer_emission";
    for (key, entry) in entries {
        let holds = match entry.as_object()?.get("function_tags") {
            None => false,
            Some(Value::Array(tags)) => tags.iter().any(|tag| tag == FINAL),
            // `in` on a text looks for a part of it, on an object for a key; on the rest it raises.
            Some(Value::String(text)) => text.contains(FINAL),
            Some(Value::Object(fields)) => fields.contains_key(FINAL),
            Some(_) => return None,
        };
        if holds {
            // An empty key counts as none.
            return Some(key).filter(|key| !key.is_empty());
        }
    }
    None
}

/// What the published code takes for the tags of an entry: the first one decides.
fn tags(entry: &Value) -> Vec<Tag> {
    let Some(fields) = entry.as_object() else { return vec![Tag::Unreadable] };
    match fields.get("function_tags") {
        Some(Value::Array(tags)) if tags.is_empty() => vec![Tag::Unknown],
        Some(Value::Array(tags)) if tags[0].is_array() || tags[0].is_object() => vec![Tag::Unreadable],
        Some(Value::Array(tags)) => tags.iter().map(exact).collect(),
        // The first letter of a text is its first tag.
        None | Some(Value::Null | Value::Bool(false) | Value::String(_)) => vec![Tag::Unknown],
        Some(Value::Object(fields)) if fields.is_empty() => vec![Tag::Unknown],
        Some(Value::Number(number)) if number.as_f64() == Some(0.0) => vec![Tag::Unknown],
        Some(_) => vec![Tag::Unreadable],
    }
}

fn exact(tag: &Value) -> Tag {
    tag.as_str().and_then(Tag::named).filter(|tag| tag.function().is_some()).unwrap_or(Tag::Unknown)
}

/// Keys of entries → places in the annotation.
struct Ids<'a> {
    places: HashMap<&'a str, i64>,
    /// How many elements of the annotation are steps.
    n_steps: usize,
    /// For [`Script::Steer`]: each key that is of no entry, and the number that stands for it.
    unknown: HashMap<String, i64>,
    script: Script,
}

impl Ids<'_> {
    fn place(&self, key: &str) -> Option<usize> {
        self.places.get(key).and_then(|&place| usize::try_from(place).ok())
    }

    /// What the dependencies of an entry become.
    fn dependencies(&mut self, entry: &Value) -> Option<Vec<i64>> {
        let Some(fields) = entry.as_object() else { return raises(self.script) };
        match (fields.get("depends_on"), self.script) {
            (None, Script::Feature) => None,
            (None, Script::Steer) => Some(Vec::new()),
            (Some(Value::Array(ids)), _) => Some(ids.iter().map(|id| self.dependency(id)).collect()),
            // A text is read letter by letter, of an object the keys.
            (Some(Value::String(text)), _) => Some(text.chars().map(|c| self.text(&c.to_string())).collect()),
            (Some(Value::Object(fields)), _) => Some(fields.keys().map(|key| self.text(key)).collect()),
            // What is false counts as none for validity; a loop over it raises.
            (Some(Value::Null | Value::Bool(false)), _) => None,
            (Some(Value::Number(number)), _) if number.as_f64() == Some(0.0) => None,
            (Some(_), script) => raises(script),
        }
    }

    fn dependency(&mut self, id: &Value) -> i64 {
        match id {
            Value::String(text) => self.text(text),
            Value::Number(number) if !number.is_f64() => {
                let place = self.text(&number.to_string());
                if self.script == Script::Feature && place >= 0 { NUMBER - place } else { place }
            }
            // Python writes 1.0 and True, which is the key of no entry; a list cannot be a key.
            other => self.unknown(&other.to_string()),
        }
    }

    fn text(&mut self, key: &str) -> i64 {
        if let Some(&place) = self.places.get(key) {
            return place;
        }
        // For validity a step needs no entry; for utility its place, where there is none, raises.
        match key.parse::<usize>() {
            Ok(id) if id < self.n_steps && id.to_string() == key => id as i64,
            _ => self.unknown(key),
        }
    }

    fn unknown(&mut self, key: &str) -> i64 {
        match self.script {
            Script::Feature => NO_ENTRY,
            Script::Steer => {
                let next = -1 - self.unknown.len() as i64;
                *self.unknown.entry(key.to_owned()).or_insert(next)
            }
        }
    }
}

/// The entries as `3_struct_alignment.py` and `get_distribution.py` read them.
fn for_tags(raw: &str) -> Option<Map<String, Value>> {
    static MENDS: LazyLock<Option<[Regex; 2]>> =
        LazyLock::new(|| Some([Regex::new(r",\s*\}").ok()?, Regex::new(r",\s*\]").ok()?]));
    let text = crate::trace::trim(raw);
    let text = text
        .strip_prefix("```")
        .map_or(text, |rest| rest.strip_prefix("json").or_else(|| rest.strip_prefix("JSON")).unwrap_or(rest));
    let text = crate::trace::trim(text.strip_suffix("```").unwrap_or(text));
    let (from, to) = (text.find('{')?, text.rfind('}')?);
    let text = text.get(from..=to)?;
    let value = serde_json::from_str(text).or_else(|error| {
        let Some([brace, bracket]) = &*MENDS else { return Err(error) };
        serde_json::from_str(&bracket.replace_all(&brace.replace_all(text, "}"), "]"))
    });
    // What begins with a brace is an object.
    value.ok()
}

/// The entries as `4_validity_utility.py` reads them.
fn for_utility(raw: &str) -> Option<Map<String, Value>> {
    let text = crate::trace::trim(raw);
    if !text.starts_with("```") {
        return serde_json::from_str(text).ok();
    }
    let lines: Vec<_> = lines(text);
    let inner = lines.get(1..lines.len().saturating_sub(1)).unwrap_or_default();
    serde_json::from_str(&inner.join("\n")).ok()
}

/// Python's `str.splitlines`.
fn lines(text: &str) -> Vec<&str> {
    let is_break = |c: char| {
        matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}')
    };
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(is_break) {
        lines.push(&rest[..at]);
        let width =
            if rest[at..].starts_with("\r\n") { 2 } else { rest[at..].chars().next().map_or(1, char::len_utf8) };
        rest = &rest[at + width..];
    }
    if !rest.is_empty() {
        lines.push(rest);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str, n_steps: usize, script: Script) -> String {
        let show = |step: &Option<AnnotatedStep>| match step {
            None => "-".to_owned(),
            Some(step) => {
                let tags: Vec<_> = step.tags.iter().map(|tag| tag.name()).collect();
                format!("{}{:?}", tags.join("+"), step.depends_on)
            }
        };
        parse_ki2026(raw, n_steps, script).iter().map(show).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn ids_are_kept_as_they_were_written() {
        let raw = r#"{"1": {"function_tags": ["final_answer_emission"], "depends_on": ["0", 0, "", 7, 1.0]},
                      "x": {"function_tags": ["final_answer_emission"], "depends_on": ["1"]},
                      "0": {"function_tags": ["Plan"]}}"#;
        assert_eq!(
            shown(raw, 3, Script::Feature),
            "unknownNone final_answer_emissionSome([0, -2, -1, -1, -1]) - no_stepSome([1])"
        );
        assert_eq!(
            shown(raw, 3, Script::Steer),
            "unknownSome([]) final_answer_emissionSome([0, 0, -1, -2, -3]) - no_stepSome([1])"
        );
    }

    #[test]
    fn the_final_step_is_the_first_in_the_order_of_the_reply() {
        let raw = r#"{"9": {"function_tags": ["final_answer_emission"], "depends_on": []},
                      "0": {"function_tags": ["final_answer_emission"], "depends_on": []},
                      "1": {"function_tags": "final_answer_emission", "depends_on": "10"}}"#;
        assert_eq!(
            shown(raw, 2, Script::Feature),
            "final_answer_emission+not_finalSome([]) unknownSome([1, 0]) no_step+final_answer_emissionSome([])"
        );
    }

    #[test]
    fn what_cannot_be_used_is_empty() {
        for raw in ["", "no", "[]", "{\"0\": {}"] {
            assert_eq!(shown(raw, 3, Script::Feature), "");
        }
        assert_eq!(shown("", 0, Script::Feature), "no_stepSome([-1])");
    }

    #[test]
    fn mended_commas_help_the_tags_and_not_the_graph() {
        let raw = r#"{"0": {"function_tags": ["self_checking",], "depends_on": []}}"#;
        assert_eq!(shown(raw, 1, Script::Feature), "self_checkingSome([-1])");
        assert_eq!(shown(raw, 1, Script::Steer), "self_checkingNone");
    }

    #[test]
    fn lines_break_as_in_python() {
        assert_eq!(lines("a\r\nb\u{2028}\n\rc\n"), ["a", "b", "", "", "c"]);
        assert!(lines("").is_empty());
    }
}
