//! Models behind an endpoint, as a user of the command meets them; the endpoint is one of ours on loopback.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../udfs/core/model/tests/common/fault_server.rs"]
mod fault_server;

use std::process::Output;

use fault_server::{Fault, FaultServer, Plan, answer_to, response};
use serde_json::{Value, json};
use tokio::process::Command;

async fn glotrace(server: &FaultServer, variables: &[(&str, &str)], statement: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glotrace"));
    let home = tempfile::tempdir().unwrap();
    command.env("HOME", home.path()).env_remove("XDG_CACHE_HOME");
    command.env_remove("OPENAI_API_KEY").env("OPENAI_BASE_URL", server.base_url());
    command.envs(variables.iter().copied());
    command.args(["--format", "json", "-c", statement]).output().await.unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn keys(server: &FaultServer) -> Vec<String> {
    let key = |head: &str| head.lines().find_map(|l| l.strip_prefix("authorization: ")).unwrap_or_default().to_owned();
    server.received().iter().map(|r| key(&r.head)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_answered_in_order_through_faults() {
    let mix = vec![(Fault::RateLimitAfter, 0.1), (Fault::ServerError, 0.1), (Fault::DropMidBody, 0.1)];
    let server = FaultServer::start(Plan { mix, ..Plan::default() }).await;
    let statement = format!(
        "CREATE MODEL m FROM '{}#some/model' OPTIONS (max_concurrency 4, temperature 0.5, usd_per_mtok_in 1);
         SELECT i, llm_complete('m', 'row ' || i, seed => 7) AS text FROM range(40) AS t(i) ORDER BY i",
        server.base_url()
    );
    let output = glotrace(&server, &[("OPENAI_API_KEY", "sk-hidden")], &statement).await;
    let rows: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| json!(said(&output)));
    for i in 0..40 {
        assert_eq!(rows[i]["text"], json!(answer_to(&format!("row {i}"), 7)), "{rows}");
    }
    assert!(server.most_open() <= 4);
    assert!(keys(&server).iter().all(|k| k == "Bearer sk-hidden"));
    assert!(!said(&output).contains("sk-hidden"));
    let first = &server.received()[0];
    assert_eq!((first.path.as_str(), &first.body["model"]), ("/v1/chat/completions", &json!("some/model")));
    assert_eq!(first.body["temperature"], json!(0.5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_key_comes_from_the_variable_that_is_named() {
    let server = FaultServer::start(Plan::default()).await;
    let statement = "CREATE MODEL m FROM 'openai://gpt' OPTIONS (api_key_env 'JUDGE_KEY');
                     SELECT llm_complete('m', 'p') AS text";
    let variables = [("OPENAI_API_KEY", "sk-one"), ("JUDGE_KEY", "sk-two")];
    let output = glotrace(&server, &variables, statement).await;
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(keys(&server), ["Bearer sk-two"]);
    let output = glotrace(&server, &[], statement).await;
    assert!(!output.status.success() && said(&output).contains("JUDGE_KEY"), "{}", said(&output));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_not_accepted_is_not_shown() {
    let body = json!({"error": {"message": "Incorrect API key provided: sk-hidden"}}).to_string();
    let server = FaultServer::start(Plan { script: [response(401, &[], &body)].into(), ..Plan::default() }).await;
    let output =
        glotrace(&server, &[("OPENAI_API_KEY", "sk-hidden")], "SELECT llm_complete('openai://gpt', 'p')").await;
    let said = said(&output);
    assert!(said.contains("401") && !said.contains("sk-hidden"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_takes_no_key_and_no_unknown_option() {
    let server = FaultServer::start(Plan::default()).await;
    for (options, way_out) in [
        ("api_key 'sk-hidden'", "api_key_env"),
        ("api_key_env 'sk-hidden'", "api_key_env"),
        ("max_concurency 3", "did you mean `max_concurrency`?"),
        ("max_batch 3", "max_concurrency"),
    ] {
        let statement = format!("CREATE MODEL m FROM 'openai://gpt' OPTIONS ({options})");
        let output = glotrace(&server, &[], &statement).await;
        let hint = said(&output).split("hint:").nth(1).unwrap_or_default().to_owned();
        assert!(!output.status.success() && hint.contains(way_out), "{}", said(&output));
    }
    assert!(server.received().is_empty());
}

/// A reply with this text, as the endpoint sends it.
fn reply(text: &str) -> String {
    let choice = json!({"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}});
    let usage = json!({"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8});
    response(200, &[], &json!({"id": "1", "object": "chat.completion", "created": 0, "model": "gpt", "choices": [choice], "usage": usage}).to_string())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn json_and_labels_are_asked_for_by_schema_and_a_wrong_reply_once_more() {
    let script = ["{\"n\": \"many\"}", "{\"n\": 18}", "none of these", "{\"label\": \"plan\"}"].map(reply);
    let server = FaultServer::start(Plan { script: script.into(), ..Plan::default() }).await;
    let schema = r#"{"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": false}"#;
    let statement = format!(
        "SELECT llm_json('openai://gpt', 'How many?', '{schema}') AS j;
         SELECT llm_classify('openai://gpt', 'First we add.', ['setup', 'plan']) AS c;"
    );
    let output = glotrace(&server, &[("OPENAI_API_KEY", "sk-hidden")], &statement).await;
    let text = said(&output);
    assert!(text.contains(r#"{\"n\":18}"#) && text.contains(r#""c":"plan""#), "{text}");
    let bodies: Vec<Value> = server.received().into_iter().map(|r| r.body).collect();
    assert_eq!(bodies.len(), 4, "{text}");
    let format = |i: usize| &bodies[i]["response_format"]["json_schema"];
    assert_eq!((&format(0)["strict"], &format(0)["schema"]["required"]), (&json!(true), &json!(["n"])));
    assert_eq!(format(2)["schema"]["properties"]["label"]["enum"], json!(["setup", "plan"]));
    assert!(bodies[1]["messages"].to_string().contains("integer"), "what was wrong is said: {}", bodies[1]);
}
