//! One thread an encoder: what arrives while it reads is read together next.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use glotrace_model::{
    Ability, Cancel, Candidate, Embed as _, EncoderModel, Error, Kind, Pair as _, Score as _, TokenMatch as _,
};
use tokio::sync::oneshot;

use super::reading::{Read, Reading};

type Outcome = Result<Read, Error>;

/// Who waits for a row, and what cancels it.
type Waiter = (Cancel, oneshot::Sender<Outcome>);

struct Job {
    reading: Reading,
    cancel: Cancel,
    done: oneshot::Sender<Outcome>,
}

/// The most rows that are read together: a statement that is cancelled waits for no more.
const TOGETHER: usize = 512;

pub struct Encoder {
    queue: Option<Sender<Job>>,
}

impl Encoder {
    /// The thread ends when the encoder is dropped and its queue is empty.
    pub fn start(name: &str, model: EncoderModel) -> Self {
        let (queue, coming) = channel();
        let started = thread::Builder::new().name(format!("encoder {name}")).spawn(move || serve(&model, &coming));
        Self { queue: started.ok().map(|_| queue) }
    }

    /// # Errors
    /// What the model cannot do, or says of this text; cancellation.
    pub async fn read(&self, reading: Reading, cancel: Cancel) -> Outcome {
        let (done, outcome) = oneshot::channel();
        let gone = || Error::new(Kind::Model, "the encoder's thread ended");
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(Job { reading, cancel, done }).map_err(|_| gone())?;
        outcome.await.unwrap_or_else(|_| Err(gone()))
    }
}

fn serve(model: &EncoderModel, coming: &Receiver<Job>) {
    let mut waiting: Vec<Job> = Vec::new();
    loop {
        if waiting.is_empty() {
            match coming.recv() {
                Ok(job) => waiting.push(job),
                Err(_) => return,
            }
        }
        waiting.extend(coming.try_iter().take(TOGETHER.saturating_sub(waiting.len())));
        // Nobody waits any more for a row that a LIMIT above did not need.
        waiting.retain(|job| !job.done.is_closed());
        waiting = read_together(model, std::mem::take(&mut waiting));
    }
}

/// Reads what is of the first job's kind and statement; the rest comes back.
fn read_together(model: &EncoderModel, jobs: Vec<Job>) -> Vec<Job> {
    let Some(first) = jobs.first() else { return Vec::new() };
    let (kind, cancel) = (std::mem::discriminant(&first.reading), first.cancel.clone());
    let (now, mut later): (Vec<Job>, Vec<Job>) =
        jobs.into_iter().partition(|job| std::mem::discriminant(&job.reading) == kind);
    let (readings, mut waiting): (Vec<Reading>, Vec<Option<Waiter>>) =
        now.into_iter().map(|job| (job.reading, Some((job.cancel, job.done)))).unzip();
    let mut done = |i: usize, outcome: Outcome| {
        let Some((own, sender)) = waiting.get_mut(i).and_then(Option::take) else { return };
        // The first one's statement was cancelled, and this one's was not: it is read next time.
        if matches!(&outcome, Err(e) if e.kind() == Kind::Cancelled) && !own.is_cancelled() {
            later.push(Job { reading: readings[i].clone(), cancel: own, done: sender });
        } else {
            let _ = sender.send(outcome);
        }
    };
    if let Err(error) = model.require(ability(&readings[0])) {
        // No other row fares better: the statement stops.
        let error = Error::new(Kind::Parameter, error.message()).with_hint(error.hint().unwrap_or_default());
        (0..readings.len()).for_each(|i| done(i, Err(error.clone())));
        return later;
    }
    match &readings[0] {
        Reading::Embed { .. } => {
            let texts: Vec<String> = readings.iter().map(|r| first_text(r).to_owned()).collect();
            model.embed(&texts, &cancel, &mut |i, outcome| done(i, outcome.map(Read::vector)));
        }
        Reading::Infer { .. } => match model.inference() {
            Ok(places) => {
                let pairs = pairs(&readings);
                let mut infer = |i: usize, outcome: Result<glotrace_model::LabelScores, Error>| {
                    done(i, outcome.map(|scores| Read::inference(&scores, places)));
                };
                model.classify(&pairs, &cancel, &mut infer);
            }
            Err(error) => (0..readings.len()).for_each(|i| done(i, Err(error.clone()))),
        },
        Reading::Score { .. } => {
            let candidates: Vec<Candidate> = readings
                .iter()
                .map(|reading| match reading {
                    Reading::Score { text, source, reference } => {
                        Reading::candidate(text, source.as_deref(), reference.as_deref())
                    }
                    _ => Candidate::default(),
                })
                .collect();
            model.score(&candidates, &cancel, &mut |i, outcome| done(i, outcome.map(Read::score)));
        }
        Reading::Match { .. } => {
            let pairs = pairs(&readings);
            model.match_tokens(&pairs, &cancel, &mut |i, outcome| done(i, outcome.map(Read::matched)));
        }
    }
    later
}

fn ability(reading: &Reading) -> Ability {
    match reading {
        Reading::Embed { .. } => Ability::Embed,
        Reading::Infer { .. } => Ability::Classify,
        Reading::Score { .. } => Ability::Score,
        Reading::Match { .. } => Ability::MatchTokens,
    }
}

fn first_text(reading: &Reading) -> &str {
    match reading {
        Reading::Embed { text } | Reading::Score { text, .. } => text,
        Reading::Infer { premise, .. } => premise,
        Reading::Match { candidate, .. } => candidate,
    }
}

fn pairs(readings: &[Reading]) -> Vec<(String, String)> {
    let pair = |reading: &Reading| match reading {
        Reading::Infer { premise: a, hypothesis: b } | Reading::Match { candidate: a, reference: b } => {
            Some((a.clone(), b.clone()))
        }
        Reading::Embed { .. } | Reading::Score { .. } => None,
    };
    readings.iter().filter_map(pair).collect()
}
