//! What kind of values a column of a text file holds: the smallest kind into which all values seen so far fit.
//!
//! ```text
//! Null ⊂ everything        Int ⊂ Float        Date ⊂ Timestamp
//! Int ⊂ BigInt: integers beyond 64 bits; alone they become text, which keeps their digits, among floats they are floats
//! List ∪ List and Struct ∪ Struct unite inside; any other two kinds unite to Text
//! ```
//!
//! A Text column that met lists or objects holds their JSON; strings stand in it as they are, without quotes.

use std::collections::HashMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};

/// An object with more distinct keys than this is a dictionary, not a record: it is read as JSON text.
const MOST_KEYS: usize = 512;

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Kind {
    #[default]
    Null,
    Bool,
    Int,
    BigInt,
    Float,
    Date,
    Timestamp,
    /// With an offset from UTC in the text.
    Instant,
    Text,
    List(Box<Kind>),
    Struct(Keys),
}

/// Names in the order in which they were first seen, with the kinds of their values.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Keys {
    pub entries: Vec<(String, Kind)>,
    index: HashMap<String, usize>,
}

impl Keys {
    pub fn entry(&mut self, name: &str) -> &mut Kind {
        let at = match self.index.get(name) {
            Some(at) => *at,
            None => {
                self.index.insert(name.to_owned(), self.entries.len());
                self.entries.push((name.to_owned(), Kind::Null));
                self.entries.len() - 1
            }
        };
        &mut self.entries[at].1
    }

    /// Unites by name.
    pub fn add(&mut self, other: Keys) {
        for (name, kind) in other.entries {
            self.entry(&name).add(kind);
        }
    }
}

impl Kind {
    /// Widens so that values of `other` fit too.
    pub fn add(&mut self, other: Kind) {
        if *self == other || other == Kind::Null {
            return;
        }
        let old = std::mem::take(self);
        *self = match (old, other) {
            (Kind::Null, other) => other,
            (Kind::Int | Kind::BigInt | Kind::Float, Kind::Float) | (Kind::Float, Kind::Int | Kind::BigInt) => {
                Kind::Float
            }
            (Kind::Int, Kind::BigInt) | (Kind::BigInt, Kind::Int) => Kind::BigInt,
            (Kind::Date, Kind::Timestamp) | (Kind::Timestamp, Kind::Date) => Kind::Timestamp,
            (Kind::List(mut mine), Kind::List(theirs)) => {
                mine.add(*theirs);
                Kind::List(mine)
            }
            (Kind::Struct(mut mine), Kind::Struct(theirs)) => {
                mine.add(theirs);
                Kind::Struct(mine)
            }
            _ => Kind::Text,
        }
    }

    /// The Arrow type. Columns of text are views: concatenating gigabytes of traces must not overflow 32-bit offsets.
    pub fn data_type(&self, inside: bool) -> DataType {
        match self {
            // A column of nothing but NULL is text, so that it can be written to any table.
            Kind::Null | Kind::BigInt | Kind::Text if inside => DataType::Utf8,
            Kind::Null | Kind::BigInt | Kind::Text => DataType::Utf8View,
            Kind::Bool => DataType::Boolean,
            Kind::Int => DataType::Int64,
            Kind::Float => DataType::Float64,
            Kind::Date => DataType::Date32,
            Kind::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, None),
            Kind::Instant => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Kind::List(item) => DataType::List(Arc::new(Field::new("item", item.data_type(true), true))),
            // An object without keys has no columns to hold it.
            Kind::Struct(keys) if (keys.entries.is_empty() || keys.entries.len() > MOST_KEYS) && inside => {
                DataType::Utf8
            }
            Kind::Struct(keys) if keys.entries.is_empty() || keys.entries.len() > MOST_KEYS => DataType::Utf8View,
            Kind::Struct(keys) => DataType::Struct(keys.fields(true)),
        }
    }
}

impl Keys {
    pub fn fields(&self, inside: bool) -> Fields {
        self.entries.iter().map(|(name, kind)| Field::new(name, kind.data_type(inside), true)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn united(kinds: impl IntoIterator<Item = Kind>) -> Kind {
        let mut all = Kind::Null;
        kinds.into_iter().for_each(|kind| all.add(kind));
        all
    }

    #[test]
    fn numbers_widen_and_everything_else_becomes_text() {
        assert_eq!(united([Kind::Null, Kind::Int, Kind::Null]), Kind::Int);
        assert_eq!(united([Kind::Int, Kind::Float, Kind::Int]), Kind::Float);
        assert_eq!(united([Kind::Int, Kind::BigInt]).data_type(false), DataType::Utf8View);
        assert_eq!(united([Kind::BigInt, Kind::Float]), Kind::Float);
        assert_eq!(united([Kind::Date, Kind::Timestamp]), Kind::Timestamp);
        for other in [Kind::Text, Kind::Bool, Kind::Date, Kind::List(Box::default())] {
            assert_eq!(united([Kind::Int, other.clone()]), Kind::Text, "{other:?}");
            assert_eq!(united([other.clone(), Kind::Int]), Kind::Text, "{other:?}");
        }
    }

    #[test]
    fn an_empty_list_fits_any_list() {
        let ints = Kind::List(Box::new(Kind::Int));
        assert_eq!(united([Kind::List(Box::default()), ints.clone()]), ints);
    }

    #[test]
    fn structs_unite_by_name_in_the_order_of_first_sight() {
        let mut a = Keys::default();
        a.entry("x").add(Kind::Int);
        let mut b = Keys::default();
        b.entry("y").add(Kind::Text);
        b.entry("x").add(Kind::Float);
        a.add(b);
        assert_eq!(a.entries, [("x".to_owned(), Kind::Float), ("y".to_owned(), Kind::Text)]);
    }
}
