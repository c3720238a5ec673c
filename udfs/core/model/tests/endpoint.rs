//! Endpoints against a server on loopback that fails in the ways in which real ones fail.
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]

#[path = "common/fault_server.rs"]
mod fault_server;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use fault_server::{Fault, FaultServer, Plan, Several, answer_to, response, vector_of};
use futures::StreamExt;
use glotrace_model::{
    Cancel, Error, Kind, Params, Prompt, Reply, Request,
    remote::{Endpoint, EndpointOptions},
};
use serde_json::json;

/// Options under which a test takes no longer than it must.
fn options(server: &FaultServer) -> EndpointOptions {
    let mut options = EndpointOptions::new(server.base_url(), "asked-model");
    options.api_key = Some("sk-hidden-key".into());
    options.key_hint = Some("look into MY_KEY".into());
    options.backoff = Duration::from_millis(5);
    options.max_backoff = Duration::from_millis(50);
    options.timeout = Duration::from_secs(2);
    options.jitter_seed = Some(1);
    options
}

fn endpoint(server: &FaultServer) -> Endpoint {
    Endpoint::new(options(server)).unwrap()
}

fn with(server: &FaultServer, change: impl FnOnce(&mut EndpointOptions)) -> Endpoint {
    let mut options = options(server);
    change(&mut options);
    Endpoint::new(options).unwrap()
}

async fn scripted(responses: &[String]) -> FaultServer {
    FaultServer::start(Plan { script: responses.iter().cloned().collect(), ..Plan::default() }).await
}

fn requests(prompt: &str, samples: std::ops::Range<u64>) -> Vec<Request> {
    let sampling = Params { temperature: 0.7, seed: 100, ..Params::default() }.check().unwrap();
    samples.map(|i| Request::new(Prompt::user(None, prompt), i, sampling.clone())).collect()
}

/// The outcomes by position; each has to come once.
async fn generate(endpoint: &Endpoint, requests: &[Request]) -> Vec<Result<Reply, Error>> {
    generate_until(endpoint, requests, &Cancel::new()).await
}

async fn generate_until(endpoint: &Endpoint, requests: &[Request], cancel: &Cancel) -> Vec<Result<Reply, Error>> {
    let mut outcomes: Vec<Option<Result<Reply, Error>>> = vec![None; requests.len()];
    endpoint
        .generate(requests, cancel, |i, outcome| {
            assert!(outcomes[i].is_none(), "position {i} is handed over twice");
            outcomes[i] = Some(outcome);
        })
        .await;
    outcomes.into_iter().map(Option::unwrap).collect()
}

async fn ask(endpoint: &Endpoint, prompt: &str) -> Result<Reply, Error> {
    generate(endpoint, &requests(prompt, 0..1)).await.remove(0)
}

/// Memory in use, in KiB, where the system tells.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?.trim().trim_end_matches("kB").trim().parse().ok()
}

/// Each row is answered rightly, in order and once, whatever happens on the way; and no request is made that was not needed.
/// The server's record of what it received is in the same process, and is what its memory grows by.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_rows_survive_every_fault() {
    let mix = Fault::INJECTED.iter().map(|f| (*f, if *f == Fault::Stall { 0.01 } else { 0.04 })).collect();
    let server = FaultServer::start(Plan { seed: 7, mix, ..Plan::default() }).await;
    let endpoint = with(&server, |o| o.max_retries = 10);
    const ROWS: usize = 1000;
    let prompt = |row: usize| format!("row {row}: {}", "২+২? ".repeat(200));
    let start = Instant::now();
    let (mut rows, mut memory) = (Vec::new(), Vec::new());
    let mut stream = futures::stream::iter(0..ROWS)
        .map(|row| {
            let endpoint = &endpoint;
            async move { ask(endpoint, &prompt(row)).await }
        })
        .buffered(64);
    while let Some(reply) = stream.next().await {
        rows.push(reply.unwrap());
        memory.extend(resident().filter(|_| rows.len() % 100 == 0));
    }
    let seconds = start.elapsed().as_secs_f64();

    let counts = server.counts();
    let by_body = server.by_body();
    let mut attempts_after: BTreeMap<Fault, (usize, usize)> = BTreeMap::new();
    for past in &by_body {
        for (i, fault) in past.iter().enumerate() {
            let seen = attempts_after.entry(*fault).or_default();
            *(if i + 1 < past.len() { &mut seen.0 } else { &mut seen.1 }) += 1;
        }
    }
    eprintln!(
        "{ROWS} rows in {seconds:.1} s, {} requests, {} at most at once",
        counts.values().sum::<usize>(),
        server.most_open()
    );
    eprintln!("{:<16} {:>8} {:>12} {:>14}", "what was done", "requests", "asked again", "taken as answer");
    for (fault, (again, last)) in &attempts_after {
        eprintln!("{:<16} {:>8} {again:>12} {last:>14}", format!("{fault:?}"), counts[fault]);
    }
    eprintln!("resident KiB after every 100 rows: {memory:?}");

    for (row, reply) in rows.iter().enumerate() {
        assert_eq!(reply.completion.text, answer_to(&prompt(row), 100), "row {row}");
        assert_eq!(reply.completion.completion_tokens, Some(10));
    }
    assert_eq!(by_body.len(), ROWS);
    for past in &by_body {
        let (last, before) = past.split_last().unwrap();
        assert!(last.is_answered(), "{past:?}");
        assert!(before.iter().all(|f| !f.is_answered()), "what was answered is asked again: {past:?}");
    }
    let attempts: usize = rows.iter().map(|r| r.attempts as usize).sum();
    assert_eq!(attempts, counts.values().sum::<usize>(), "attempts are counted as they are made");
    for fault in Fault::INJECTED {
        assert!(counts.get(&fault).is_some_and(|n| *n > 0), "{fault:?} never happened");
    }
    assert!(server.most_open() <= 16);
    if let (Some(early), Some(late)) = (memory.get(2), memory.last()) {
        assert!(late.saturating_sub(*early) < 32 << 10, "memory grows: {memory:?}");
    }
}

#[tokio::test]
async fn samples_come_with_one_request_where_n_is_honoured() {
    let server = FaultServer::start(Plan::default()).await;
    let endpoint = with(&server, |o| {
        o.usd_per_mtok_in = Some(1.0);
        o.usd_per_mtok_out = Some(10.0);
    });
    let replies = generate(&endpoint, &requests("p", 0..5)).await;
    for (i, reply) in replies.iter().enumerate() {
        let reply = reply.as_ref().unwrap();
        assert_eq!(reply.completion.text, answer_to("p", 100 + i as i64));
        // Nobody counted the choices apart.
        assert_eq!((reply.completion.prompt_tokens, reply.completion.completion_tokens), (Some(1), None));
        assert!((reply.usd.unwrap() - (1.0 + 50.0 * 10.0) / 1e6 / 5.0).abs() < 1e-12);
    }
    assert_eq!(replies.iter().map(|r| r.as_ref().unwrap().tokens.unwrap()).sum::<u64>(), 51);
    let received = server.received();
    assert_eq!((received.len(), &received[0].body["n"]), (1, &json!(5)));
    // More than one request may carry go in several, and the seed goes on.
    let replies = generate(&endpoint, &requests("q", 0..20)).await;
    for (i, reply) in replies.iter().enumerate() {
        assert_eq!(reply.as_ref().unwrap().completion.text, answer_to("q", 100 + i as i64));
    }
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn samples_are_the_same_however_the_endpoint_gives_them() {
    for (several, first, later) in
        [(Several::Ignored, 4, 4), (Several::Refused, 5, 4), (Several::Muddled, 1, 1), (Several::Honoured, 1, 1)]
    {
        let server = FaultServer::start(Plan { several, ..Plan::default() }).await;
        let endpoint = endpoint(&server);
        let mut before = 0;
        for (prompt, needed) in [("p", first), ("q", later)] {
            for (i, reply) in generate(&endpoint, &requests(prompt, 0..4)).await.into_iter().enumerate() {
                assert_eq!(reply.unwrap().completion.text, answer_to(prompt, 100 + i as i64), "{several:?}");
            }
            let made = server.received().len();
            assert_eq!(made - before, needed, "{several:?}, prompt {prompt}");
            before = made;
        }
    }
}

#[tokio::test]
async fn what_no_retry_mends_is_asked_once_and_stops_the_statement() {
    for status in [400, 401, 402, 403, 404, 405, 422] {
        let body = json!({"error": {"message": "no: sk-hidden-key"}}).to_string();
        let server = scripted(&[response(status, &[], &body)]).await;
        let error = ask(&endpoint(&server), "p").await.unwrap_err();
        assert!(error.is_fatal() && error.kind() == Kind::Http, "{error}");
        assert_eq!((server.received().len(), error.attempts()), (1, 1));
        let said = format!("{error} {error:?}");
        assert!(said.contains("no: ***") && said.contains(&status.to_string()) && !said.contains("hidden"), "{said}");
        assert_eq!(status == 401, error.hint().is_some_and(|h| h.contains("MY_KEY")), "{said}");
    }
    let quota = json!({"error": {"message": "m", "code": "insufficient_quota"}}).to_string();
    let server = scripted(&[response(429, &[], &quota)]).await;
    let error = ask(&endpoint(&server), "p").await.unwrap_err();
    assert!(error.is_fatal() && error.kind() == Kind::RateLimit && server.received().len() == 1, "{error}");
}

#[tokio::test]
async fn what_concerns_one_row_fails_alone() {
    let server = FaultServer::start(Plan { context: 10, ..Plan::default() }).await;
    let endpoint = endpoint(&server);
    let error = ask(&endpoint, "a prompt of more than ten bytes").await.unwrap_err();
    assert_eq!((error.kind(), error.is_fatal(), error.attempts()), (Kind::Truncated, false, 1));
    assert!(ask(&endpoint, "short").await.is_ok());
    let filtered = json!({"choices": [{"message": {"content": ""}, "finish_reason": "content_filter"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 0}});
    let server = scripted(&[response(200, &[], &filtered.to_string())]).await;
    let endpoint = with(&server, |o| o.usd_per_mtok_in = Some(1.0));
    let error = ask(&endpoint, "p").await.unwrap_err();
    assert_eq!((error.kind(), error.is_fatal(), error.usd()), (Kind::Refused, false, Some(0.001)));
}

#[tokio::test]
async fn what_stays_broken_has_its_kind_and_its_count() {
    let cases = [
        (Fault::RateLimit, Kind::RateLimit),
        (Fault::ServerError, Kind::Http),
        (Fault::Hangup, Kind::Http),
        (Fault::DropMidBody, Kind::Http),
        (Fault::Malformed, Kind::Parse),
        (Fault::Truncated, Kind::Parse),
        (Fault::Stall, Kind::Timeout),
    ];
    for (fault, kind) in cases {
        let plan = Plan { mix: vec![(fault, 1.0)], most_faults: usize::MAX, ..Plan::default() };
        let server = FaultServer::start(plan).await;
        let endpoint = with(&server, |o| {
            o.max_retries = 2;
            o.timeout = Duration::from_millis(300);
        });
        let error = ask(&endpoint, "p").await.unwrap_err();
        assert_eq!((error.kind(), error.attempts(), server.received().len()), (kind, 3, 3), "{fault:?}: {error}");
        // A server that never said a word may not be one.
        assert_eq!(error.is_fatal(), fault == Fault::Hangup, "{error}");
    }
}

#[tokio::test]
async fn another_models_answers_stop_the_statement() {
    let server = FaultServer::start(Plan { model: Some("other".into()), ..Plan::default() }).await;
    let error = ask(&endpoint(&server), "p").await.unwrap_err();
    assert_eq!((error.kind(), error.is_fatal(), error.attempts()), (Kind::Model, true, 3));
    assert!(error.to_string().contains("served_as 'other'"), "{error}");
    let endpoint = with(&server, |o| o.served_as = vec!["other".into()]);
    assert_eq!(ask(&endpoint, "p").await.unwrap().completion.text, answer_to("p", 100));
}

#[tokio::test]
async fn no_server_is_an_error_that_stops_the_statement() {
    let server = FaultServer::start(Plan::default()).await;
    let options = options(&server);
    drop(server);
    // The port is free again once the listener's task has ended.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let error = ask(&Endpoint::new(EndpointOptions { max_retries: 1, ..options }).unwrap(), "p").await.unwrap_err();
    assert!(error.is_fatal() && error.kind() == Kind::Http, "{error}");
    assert!(error.to_string().contains("cannot be reached") && error.to_string().contains("server running"), "{error}");
}

#[tokio::test]
async fn a_pause_that_one_call_was_given_holds_all() {
    let server = scripted(&[response(429, &[("retry-after", "0.4")], "")]).await;
    let endpoint = endpoint(&server);
    let first = ask(&endpoint, "first");
    let second = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        ask(&endpoint, "second").await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((first.unwrap().attempts, second.unwrap().attempts), (2, 1));
    let at: Vec<Instant> = server.received().iter().map(|r| r.at).collect();
    assert_eq!(at.len(), 3);
    assert!(at[1..].iter().all(|t| *t - at[0] >= Duration::from_millis(400)), "{at:?}");
}

#[tokio::test]
async fn a_wait_beyond_reason_is_an_error_and_no_wait() {
    let server = scripted(&[response(
        429,
        &[("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "11h3m0s")],
        "",
    )])
    .await;
    let error = ask(&endpoint(&server), "p").await.unwrap_err();
    assert!(error.is_fatal() && error.kind() == Kind::RateLimit, "{error}");
    assert!(error.message().contains("39780 s"), "{error}");
}

#[tokio::test]
async fn cancelling_drops_what_is_under_way() {
    let plan = Plan { mix: vec![(Fault::Stall, 1.0)], ..Plan::default() };
    let server = FaultServer::start(plan).await;
    let endpoint = with(&server, |o| o.max_n = 1);
    let cancel = Cancel::new();
    let raise = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
        Instant::now()
    };
    let requests = requests("p", 0..4);
    let (outcomes, raised) = tokio::join!(generate_until(&endpoint, &requests, &cancel), raise);
    let late = raised.elapsed();
    assert!(late < Duration::from_millis(100), "{late:?}");
    assert!(outcomes.iter().all(|o| o.as_ref().unwrap_err().kind() == Kind::Cancelled));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.left(), 4, "connections are closed");
    // Nothing is asked after the flag is up.
    let outcomes = generate_until(&endpoint, &requests, &cancel).await;
    assert!(outcomes.iter().all(|o| o.as_ref().unwrap_err().kind() == Kind::Cancelled));
    let embedded = endpoint.embed(&["a".to_owned()], &cancel).await;
    assert_eq!(embedded.vectors[0].as_ref().unwrap_err().kind(), Kind::Cancelled);
    assert_eq!(server.received().len(), 4);
}

#[tokio::test]
async fn answers_beyond_the_limit_are_not_taken_in() {
    let endless = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}", " ".repeat(100_000));
    for said in [endless, response(200, &[], &" ".repeat(100_000))] {
        let server = scripted(&[said]).await;
        let error = ask(&with(&server, |o| o.max_body_bytes = 10_000), "p").await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (Kind::Parse, 1), "{error}");
        assert!(error.message().contains("larger than 10000 bytes"), "{error}");
    }
}

#[tokio::test]
async fn what_is_sent_is_what_the_protocol_says() {
    let server = FaultServer::start(Plan::default()).await;
    ask(&endpoint(&server), "p").await.unwrap();
    let raw = Request { prompt: Prompt::Raw("once".into()), ..requests("", 0..1).remove(0) };
    let reply = generate(&endpoint(&server), &[raw]).await.remove(0).unwrap();
    assert_eq!(reply.completion.text, answer_to("once", 100));
    let without_key = with(&server, |o| {
        o.api_key = None;
        o.base_url = o.base_url.replace("//", "//me:pass@");
    });
    ask(&without_key, "p").await.unwrap();
    let received = server.received();
    let paths: Vec<&str> = received.iter().map(|r| r.path.as_str()).collect();
    assert_eq!(paths, ["/v1/chat/completions", "/v1/completions", "/v1/chat/completions"]);
    let header = |i: usize| {
        received[i].head.lines().find_map(|l| l.strip_prefix("authorization: ")).unwrap_or_default().to_owned()
    };
    assert_eq!((header(0).as_str(), header(2).as_str()), ("Bearer sk-hidden-key", "Basic bWU6cGFzcw=="));
    assert!(received[1].body["messages"].is_null() && received[1].body["prompt"] == "once");
}

#[tokio::test]
async fn embeddings_keep_their_order_and_a_bad_text_fails_alone() {
    let plan = Plan { context: 40, mix: vec![(Fault::ServerError, 0.3)], ..Plan::default() };
    let server = FaultServer::start(plan).await;
    let endpoint = with(&server, |o| {
        o.embed_batch = 8;
        o.usd_per_mtok_in = Some(1.0);
    });
    let texts: Vec<String> = (0..100)
        .map(|i| {
            if i == 37 {
                "far too long a text for this server's context".into()
            } else {
                format!("text {}", "é".repeat(i % 13))
            }
        })
        .collect();
    let embedded = endpoint.embed(&texts, &Cancel::new()).await;
    for (i, (text, vector)) in texts.iter().zip(&embedded.vectors).enumerate() {
        match vector {
            Ok(vector) => assert_eq!(vector, &vector_of(text), "text {i}"),
            Err(e) => assert_eq!((i, e.kind(), e.is_fatal()), (37, Kind::Truncated, false), "{e}"),
        }
    }
    assert!(embedded.vectors[37].is_err());
    assert_eq!(embedded.requests as usize, server.received().len());
    let tokens: usize = texts.iter().enumerate().filter(|(i, _)| *i != 37).map(|(_, t)| t.len()).sum();
    assert_eq!(embedded.tokens, Some(tokens as u64));
    assert!((embedded.usd.unwrap() - tokens as f64 / 1e6).abs() < 1e-12);
    assert!(endpoint.embed(&[], &Cancel::new()).await.vectors.is_empty());
}
