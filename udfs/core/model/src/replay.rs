//! Recorded answers: a model that says again what one said before.
//!
//! With a recording a study runs on a machine without weights or keys, and a test runs without chance.

use std::{
    collections::{HashMap, hash_map},
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use serde::Deserialize;

use crate::{Cancel, Completion, Error, FinishReason, Generate, Kind, Request, Result, Sink, digest, thinking};

/// One recorded prompt and what a model answered.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct Record {
    /// What was asked: the user's last message, or the raw prompt.
    pub prompt: String,
    /// Which sample of this prompt this is, from 0; absent, the i-th record of a prompt is its sample i.
    #[serde(default)]
    pub sample: Option<i64>,
    /// The whole output.
    pub text: String,
    /// The output's thinking; where this and `response` are both absent, they are read off the text.
    #[serde(default)]
    pub thinking: Option<String>,
    /// The output's response.
    #[serde(default)]
    pub response: Option<String>,
    /// `stop` (also where absent) or `length`.
    #[serde(default)]
    pub finish_reason: Option<String>,
    /// Tokens of the prompt.
    #[serde(default)]
    pub prompt_tokens: Option<u64>,
    /// Tokens of the output.
    #[serde(default)]
    pub completion_tokens: Option<u64>,
}

/// A model made of records.
#[derive(Debug, Clone)]
pub struct Replay {
    identity: String,
    /// By prompt, the samples in the order of their numbers; as a rule it is one.
    answers: HashMap<String, Vec<(u64, Completion)>>,
}

impl Replay {
    /// A recording of `records`, known by `identity`, which has to change when the records do.
    ///
    /// # Errors
    /// Where a record has a negative sample index or an unknown finish reason, or two records are the same sample of a
    /// prompt; the error counts records from 1.
    pub fn new(identity: impl Into<String>, records: impl IntoIterator<Item = Record>) -> Result<Self> {
        let mut replay = Self { identity: identity.into(), answers: HashMap::new() };
        for (i, record) in records.into_iter().enumerate() {
            replay.add(record).map_err(|what| invalid(format!("record {}: {what}", i + 1)))?;
        }
        Ok(replay)
    }

    /// The recording in a file of one JSON object a line, with the fields of [`Record`]; others are ignored,
    /// as are blank lines. Lines end with `\n` only. Its identity is the digest of the file.
    pub fn from_jsonl(path: &Path) -> Result<Self> {
        let io = |e: std::io::Error| Error::io(path, &e);
        let mut replay =
            Self { identity: format!("replay:sha256:{}", digest::sha256_file(path)?), answers: HashMap::new() };
        let lines = BufReader::new(File::open(path).map_err(io)?).split(b'\n');
        for (i, line) in lines.enumerate() {
            let line = line.map_err(io)?;
            if line.iter().all(u8::is_ascii_whitespace) {
                continue;
            }
            serde_json::from_slice(&line)
                .map_err(|e| e.to_string())
                .and_then(|record| replay.add(record))
                .map_err(|what| invalid(format!("{}, line {}: {what}", path.display(), i + 1)))?;
        }
        Ok(replay)
    }

    /// How many answers are recorded.
    pub fn len(&self) -> usize {
        self.answers.values().map(Vec::len).sum()
    }

    /// Whether nothing is recorded.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Takes in one record, or says what is wrong with it.
    fn add(&mut self, record: Record) -> std::result::Result<(), String> {
        let finish_reason = match record.finish_reason.as_deref() {
            None | Some("stop") => FinishReason::Stop,
            Some("length") => FinishReason::Length,
            Some(other) => {
                return Err(format!("finish_reason must be stop or length, got {other:?}"));
            }
        };
        let (thinking, response) = match (record.thinking, record.response) {
            (None, None) => {
                let parts = thinking::split(&record.text, false);
                (parts.thinking, parts.response)
            }
            parts => parts,
        };
        let samples = match self.answers.entry(record.prompt) {
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(new) => new.insert(Vec::with_capacity(1)),
        };
        let sample = match record.sample {
            None => samples.len() as u64,
            Some(i) => u64::try_from(i).map_err(|_| format!("sample must be 0 or more, got {i}"))?,
        };
        let completion = Completion {
            text: record.text,
            thinking,
            response,
            finish_reason,
            prompt_tokens: record.prompt_tokens,
            completion_tokens: record.completion_tokens,
            seconds: 0.0,
        };
        match samples.binary_search_by_key(&sample, |(number, _)| *number) {
            Err(place) => {
                samples.insert(place, (sample, completion));
                Ok(())
            }
            Ok(_) => Err(format!("sample {sample} of this prompt is recorded twice")),
        }
    }

    fn answer(&self, request: &Request) -> Result<Completion> {
        let prompt = request.prompt.text();
        let Some(samples) = self.answers.get(prompt) else {
            let message = format!("the recording holds no answer to {}", beginning(prompt));
            return Err(Error::new(Kind::Missing, message)
                .with_hint("record this prompt, or use the model that the recording was made with"));
        };
        let found = samples.binary_search_by_key(&request.sample, |(number, _)| *number);
        found.ok().map(|place| samples[place].1.clone()).ok_or_else(|| {
            let message = format!(
                "the recording holds {} of {}, but not sample {}",
                match samples.len() {
                    1 => "1 sample".to_owned(),
                    n => format!("{n} samples"),
                },
                beginning(prompt),
                request.sample
            );
            Error::new(Kind::Missing, message).with_hint("ask for fewer samples (n)")
        })
    }
}

impl Generate for Replay {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn generate(&self, requests: &[Request], cancel: &Cancel, sink: &mut Sink<'_>) {
        for (i, request) in requests.iter().enumerate() {
            if cancel.is_cancelled() {
                sink(i, Err(Error::cancelled()));
            } else {
                sink(i, self.answer(request));
            }
        }
    }
}

fn invalid(message: String) -> Error {
    Error::new(Kind::Parse, message)
        .with_hint("a record has a prompt and a text, and no sample of a prompt occurs twice")
}

/// Enough of `prompt` to know it by, in quotes.
fn beginning(prompt: &str) -> String {
    const SHOWN: usize = 80;
    match prompt.char_indices().nth(SHOWN) {
        None => format!("{prompt:?}"),
        Some((end, _)) => format!("{:?}…", &prompt[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Params, Prompt};

    fn record(prompt: &str, text: &str) -> Record {
        Record { prompt: prompt.into(), text: text.into(), ..Record::default() }
    }

    fn ask(replay: &Replay, prompt: &str, sample: u64) -> Result<Completion> {
        let request = Request::new(Prompt::user(Some("Be brief."), prompt), sample, Params::default().check().unwrap());
        let mut outcome = None;
        replay.generate(&[request], &Cancel::new(), &mut |i, result| {
            assert_eq!(i, 0);
            outcome = Some(result);
        });
        outcome.unwrap()
    }

    #[test]
    fn the_i_th_record_of_a_prompt_is_its_sample_i() {
        let records = [record("২+২?", "৪"), record("2+2?", "4"), record("২+২?", "চার")];
        let replay = Replay::new("replay:test", records).unwrap();
        assert_eq!(ask(&replay, "২+২?", 0).unwrap().text, "৪");
        assert_eq!(ask(&replay, "২+২?", 1).unwrap().text, "চার");
        assert_eq!(ask(&replay, "2+2?", 0).unwrap().text, "4");
        assert_eq!(replay.len(), 3);
    }

    #[test]
    fn a_prompt_or_sample_that_is_not_there_is_named() {
        let long = "ก".repeat(200);
        let replay = Replay::new("replay:test", [record("2+2?", "4")]).unwrap();
        let error = ask(&replay, &long, 0).unwrap_err();
        assert_eq!(error.kind(), Kind::Missing);
        assert_eq!(error.message(), format!("the recording holds no answer to \"{}\"…", "ก".repeat(80)));
        let error = ask(&replay, "2+2?", 1).unwrap_err();
        assert_eq!(error.message(), "the recording holds 1 sample of \"2+2?\", but not sample 1");
    }

    #[test]
    fn a_file_keeps_line_separators_inside_texts() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let lines = concat!(
            "{\"prompt\": \"a\u{2028}b\", \"text\": \"<think>x</think>y\", \"finish_reason\": \"length\", \"extra\": 1}\n",
            "\n",
            "{\"prompt\": \"p\", \"sample\": 3, \"text\": \"\", \"thinking\": \"t\", \"prompt_tokens\": 7}\n",
        );
        std::fs::write(file.path(), lines).unwrap();
        let replay = Replay::from_jsonl(file.path()).unwrap();
        let first = ask(&replay, "a\u{2028}b", 0).unwrap();
        assert_eq!(first.thinking.as_deref(), Some("x"));
        assert_eq!(first.response.as_deref(), Some("y"));
        assert_eq!(first.finish_reason, FinishReason::Length);
        let second = ask(&replay, "p", 3).unwrap();
        assert_eq!((second.thinking.as_deref(), second.response), (Some("t"), None));
        assert_eq!(second.prompt_tokens, Some(7));
        assert!(replay.identity().starts_with("replay:sha256:"));
    }

    #[test]
    fn a_bad_line_is_counted_from_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "{\"prompt\": \"a\", \"text\": \"b\"}\n{\"prompt\": 1}\n").unwrap();
        let error = Replay::from_jsonl(file.path()).unwrap_err();
        assert_eq!(error.kind(), Kind::Parse);
        assert!(error.message().contains("line 2"), "{error}");
    }

    #[test]
    fn one_sample_recorded_twice_is_refused() {
        let twice = Record { sample: Some(0), ..record("a", "c") };
        let error = Replay::new("replay:test", [record("a", "b"), twice]).unwrap_err();
        assert!(error.message().contains("record 2"), "{error}");
    }

    #[test]
    fn a_raised_flag_cancels_what_is_left() {
        let replay = Replay::new("replay:test", [record("a", "b")]).unwrap();
        let request = Request::new(Prompt::Raw("a".into()), 0, Params::default().check().unwrap());
        let cancel = Cancel::new();
        let mut kinds = Vec::new();
        replay.generate(&[request.clone(), request], &cancel.clone(), &mut |i, result| {
            cancel.cancel();
            kinds.push((i, result.map_err(|e| e.kind()).map(|c| c.text)));
        });
        assert_eq!(kinds, [(0, Ok("b".to_owned())), (1, Err(Kind::Cancelled))]);
    }
}
