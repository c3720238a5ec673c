//! Continuous batching (Yu et al., OSDI 2022): many pieces of work over one set of weights.
//!
//! Each step is one forward pass over the last token of every row that is being completed, and pieces of the texts
//! that come next, or where scores and completions are computed in different precisions one over the pieces of either; a row that finishes leaves, and what waits takes its place, whenever it came. A text that begins
//! like another finds that one's pages, and one that begins like a text that is being read waits for it. Where
//! pages run out, the youngest work gives up its own and is done again later; the oldest always goes on, so that
//! everything ends.
//!
//! No number that a row is made of depends on what else a step holds, on pieces, or on whether a page was
//! found or computed, so that a statement that was interrupted goes on with the outputs that it would have had.

use std::{collections::VecDeque, sync::atomic::Ordering, time::Instant};

use super::{
    Encoded, LocalModel,
    decoder::{Logits, Precision, Span},
    pages::{Pages, Sequence},
    sample::Sampler,
    score::Pair,
};
use crate::{
    Answer, Cancel, Completion, Error, FinishReason, Kind, Queue, Request, Result, Sampling, ScoreSink, Task,
    TokenScore, Work, score, thinking,
};

/// Works for `queue`; see [`Generate::serve`](crate::Generate::serve).
pub(super) fn serve(model: &LocalModel, queue: &mut dyn Queue) {
    while let Some(work) = queue.next(true) {
        // Others may use the pages while there is nothing to do.
        let mut pages = model.lock_pages();
        let mut scheduler = Scheduler::new(model, &mut pages);
        scheduler.take(work, queue);
        while scheduler.step(queue) {}
    }
}

/// Scores `pairs`; see [`LocalModel::score_all`].
pub(super) fn score(model: &LocalModel, pairs: &[Pair], cancel: &Cancel, sink: &mut ScoreSink<'_>) {
    /// Nothing comes but what is there.
    struct Closed<'a, 'b>(&'a mut ScoreSink<'b>);

    impl Queue for Closed<'_, '_> {
        fn next(&mut self, _: bool) -> Option<Work> {
            None
        }

        fn done(&mut self, ticket: u64, outcome: Result<Answer>) {
            let outcome = outcome.and_then(|answer| match answer {
                Answer::Scores(scores) => Ok(scores),
                Answer::Completion(_) => Err(Error::new(Kind::Model, "a completion for a score")),
            });
            (self.0)(ticket as usize, outcome);
        }
    }

    let mut closed = Closed(sink);
    let mut pages = model.lock_pages();
    let mut scheduler = Scheduler::new(model, &mut pages);
    for (i, pair) in pairs.iter().enumerate() {
        scheduler.take_score(Claim { ticket: i as u64, cancel: cancel.clone() }, pair, &mut closed);
    }
    while scheduler.step(&mut closed) {}
}

/// Who waits for a piece of work.
struct Claim {
    ticket: u64,
    cancel: Cancel,
}

impl Claim {
    fn given_up(&self, queue: &dyn Queue) -> bool {
        self.cancel.is_cancelled() || !queue.wanted(self.ticket)
    }
}

/// A completion, before or between its times in the batch.
struct Job {
    claim: Claim,
    sample: u64,
    sampling: Sampling,
    /// The prompt ends within thinking.
    opened: bool,
    /// What was drawn, where it has begun.
    begun: Option<Begun>,
}

struct Begun {
    sampler: Sampler,
    /// Tokens that may still be drawn.
    left: usize,
    drawn: u64,
    bytes: Vec<u8>,
    started: Instant,
}

/// A text to read.
struct Text {
    ids: Vec<u32>,
    /// Tokens of the prompt; the rest was drawn.
    prompt_tokens: usize,
    purpose: Purpose,
}

enum Purpose {
    /// Completions of the text; those that have not begun are samples of one prompt.
    Complete(VecDeque<Job>),
    Score(Scoring),
}

struct Scoring {
    claim: Claim,
    /// Positions from here on predict a token that is scored.
    first: usize,
    /// The token that follows the text.
    last: u32,
    scores: Vec<TokenScore>,
}

/// A text on its way through the model.
struct Filling {
    text: Text,
    sequence: Sequence,
    started: Instant,
}

/// A prompt that the model has read, and completions of it that have no place yet.
struct Filled {
    ids: Vec<u32>,
    prompt_tokens: usize,
    jobs: VecDeque<Job>,
    sequence: Sequence,
    /// Logits of the token that comes next.
    logits: Vec<f32>,
    started: Instant,
}

/// A completion on its way.
struct Row {
    job: Job,
    begun: Begun,
    /// Prompt and what was drawn; the model has not seen the last token yet.
    ids: Vec<u32>,
    prompt_tokens: usize,
    sequence: Sequence,
}

struct Scheduler<'a> {
    model: &'a LocalModel,
    pages: &'a mut Pages,
    waiting: VecDeque<Text>,
    filling: VecDeque<Filling>,
    filled: VecDeque<Filled>,
    /// The oldest first.
    rows: Vec<Row>,
    logits: Logits,
    /// Of the last step.
    precision: Precision,
}

impl<'a> Scheduler<'a> {
    fn new(model: &'a LocalModel, pages: &'a mut Pages) -> Self {
        Self {
            model,
            pages,
            waiting: VecDeque::new(),
            filling: VecDeque::new(),
            filled: VecDeque::new(),
            rows: Vec::new(),
            logits: Logits::default(),
            precision: model.decoder.precision(),
        }
    }

    fn take(&mut self, work: Work, queue: &mut dyn Queue) {
        let claim = Claim { ticket: work.ticket, cancel: work.cancel };
        if claim.given_up(queue) {
            return queue.done(claim.ticket, Err(Error::cancelled()));
        }
        match work.task {
            Task::Complete(request) => {
                let encoded = self.model.encode(&request.prompt, request.sampling.enable_thinking);
                match encoded.and_then(|e| self.check_room(&e.ids, &request.sampling).map(|()| e)) {
                    Ok(encoded) => self.take_request(claim, request, encoded),
                    Err(error) => queue.done(claim.ticket, Err(error)),
                }
            }
            Task::Score { prompt, continuation } => match self.model.pair(&prompt, &continuation) {
                Ok(pair) => self.take_score(claim, &pair, queue),
                Err(error) => queue.done(claim.ticket, Err(error)),
            },
        }
    }

    fn take_request(&mut self, claim: Claim, request: Request, Encoded { ids, opened, .. }: Encoded) {
        let job = Job { claim, sample: request.sample, sampling: request.sampling, opened, begun: None };
        // A sample of a prompt that waits or is being read joins it.
        let texts = self.waiting.iter_mut().chain(self.filling.iter_mut().map(|f| &mut f.text));
        for text in texts {
            if let Purpose::Complete(jobs) = &mut text.purpose
                && text.prompt_tokens == text.ids.len()
                && text.ids == ids
            {
                return jobs.push_back(job);
            }
        }
        let purpose = Purpose::Complete(VecDeque::from([job]));
        self.waiting.push_back(Text { prompt_tokens: ids.len(), ids, purpose });
    }

    fn take_score(&mut self, claim: Claim, pair: &Pair, queue: &mut dyn Queue) {
        let (prompt, continuation) = pair;
        let mut ids = [&prompt[..], continuation].concat();
        if let Err(error) = self.model.check_pair(pair).and_then(|()| self.check_pages(ids.len(), 0)) {
            return queue.done(claim.ticket, Err(error));
        }
        if claim.given_up(queue) {
            return queue.done(claim.ticket, Err(Error::cancelled()));
        }
        // The state after token i predicts token i + 1; the first token of all has nothing before it.
        let first_of_all = ids.first().filter(|_| prompt.is_empty());
        let scores: Vec<TokenScore> = first_of_all.map(|&id| self.model.unscored(id)).into_iter().collect();
        match ids.pop() {
            Some(last) if scores.len() < continuation.len() => {
                let first = prompt.len().saturating_sub(1);
                let purpose = Purpose::Score(Scoring { claim, first, last, scores });
                self.waiting.push_back(Text { prompt_tokens: ids.len(), ids, purpose });
            }
            _ => queue.done(claim.ticket, Ok(Answer::Scores(scores))),
        }
    }

    /// Whether a completion of `ids` can ever have the pages that it may need.
    fn check_room(&self, ids: &[u32], sampling: &Sampling) -> Result<()> {
        let room = self.model.context_length() - ids.len();
        // A sample of a prompt may have to work beside the prompt's own pages.
        self.check_pages(ids.len() + sampling.max_tokens.min(room), self.pages.needed_to_fork(ids.len()))
    }

    fn check_pages(&self, tokens: usize, more: usize) -> Result<()> {
        let (needed, limit) = (Pages::needed(tokens) + more, self.pages.limit());
        if needed <= limit {
            return Ok(());
        }
        let message = format!(
            "{tokens} tokens of prompt and completion need {needed} pages of the key-value cache, which has {limit}"
        );
        Err(Error::new(Kind::Truncated, message)
            .with_hint("raise glotrace.kv_cache_mb (option kv_cache_mb of the model), or lower max_tokens"))
    }

    /// One forward pass, and what follows from it. `false` where nothing is left to do.
    fn step(&mut self, queue: &mut dyn Queue) -> bool {
        // What comes is looked at some way ahead, so that samples of one prompt meet.
        while self.waiting.len() < 2 * self.model.options.max_batch {
            match queue.next(false) {
                Some(work) => self.take(work, queue),
                None => break,
            }
        }
        self.sweep(queue);
        self.start_rows(queue);
        self.start_texts();
        self.make_room();
        if self.rows.is_empty() && self.filling.is_empty() {
            // Prompts that are through may hold each other's last pages; one alone has enough.
            if self.filled.len() > 1 {
                self.give_back_filled();
            }
            return !self.filled.is_empty() || !self.waiting.is_empty();
        }

        self.precision = self.next_precision();
        let drawing = self.precision == self.model.decoder.precision();
        let pieces = self.pieces();
        let mut spans = Vec::with_capacity(self.rows.len() + pieces.len());
        let mut wanted = Vec::new();
        let mut row = 0;
        for Row { ids, sequence, .. } in self.rows.iter_mut().filter(|_| drawing) {
            wanted.push(row);
            row += 1;
            spans.push(Span { tokens: &ids[ids.len() - 1..], sequence });
        }
        // For each piece, which of the wanted logits are its own.
        let mut answers = Vec::with_capacity(pieces.len());
        for (Filling { text, sequence, .. }, &n) in self.filling.iter_mut().zip(&pieces) {
            let from = sequence.len();
            let first = match &text.purpose {
                Purpose::Score(scoring) => scoring.first.max(from),
                Purpose::Complete(_) if from + n == text.ids.len() => from + n - 1,
                Purpose::Complete(_) => from + n,
            };
            let before = wanted.len();
            wanted.extend((first..from + n).map(|i| row + i - from));
            answers.push((before..wanted.len(), first));
            row += n;
            if n > 0 {
                spans.push(Span { tokens: &text.ids[from..from + n], sequence });
            }
        }
        self.model.computed.fetch_add(row as u64, Ordering::Relaxed);
        if let Err(error) =
            self.model.decoder.forward(self.pages, &mut spans, &wanted, self.precision, &mut self.logits)
        {
            self.fail(&error, queue);
            return true;
        }
        if drawing {
            self.finish_rows(queue);
        }
        for (filling, (rows, first)) in self.filling.iter_mut().zip(&answers) {
            self.pages.publish(&mut filling.sequence, &filling.text.ids);
            if let Purpose::Score(scoring) = &mut filling.text.purpose {
                let ids = &filling.text.ids;
                for (row, position) in rows.clone().zip(*first..) {
                    let next = ids.get(position + 1).copied().unwrap_or(scoring.last);
                    let logits = self.logits.row(row);
                    let mut scored = self.model.scored(next, &logits);
                    if scoring.scores.is_empty() {
                        scored.top = score::top(&logits, score::KI2026_TOP);
                    }
                    scoring.scores.push(scored);
                }
            }
        }
        self.finish_texts(&answers.into_iter().map(|(rows, _)| rows.end).collect::<Vec<_>>(), queue);
        true
    }

    /// Gives up what took part in a pass that failed.
    fn fail(&mut self, error: &Error, queue: &mut dyn Queue) {
        for row in std::mem::take(&mut self.rows) {
            self.pages.release(row.sequence);
            queue.done(row.job.claim.ticket, Err(error.clone()));
        }
        for Filling { text, sequence, .. } in std::mem::take(&mut self.filling) {
            self.pages.release(sequence);
            match text.purpose {
                Purpose::Complete(jobs) => {
                    jobs.into_iter().for_each(|job| queue.done(job.claim.ticket, Err(error.clone())));
                }
                Purpose::Score(scoring) => queue.done(scoring.claim.ticket, Err(error.clone())),
            }
        }
    }

    /// Draws a token for each row; hands over those that end with it.
    fn finish_rows(&mut self, queue: &mut dyn Queue) {
        let (model, logits) = (self.model, &self.logits);
        let rows = &mut self.rows;
        let mut drawn: Vec<Result<Option<FinishReason>>> = rows.iter().map(|_| Ok(None)).collect();
        let tasks: Vec<_> = rows.iter_mut().zip(&mut drawn).enumerate().collect();
        let draw = |(i, (row, outcome)): (usize, (&mut Row, &mut Result<Option<FinishReason>>))| {
            let token = match row.begun.sampler.is_greedy() {
                true => logits.most_probable(i),
                false => row.begun.sampler.draw(&mut logits.row(i)),
            };
            *outcome = row.advance(model, token);
        };
        match model.decoder.cpu() {
            Some(cpu) => cpu.session(|| cpu.for_each(tasks, draw)),
            None => tasks.into_iter().for_each(draw),
        }
        for (mut row, outcome) in std::mem::take(&mut self.rows).into_iter().zip(drawn) {
            // The last token has no key yet.
            let seen = row.ids.len() - 1;
            self.pages.publish(&mut row.sequence, &row.ids[..seen]);
            match outcome {
                Ok(None) => self.rows.push(row),
                Ok(Some(reason)) => {
                    let (claim, completion, sequence) = row.finish(reason);
                    self.pages.release(sequence);
                    queue.done(claim.ticket, Ok(Answer::Completion(completion)));
                }
                Err(error) => {
                    self.pages.release(row.sequence);
                    queue.done(row.job.claim.ticket, Err(error));
                }
            }
        }
    }

    /// Passes on texts that are through. `ends`: behind each piece's logits.
    fn finish_texts(&mut self, ends: &[usize], queue: &mut dyn Queue) {
        let mut still = VecDeque::new();
        for (i, filling) in std::mem::take(&mut self.filling).into_iter().enumerate() {
            let through = filling.sequence.len() == filling.text.ids.len();
            let Some(&end) = ends.get(i).filter(|_| through) else {
                still.push_back(filling);
                continue;
            };
            let Filling { text: Text { ids, prompt_tokens, purpose }, sequence, started } = filling;
            match purpose {
                Purpose::Complete(jobs) => {
                    let logits = self.logits.row(end - 1);
                    self.filled.push_back(Filled { ids, prompt_tokens, jobs, sequence, logits, started });
                }
                Purpose::Score(scoring) => {
                    self.pages.release(sequence);
                    queue.done(scoring.claim.ticket, Ok(Answer::Scores(scoring.scores)));
                }
            }
        }
        self.filling = still;
    }

    /// Gives up what nobody waits for.
    fn sweep(&mut self, queue: &mut dyn Queue) {
        let mut given_up = Vec::new();
        let mut keep = |jobs: &mut VecDeque<Job>| {
            jobs.retain(|job| {
                let stays = !job.claim.given_up(queue);
                if !stays {
                    given_up.push(job.claim.ticket);
                }
                stays
            });
            !jobs.is_empty()
        };
        let mut released = Vec::new();
        for row in std::mem::take(&mut self.rows) {
            let Row { job, begun, ids, prompt_tokens, sequence } = row;
            let mut one = VecDeque::from([job]);
            keep(&mut one);
            match one.pop_front() {
                Some(job) => self.rows.push(Row { job, begun, ids, prompt_tokens, sequence }),
                None => released.push(sequence),
            }
        }
        for mut filled in std::mem::take(&mut self.filled) {
            match keep(&mut filled.jobs) {
                true => self.filled.push_back(filled),
                false => released.push(filled.sequence),
            }
        }
        let mut dropped = Vec::new();
        let mut keep_text = |text: &mut Text| match &mut text.purpose {
            Purpose::Complete(jobs) => keep(jobs),
            Purpose::Score(scoring) => {
                let stays = !scoring.claim.given_up(queue);
                if !stays {
                    dropped.push(scoring.claim.ticket);
                }
                stays
            }
        };
        for mut filling in std::mem::take(&mut self.filling) {
            match keep_text(&mut filling.text) {
                true => self.filling.push_back(filling),
                false => released.push(filling.sequence),
            }
        }
        self.waiting.retain_mut(keep_text);
        released.into_iter().for_each(|sequence| self.pages.release(sequence));
        for ticket in given_up.into_iter().chain(dropped) {
            queue.done(ticket, Err(Error::cancelled()));
        }
    }

    /// Starts completions of prompts that are through, as far as there is room.
    fn start_rows(&mut self, queue: &mut dyn Queue) {
        while self.rows.len() < self.model.options.max_batch {
            let Some(mut filled) = self.filled.pop_front() else {
                break;
            };
            let Some(job) = filled.jobs.pop_front() else {
                self.pages.release(filled.sequence);
                continue;
            };
            let (ids, prompt_tokens, started) = (filled.ids.clone(), filled.prompt_tokens, filled.started);
            let mut logits;
            let sequence = match filled.jobs.is_empty() {
                true => {
                    logits = filled.logits;
                    filled.sequence
                }
                // Every completion but the last works on pages held in common.
                false => match self.pages.fork(&filled.sequence) {
                    Ok(fork) => {
                        logits = filled.logits.clone();
                        filled.started = Instant::now();
                        self.filled.push_front(filled);
                        fork
                    }
                    Err(_) => {
                        filled.jobs.push_front(job);
                        self.filled.push_front(filled);
                        break;
                    }
                },
            };
            let mut job = job;
            let begun = job.begun.take().unwrap_or_else(|| Begun {
                sampler: Sampler::new(&job.sampling, job.sample, &ids),
                left: job.sampling.max_tokens.min(self.model.context_length() - ids.len()),
                drawn: 0,
                bytes: Vec::new(),
                started,
            });
            let mut row = Row { job, begun, ids, prompt_tokens, sequence };
            let token = row.begun.sampler.draw(&mut logits);
            match row.advance(self.model, token) {
                Ok(None) => self.rows.push(row),
                Ok(Some(reason)) => {
                    let (claim, completion, sequence) = row.finish(reason);
                    self.pages.release(sequence);
                    queue.done(claim.ticket, Ok(Answer::Completion(completion)));
                }
                Err(error) => {
                    self.pages.release(row.sequence);
                    queue.done(row.job.claim.ticket, Err(error));
                }
            }
        }
    }

    /// Takes up waiting texts, as far as there are rows, tokens of this step and pages for them.
    fn start_texts(&mut self) {
        let options = &self.model.options;
        let mut tokens: usize = self.filling.iter().map(Filling::left).sum();
        while tokens < options.prefill_tokens
            && self.rows.len() + self.filling.len() + self.filled.len() < options.max_batch
        {
            let Some(text) = self.waiting.pop_front() else {
                break;
            };
            // What a score needs it has to compute, whether somebody else did or not.
            let reused = match &text.purpose {
                Purpose::Complete(_) => &text.ids[..],
                Purpose::Score(scoring) => &text.ids[..=scoring.first],
            };
            let precision = self.model.precision(&text.purpose);
            let mut sequence = self.pages.start(precision, reused);
            // A text that begins like one that is being read waits for its pages; but not for nothing.
            let worth = sequence.len() + super::kernel::attend::PAGE;
            let shared = |f: &Filling| {
                self.model.precision(&f.text.purpose) == precision
                    && common(&f.text.ids, reused).min(reused.len() - 1) >= worth
                    && f.sequence.len() < f.text.ids.len()
            };
            let waits = self.filling.iter().any(shared);
            // One page a row is left for what comes next.
            let busy = !self.rows.is_empty() || !self.filling.is_empty() || !self.filled.is_empty();
            let left = text.ids.len() - sequence.len();
            let needed = Pages::needed(text.ids.len()) - Pages::needed(sequence.len()) + self.rows.len();
            let full = busy && needed > self.pages.available();
            if waits || full || self.pages.grow(&mut sequence, left).is_err() {
                self.pages.release(sequence);
                self.waiting.push_front(text);
                break;
            }
            tokens += left;
            self.filling.push_back(Filling { text, sequence, started: Instant::now() });
        }
    }

    /// A page for the next token of each row, of the youngest work's where there is no other.
    fn make_room(&mut self) {
        let mut i = 0;
        while i < self.rows.len() {
            if self.pages.grow(&mut self.rows[i].sequence, 1).is_ok() {
                i += 1;
            } else if let Some(Filling { text, sequence, .. }) = self.filling.pop_back() {
                self.pages.release(sequence);
                self.waiting.push_front(text.afresh());
            } else if !self.filled.is_empty() {
                self.give_back_filled();
            } else if let Some(Row { mut job, begun, ids, prompt_tokens, sequence }) = self.rows.pop() {
                self.pages.release(sequence);
                job.begun = Some(begun);
                let purpose = Purpose::Complete(VecDeque::from([job]));
                self.waiting.push_front(Text { ids, prompt_tokens, purpose });
            }
        }
    }

    /// Takes its pages from the prompt that came through last.
    fn give_back_filled(&mut self) {
        if let Some(Filled { ids, prompt_tokens, jobs, sequence, .. }) = self.filled.pop_back() {
            self.pages.release(sequence);
            self.waiting.push_front(Text { ids, prompt_tokens, purpose: Purpose::Complete(jobs) });
        }
    }

    /// Of the next step: the other one where there is work in two, in turn.
    fn next_precision(&self) -> Precision {
        let own = self.model.decoder.precision();
        let texts = self.filling.iter().map(|filling| self.model.precision(&filling.text.purpose));
        let rows = self.rows.iter().map(|_| own);
        texts.chain(rows).find(|&precision| precision != self.precision).unwrap_or(self.precision)
    }

    /// How many tokens of each text that is being read this step takes.
    fn pieces(&self) -> Vec<usize> {
        let mut left = self.model.options.prefill_tokens;
        let piece = |filling: &Filling| {
            let taken = self.model.precision(&filling.text.purpose) == self.precision;
            let piece = if taken { filling.left().min(left) } else { 0 };
            left -= piece;
            piece
        };
        self.filling.iter().map(piece).collect()
    }
}

/// How many tokens two texts begin with in common.
fn common(a: &[u32], b: &[u32]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

impl LocalModel {
    /// In which a text is read. Of a score the number itself is wanted; of a completion the token, which is another in
    /// fewer bits only where two are all but equally probable.
    fn precision(&self, purpose: &Purpose) -> Precision {
        match purpose {
            Purpose::Complete(_) => self.decoder.precision(),
            Purpose::Score(_) => Precision::F32,
        }
    }
}

impl Text {
    /// The same before anything was read of it.
    fn afresh(mut self) -> Self {
        if let Purpose::Score(scoring) = &mut self.purpose {
            // The score of a first token, which nothing predicts, is not read off.
            scoring.scores.retain(|score| score.logprob.is_none());
        }
        self
    }
}

impl Filling {
    fn left(&self) -> usize {
        self.text.ids.len() - self.sequence.len()
    }
}

impl Row {
    /// Takes in the token that was drawn, and says whether the completion ends with it.
    fn advance(&mut self, model: &LocalModel, token: Option<u32>) -> Result<Option<FinishReason>> {
        let token = token.ok_or_else(|| {
            Error::new(Kind::Model, "the model's logits are not numbers")
                .with_hint("its file may be damaged: fetch it again")
        })?;
        let begun = &mut self.begun;
        self.ids.push(token);
        begun.drawn += 1;
        begun.left -= 1;
        if model.tokenizer.ends(token) && !model.options.ignore_eos {
            return Ok(Some(FinishReason::Stop));
        }
        let before = begun.bytes.len();
        model.tokenizer.decode_into(token, &mut begun.bytes);
        if begun.drawn == 1 {
            model.tokenizer.trim_start(&mut begun.bytes);
        }
        if let Some(at) = first_stop(&begun.bytes, before, &self.job.sampling.stop) {
            begun.bytes.truncate(at);
            return Ok(Some(FinishReason::Stop));
        }
        Ok((begun.left == 0).then_some(FinishReason::Length))
    }

    fn finish(self, finish_reason: FinishReason) -> (Claim, Completion, Sequence) {
        let text = String::from_utf8_lossy(&self.begun.bytes).into_owned();
        let parts = thinking::split(&text, self.job.opened);
        let completion = Completion {
            text,
            thinking: parts.thinking,
            response: parts.response,
            finish_reason,
            prompt_tokens: Some(self.prompt_tokens as u64),
            completion_tokens: Some(self.begun.drawn),
            seconds: self.begun.started.elapsed().as_secs_f64(),
        };
        (self.job.claim, completion, self.sequence)
    }
}

/// Where the first stop text begins, given that none lies within the first `before` bytes. Bytes serve as
/// well as characters: in UTF-8 no character's bytes begin inside another's.
fn first_stop(bytes: &[u8], before: usize, stops: &[String]) -> Option<usize> {
    let begin = |stop: &String| {
        let from = (before + 1).saturating_sub(stop.len());
        let at = bytes[from..].windows(stop.len()).position(|window| window == stop.as_bytes())?;
        Some(from + at)
    };
    stops.iter().filter_map(begin).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&s| s.to_owned()).collect()
    }

    #[test]
    fn a_stop_text_may_begin_in_an_earlier_token() {
        assert_eq!(first_stop("a\n\nb".as_bytes(), 2, &stops(&["\n\n"])), Some(1));
        assert_eq!(first_stop("จบ".as_bytes(), 4, &stops(&["จบ"])), Some(0));
    }

    #[test]
    fn the_first_of_several_stop_texts_ends_the_text() {
        assert_eq!(first_stop(b"one two", 0, &stops(&["two", "ne", "x"])), Some(1));
        assert_eq!(first_stop(b"one two", 0, &stops(&["three"])), None);
        assert_eq!(first_stop(b"", 0, &stops(&["three"])), None);
    }
}
