//! Texts → vectors.

use futures::{StreamExt, stream::FuturesUnordered};
use serde_json::Value;

use super::{Endpoint, body, failure::Failure, transport::Path};
use crate::{Cancel, Error, Kind, Result};

/// What [`Endpoint::embed`] brings back.
#[derive(Debug, Clone, Default)]
pub struct Embeddings {
    /// One vector or error a text, in the texts' order. [texts][dimensions]
    pub vectors: Vec<Result<Vec<f32>>>,
    /// How many requests were made.
    pub requests: u32,
    /// Tokens that were counted, all requests together.
    pub tokens: Option<u64>,
    /// What all requests cost together, in US dollars; `None` where the endpoint has no price.
    pub usd: Option<f64>,
}

impl Endpoint {
    /// The embeddings of `texts`, several a request. A text that is too long or against the provider's policy fails alone;
    /// what else a request fails with is the error of all its texts.
    ///
    /// After `cancel` is raised, or when the future is dropped, what is under way is dropped.
    pub async fn embed(&self, texts: &[String], cancel: &Cancel) -> Embeddings {
        let mut vectors: Vec<Option<Result<Vec<f32>>>> = vec![None; texts.len()];
        let mut all = Embeddings::default();
        let mut running = FuturesUnordered::new();
        let (batch, n) = (self.options.embed_batch, texts.len());
        running.extend((0..n).step_by(batch).map(|from| self.embed_some(texts, from, (from + batch).min(n))));
        loop {
            let step = tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                step = running.next() => step,
            };
            let Some(step) = step else { break };
            all.requests += step.requests;
            all.tokens = step.tokens.map_or(all.tokens, |t| Some(all.tokens.unwrap_or(0) + t));
            all.usd = step.usd.map_or(all.usd, |u| Some(all.usd.unwrap_or(0.0) + u));
            match step.outcome {
                Ok(some) => {
                    for (place, vector) in vectors[step.from..step.to].iter_mut().zip(some) {
                        *place = Some(Ok(vector));
                    }
                }
                // One text of these is at fault: halves tell which.
                Err(e) if step.to - step.from > 1 && matches!(e.kind(), Kind::Truncated | Kind::Refused) => {
                    let middle = step.from.midpoint(step.to);
                    running.push(self.embed_some(texts, step.from, middle));
                    running.push(self.embed_some(texts, middle, step.to));
                }
                Err(e) => vectors[step.from..step.to].fill(Some(Err(e))),
            }
        }
        drop(running);
        all.vectors =
            vectors.into_iter().map(|v| v.unwrap_or_else(|| Err(Error::cancelled().after(0, None)))).collect();
        all
    }

    async fn embed_some(&self, texts: &[String], from: usize, to: usize) -> Embedded {
        let some: Vec<&str> = texts[from..to].iter().map(String::as_str).collect();
        let estimate = some.iter().map(|t| t.len() as u64 / 4 + 1).sum();
        let body = body::embedding(&some, &self.options);
        let tried = self.persist(Path::Embeddings, &body, estimate, |answer| read(answer, some.len())).await;
        let usd = tried.usd;
        Embedded {
            from,
            to,
            outcome: tried.outcome.map_err(|f| f.error.after(tried.attempts, usd)),
            requests: tried.attempts,
            tokens: tried.tokens,
            usd,
        }
    }
}

struct Embedded {
    from: usize,
    to: usize,
    outcome: Result<Vec<Vec<f32>>>,
    requests: u32,
    tokens: Option<u64>,
    usd: Option<f64>,
}

/// The `n` vectors of `answer` in the order of their `index`, which need not be the order in which they come.
fn read(answer: &Value, n: usize) -> Result<Vec<Vec<f32>>, Failure> {
    let data = answer["data"].as_array().ok_or_else(|| Failure::malformed("it has no data"))?;
    let mut vectors: Vec<Option<Vec<f32>>> = vec![None; n];
    for (position, item) in data.iter().enumerate() {
        let index = item["index"].as_u64().map_or(Some(position), |i| usize::try_from(i).ok());
        if let Some(place @ None) = index.and_then(|i| vectors.get_mut(i)) {
            *place = Some(
                vector(&item["embedding"]).ok_or_else(|| Failure::malformed("an embedding is no list of numbers"))?,
            );
        }
    }
    let vectors: Option<Vec<_>> = vectors.into_iter().collect();
    let vectors = vectors.ok_or_else(|| Failure::malformed(format!("it has {} embeddings of {n}", data.len())))?;
    match vectors.windows(2).find(|pair| pair[0].len() != pair[1].len()) {
        Some(_) => Err(Failure::malformed("its embeddings differ in length")),
        None => Ok(vectors),
    }
}

fn vector(value: &Value) -> Option<Vec<f32>> {
    let numbers: Vec<f32> = value.as_array()?.iter().map(|x| x.as_f64().map(|x| x as f32)).collect::<Option<_>>()?;
    (!numbers.is_empty() && numbers.iter().all(|x| x.is_finite())).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn vectors_stand_in_the_order_of_their_index() {
        let item = |i: u64, x: f32| json!({"index": i, "embedding": [x, 0.5]});
        let answer = json!({"data": [item(2, 3.0), item(0, 1.0), item(1, 2.0), item(0, 9.0)]});
        assert_eq!(read(&answer, 3).unwrap(), [[1.0, 0.5], [2.0, 0.5], [3.0, 0.5]]);
    }

    #[test]
    fn what_is_missing_or_no_vector_is_malformed() {
        for answer in [
            json!({}),
            json!({"data": []}),
            json!({"data": [{"index": 1, "embedding": [1.0]}]}),
            json!({"data": [{"index": 0, "embedding": "AACAPw=="}, {"index": 1, "embedding": [1.0]}]}),
            json!({"data": [{"index": 0, "embedding": [null]}, {"index": 1, "embedding": [1.0]}]}),
            json!({"data": [{"index": 0, "embedding": [1.0, 2.0]}, {"index": 1, "embedding": [1.0]}]}),
        ] {
            assert_eq!(read(&answer, 2).unwrap_err().error.kind(), Kind::Parse, "{answer}");
        }
    }
}
