//! The store of model calls, as a user of the command meets it: killed and run again, shared, within a budget, and told.
#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

#[path = "../udfs/core/model/tests/common/fault_server.rs"]
mod fault_server;

use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use fault_server::{FaultServer, Plan};
use tokio::process::Command;

const ROWS: usize = 300;
const AT_ONCE: usize = 8;

/// The binary with a home of its own.
fn command(home: &Path, database: Option<&Path>, script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glotrace"));
    for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "OPENAI_API_KEY", "OPENAI_BASE_URL"] {
        command.env_remove(name);
    }
    command.env("HOME", home).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command.args(database).args(["--format", "csv", "-c", script]);
    command
}

async fn run(home: &Path, database: Option<&Path>, script: &str) -> Output {
    command(home, database, script).output().await.unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn model(server: &FaultServer) -> String {
    format!(
        "CREATE OR REPLACE MODEL m FROM '{}#some/model' OPTIONS (max_concurrency {AT_ONCE}, usd_per_mtok_in 1, \
         usd_per_mtok_out 1, max_tokens 100);",
        server.base_url()
    )
}

/// Some hundred calls, two samples each, with duplicates.
fn generation(server: &FaultServer) -> String {
    format!(
        "{} CREATE OR REPLACE TABLE t AS SELECT i, s.sample, s.text FROM \
         (SELECT i, unnest(llm_generate('m', 'row ' || (i % {}), n => 2, seed => 5)) AS s FROM range({ROWS}) AS r(i));",
        model(server),
        ROWS / 2
    )
}

const TABLE: &str = "SELECT * FROM t ORDER BY i, sample";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_generation_killed_at_random_goes_on_where_it_was() {
    let server = FaultServer::start(Plan { delay: Duration::from_millis(60), ..Plan::default() }).await;
    let home = tempfile::tempdir().unwrap();
    let (disturbed, calm) = (home.path().join("disturbed"), home.path().join("calm"));
    let script = generation(&server);

    let mut kills = 0;
    let mut chance: u64 = 0x9E37_79B9_7F4A_7C15 ^ u64::from(std::process::id());
    loop {
        // xorshift: the moments differ from run to run on purpose.
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        let asked = server.received().len();
        let mut child = command(home.path(), Some(&disturbed), &script).spawn().unwrap();
        // Killed some moments after it has begun to ask, however slow the machine is.
        let begun = async {
            while server.received().len() == asked {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tokio::time::sleep(Duration::from_millis(20 + chance % 300)).await;
        };
        tokio::select! {
            status = child.wait() => {
                assert!(status.unwrap().success());
                break;
            }
            () = begun => {
                child.kill().await.unwrap();
                kills += 1;
            }
        }
        assert!(kills < 200, "it never ends");
    }
    let requests = server.received().len();
    eprintln!("{kills} kills: {} calls, {requests} requests of two samples each", ROWS);
    // A request carries both samples of a prompt; only what was in flight when it was killed is asked again.
    assert!(requests <= ROWS / 2 + kills * AT_ONCE, "{requests} requests after {kills} kills");
    assert!(kills > 2, "it was hardly ever killed");

    assert!(run(home.path(), Some(&disturbed), &script).await.status.success());
    assert_eq!(server.received().len(), requests, "a finished generation asks nothing");
    assert!(run(home.path(), Some(&calm), &script).await.status.success());
    let tables = [run(home.path(), Some(&disturbed), TABLE).await, run(home.path(), Some(&calm), TABLE).await];
    assert_eq!(out(&tables[0]), out(&tables[1]));
    assert_eq!(out(&tables[0]).lines().count(), 1 + 2 * ROWS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_at_once_make_each_call_once() {
    let server = FaultServer::start(Plan { delay: Duration::from_millis(20), ..Plan::default() }).await;
    let home = tempfile::tempdir().unwrap();
    let query =
        format!("{} SELECT i, llm_complete('m', 'row ' || i) FROM range(100) AS r(i) ORDER BY i", model(&server));
    // Sessions without a database share the user's own store.
    let (one, two) = tokio::join!(run(home.path(), None, &query), run(home.path(), None, &query));
    assert!(one.status.success() && two.status.success(), "{}{}", err(&one), err(&two));
    assert_eq!(out(&one), out(&two));
    assert_eq!(server.received().len(), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_budget_stops_the_statement_and_what_finished_is_kept() {
    let server = FaultServer::start(Plan::default()).await;
    let home = tempfile::tempdir().unwrap();
    let database = home.path().join("db");
    let query = |budget: &str| {
        let model = model(&server);
        format!("{model} SET glotrace.{budget}; SELECT llm_complete('m', 'row ' || i) FROM range(50) AS r(i)")
    };
    let code = |output: &Output| output.status.code();
    let stopped = run(home.path(), Some(&database), &query("budget_calls = 20")).await;
    assert_eq!(code(&stopped), Some(4), "{}", err(&stopped));
    assert!(err(&stopped).contains("the budget is reached"), "{}", err(&stopped));
    let first = server.received().len();
    assert!((1..=20).contains(&first), "{first}");
    // What is stored costs nothing: the next statement gets further, and never beyond its own 20.
    assert_eq!(code(&run(home.path(), Some(&database), &query("budget_calls = 20")).await), Some(4));
    let second = server.received().len();
    assert!(second > first && second <= first + 20, "{first}, {second}");
    assert_eq!(code(&run(home.path(), Some(&database), &query("budget_usd = 0.00001")).await), Some(4));
    assert_eq!(server.received().len(), second);
    assert_eq!(code(&run(home.path(), Some(&database), &query("budget_tokens = 100000")).await), Some(0));
    // No call that was answered is asked again: those that the stop dropped are few.
    assert!(server.received().len() <= 50 + 2 * AT_ONCE, "{}", server.received().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cost_is_told_before_a_call_is_made_and_the_store_is_a_table() {
    let server = FaultServer::start(Plan::default()).await;
    let home = tempfile::tempdir().unwrap();
    let database = home.path().join("db");
    let go = |sql: &str| {
        let script = format!("{} {sql}", model(&server));
        let (home, database) = (home.path().to_owned(), database.clone());
        async move { run(&home, Some(&database), &script).await }
    };
    let query = "SELECT llm_complete('m', 'row ' || (i % 10)) AS said FROM range(100) AS r(i)";
    let told = go(&format!("EXPLAIN COST CREATE TABLE t AS {query}")).await;
    let header = "model,calls,stored,to_make,prompt_tokens,completion_tokens,usd\n";
    assert_eq!(out(&told), format!("{header}m,10,0,10,100,1000,0.0011\n"), "{}", err(&told));
    assert!(server.received().is_empty());
    assert!(go(&format!("SELECT count(said) FROM ({query} WHERE i < 3)")).await.status.success());
    let told = go(&format!("EXPLAIN COST {query}")).await;
    assert_eq!(out(&told), format!("{header}m,10,3,7,70,700,0.00077\n"), "{}", err(&told));
    let rows = go(
        "SELECT model, task, input, error, attempts, finished > '2020-01-01' AS dated FROM system.calls ORDER BY input",
    )
    .await;
    assert_eq!(out(&rows).lines().nth(1), Some("m,generate,row 0,,1,true"), "{}{}", out(&rows), err(&rows));
    let mut prune = Command::new(env!("CARGO_BIN_EXE_glotrace"));
    let pruned =
        prune.arg(&database).args(["calls", "prune", "--all"]).env("HOME", home.path()).output().await.unwrap();
    assert!(out(&pruned).starts_with("3 calls deleted, 0 left"), "{}{}", out(&pruned), err(&pruned));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failed_rows_are_null_and_only_they_are_tried_again() {
    let refused = fault_server::response(400, &[], r#"{"error": {"code": "content_filter", "message": "no"}}"#);
    let server = FaultServer::start(Plan { script: [refused.clone(), refused].into(), ..Plan::default() }).await;
    let home = tempfile::tempdir().unwrap();
    let database = home.path().join("db");
    let query = format!("{} SELECT count(llm_complete('m', 'row ' || i)) AS n FROM range(20) AS r(i)", model(&server));
    let first = run(home.path(), Some(&database), &query).await;
    assert_eq!((first.status.code(), out(&first).as_str()), (Some(3), "n\n18\n"), "{}", err(&first));
    let second = run(home.path(), Some(&database), &query).await;
    assert_eq!((second.status.code(), out(&second).as_str()), (Some(0), "n\n20\n"), "{}", err(&second));
    assert_eq!(server.received().len(), 22);
}
