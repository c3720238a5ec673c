//! Random queries that call a model, against the same queries over columns that hold the answers already.
//!
//! `GLOTRACE_SEED=7 GLOTRACE_QUERIES=2000 cargo test --test differential -- --nocapture` asks others, and more of them.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

#[path = "differential/queries.rs"]
mod queries;

use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::StreamExt;
use glotrace::engine::{Answer, Engine, EngineOptions};
use glotrace::plan::split::Statement;

use queries::{Generator, Query};

const TABLES: &[&str] = &[
    "CREATE MODEL r FROM 'replay:tests/data/replay_positions.jsonl'",
    "SET glotrace.on_error = 'fail'",
    "CREATE TABLE t AS SELECT i AS id, CASE WHEN i % 7 = 3 THEN NULL ELSE 'p' || (i * 7 % 20) END AS p, i % 4 AS g, \
     CASE WHEN i % 7 = 3 THEN NULL ELSE 't' || (i * 7 % 20) END AS f, \
     CASE WHEN i % 7 = 3 THEN NULL ELSE 'u' || (i * 7 % 20) END AS ff FROM generate_series(0, 29) s(i)",
    "CREATE TABLE u AS SELECT i AS id, CASE WHEN i = 4 THEN NULL ELSE 'p' || (i * 3 % 20) END AS p, i % 3 AS g, \
     CASE WHEN i = 4 THEN NULL ELSE 't' || (i * 3 % 20) END AS f, \
     CASE WHEN i = 4 THEN NULL ELSE 'u' || (i * 3 % 20) END AS ff FROM generate_series(0, 11) s(i)",
];

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

async fn rows(engine: &Engine, sql: &str) -> Result<Vec<String>, String> {
    let statement = Statement::new(sql);
    let Answer::Rows(mut stream) = engine.execute(&statement).await.map_err(|e| e.message)? else {
        return Ok(Vec::new());
    };
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    while let Some(batch) = stream.next().await {
        let batch = batch.map_err(|e| engine.explain(&statement, e).message)?;
        let columns: Vec<_> =
            batch.columns().iter().map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap()).collect();
        rows.extend(
            (0..batch.num_rows())
                .map(|row| columns.iter().map(|c| c.value(row).to_string()).collect::<Vec<_>>().join("|")),
        );
    }
    Ok(rows)
}

#[derive(Default)]
struct Tally {
    agree: usize,
    /// Queries that fail without any model, too.
    no_query: usize,
    wrong: Vec<String>,
}

/// Queries `from`, `from` + `step` … of the seed.
async fn compare(seed: u64, queries: u64, from: u64, step: u64) -> Tally {
    let cache = tempfile::tempdir().unwrap();
    let options = EngineOptions { cache: Some(cache.path().to_owned()), ..EngineOptions::default() };
    let engine = Engine::open(options).await.unwrap();
    for sql in TABLES {
        rows(&engine, sql).await.unwrap();
    }
    let mut tally = Tally::default();
    let mut index = from;
    while index < queries {
        let mut generator = Generator::new(seed, index);
        let Query { asking, known, is_ordered } = generator.query();
        for (setting, values) in [("target_partitions", [1, 2, 4]), ("batch_size", [2, 7, 8192])] {
            let value = values[generator.below(3)];
            rows(&engine, &format!("SET datafusion.execution.{setting} = {value}")).await.unwrap();
        }
        let mut got = rows(&engine, &asking).await;
        let mut wanted = rows(&engine, &known).await;
        if !is_ordered {
            got = got.map(sorted);
            wanted = wanted.map(sorted);
        }
        match (got, wanted) {
            (_, Err(e)) => {
                tally.no_query += 1;
                eprintln!("no query: {known}\n  {e}");
            }
            (Ok(got), Ok(wanted)) if got == wanted => tally.agree += 1,
            (got, wanted) => tally
                .wrong
                .push(format!("query {index}:\n  {asking}\n  {known}\n  got    {got:?}\n  wanted {wanted:?}")),
        }
        index += step;
    }
    tally
}

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

#[test]
fn a_query_that_calls_gives_the_rows_of_one_that_knows() {
    const THREADS: u64 = 2;
    let (seed, queries) = (number("GLOTRACE_SEED", 1), number("GLOTRACE_QUERIES", 300));
    let runtime = tokio::runtime::Builder::new_multi_thread().thread_stack_size(16 << 20).enable_all().build().unwrap();
    let started = std::time::Instant::now();
    let tallies: Vec<Tally> = runtime.block_on(async {
        let parts = (0..THREADS).map(|from| tokio::spawn(compare(seed, queries, from, THREADS)));
        futures::future::join_all(parts).await.into_iter().map(Result::unwrap).collect()
    });
    let agree: usize = tallies.iter().map(|t| t.agree).sum();
    let no_query: usize = tallies.iter().map(|t| t.no_query).sum();
    let wrong: Vec<String> = tallies.into_iter().flat_map(|t| t.wrong).collect();
    eprintln!(
        "seed {seed}: {agree} of {queries} queries agree, {} differ, {no_query} are none; {:.0} s",
        wrong.len(),
        started.elapsed().as_secs_f64()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(no_query * 20 <= usize::try_from(queries).unwrap(), "{no_query} queries of the generator are none");
}
