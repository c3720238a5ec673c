//! `glotrace.*` settings: one table of names, defaults and meanings, from which SET, SHOW, completion and
//! `system.settings` are fed.

use std::sync::{PoisonError, RwLock};

use crate::error::{Error, Result};
use crate::suggest::closest;

/// What a failed model call does to its statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// The row's value is NULL, the failure is reported, the statement goes on.
    Null,
    /// The statement stops.
    Fail,
}

/// One setting as users see it.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub name: &'static str,
    pub default: &'static str,
    pub description: &'static str,
    check: fn(&str) -> Option<String>,
}

/// All settings, by name.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "glotrace.budget_calls",
        default: "none",
        description: "the most model calls that one statement may make; calls that are stored cost none",
        check: whole_limit,
    },
    Setting {
        name: "glotrace.budget_tokens",
        default: "none",
        description: "the most tokens, of prompts and completions, that one statement may take",
        check: whole_limit,
    },
    Setting {
        name: "glotrace.budget_usd",
        default: "none",
        description: "the most US dollars that one statement may spend, by the prices in the models' OPTIONS",
        check: limit,
    },
    Setting {
        name: "glotrace.commit_rows",
        default: "1000000",
        description: "an INSERT … SELECT commits whenever it has written this many rows (or glotrace.commit_seconds have passed)",
        check: positive,
    },
    Setting {
        name: "glotrace.commit_seconds",
        default: "60",
        description: "an INSERT … SELECT commits at least this often, so that a killed one loses no more than this",
        check: positive,
    },
    Setting {
        name: "glotrace.kv_cache_mb",
        default: "2048",
        description: "the most memory, in MiB, that keys and values of a local model take; for models that are loaded after it is set",
        check: positive,
    },
    Setting {
        name: "glotrace.on_error",
        default: "null",
        description: "what a failed model call does: null (the value is NULL, the statement goes on) or fail (the statement stops)",
        check: |v| matches!(v, "null" | "fail").then(|| v.to_owned()),
    },
    Setting {
        name: "glotrace.reuse_calls",
        default: "true",
        description: "whether model calls that earlier statements made are served from the store; false makes them again and keeps the new ones",
        check: |v| matches!(v, "true" | "false").then(|| v.to_owned()),
    },
];

/// `none`, or a number that is not negative.
fn limit(value: &str) -> Option<String> {
    let number = || value.parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0).map(|n| n.to_string());
    if value == "none" { Some(value.to_owned()) } else { number() }
}

fn whole_limit(value: &str) -> Option<String> {
    if value == "none" { Some(value.to_owned()) } else { value.parse::<u64>().ok().map(|n| n.to_string()) }
}

fn positive(value: &str) -> Option<String> {
    value.parse::<u64>().ok().filter(|n| *n > 0).map(|n| n.to_string())
}

/// The values of one session.
#[derive(Debug)]
pub struct Settings(RwLock<Vec<String>>);

impl Default for Settings {
    fn default() -> Self {
        Self(RwLock::new(SETTINGS.iter().map(|s| s.default.to_owned()).collect()))
    }
}

impl Settings {
    /// # Errors
    /// An unknown name, with the nearest one; a value out of its range.
    pub fn set(&self, name: &str, value: &str) -> Result<()> {
        let i = index(name)?;
        let setting = &SETTINGS[i];
        let value = (setting.check)(&value.to_lowercase()).ok_or_else(|| {
            Error::query(format!("`{value}` is no value for {name}"))
                .with_hint(format!("{name}: {}", setting.description))
        })?;
        self.0.write().unwrap_or_else(PoisonError::into_inner)[i] = value;
        Ok(())
    }

    /// # Errors
    /// An unknown name, with the nearest one.
    pub fn reset(&self, name: &str) -> Result<()> {
        let i = index(name)?;
        self.0.write().unwrap_or_else(PoisonError::into_inner)[i] = SETTINGS[i].default.to_owned();
        Ok(())
    }

    pub fn reset_all(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) =
            SETTINGS.iter().map(|s| s.default.to_owned()).collect();
    }

    /// # Errors
    /// An unknown name, with the nearest one.
    pub fn get(&self, name: &str) -> Result<String> {
        let i = index(name)?;
        Ok(self.0.read().unwrap_or_else(PoisonError::into_inner)[i].clone())
    }

    pub fn on_error(&self) -> OnError {
        match self.get("glotrace.on_error").as_deref() {
            Ok("fail") => OnError::Fail,
            _ => OnError::Null,
        }
    }

    /// Whether stored calls are served.
    pub fn reuse_calls(&self) -> bool {
        self.get("glotrace.reuse_calls").is_ok_and(|value| value == "true")
    }

    /// The limit of a local model's cache of keys and values, in MiB.
    pub fn kv_cache_mb(&self) -> usize {
        self.get("glotrace.kv_cache_mb").ok().and_then(|v| v.parse().ok()).unwrap_or(2048)
    }

    /// A limit of `glotrace.budget_…`; `None` is no limit.
    pub fn budget<T: std::str::FromStr>(&self, what: &str) -> Option<T> {
        self.get(&format!("glotrace.budget_{what}")).ok()?.parse().ok()
    }

    /// Rows and seconds after which an INSERT commits what it has.
    pub fn commit_every(&self) -> (usize, u64) {
        let number = |name: &str| self.get(name).ok().and_then(|v| v.parse::<u64>().ok());
        let rows = number("glotrace.commit_rows").and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
        (rows, number("glotrace.commit_seconds").unwrap_or(60))
    }
}

fn index(name: &str) -> Result<usize> {
    SETTINGS.iter().position(|s| s.name == name).ok_or_else(|| {
        let error = Error::query(format!("no setting named `{name}`"));
        match closest(name, SETTINGS.iter().map(|s| s.name)) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error.with_hint("SELECT * FROM system.settings lists them"),
        }
    })
}
