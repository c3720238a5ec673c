//! Claims about the store of calls.

use std::time::Duration;

use super::*;

fn key(n: u32) -> CallKey {
    let mut key = CallKey::default();
    key[..4].copy_from_slice(&n.to_be_bytes());
    key
}

fn record(n: u32, outcome: Result<&str, &str>) -> CallRecord {
    CallRecord {
        key: key(n),
        model: "m".to_owned(),
        identity: "replay:sha256:00".to_owned(),
        task: "generate",
        input: format!("प्रश्न {n}"),
        sample: 0,
        outcome: outcome
            .map(|text| serde_json::to_vec(text).unwrap())
            .map_err(|message| ("http".to_owned(), message.to_owned())),
        finish_reason: Some("stop"),
        prompt_tokens: Some(7),
        completion_tokens: Some(3),
        seconds: Some(0.5),
        usd: None,
        attempts: 2,
    }
}

async fn claim(store: &CallStore, n: u32) -> Flight {
    match store.find(vec![(key(n), true)]).await.unwrap().remove(0) {
        Found::Claimed(flight) => flight,
        other => panic!("{other:?}"),
    }
}

async fn keep(store: &CallStore, n: u32, outcome: Result<&str, &str>) {
    let flight = claim(store, n).await;
    store.keep(record(n, outcome), flight).await.unwrap().unwrap();
}

async fn text(store: &CallStore, n: u32) -> Option<String> {
    let stored = store.peek(vec![key(n)]).await.unwrap().remove(0)?;
    Some(serde_json::from_slice(&stored.json()?).unwrap())
}

fn all(store: &CallStore) -> Vec<CallRow> {
    let mut rows = Vec::new();
    store
        .rows(&mut |row| {
            rows.push(row);
            true
        })
        .unwrap();
    rows
}

#[tokio::test]
async fn a_kept_call_is_served_to_another_process_at_once() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (CallStore::new(root.path().into(), None), CallStore::new(root.path().into(), None));
    let long = "হিসাব ".repeat(500);
    keep(&one, 1, Ok(&long)).await;
    assert_eq!(text(&two, 1).await.as_deref(), Some(long.as_str()));
    let row = all(&two).remove(0);
    assert_eq!((row.model.as_str(), row.input.as_str(), row.attempts), ("m", "प्रश्न 1", 2));
    assert_eq!(row.output.map(|o| o.len()), Some(long.len() + 2));
}

#[tokio::test]
async fn a_call_under_way_is_nobody_elses_until_it_is_given_back() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (CallStore::new(root.path().into(), None), CallStore::new(root.path().into(), None));
    let flight = claim(&one, 1).await;
    for store in [&one, &two] {
        assert!(matches!(store.find(vec![(key(1), true)]).await.unwrap()[..], [Found::Elsewhere]));
    }
    drop(flight);
    drop(claim(&two, 1).await);
}

#[tokio::test]
async fn calls_of_a_dead_process_are_free() {
    let root = tempfile::tempdir().unwrap();
    let two = CallStore::new(root.path().into(), None);
    drop(claim(&two, 9).await);
    // What a killed process leaves: a call under way whose owner's file nobody locks.
    let connection = rusqlite::Connection::open(two.folder().join("flights.sqlite")).unwrap();
    connection.execute("INSERT INTO flights (key, owner) VALUES (?, 'flight-dead')", [key(1)]).unwrap();
    std::fs::write(two.folder().join("flight-dead.lock"), "").unwrap();
    drop(claim(&two, 1).await);
}

#[tokio::test]
async fn an_error_is_kept_and_not_served_and_a_success_replaces_it_for_good() {
    let root = tempfile::tempdir().unwrap();
    let store = CallStore::new(root.path().into(), None);
    keep(&store, 1, Err("500")).await;
    assert_eq!(text(&store, 1).await, None);
    assert_eq!(all(&store)[0].error.as_deref(), Some("http"));
    keep(&store, 1, Ok("42")).await;
    assert_eq!(text(&store, 1).await.as_deref(), Some("42"));
    let row = all(&store).remove(0);
    assert_eq!((row.error, row.attempts), (None, 4));
    // Made again although it was there, and failed: what was there stays.
    let Found::Claimed(flight) = store.find(vec![(key(1), false)]).await.unwrap().remove(0) else { panic!() };
    store.keep(record(1, Err("late")), flight).await.unwrap().unwrap();
    assert_eq!(text(&store, 1).await.as_deref(), Some("42"));
}

#[tokio::test]
async fn pruning_deletes_what_was_chosen_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let store = CallStore::new(root.path().into(), None);
    for n in 0..20 {
        keep(&store, n, if n % 2 == 0 { Ok("x") } else { Err("y") }).await;
    }
    let prune = |what: Pruning| store.prune(&what).unwrap();
    let errors = Pruning { errors: true, ..Pruning::default() };
    assert_eq!(prune(Pruning { dry_run: true, ..errors.clone() }).calls, 10);
    let pruned = prune(errors);
    assert_eq!((pruned.calls, pruned.left), (10, 10));
    let old = Pruning { older_than: Some(Duration::from_secs(3600)), ..Pruning::default() };
    assert_eq!(prune(old).calls, 0);
    assert_eq!(prune(Pruning { model: Some("m".into()), ..Pruning::default() }).left, 0);
    assert_eq!(text(&store, 0).await, None);
}

#[tokio::test]
async fn a_database_that_is_only_read_serves_its_calls_and_takes_none() {
    let (database, cache) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    keep(&CallStore::new(database.path().into(), None), 1, Ok("18")).await;
    let store = CallStore::new(cache.path().into(), Some(database.path().into()));
    assert_eq!(text(&store, 1).await.as_deref(), Some("18"));
    keep(&store, 2, Ok("19")).await;
    assert_eq!(text(&CallStore::new(database.path().into(), None), 2).await, None);
    assert_eq!(all(&store).len(), 2);
}
