//! Notices an answer that was there before.
//!
//! HTTP/1 tells answers apart only by their order on a connection. A server or proxy that sends one twice can make the second
//! copy look like the answer to the next request, and a row would get its neighbour's text. Answers carry an `id`; one that
//! another call has taken already is not this call's. Embeddings carry none: there the same numbers for other texts are a copy.

use std::{
    collections::{HashMap, VecDeque, hash_map::DefaultHasher},
    hash::{Hash, Hasher},
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

/// The last answers.
#[derive(Default)]
pub(super) struct Seen(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Per id, what the answer held and what had been asked.
    known: HashMap<String, (u64, u64)>,
    order: VecDeque<String>,
    /// The server uses an id for different answers, so that ids say nothing.
    ids_repeat: bool,
}

/// Copies come soon after the original.
const KEPT: usize = 4096;

impl Seen {
    /// Whether `answer`, which came when `asked` was sent, was here before; from now on it was.
    pub fn again(&self, answer: &Value, asked: &Value) -> bool {
        let (content, question) = (digest(&[&answer["choices"], &answer["data"]]), digest(&[asked]));
        let id = answer["id"].as_str().filter(|id| !id.is_empty());
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = match id {
            Some(_) if inner.ids_repeat => return false,
            Some(id) => id.to_owned(),
            None => format!("\0{content:x}"),
        };
        match (inner.known.get(&key).copied(), id) {
            (Some((known, _)), Some(_)) if known == content => return true,
            (Some(_), Some(_)) => {
                *inner = Inner { ids_repeat: true, ..Inner::default() };
                return false;
            }
            // Equal texts have equal embeddings.
            (Some((_, before)), None) => return before != question,
            (None, _) => {}
        }
        if inner.order.len() == KEPT
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.known.remove(&oldest);
        }
        inner.known.insert(key.clone(), (content, question));
        inner.order.push_back(key);
        false
    }
}

fn digest(values: &[&Value]) -> u64 {
    let mut hasher = DefaultHasher::new();
    values.iter().for_each(|value| value.to_string().hash(&mut hasher));
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_copy_is_noticed_and_a_new_id_is_not() {
        let seen = Seen::default();
        let first = json!({"id": "a", "choices": [1]});
        assert!(!seen.again(&first, &json!("p")));
        assert!(seen.again(&first, &json!("q")));
        assert!(!seen.again(&json!({"id": "b", "choices": [1]}), &json!("q")));
    }

    #[test]
    fn embeddings_of_other_texts_are_other_numbers() {
        let seen = Seen::default();
        let first = json!({"data": [{"embedding": [0.5]}]});
        assert!(!seen.again(&first, &json!(["a"])));
        assert!(!seen.again(&first, &json!(["a"])));
        assert!(seen.again(&first, &json!(["b"])));
    }

    #[test]
    fn ids_that_are_used_twice_say_nothing() {
        let seen = Seen::default();
        for i in 0..3 {
            assert!(!seen.again(&json!({"id": "0", "choices": [i]}), &json!(i)));
        }
        assert!(!seen.again(&json!({"id": "0", "choices": [2]}), &json!(9)));
    }

    #[test]
    fn memory_is_bounded() {
        let seen = Seen::default();
        for i in 0..3 * KEPT {
            seen.again(&json!({"id": i.to_string()}), &json!(i));
        }
        assert_eq!(seen.0.lock().unwrap().known.len(), KEPT);
    }
}
