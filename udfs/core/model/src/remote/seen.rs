//! Notices an answer that was there before.
//!
//! HTTP/1 tells answers apart only by their order on a connection. A server or proxy that sends one twice can make the second
//! copy look like the answer to the next request, and a row would get its neighbour's text. Answers carry an `id`; one that
//! another call has taken already is not this call's.

use std::{
    collections::{HashMap, VecDeque, hash_map::DefaultHasher},
    hash::Hasher,
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

/// The last ids, each with a digest of its content.
#[derive(Default)]
pub(super) struct Seen(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    known: HashMap<String, u64>,
    order: VecDeque<String>,
    /// The server uses an id for different answers, so that ids say nothing.
    meaningless: bool,
}

/// Copies come soon after the original.
const KEPT: usize = 4096;

impl Seen {
    /// Whether `answer` was here before; from now on it was.
    pub fn again(&self, answer: &Value) -> bool {
        let Some(id) = answer["id"].as_str().filter(|id| !id.is_empty()) else { return false };
        let mut hasher = DefaultHasher::new();
        hasher.write(answer["choices"].to_string().as_bytes());
        let digest = hasher.finish();
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.meaningless {
            return false;
        }
        match inner.known.get(id) {
            Some(&known) if known == digest => return true,
            Some(_) => {
                *inner = Inner { meaningless: true, ..Inner::default() };
                return false;
            }
            None => {}
        }
        if inner.order.len() == KEPT
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.known.remove(&oldest);
        }
        inner.known.insert(id.to_owned(), digest);
        inner.order.push_back(id.to_owned());
        false
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_copy_is_noticed_and_a_new_id_is_not() {
        let seen = Seen::default();
        let first = json!({"id": "a", "choices": [1]});
        assert!(!seen.again(&first));
        assert!(seen.again(&first));
        assert!(!seen.again(&json!({"id": "b", "choices": [1]})));
        assert!(!seen.again(&json!({"choices": [1]})));
    }

    #[test]
    fn ids_that_are_used_twice_say_nothing() {
        let seen = Seen::default();
        for i in 0..3 {
            assert!(!seen.again(&json!({"id": "0", "choices": [i]})));
        }
        assert!(!seen.again(&json!({"id": "0", "choices": [2]})));
    }

    #[test]
    fn memory_is_bounded() {
        let seen = Seen::default();
        for i in 0..3 * KEPT {
            seen.again(&json!({"id": i.to_string()}));
        }
        assert_eq!(seen.0.lock().unwrap().known.len(), KEPT);
    }
}
