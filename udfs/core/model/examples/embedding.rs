//! Measures local embeddings: `embedding FOLDER TEXTS.jsonl TEXTS BATCH_TOKENS [THREADS]`, one line of JSON on stdout.
//! `benches/embedding` runs it beside its peers. TEXTS texts are taken from the file, over and over where it has fewer, each
//! with its number behind it; VECTORS, a path in the environment, gets the vectors as little-endian f32.

use std::{env, error::Error, fs, io::Write as _, path::Path, time::Instant};

use glotrace_model::{Cancel, Embed as _, EncoderModel, EncoderOptions, LocalOptions};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [folder, file, count, batch_tokens, rest @ ..] = &arguments[..] else {
        return Err("usage: embedding FOLDER TEXTS.jsonl TEXTS BATCH_TOKENS [THREADS]".into());
    };
    let options = LocalOptions {
        threads: rest.first().map(|n| n.parse()).transpose()?,
        encoder: EncoderOptions { batch_tokens: batch_tokens.parse()?, ..EncoderOptions::default() },
        ..LocalOptions::default()
    };
    let started = Instant::now();
    let model = EncoderModel::load(Path::new(folder), options)?;
    let load = started.elapsed().as_secs_f64();
    let mut lines = Vec::new();
    for line in fs::read_to_string(file)?.lines() {
        let line: serde_json::Value = serde_json::from_str(line)?;
        lines.push(line["text"].as_str().unwrap_or_default().to_owned());
    }
    let count: usize = count.parse()?;
    let texts: Vec<String> =
        lines.iter().cycle().take(count).enumerate().map(|(i, text)| format!("{text} {i}")).collect();
    // What is allocated once is not what is measured.
    model.embed(&texts[..texts.len().min(8)], &Cancel::new(), &mut |_, _| {});
    let mut vectors = vec![Vec::new(); texts.len()];
    let (mut tokens, mut cut, mut failed) = (0, 0, 0);
    let started = Instant::now();
    model.embed(&texts, &Cancel::new(), &mut |i, outcome| match outcome {
        Ok(embedding) => {
            tokens += embedding.tokens;
            cut += embedding.cut;
            vectors[i] = embedding.vector;
        }
        Err(_) => failed += 1,
    });
    let seconds = started.elapsed().as_secs_f64();
    if let Some(path) = env::var_os("VECTORS") {
        let bytes: Vec<u8> = vectors.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
        fs::write(path, bytes)?;
    }
    let line = serde_json::json!({
        "engine": "glotrace",
        "texts": count,
        "tokens": tokens,
        "cut": cut,
        "failed": failed,
        "seconds": seconds,
        "texts_per_second": count as f64 / seconds,
        "tokens_per_second": tokens as f64 / seconds,
        "load_seconds": load,
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
