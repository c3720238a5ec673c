//! Measures local generation: `generation MODEL.gguf PROMPTS.jsonl PRECISION BATCH PROMPTS TOKENS [THREADS]`, one line
//! of JSON on stdout. `benches/generation` runs it beside its peers.

use std::{env, error::Error, fs, io::Write as _, path::Path, time::Instant};

use glotrace_model::{Cancel, Generate as _, LocalModel, LocalOptions, Params, Prompt, Request};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [model, prompts, precision, batch, count, tokens, rest @ ..] = &arguments[..] else {
        return Err("usage: generation MODEL.gguf PROMPTS.jsonl f32|int16|int8 BATCH PROMPTS TOKENS [THREADS]".into());
    };
    let options = LocalOptions {
        max_batch: batch.parse()?,
        precision: precision.parse()?,
        threads: rest.first().map(|n| n.parse()).transpose()?,
        ignore_eos: true,
        ..LocalOptions::default()
    };
    let started = Instant::now();
    let model = LocalModel::load(Path::new(model), options)?;
    let load = started.elapsed().as_secs_f64();
    let params = Params { max_tokens: tokens.parse()?, ..Params::default() }.check()?;
    let mut requests = Vec::new();
    for line in fs::read_to_string(prompts)?.lines().take(count.parse()?) {
        let line: serde_json::Value = serde_json::from_str(line)?;
        let prompt = Prompt::user(None, line["prompt"].as_str().unwrap_or_default());
        requests.push(Request::new(prompt, 0, params.clone()));
    }
    // What is allocated once is not what is measured.
    model.generate(&requests[..1], &Cancel::new(), &mut |_, _| {});
    let started = Instant::now();
    let (mut drawn, mut read, mut failed) = (0, 0, 0);
    model.generate(&requests, &Cancel::new(), &mut |_, outcome| match outcome {
        Ok(completion) => {
            drawn += completion.completion_tokens.unwrap_or(0);
            read += completion.prompt_tokens.unwrap_or(0);
        }
        Err(_) => failed += 1,
    });
    let seconds = started.elapsed().as_secs_f64();
    let line = serde_json::json!({
        "engine": format!("glotrace {precision}"),
        "batch": batch,
        "tokens": drawn,
        "prompt_tokens": read,
        "failed": failed,
        "seconds": seconds,
        "tokens_per_second": drawn as f64 / seconds,
        "load_seconds": load,
        "weight_mb": model.decoder().size() as f64 / 1e6,
        "cache_mb": model.cache_pages().2 as f64 / 1e6,
        "level": model.decoder().cpu().map(|cpu| cpu.level().name()),
    });
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
