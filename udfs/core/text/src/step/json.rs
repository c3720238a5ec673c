//! The JSON in an annotator's reply, however badly it is written.

use serde_json::{Map, Value};

/// An object of a reply and the id under which it stood there.
#[derive(Debug, PartialEq)]
pub(super) struct Entry {
    pub id: Value,
    pub fields: Map<String, Value>,
}

/// Why a reply holds no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    /// Not a bracket that opens a value.
    NoJson,
    /// JSON, but no object in an object or array.
    NoEntries,
}

/// The entries of a reply: of its first JSON value that has one, else the complete ones of the first value that breaks off.
///
/// What stands in the first code fence is looked through before the whole. A byte order mark, trailing commas, and prose
/// around the value do not matter.
pub(super) fn entries(reply: &str) -> Result<Vec<Entry>, Nothing> {
    let reply = reply.strip_prefix('\u{feff}').unwrap_or(reply);
    let regions: Vec<_> = fenced(reply).into_iter().chain([reply]).collect();
    let complete = regions.iter().find_map(|region| first_complete(region));
    let found = complete.or_else(|| regions.iter().find_map(|region| first_broken_off(region)));
    found.ok_or(if reply.contains(['{', '[']) { Nothing::NoEntries } else { Nothing::NoJson })
}

/// What stands in the first fence, without its info word.
fn fenced(reply: &str) -> Option<&str> {
    let (_, inside) = reply.split_once("```")?;
    let inside = inside.split_once("```").map_or(inside, |(inside, _)| inside);
    let inside = inside.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '+' | '.'));
    Some(inside.trim_start())
}

/// What a search may read, in bytes a byte of text: a reply of nothing but opening brackets is looked through in
/// linear time all the same.
const PATIENCE: usize = 64;

fn first_complete(region: &str) -> Option<Vec<Entry>> {
    let mut patience = PATIENCE * region.len();
    for (at, _) in region.match_indices(['{', '[']) {
        let end = close(&region[at..]);
        patience = patience.checked_sub(end.unwrap_or(region.len() - at))?;
        let Some(value) = end.and_then(|end| decode(&region[at..at + end])) else { continue };
        let found = entries_of(value);
        if !found.is_empty() {
            return Some(found);
        }
    }
    None
}

fn first_broken_off(region: &str) -> Option<Vec<Entry>> {
    let mut patience = PATIENCE * region.len();
    for (at, bracket) in region.match_indices(['{', '[']) {
        let Some(end) = close(&region[at..]) else {
            let found = complete_entries(&region[at + 1..], bracket == "{");
            return (!found.is_empty()).then_some(found);
        };
        patience = patience.checked_sub(end)?;
    }
    None
}

/// The length of the value that `text` begins with: up to the bracket that closes its first one.
fn close(text: &str) -> Option<usize> {
    let mut open = Vec::new();
    let mut in_string = false;
    let mut escaped = false;
    for (i, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' => {
                if open.pop() != Some(byte) {
                    return None;
                }
                if open.is_empty() {
                    return Some(i + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn decode(text: &str) -> Option<Value> {
    serde_json::from_str(text).or_else(|_| serde_json::from_str(&without_trailing_commas(text))).ok()
}

/// Without the commas in front of closing brackets, outside of strings.
fn without_trailing_commas(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut in_string = false;
    let mut escaped = false;
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            ',' if !in_string && text[i + 1..].trim_start().starts_with(['}', ']']) => continue,
            _ => {}
        }
        kept.push(c);
    }
    kept
}

/// Of an object the pairs whose value is an object; of an array the elements that are objects, with their place as id.
fn entries_of(value: Value) -> Vec<Entry> {
    let object = |(id, value)| match value {
        Value::Object(fields) => Some(Entry { id, fields }),
        _ => None,
    };
    match value {
        Value::Object(pairs) => {
            pairs.into_iter().map(|(key, value)| (Value::from(key), value)).filter_map(object).collect()
        }
        Value::Array(items) => {
            items.into_iter().enumerate().map(|(place, item)| (Value::from(place), item)).filter_map(object).collect()
        }
        _ => Vec::new(),
    }
}

/// The entries of an object or array that breaks off, up to the first that is incomplete; `text` begins behind its bracket.
fn complete_entries(mut text: &str, is_object: bool) -> Vec<Entry> {
    let mut found: Vec<(Value, Value)> = Vec::new();
    for place in 0.. {
        text = text.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        let id = if is_object {
            let Some((key, rest)) = value(text) else { break };
            let (true, Some(rest)) = (key.is_string(), rest.trim_start().strip_prefix(':')) else { break };
            text = rest.trim_start();
            key
        } else {
            Value::from(place)
        };
        let Some((item, rest)) = value(text) else { break };
        text = rest;
        // A number or word at the very end may be the beginning of a longer one.
        if rest.is_empty() && !(item.is_object() || item.is_array() || item.is_string()) {
            break;
        }
        found.push((id, item));
    }
    // Of a repeated key the last value counts, as in a complete object.
    found
        .into_iter()
        .filter_map(|(id, item)| match item {
            Value::Object(fields) => Some(Entry { id, fields }),
            _ => None,
        })
        .collect()
}

/// The complete value at the start of `text`, and what follows it.
fn value(text: &str) -> Option<(Value, &str)> {
    if text.starts_with(['{', '[']) {
        let end = close(text)?;
        return Some((decode(&text[..end])?, &text[end..]));
    }
    let mut stream = serde_json::Deserializer::from_str(text).into_iter();
    let value = stream.next()?.ok()?;
    Some((value, &text[stream.byte_offset()..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(reply: &str) -> Vec<String> {
        entries(reply).unwrap_or_default().iter().map(|entry| entry.id.to_string()).collect()
    }

    #[test]
    fn what_stands_around_the_value_does_not_matter() {
        for reply in [
            r#"{"0": {}, "1": {}}"#,
            "\u{feff} {\"0\": {}, \"1\": {}}",
            "Here [1] it is {as asked}:\n```json\n{\"0\": {},\n \"1\": {},}\n```\nAnything else? {}",
            "```json{\"0\": {}, \"1\": {}}```",
            "```\n{\"0\": {}, \"1\": {}}",
            "คำตอบ {\"0\": {\"t\": [\"a}\", \"ข\\\"]\"],}, \"1\": {},} ครับ",
        ] {
            assert_eq!(ids(reply), ["\"0\"", "\"1\""], "{reply}");
        }
    }

    #[test]
    fn elements_of_an_array_have_their_place_as_id() {
        assert_eq!(ids(r#"[{"a": 1}, "x", {"b": 2}]"#), ["0", "2"]);
        assert_eq!(ids(r#"{"steps": [{"a": 1}, {"b": 2}]}"#), ["0", "1"]);
    }

    #[test]
    fn what_breaks_off_keeps_what_was_complete() {
        assert_eq!(ids(r#"{"0": {"t": ["a"],}, "1": {"t": []}, "2": {"t": ["b"#), ["\"0\"", "\"1\""]);
        assert_eq!(ids(r#"[{"t": []}, {"t": []}, {"t""#), ["0", "1"]);
        assert_eq!(ids(r#"{"0": {"#), Vec::<String>::new());
    }

    #[test]
    fn a_reply_without_entries_says_why() {
        assert_eq!(entries("I cannot."), Err(Nothing::NoJson));
        for reply in ["{}", "[]", "[1, 2]", r#"{"0": 1}"#, "{"] {
            assert_eq!(entries(reply), Err(Nothing::NoEntries), "{reply}");
        }
    }

    #[test]
    fn a_reply_of_brackets_is_read_in_linear_time() {
        for bracket in ["[", "{", "{[", "[]{"] {
            assert!(entries(&bracket.repeat(100_000)).is_err());
        }
    }
}
