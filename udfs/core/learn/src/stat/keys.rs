//! Texts as small numbers.

use std::collections::HashMap;
use std::sync::Arc;

/// Distinct texts, numbered as they came.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    codes: HashMap<Arc<str>, u32>,
    names: Vec<Arc<str>>,
}

impl Keys {
    /// The number of `name`, which is the next one where it is new. Beyond 2³² texts, the last.
    pub fn code(&mut self, name: &str) -> u32 {
        if let Some(code) = self.codes.get(name) {
            return *code;
        }
        let code = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        let name: Arc<str> = name.into();
        self.codes.insert(Arc::clone(&name), code);
        self.names.push(name);
        code
    }

    /// The texts by number.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(AsRef::as_ref)
    }

    /// The place of each number in the order of the texts, which does not depend on how they came.
    pub fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<usize> = (0..self.names.len()).collect();
        order.sort_unstable_by(|a, b| self.names[*a].cmp(&self.names[*b]));
        let mut ranks = vec![0; order.len()];
        for (rank, code) in order.into_iter().enumerate() {
            ranks[code] = u32::try_from(rank).unwrap_or(u32::MAX);
        }
        ranks
    }

    /// Bytes on the heap, about.
    pub fn size(&self) -> usize {
        self.names.iter().map(|name| name.len() + 80).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::Keys;

    #[test]
    fn ranks_do_not_depend_on_arrival() {
        let mut keys = Keys::default();
        let codes: Vec<u32> = ["q2", "q10", "q2", "q1"].iter().map(|name| keys.code(name)).collect();
        assert_eq!(codes, [0, 1, 0, 2]);
        assert_eq!(keys.ranks(), [2, 1, 0]);
        assert_eq!(keys.names().collect::<Vec<_>>(), ["q2", "q10", "q1"]);
    }
}
