//! How a completion is drawn: the parameters as a caller writes them, and the same ones checked.

use serde::Serialize;

use crate::{Error, Kind, Result};

/// Sampling parameters as a caller writes them, in the widest types; [`Params::check`] turns them into [`Sampling`].
///
/// The defaults draw the most probable token each time, so that a statement that asks for nothing is reproducible.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Divides the logits; 0 takes the most probable token. 0 ..= 100, default 0.
    pub temperature: f64,
    /// Keeps the smallest set of tokens whose probabilities add up to this much. Above 0, at most 1; default 1 (all).
    pub top_p: f64,
    /// Keeps this many most probable tokens; 0, the default, keeps all.
    pub top_k: i64,
    /// Keeps tokens at least this many times as probable as the most probable one. 0 ..= 1, default 0 (all).
    pub min_p: f64,
    /// Subtracted from the logit of each token that the completion already holds. -2 ..= 2, default 0.
    pub presence_penalty: f64,
    /// Divides (where positive, else multiplies) the logit of each token of prompt and completion. Above 0, at most 10;
    /// default 1. Keskar et al., CTRL (arXiv 1909.05858), section 4.1.
    pub repetition_penalty: f64,
    /// The most tokens that are drawn. At least 1, default 512.
    pub max_tokens: i64,
    /// Where chance starts; every sample index has its own stream. Default 0.
    pub seed: i64,
    /// Texts that end a completion; they are not part of its text. None may be empty.
    pub stop: Vec<String>,
    /// Passed to the chat template as `enable_thinking`; `None` leaves the template its own default.
    pub enable_thinking: Option<bool>,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_p: 1.0,
            top_k: 0,
            min_p: 0.0,
            presence_penalty: 0.0,
            repetition_penalty: 1.0,
            max_tokens: 512,
            seed: 0,
            stop: Vec::new(),
            enable_thinking: None,
        }
    }
}

/// Sampling parameters, each inside its range. Its serialized form is canonical: equal parameters serialize equally, so
/// that a caller can hash it into the key of a call.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Sampling {
    /// See [`Params::temperature`].
    pub temperature: f64,
    /// See [`Params::top_p`].
    pub top_p: f64,
    /// See [`Params::top_k`]; `None` keeps all tokens.
    pub top_k: Option<usize>,
    /// See [`Params::min_p`].
    pub min_p: f64,
    /// See [`Params::presence_penalty`].
    pub presence_penalty: f64,
    /// See [`Params::repetition_penalty`].
    pub repetition_penalty: f64,
    /// See [`Params::max_tokens`].
    pub max_tokens: usize,
    /// See [`Params::seed`].
    pub seed: i64,
    /// See [`Params::stop`].
    pub stop: Vec<String>,
    /// See [`Params::enable_thinking`].
    pub enable_thinking: Option<bool>,
}

impl Params {
    /// These parameters, each inside its range, or an error of kind [`Kind::Parameter`] that names the first
    /// that is not.
    pub fn check(self) -> Result<Sampling> {
        let temperature = within("temperature", self.temperature, 0.0, 100.0)?;
        let min_p = within("min_p", self.min_p, 0.0, 1.0)?;
        let presence_penalty = within("presence_penalty", self.presence_penalty, -2.0, 2.0)?;
        let top_p = above_zero("top_p", self.top_p, 1.0)?;
        let repetition_penalty = above_zero("repetition_penalty", self.repetition_penalty, 10.0)?;
        let top_k = usize::try_from(self.top_k).map_err(|_| outside("top_k", self.top_k, "0 (all tokens) or more"))?;
        let max_tokens = usize::try_from(self.max_tokens)
            .ok()
            .filter(|&n| n > 0)
            .ok_or_else(|| outside("max_tokens", self.max_tokens, "1 or more"))?;
        if self.stop.iter().any(String::is_empty) {
            return Err(outside("stop", "''", "texts of at least one character"));
        }
        Ok(Sampling {
            temperature,
            top_p,
            top_k: Some(top_k).filter(|&k| k > 0),
            min_p,
            presence_penalty,
            repetition_penalty,
            max_tokens,
            seed: self.seed,
            stop: self.stop,
            enable_thinking: self.enable_thinking,
        })
    }
}

/// `value` where it lies in `low ..= high`. Adding 0.0 turns -0.0 into 0.0, so that the two serialize equally.
fn within(name: &str, value: f64, low: f64, high: f64) -> Result<f64> {
    if (low..=high).contains(&value) {
        Ok(value + 0.0)
    } else {
        Err(outside(name, value, &format!("from {low} to {high}")))
    }
}

fn above_zero(name: &str, value: f64, high: f64) -> Result<f64> {
    if value > 0.0 && value <= high {
        Ok(value)
    } else {
        let range = format!("greater than 0 and at most {high}");
        Err(outside(name, value, &range))
    }
}

fn outside(name: &str, got: impl std::fmt::Display, range: &str) -> Error {
    let message = format!("parameter {name} must be {range}, got {got}");
    Error::new(Kind::Parameter, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Params)) -> String {
        let mut params = Params::default();
        change(&mut params);
        let error = params.check().unwrap_err();
        assert_eq!(error.kind(), Kind::Parameter);
        error.to_string()
    }

    #[test]
    fn an_error_names_the_parameter_its_range_and_what_was_given() {
        assert_eq!(refused(|p| p.temperature = -0.5), "parameter temperature must be from 0 to 100, got -0.5");
        assert_eq!(refused(|p| p.top_p = 0.0), "parameter top_p must be greater than 0 and at most 1, got 0");
        assert_eq!(refused(|p| p.max_tokens = 0), "parameter max_tokens must be 1 or more, got 0");
        assert_eq!(refused(|p| p.top_k = -1), "parameter top_k must be 0 (all tokens) or more, got -1");
    }

    #[test]
    fn what_is_not_a_number_is_in_no_range() {
        assert!(refused(|p| p.temperature = f64::NAN).contains("temperature"));
        assert!(refused(|p| p.top_p = f64::NAN).contains("top_p"));
        assert!(refused(|p| p.min_p = f64::INFINITY).contains("min_p"));
        assert!(refused(|p| p.repetition_penalty = f64::NAN).contains("repetition_penalty"));
    }

    #[test]
    fn an_empty_stop_text_would_end_everything_at_once_and_is_refused() {
        assert!(refused(|p| p.stop = vec![String::new()]).contains("stop"));
    }

    #[test]
    fn equal_parameters_serialize_equally() {
        let plain = Params::default().check().unwrap();
        let negative_zero = Params { temperature: -0.0, ..Params::default() };
        let negative_zero = negative_zero.check().unwrap();
        assert_eq!(serde_json::to_string(&plain).unwrap(), serde_json::to_string(&negative_zero).unwrap());
    }
}
