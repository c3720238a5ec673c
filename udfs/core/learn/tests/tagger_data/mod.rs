//! The labelled steps of `data/tagger/steps`.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use glotrace_learn::tagger::{Step, Tag};
use serde_json::Value;

/// A labelled step.
pub struct Row {
    pub lang: String,
    pub problem: u64,
    pub position: usize,
    pub steps: usize,
    pub tag: Tag,
    pub text: String,
}

/// The folder of the tagger's data.
pub fn data() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../data/tagger")
}

/// All labelled steps, files in the order of their names.
pub fn rows() -> Result<Vec<Row>, Box<dyn Error>> {
    let mut files: Vec<PathBuf> = fs::read_dir(data().join("steps"))?.map(|e| Ok(e?.path())).collect::<std::io::Result<_>>()?;
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
        position: row["position"].as_u64()?.try_into().ok()?,
        steps: row["steps"].as_u64()?.try_into().ok()?,
        tag: Tag::of_name(row["tags"][0].as_str()?)?,
        text: row["text"].as_str()?.to_owned(),
    })
}

/// What a tagger learns from a row.
pub fn step(row: &Row) -> Step<'_> {
    Step { text: &row.text, position: row.position, steps: row.steps, tag: row.tag }
}
