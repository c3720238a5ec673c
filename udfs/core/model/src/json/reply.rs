//! The JSON in a reply, whatever stands around it.

use serde_json::{Deserializer, Value};

/// The JSON values of `reply`, the last one first: the whole reply where it is one, else each object and array in it that
/// is complete and lies in no other.
///
/// Models write prose and code fences around what they were asked for, and think aloud in front of it; what they mean
/// is what they say last. Keys keep their order.
pub fn values(reply: &str) -> Vec<Value> {
    if let Ok(whole) = serde_json::from_str(reply.trim()) {
        return vec![whole];
    }
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = reply[at..].find(['{', '[']).map(|i| at + i) {
        let mut stream = Deserializer::from_str(&reply[start..]).into_iter();
        at = start + 1;
        if let Some(Ok(value)) = stream.next() {
            found.push(value);
            at = start + stream.byte_offset();
        }
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::values;

    fn last(reply: &str) -> Option<String> {
        values(reply).first().map(ToString::to_string)
    }

    #[test]
    fn prose_and_fences_around_it_do_not_matter() {
        for reply in [
            "{\"z\": 1, \"a\": [true, \"ตอบ }\"]}",
            "Here you are:\n```json\n{\"z\": 1,\n \"a\": [true, \"ตอบ }\"]}\n```\nAnything else?",
            "First [1], then {\"x\": 0}. No: {\"z\":1,\"a\":[true,\"ตอบ }\"]} ",
            "{\"broken\": {\"z\": 1, \"a\": [true, \"ตอบ }\"]}",
        ] {
            assert_eq!(last(reply).as_deref(), Some("{\"z\":1,\"a\":[true,\"ตอบ }\"]}"), "{reply}");
        }
    }

    #[test]
    fn a_scalar_counts_where_it_is_the_whole_reply() {
        assert_eq!(last(" 18\n").as_deref(), Some("18"));
        assert_eq!(last("null").as_deref(), Some("null"));
        assert_eq!(last("it is 18"), None);
    }

    #[test]
    fn what_is_never_closed_is_no_value() {
        assert_eq!(last(""), None);
        assert_eq!(last("{\"a\": 1"), None);
        assert!(values(&"[".repeat(2_000)).is_empty());
    }
}
