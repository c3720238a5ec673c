//! Samples of a prompt: one request for all of them where the endpoint honours `n`, else one each.

use std::{mem, sync::atomic::Ordering};

use futures::{StreamExt, stream::FuturesUnordered};

use super::{Endpoint, answer, body, persist::Tried};
use crate::{Cancel, Error, Prompt, Reply, Request, Result, thinking};

/// Samples that one request asks for: positions of requests that differ in nothing but their sample index, which counts on
/// from one to the next.
#[derive(Debug, Clone)]
struct Job {
    positions: Vec<usize>,
    /// How many requests these samples were part of before.
    attempts: u32,
    /// The endpoint refused them together.
    refused_together: bool,
}

/// What became of a job.
struct Step {
    outcomes: Vec<(usize, Result<Reply>)>,
    again: Vec<Job>,
}

impl Endpoint {
    /// Completes `requests` and hands each outcome, with the position of its request, to `sink` as soon as it is there: every
    /// position once. Requests that are equal but for their sample index are asked for together.
    ///
    /// After `cancel` is raised, or when the future is dropped, what is under way is dropped, and with it the connections; what
    /// was not handed over is handed over as [`Kind::Cancelled`](crate::Kind::Cancelled).
    ///
    /// A completion's `completion_tokens` are known where its request brought one choice, or log-probabilities to count; an
    /// endpoint counts the choices of one request together. `Reply::tokens` and `Reply::usd` are equal shares.
    pub async fn generate(
        &self,
        requests: &[Request],
        cancel: &Cancel,
        mut sink: impl FnMut(usize, Result<Reply>) + Send,
    ) {
        let mut waiting = vec![true; requests.len()];
        let mut running = FuturesUnordered::new();
        running.extend(groups(requests).into_iter().map(|job| self.step(requests, job)));
        loop {
            let step = tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                step = running.next() => step,
            };
            let Some(step) = step else { return };
            for (i, outcome) in step.outcomes {
                if mem::take(&mut waiting[i]) {
                    sink(i, outcome);
                }
            }
            running.extend(step.again.into_iter().map(|job| self.step(requests, job)));
        }
        drop(running);
        for (i, _) in waiting.iter().enumerate().filter(|(_, waits)| **waits) {
            sink(i, Err(Error::cancelled().after(0, None)));
        }
    }

    async fn step(&self, requests: &[Request], job: Job) -> Step {
        let n = job.positions.len();
        let most = self.max_n.load(Ordering::Relaxed);
        let Some(request) = job.positions.first().and_then(|&i| requests.get(i)) else {
            return Step { outcomes: Vec::new(), again: Vec::new() };
        };
        if n > most {
            return Step { outcomes: Vec::new(), again: split(&job.positions, most, &job) };
        }
        let opened = matches!(&request.prompt, Prompt::Raw(text) if thinking::is_open(text));
        let (path, body) = body::generation(request, n, &self.options, self.address.openai);
        let estimate =
            prompt_tokens(&request.prompt) + n as u64 * self.expected_completion(request.sampling.max_tokens);
        let tried = self.persist(path, &body, estimate, |answer| answer::choices(answer, n, opened)).await;
        let attempts = job.attempts + tried.attempts;
        match &tried.outcome {
            Ok(_) => self.hand_over(job, tried, attempts),
            // Some servers refuse any n above 1. Whether it was that is seen when they are asked one by one.
            Err(failure)
                if n > 1
                    && failure.status.is_some_and(|s| matches!(s.as_u16(), 400 | 422 | 501))
                    && failure.error.is_fatal() =>
            {
                let alone = Job { attempts, refused_together: true, positions: Vec::new() };
                Step { outcomes: Vec::new(), again: split(&job.positions, 1, &alone) }
            }
            Err(failure) => {
                let error = failure.error.clone().after(attempts, tried.usd.map(|usd| usd / n as f64));
                let outcomes = job.positions.into_iter().map(|i| (i, Err(error.clone()))).collect();
                Step { outcomes, again: Vec::new() }
            }
        }
    }

    fn hand_over(&self, job: Job, tried: Tried<Vec<Option<answer::Choice>>>, attempts: u32) -> Step {
        let n = job.positions.len();
        let choices = tried.outcome.unwrap_or_default();
        let got = choices.iter().flatten().count().max(1);
        if got < n {
            self.max_n.fetch_min(got, Ordering::Relaxed);
        } else if job.refused_together {
            self.max_n.fetch_min(1, Ordering::Relaxed);
        }
        if let Some(completion) = tried.usage.completion {
            self.learn_completion(completion / got as u64);
        }
        let usd = tried.usd.map(|usd| usd / got as f64);
        let mut tokens_left = tried.tokens;
        let mut shares = got as u64;
        let mut outcomes = Vec::new();
        let mut missing = Vec::new();
        for (i, choice) in job.positions.iter().copied().zip(choices) {
            let Some(choice) = choice else {
                missing.push(i);
                continue;
            };
            let tokens = tokens_left.map(|left| left / shares.max(1));
            tokens_left = tokens_left.zip(tokens).map(|(left, share)| left - share);
            shares = shares.saturating_sub(1);
            let counted = choice.logprobs.as_ref().map(|tokens| tokens.len() as u64);
            let outcome = choice.outcome.map_err(|e| e.after(attempts, usd)).map(|mut completion| {
                completion.prompt_tokens = tried.usage.prompt;
                completion.completion_tokens = if got == 1 { tried.usage.completion } else { counted };
                completion.seconds = tried.seconds;
                Reply { completion, attempts, usd, tokens, logprobs: choice.logprobs }
            });
            outcomes.push((i, outcome));
        }
        let again = split(&missing, got, &Job { attempts, refused_together: false, positions: Vec::new() });
        Step { outcomes, again }
    }
}

/// Positions of requests that can be asked for together.
fn groups(requests: &[Request]) -> Vec<Job> {
    let same = |a: &Request, b: &Request| a.prompt == b.prompt && a.sampling == b.sampling && a.schema == b.schema;
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (i, request) in requests.iter().enumerate() {
        match groups.iter_mut().find(|g| same(&requests[g[0]], request)) {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    let mut jobs = Vec::new();
    for mut group in groups {
        group.sort_by_key(|&i| requests[i].sample);
        let runs = group.chunk_by(|&a, &b| requests[a].sample.checked_add(1) == Some(requests[b].sample));
        jobs.extend(runs.map(|run| Job { positions: run.to_vec(), attempts: 0, refused_together: false }));
    }
    jobs
}

/// `positions` in jobs of at most `most`, otherwise like `job`.
fn split(positions: &[usize], most: usize, job: &Job) -> Vec<Job> {
    positions.chunks(most.max(1)).map(|some| Job { positions: some.to_vec(), ..job.clone() }).collect()
}

/// About how many tokens a prompt has: four bytes each, which is near for English and high for most other scripts.
fn prompt_tokens(prompt: &Prompt) -> u64 {
    let bytes = match prompt {
        Prompt::Chat(messages) => messages.iter().map(|m| m.content.len() + 16).sum(),
        Prompt::Raw(text) => text.len(),
    };
    bytes as u64 / 4 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Params;

    #[test]
    fn samples_of_a_prompt_are_asked_for_together_as_far_as_their_indices_count_on() {
        let request =
            |prompt: &str, sample| Request::new(Prompt::user(None, prompt), sample, Params::default().check().unwrap());
        let requests = [request("a", 0), request("b", 0), request("a", 2), request("a", 1), request("a", 5)];
        let positions: Vec<_> = groups(&requests).into_iter().map(|job| job.positions).collect();
        assert_eq!(positions, [vec![0, 3, 2], vec![4], vec![1]]);
    }
}
