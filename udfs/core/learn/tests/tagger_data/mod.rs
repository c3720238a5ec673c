//! The labelled steps of `data/tagger/steps`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use glotrace_learn::tagger::Tag;
use serde_json::Value;

/// A labelled step.
pub struct Row {
    pub lang: String,
    pub problem: u64,
    pub tag: Tag,
    pub text: String,
}

/// The folder of the tagger's data.
pub fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../data/tagger")
}

/// All labelled steps, files in the order of their names.
pub fn rows() -> Result<Vec<Row>, Box<dyn Error>> {
    let mut files: Vec<PathBuf> =
        fs::read_dir(data().join("steps"))?.map(|e| Ok(e?.path())).collect::<std::io::Result<_>>()?;
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        for line in fs::read_to_string(&file)?.lines() {
            rows.push(row(line).ok_or_else(|| format!("{}: {line}", file.display()))?);
        }
    }
    Ok(rows)
}

fn row(line: &str) -> Option<Row> {
    let row: Value = serde_json::from_str(line).ok()?;
    Some(Row {
        lang: row["lang"].as_str()?.to_owned(),
        problem: row["problem"].as_u64()?,
        tag: Tag::of_name(row["tags"][0].as_str()?)?,
        text: row["text"].as_str()?.to_owned(),
    })
}

/// Steps of a real trace with the tags that a person gave some of them.
pub struct Real {
    /// Labelled after the tagger was finished; the other traces were looked at while it was made.
    pub unseen: bool,
    pub lang: String,
    pub question: u64,
    pub texts: Vec<String>,
    /// Step, and its tags, the main one first.
    pub labels: Vec<(usize, Vec<Tag>)>,
}

/// The hand-labelled real traces of `real_labels.jsonl`; `None` where the shared traces are absent.
pub fn real() -> Result<Option<Vec<Real>>, Box<dyn Error>> {
    let shared = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data/traces");
    let mut traces: Vec<Real> = Vec::new();
    for line in fs::read_to_string(data().join("real_labels.jsonl"))?.lines() {
        let label: Value = serde_json::from_str(line)?;
        let (Some(lang), Some(question), Some(step)) =
            (label["lang"].as_str(), label["question_index"].as_u64(), label["step"].as_u64())
        else {
            return Err(line.into());
        };
        if traces.last().is_none_or(|t| t.lang != lang || t.question != question) {
            let Ok(file) = fs::read_to_string(shared.join(format!("qwen3_1.7b_mgsm_{lang}.jsonl"))) else {
                return Ok(None);
            };
            let texts = texts(&file, question, label["part"] == "thinking").ok_or(line)?;
            let unseen = label["set"] == "unseen";
            traces.push(Real { unseen, lang: lang.to_owned(), question, texts, labels: Vec::new() });
        }
        let tags = label["tags"].as_array().into_iter().flatten().filter_map(|t| Tag::of_name(t.as_str()?)).collect();
        if let Some(trace) = traces.last_mut() {
            trace.labels.push((step.try_into()?, tags));
        }
    }
    Ok(Some(traces))
}

/// The paragraphs of the thinking or of the response to a question.
fn texts(file: &str, question: u64, thinking: bool) -> Option<Vec<String>> {
    let mut rows = file.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let row = rows.find(|row| row["question_index"] == question)?;
    let (before, after) =
        row["english_response"].as_str().or_else(|| row["native_response"].as_str())?.split_once("</think>")?;
    let part = if thinking { before.trim_start().trim_start_matches("<think>") } else { after };
    Some(part.split("\n\n").map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned).collect())
}
