//! The result of `llm_logprob`: how probable a continuation is, and each token of it.

use crate::kit::{Record, Structs, structs};
use glotrace_model::{TokenScore, score};
use std::mem::take;

/// A continuation and its tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Logprob {
    /// Natural logarithm of the continuation's probability, 0 for an empty one.
    pub logprob: f64,
    /// Its tokens, in order.
    pub tokens: Vec<TokenScore>,
}

impl From<Vec<TokenScore>> for Logprob {
    fn from(tokens: Vec<TokenScore>) -> Self {
        Self { logprob: score::total(&tokens), tokens }
    }
}

impl Record for Logprob {
    fn fields<'a>() -> Structs<'a, Self> {
        structs().field("logprob", |l: &mut Self| Some(l.logprob)).field("tokens", |l| Some(take(&mut l.tokens)))
    }
}

impl Record for TokenScore {
    fn fields<'a>() -> Structs<'a, Self> {
        structs()
            .field("token", |t: &mut Self| Some(take(&mut t.token)))
            .field("logprob", |t| t.logprob)
            .field("rank", |t| t.rank.and_then(|rank| i64::try_from(rank).ok()))
            .field("entropy", |t| t.entropy)
    }
}

#[cfg(test)]
mod tests {
    use super::Logprob;
    use crate::kit::{Output, sql_type, tester::show};
    use glotrace_model::TokenScore;

    #[test]
    fn the_type_is_the_contract() {
        assert_eq!(
            sql_type(&Logprob::data_type()),
            "STRUCT<logprob DOUBLE, tokens LIST<STRUCT<token TEXT, logprob DOUBLE, rank BIGINT, entropy DOUBLE>>>"
        );
    }

    #[test]
    fn the_sum_of_the_tokens_is_the_logprob() {
        let token = |token: &str, logprob| TokenScore {
            id: 0,
            token: token.to_owned(),
            logprob,
            rank: logprob.map(|_| 0),
            entropy: logprob.map(|_| 0.5),
            top: Vec::new(),
        };
        let rows = vec![
            Some(Logprob::from(vec![token("สิบ", Some(-0.5)), token("แปด", Some(-0.25))])),
            Some(Logprob::from(vec![])),
            Some(Logprob::from(vec![token("a", None)])),
            None,
        ];
        assert_eq!(
            show(&Logprob::collect(rows).unwrap()),
            [
                "{logprob: -0.75, tokens: [{token: สิบ, logprob: -0.5, rank: 0, entropy: 0.5}, {token: แปด, logprob: -0.25, rank: 0, entropy: 0.5}]}",
                "{logprob: 0.0, tokens: []}",
                "{logprob: 0.0, tokens: [{token: a, logprob: NULL, rank: NULL, entropy: NULL}]}",
                "NULL",
            ]
        );
    }
}
