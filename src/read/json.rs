//! The rows of a JSON file: what kinds of values they hold, and their values as columns.
//!
//! Both walk the text with serde and build nothing in between. A key that occurs twice in an object is an error: the
//! readers of the world disagree about which one counts.

use std::borrow::Cow;
use std::cell::RefCell;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::error::{Error, Result};

use super::column::{Column, Columns, Mismatch};
use super::json_values::JsonValues;
use super::kind::{Keys, Kind};

/// Adds the kinds of the current row to `keys`.
pub(super) fn infer(values: &JsonValues, keys: &mut Keys) -> Result<()> {
    parse(values, &RefCell::default(), RowKinds(keys))
}

/// Appends the current row to `columns`.
pub(super) fn decode(values: &JsonValues, columns: &mut Columns) -> Result<()> {
    let failure = RefCell::new(Failure::default());
    parse(values, &failure, Row { columns, failure: &failure })
}

/// What serde's errors cannot carry.
#[derive(Default)]
struct Failure {
    column: Option<String>,
    hint: Option<String>,
}

fn parse<'de, S: DeserializeSeed<'de, Value = ()>>(
    values: &'de JsonValues,
    failure: &RefCell<Failure>,
    seed: S,
) -> Result<()> {
    let text = values.value()?;
    let mut reader = serde_json::Deserializer::from_str(text);
    match seed.deserialize(&mut reader).and_then(|()| reader.end()) {
        Ok(()) => Ok(()),
        Err(error) => Err(describe(values, text, &error, &failure.borrow())),
    }
}

fn describe(values: &JsonValues, text: &str, error: &serde_json::Error, failure: &Failure) -> Error {
    let full = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let reason = full.strip_suffix(&place).unwrap_or(&full);
    // serde counts lines from 1 and bytes of a line from 1; it stands after what it did not like.
    let line_start = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum::<usize>();
    let offset = (line_start + error.column().saturating_sub(1)).min(text.len());
    let shown = &values.file().shown;
    let message = match (&failure.column, error.is_data()) {
        (Some(column), true) => format!("`{shown}`: column `{column}`: {reason}"),
        (None, true) => format!("`{shown}`: {reason}"),
        (_, false) => format!("malformed JSON in `{shown}`: {reason}"),
    };
    let described = values.error_at(message, offset);
    match &failure.hint {
        Some(hint) => described.with_hint(hint),
        None if error.is_data() => described,
        None if error.is_eof() => {
            described.with_hint("the line ends inside a value: the file may have been cut short while it was written")
        }
        None => described.with_hint("each line must hold one JSON object; mend or remove this one"),
    }
}

/// A key without a copy where it has no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, v: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(v.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

const NOT_AN_OBJECT: &str = "a row must be an object `{…}`";

// ── kinds ──────────────────────────────────────────────────────────────────────────────────────────────────────────

struct RowKinds<'a>(&'a mut Keys);

impl<'de> DeserializeSeed<'de> for RowKinds<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for RowKinds<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NOT_AN_OBJECT)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key()? {
            map.next_value_seed(OneKind(self.0.entry(&key)))?;
        }
        Ok(())
    }
    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Err(E::custom(format_args!("{NOT_AN_OBJECT}, found text")))
    }
}

struct OneKind<'a>(&'a mut Kind);

impl<'de> DeserializeSeed<'de> for OneKind<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for OneKind<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.0.add(Kind::Bool);
        Ok(())
    }
    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.0.add(Kind::Int);
        Ok(())
    }
    fn visit_u64<E>(self, v: u64) -> Result<(), E> {
        self.0.add(if i64::try_from(v).is_ok() { Kind::Int } else { Kind::BigInt });
        Ok(())
    }
    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.0.add(Kind::Float);
        Ok(())
    }
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.0.add(Kind::Text);
        Ok(())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        self.0.add(Kind::List(Box::default()));
        if let Kind::List(item) = self.0 {
            while seq.next_element_seed(OneKind(item))?.is_some() {}
        } else {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
        }
        Ok(())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        self.0.add(Kind::Struct(Keys::default()));
        if let Kind::Struct(keys) = self.0 {
            while let Some(Key(key)) = map.next_key()? {
                map.next_value_seed(OneKind(keys.entry(&key)))?;
            }
        } else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        }
        Ok(())
    }
}

// ── values ─────────────────────────────────────────────────────────────────────────────────────────────────────────

struct Row<'a> {
    columns: &'a mut Columns,
    failure: &'a RefCell<Failure>,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NOT_AN_OBJECT)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        fill(self.columns, map, Some(self.failure))
    }
    fn visit_str<E: de::Error>(self, _: &str) -> Result<(), E> {
        Err(E::custom(format_args!("{NOT_AN_OBJECT}, found text")))
    }
}

/// One object into one row of `columns`; keys that it lacks are NULL. The outermost object has a `failure` to tell which column it was.
fn fill<'de, A: MapAccess<'de>>(
    columns: &mut Columns,
    mut map: A,
    failure: Option<&RefCell<Failure>>,
) -> Result<(), A::Error> {
    let mut turn = 0;
    while let Some(Key(key)) = map.next_key()? {
        let Some(at) = columns.find(&key, turn) else {
            if columns.strict {
                if let Some(failure) = failure {
                    failure.borrow_mut().hint = Some(columns.advice.clone());
                }
                return Err(de::Error::custom(format_args!(
                    "the key `{key}` occurs here, but not in the rows from which the columns were inferred"
                )));
            }
            map.next_value::<IgnoredAny>()?;
            continue;
        };
        turn = at + 1;
        let rows = columns.rows;
        match columns.column(at) {
            None => {
                map.next_value::<IgnoredAny>()?;
            }
            Some(column) if column.len() > rows => {
                return Err(de::Error::custom(format_args!("the key `{key}` occurs twice in one object")));
            }
            Some(column) => {
                if let Err(error) = map.next_value_seed(Cell(column)) {
                    if let Some(failure) = failure {
                        let mut failure = failure.borrow_mut();
                        failure.hint = columns.partial.then(|| columns.advice.clone());
                        failure.column = Some(key.into_owned());
                    }
                    return Err(error);
                }
            }
        }
    }
    columns.end_row();
    Ok(())
}

struct Cell<'a>(&'a mut Column);

impl Cell<'_> {
    fn nested<E: de::Error>(self, value: &serde_json::Value) -> Result<(), E> {
        self.0.push_text(&value.to_string()).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Cell<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Cell<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }
    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push_null();
        Ok(())
    }
    fn visit_bool<E: de::Error>(self, v: bool) -> Result<(), E> {
        self.0.push_bool(v).map_err(E::custom)
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> Result<(), E> {
        self.0.push_int(v).map_err(E::custom)
    }
    fn visit_u64<E: de::Error>(self, v: u64) -> Result<(), E> {
        match i64::try_from(v) {
            Ok(v) => self.0.push_int(v).map_err(E::custom),
            Err(_) => self.0.push_big(v).map_err(E::custom),
        }
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> Result<(), E> {
        self.0.push_float(v).map_err(E::custom)
    }
    fn visit_str<E: de::Error>(self, v: &str) -> Result<(), E> {
        self.0.push_text(v).map_err(E::custom)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        match self.0 {
            Column::List(list) => {
                while seq.next_element_seed(Cell(&mut list.item))?.is_some() {}
                list.end_row();
                Ok(())
            }
            column if column.is_text() => {
                let value = serde_json::Value::deserialize(de::value::SeqAccessDeserializer::new(seq))?;
                Cell(column).nested(&value)
            }
            column => Err(de::Error::custom(Mismatch::new(column, "a list"))),
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        match self.0 {
            Column::Struct(record) => {
                fill(&mut record.columns, map, None)?;
                record.valid.append_non_null();
                Ok(())
            }
            column if column.is_text() => {
                let value = serde_json::Value::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Cell(column).nested(&value)
            }
            column => Err(de::Error::custom(Mismatch::new(column, "an object"))),
        }
    }
}
