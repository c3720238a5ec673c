//! What an answer says it used, and what that costs.

use serde_json::Value;

use super::EndpointOptions;

/// Tokens as an answer counts them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Usage {
    pub prompt: Option<u64>,
    pub completion: Option<u64>,
    /// How many of the prompt's came out of the endpoint's cache.
    pub cached: u64,
}

impl Usage {
    pub fn read(answer: &Value) -> Self {
        let usage = &answer["usage"];
        let cached = usage["prompt_tokens_details"]["cached_tokens"]
            .as_u64()
            .or_else(|| usage["prompt_cache_hit_tokens"].as_u64())
            .unwrap_or(0);
        Self { prompt: usage["prompt_tokens"].as_u64(), completion: usage["completion_tokens"].as_u64(), cached }
    }

    pub fn tokens(&self) -> Option<u64> {
        match (self.prompt, self.completion) {
            (None, None) => None,
            (prompt, completion) => Some(prompt.unwrap_or(0) + completion.unwrap_or(0)),
        }
    }

    /// In US dollars; `None` where there are no prices or nothing was counted.
    pub fn usd(&self, options: &EndpointOptions) -> Option<f64> {
        if options.usd_per_mtok_in.is_none() && options.usd_per_mtok_out.is_none() {
            return None;
        }
        self.tokens()?;
        let price_in = options.usd_per_mtok_in.unwrap_or(0.0);
        let prompt = self.prompt.unwrap_or(0);
        let cached = self.cached.min(prompt);
        let millionths = (prompt - cached) as f64 * price_in
            + cached as f64 * options.usd_per_mtok_cached.unwrap_or(price_in)
            + self.completion.unwrap_or(0) as f64 * options.usd_per_mtok_out.unwrap_or(0.0);
        Some(millionths / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cached_tokens_cost_as_others_unless_they_have_a_price() {
        let usage = Usage::read(&json!({"usage": {"prompt_tokens": 1000, "completion_tokens": 200,
            "prompt_tokens_details": {"cached_tokens": 600}}}));
        let mut options = EndpointOptions::new("http://h/v1", "m");
        assert_eq!(usage.usd(&options), None);
        options.usd_per_mtok_in = Some(2.5);
        options.usd_per_mtok_out = Some(10.0);
        assert!((usage.usd(&options).unwrap() - 0.0045).abs() < 1e-12);
        options.usd_per_mtok_cached = Some(1.25);
        assert!((usage.usd(&options).unwrap() - 0.00375).abs() < 1e-12);
        assert_eq!(usage.tokens(), Some(1200));
    }

    #[test]
    fn what_nobody_counted_has_no_price() {
        let mut options = EndpointOptions::new("http://h/v1", "m");
        options.usd_per_mtok_in = Some(1.0);
        assert_eq!(Usage::read(&json!({"usage": null})).usd(&options), None);
        assert_eq!(Usage::read(&json!({})), Usage::default());
    }
}
