//! The store as its users see it: several stores on one folder stand for several processes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;

use super::*;
use crate::error::ErrorKind;

fn none() -> BTreeMap<String, String> {
    BTreeMap::new()
}

fn t() -> TableName {
    TableName::main("t")
}

async fn rows(sql: &str) -> SendableRecordBatchStream {
    SessionContext::new().sql(sql).await.unwrap().execute_stream().await.unwrap()
}

/// The result of `sql`, in which `t` is the newest version of `table`.
async fn ask(store: &Store, table: &TableName, sql: &str) -> String {
    let snapshot = store.snapshot(table).await.unwrap().expect("a table");
    ask_snapshot(&snapshot, sql).await
}

async fn ask_snapshot(snapshot: &Snapshot, sql: &str) -> String {
    let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    session.register_table("t", Arc::clone(&snapshot.provider)).unwrap();
    let batches = session.sql(sql).await.unwrap().collect().await.unwrap();
    let table = datafusion::arrow::util::pretty::pretty_format_batches(&batches).unwrap().to_string();
    let lines: Vec<_> =
        table.lines().filter(|l| l.starts_with('|')).skip(1).map(|l| l.trim_matches('|').trim().to_owned()).collect();
    lines.join("\n")
}

fn numbers() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true)]))
}

fn batch(values: impl IntoIterator<Item = i64>) -> RecordBatch {
    RecordBatch::try_new(numbers(), vec![Arc::new(Int64Array::from_iter_values(values))]).unwrap()
}

fn stream(
    items: impl futures::Stream<Item = Result<RecordBatch, DataFusionError>> + Send + 'static,
) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(numbers(), items))
}

fn of(batches: Vec<RecordBatch>) -> SendableRecordBatchStream {
    stream(futures::stream::iter(batches.into_iter().map(Ok)))
}

fn files_under(folder: &Path) -> Vec<String> {
    fn walk(root: &Path, at: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(at).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(root, &path, found)
            } else {
                found.push(path.strip_prefix(root).unwrap().display().to_string())
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

fn nothing_is_staged(store: &Store) {
    assert_eq!(files_under(&store.staging()), Vec::<String>::new());
}

fn open() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("db"), false).unwrap();
    (folder, store)
}

#[tokio::test]
async fn rows_come_back_as_they_were() {
    let (_folder, store) = open();
    let sql = "SELECT * FROM (VALUES
        (1, 'ตอบ: ๑๘', [1, 2, NULL], {'lang': 'th', 'n': 1.5}, true),
        (2, NULL, [], {'lang': NULL, 'n': 2.5}, NULL),
        (NULL, '🙂 “\u{2028}”', NULL, NULL, false)) v(id, text, list, s, ok)";
    let written = store.write(&t(), WriteMode::Create, rows(sql).await, none()).await.unwrap();
    assert_eq!((written.rows, written.version, written.files), (3, 0, 1));
    let back = ask(&store, &t(), "SELECT * FROM t ORDER BY id NULLS LAST").await;
    let session = SessionContext::new();
    let expected =
        session.sql(&format!("SELECT * FROM ({sql}) ORDER BY id NULLS LAST")).await.unwrap().collect().await.unwrap();
    let expected = datafusion::arrow::util::pretty::pretty_format_batches(&expected).unwrap().to_string();
    for line in back.lines() {
        assert!(expected.contains(line.trim()), "{line}\n{expected}");
    }
    let snapshot = store.snapshot(&t()).await.unwrap().unwrap();
    assert_eq!((snapshot.rows(), snapshot.files().0), (Some(3), 1));
    nothing_is_staged(&store);
}

#[tokio::test]
async fn the_longest_text_is_found_although_statistics_cut_it() {
    let (_folder, store) = open();
    let sql = "SELECT repeat('z', 300) || value AS s, value AS n FROM generate_series(1, 1000)";
    store.write(&t(), WriteMode::Create, rows(sql).await, none()).await.unwrap();
    assert_eq!(ask(&store, &t(), "SELECT count(*) FROM t WHERE s = repeat('z', 300) || '77'").await, "1");
    assert_eq!(ask(&store, &t(), "SELECT (max(s) = repeat('z', 300) || '999' AND min(s) = repeat('z', 300) || '1' AND max(n) = 1000) AS x FROM t").await, "true");
}

#[tokio::test]
async fn any_name_is_a_table_and_any_text_a_column() {
    let (_folder, store) = open();
    for name in ["পরীক্ষা", "a b/c", "%41", "~41", "数学 😀", "..", "A", "a"] {
        let table = TableName::main(name);
        store
            .write(
                &table,
                WriteMode::Create,
                rows("SELECT 1 AS \"count(*)\", 2 AS \"a b,;{}=\", 3 AS \"ü\"").await,
                none(),
            )
            .await
            .unwrap();
        store
            .write(
                &table,
                WriteMode::Append,
                rows("SELECT 1 AS \"count(*)\", 2 AS \"a b,;{}=\", 3 AS \"ü\"").await,
                none(),
            )
            .await
            .unwrap();
        assert_eq!(ask(&store, &table, "SELECT sum(\"count(*)\" + \"a b,;{}=\" + \"ü\") FROM t").await, "12", "{name}");
    }
    assert_eq!(store.tables("main").unwrap(), ["%41", "..", "A", "a", "a b/c", "~41", "পরীক্ষা", "数学 😀"]);
    let twins =
        store.write(&t(), WriteMode::Create, rows("SELECT 1 AS a, 2 AS \"A\"").await, none()).await.unwrap_err();
    assert_eq!(twins.kind, ErrorKind::Query);
}

#[tokio::test]
async fn a_database_may_lie_anywhere_except_under_a_percent_sign() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("исследование 数 #1? [x]{y}~&=+;'\"");
    let store = Store::open(&root, false).unwrap();
    store.put_macro("m", &[], "1", false).unwrap();
    for mode in [WriteMode::Create, WriteMode::Append, WriteMode::CreateOrReplace, WriteMode::Append] {
        store.write(&t(), mode, of(vec![batch(0..3)]), none()).await.unwrap();
    }
    assert_eq!(ask(&store, &t(), "SELECT count(*) FROM t").await, "6");
    drop(store);
    let store = Store::open(&root, true).unwrap();
    assert_eq!((store.macros().unwrap().len(), ask(&store, &t(), "SELECT count(*) FROM t").await.as_str()), (1, "6"));
    assert!(Store::open(&folder.path().join("my%20study"), false).unwrap_err().message.contains('%'));
}

#[tokio::test]
async fn a_folder_of_another_program_is_found_under_its_plain_name() {
    let (_folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    fs::rename(store.root().join("main/t"), store.root().join("main/my-table")).unwrap();
    assert_eq!(store.tables("main").unwrap(), ["my-table"]);
    let name = TableName::main("my-table");
    store.write(&name, WriteMode::Append, of(vec![batch(0..3)]), none()).await.unwrap();
    assert_eq!(ask(&store, &name, "SELECT count(*) FROM t").await, "6");
    assert!(store.drop_table(&name).await.unwrap());
}

#[tokio::test]
async fn creating_what_exists_says_how_to_go_on() {
    let (_folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    let error = store.write(&t(), WriteMode::Create, of(vec![batch(0..9)]), none()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Query);
    assert!(error.message.contains("already exists") && error.hint.is_some());
    assert_eq!(ask(&store, &t(), "SELECT count(*) FROM t").await, "3");
    let missing = store.write(&TableName::main("x"), WriteMode::Append, of(vec![]), none()).await.unwrap_err();
    assert_eq!(missing.kind, ErrorKind::Query);
    nothing_is_staged(&store);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_creators_one_wins_and_the_others_are_told() {
    let (folder, _store) = open();
    let tries = (0..6).map(|i| {
        let root = folder.path().join("db");
        tokio::spawn(async move {
            let store = Store::open(&root, false).unwrap();
            store.write(&t(), WriteMode::Create, of(vec![batch(i * 10..i * 10 + 5)]), none()).await
        })
    });
    let done: Vec<_> = futures::future::join_all(tries).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(done.iter().filter(|r| r.is_ok()).count(), 1);
    for error in done.iter().filter_map(|r| r.as_ref().err()) {
        assert!(matches!(error.kind, ErrorKind::Conflict | ErrorKind::Query), "{error}");
    }
    assert_eq!(ask(&Store::open(&folder.path().join("db"), true).unwrap(), &t(), "SELECT count(*) FROM t").await, "5");
}

#[tokio::test]
async fn replacing_keeps_what_readers_had() {
    let (_folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    let before = store.snapshot(&t()).await.unwrap().unwrap();
    let written = store
        .write(&t(), WriteMode::CreateOrReplace, rows("SELECT 'x' AS other, now()::timestamp AS at").await, none())
        .await
        .unwrap();
    assert_eq!((written.rows, written.version), (1, 1));
    assert_eq!(ask_snapshot(&before, "SELECT sum(a) FROM t").await, "3");
    assert_eq!(ask(&store, &t(), "SELECT other FROM t WHERE at IS NOT NULL").await, "x");
    store.write(&t(), WriteMode::CreateOrReplace, of(vec![batch(5..6)]), none()).await.unwrap();
    assert_eq!(ask(&store, &t(), "SELECT sum(a) FROM t").await, "5");
}

#[tokio::test]
async fn timestamps_without_a_zone_can_be_created_appended_and_read() {
    let (_folder, store) = open();
    let sql = "SELECT TIMESTAMP '2024-02-29 12:00:00.123456' AS at, [TIMESTAMP '1969-12-31 23:59:59'] AS list, DATE '0001-01-01' AS d";
    store.write(&t(), WriteMode::Create, rows(sql).await, none()).await.unwrap();
    store.write(&t(), WriteMode::Append, rows(sql).await, none()).await.unwrap();
    assert_eq!(ask(&store, &t(), "SELECT count(*) FROM t WHERE at = TIMESTAMP '2024-02-29 12:00:00.123456' AND list[1] < TIMESTAMP '1970-01-01' AND d = DATE '0001-01-01'").await, "2");
}

#[tokio::test]
async fn an_error_among_the_rows_leaves_the_table_as_it_was() {
    let (_folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    let before = files_under(&store.root().join("main"));
    for mode in [WriteMode::Append, WriteMode::CreateOrReplace, WriteMode::Replace { version: 0 }] {
        let broken = futures::stream::iter(
            (0..50)
                .map(|i| Ok(batch(i..i + 1000)))
                .chain([Err(Error::data("line 51 is no number").with_hint("mend it").into())]),
        );
        let error = store.write(&t(), mode, stream(broken), none()).await.unwrap_err();
        assert_eq!(
            (error.kind, error.message.as_str(), error.hint.as_deref()),
            (ErrorKind::Data, "line 51 is no number", Some("mend it"))
        );
    }
    assert_eq!(files_under(&store.root().join("main")), before);
    nothing_is_staged(&store);
    assert_eq!(ask(&store, &t(), "SELECT sum(a) FROM t").await, "3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_is_cancelled_leaves_nothing() {
    let (_folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    let before = files_under(&store.root().join("main"));
    for table in [t(), TableName::main("new")] {
        let mode = if table == t() { WriteMode::Append } else { WriteMode::Create };
        let endless =
            futures::stream::iter((0_i64..).map(|i| {
                Ok(batch((0..8192).map(move |j| (i * 8192 + j).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64))))
            }));
        let write = store.write(&table, mode, stream(endless), none());
        assert!(tokio::time::timeout(Duration::from_millis(700), write).await.is_err());
    }
    // What the runtime was just writing may need a moment to find its folder gone.
    let start = Instant::now();
    while !files_under(&store.staging()).is_empty() && start.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    nothing_is_staged(&store);
    assert_eq!(files_under(&store.root().join("main")), before);
    assert_eq!(store.tables("main").unwrap(), ["t"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_appenders_both_land_every_time() {
    let (folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![]), none()).await.unwrap();
    let writers = (0..2).map(|w| {
        let root = folder.path().join("db");
        tokio::spawn(async move {
            let store = Store::open(&root, false).unwrap();
            for i in 0..20_i64 {
                store.write(&t(), WriteMode::Append, of(vec![batch([w * 1000 + i])]), none()).await.unwrap();
            }
        })
    });
    for done in futures::future::join_all(writers).await {
        done.unwrap();
    }
    assert_eq!(ask(&store, &t(), "SELECT count(*), count(DISTINCT a) FROM t").await, "40       | 40");
    assert_eq!(store.snapshot(&t()).await.unwrap().unwrap().version, 40);
}

#[tokio::test]
async fn replacing_a_version_that_is_no_longer_the_newest_is_a_conflict() {
    let (_folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    store.write(&t(), WriteMode::Append, of(vec![batch(3..4)]), none()).await.unwrap();
    let error = store.write(&t(), WriteMode::Replace { version: 0 }, of(vec![batch(9..10)]), none()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.hint.unwrap().contains("run the statement again"));
    assert_eq!(ask(&store, &t(), "SELECT sum(a) FROM t").await, "6");
    store.write(&t(), WriteMode::Replace { version: 1 }, of(vec![batch(9..10)]), none()).await.unwrap();
    assert_eq!(ask(&store, &t(), "SELECT sum(a) FROM t").await, "9");
    store.write(&t(), WriteMode::Replace { version: 2 }, of(vec![]), none()).await.unwrap();
    assert_eq!(ask(&store, &t(), "SELECT count(*) FROM t").await, "0");
    assert_eq!(files_under(&store.root().join("main")).iter().filter(|f| f.ends_with(".parquet")).count(), 3);
}

#[tokio::test]
async fn a_disk_that_fails_is_told_and_changes_nothing() {
    let (_folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    let before = files_under(&store.root().join("main"));
    // Small enough to be put at once, and large enough to be put in parts.
    for batches in [1_i64, 400] {
        let staging = store.staging();
        let failing = futures::stream::once(async move {
            fs::remove_dir_all(&staging).unwrap();
            fs::write(&staging, "in the way").unwrap();
            Ok(batch(0..3))
        });
        let many =
            futures::stream::iter((0..batches).map(|i| {
                Ok(batch((0..8192).map(move |j| (i * 8192 + j).wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64))))
            }));
        let error = store.write(&t(), WriteMode::Append, stream(failing.chain(many)), none()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::World, "{error}");
        assert!(error.message.contains("cannot write to") && error.message.contains("main/t"), "{error}");
        fs::remove_file(store.staging()).unwrap();
    }
    assert_eq!(files_under(&store.root().join("main")), before);
    store.write(&t(), WriteMode::Append, of(vec![batch(0..3)]), none()).await.unwrap();
}

/// Rows whose stream does `meanwhile` before its end.
fn while_writing<F: Future<Output = ()> + Send + 'static>(meanwhile: F) -> SendableRecordBatchStream {
    stream(futures::stream::iter([Ok(batch(0..3))]).chain(futures::stream::once(async move {
        meanwhile.await;
        Ok(batch(3..6))
    })))
}

#[tokio::test]
async fn an_append_lands_after_a_concurrent_change_of_rows_but_not_after_a_drop_or_replacement() {
    let (folder, store) = open();
    let other = || Store::open(&folder.path().join("db"), false).unwrap();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();

    let o = other();
    let input = while_writing(async move {
        o.write(&t(), WriteMode::Replace { version: 0 }, of(vec![batch(7..8)]), none()).await.unwrap();
    });
    store.write(&t(), WriteMode::Append, input, none()).await.unwrap();
    assert_eq!(ask(&store, &t(), "SELECT sum(a) FROM t").await, "22");

    let o = other();
    let input = while_writing(async move {
        o.write(&t(), WriteMode::CreateOrReplace, of(vec![batch(1..2)]), none()).await.unwrap();
    });
    let error = store.write(&t(), WriteMode::Append, input, none()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.message.contains("replaced"), "{error}");

    let o = other();
    let input = while_writing(async move {
        o.drop_table(&t()).await.unwrap();
    });
    let error = store.write(&t(), WriteMode::Append, input, none()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert!(error.message.contains("dropped"), "{error}");
    assert!(!store.root().join("main/t").exists());

    store.write(&t(), WriteMode::Create, of(vec![batch(0..1)]), none()).await.unwrap();
    let o = other();
    let input = while_writing(async move {
        o.drop_table(&t()).await.unwrap();
        o.write(&t(), WriteMode::Create, of(vec![batch(5..6)]), none()).await.unwrap();
    });
    let error = store.write(&t(), WriteMode::Append, input, none()).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Conflict);
    assert_eq!(ask(&store, &t(), "SELECT sum(a) FROM t").await, "5");
    nothing_is_staged(&store);
}

#[tokio::test]
async fn an_interrupted_drop_is_finished_by_the_next_opening() {
    let (folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    store.discard(&store.root().join("main/t")).unwrap();
    assert_eq!(store.tables("main").unwrap(), Vec::<String>::new());
    assert!(!files_under(&store.trash()).is_empty());
    let store = Store::open(&folder.path().join("db"), false).unwrap();
    assert!(!store.trash().exists());
    assert!(!store.drop_table(&t()).await.unwrap());
}

#[tokio::test]
async fn what_a_dead_writer_staged_is_cleared_by_the_next_opening() {
    let (folder, store) = open();
    let dead = store.staging().join("dead");
    fs::create_dir(&dead).unwrap();
    fs::write(dead.join("part.parquet"), "x").unwrap();
    fs::write(store.staging().join("dead.lock"), "").unwrap();
    // A first commit that the power took: data and a log folder, but no log entry.
    let half = store.root().join("main/half/_delta_log");
    fs::create_dir_all(&half).unwrap();
    let store = Store::open(&folder.path().join("db"), false).unwrap();
    nothing_is_staged(&store);
    assert_eq!(store.tables("main").unwrap(), Vec::<String>::new());
    assert!(store.snapshot(&TableName::main("half")).await.unwrap().is_none());
}

#[tokio::test]
async fn a_folder_that_is_not_a_table_is_never_overwritten() {
    let (_folder, store) = open();
    fs::create_dir_all(store.root().join("main/t")).unwrap();
    fs::write(store.root().join("main/t/notes.txt"), "mine").unwrap();
    for mode in [WriteMode::Create, WriteMode::CreateOrReplace] {
        let error = store.write(&t(), mode, of(vec![batch(0..3)]), none()).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::World);
    }
    assert!(store.root().join("main/t/notes.txt").exists());
}

#[tokio::test]
async fn chunks_are_committed_as_they_fill() {
    let (_folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![]), none()).await.unwrap();
    let batches: Vec<_> = (0..10).map(|i| batch(i * 10..i * 10 + 10)).collect();
    let written = store.append_in_chunks(&t(), of(batches), 25, 3600, none()).await.unwrap();
    assert_eq!((written.rows, written.version, written.files), (100, 4, 4));

    let broken = futures::stream::iter(
        (0..7).map(|i| Ok(batch(i..i + 10))).chain([Err(DataFusionError::Execution("no more".into()))]),
    );
    let error = store.append_in_chunks(&t(), stream(broken), 30, 3600, none()).await.unwrap_err();
    assert!(error.hint.as_ref().unwrap().contains("60 rows"), "{:?}", error.hint);
    assert_eq!(ask(&store, &t(), "SELECT count(*) FROM t").await, "160");
    nothing_is_staged(&store);
}

#[tokio::test]
async fn a_slow_chunk_is_committed_when_its_time_is_up() {
    let (folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![]), none()).await.unwrap();
    let reader = Store::open(&folder.path().join("db"), true).unwrap();
    let slow = futures::stream::iter([Ok(batch(0..3))]).chain(futures::stream::once(async move {
        let start = Instant::now();
        while ask(&reader, &t(), "SELECT count(*) FROM t").await != "3" {
            assert!(
                start.elapsed() < Duration::from_secs(30),
                "the chunk was not committed while the stream was waiting"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(batch(3..4))
    }));
    let written = store.append_in_chunks(&t(), stream(slow), 1000, 1, none()).await.unwrap();
    assert_eq!((written.rows, written.version), (4, 2));
}

#[tokio::test]
async fn not_null_is_kept_for_declared_columns_only() {
    let (_folder, store) = open();
    let schema =
        Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, false), Field::new("b", DataType::Utf8, true)]));
    store.create_table(&t(), schema, false, none()).await.unwrap();
    store
        .write(&t(), WriteMode::Append, rows("SELECT NULL::varchar AS b, 1::bigint AS a").await, none())
        .await
        .unwrap();
    let error = store
        .write(&t(), WriteMode::Append, rows("SELECT NULL::bigint AS a, 'x' AS b").await, none())
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::Data);
    assert!(error.message.contains("`a` is NOT NULL"), "{error}");
    let derived = TableName::main("derived");
    store.write(&derived, WriteMode::Create, rows("SELECT 1::bigint AS a").await, none()).await.unwrap();
    store.write(&derived, WriteMode::Append, rows("SELECT NULL::bigint AS a").await, none()).await.unwrap();
    assert_eq!(ask(&store, &derived, "SELECT count(*) FROM t WHERE a IS NULL").await, "1");
}

#[tokio::test]
async fn vacuum_deletes_what_is_old_and_unnamed_only() {
    let (_folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    store.write(&t(), WriteMode::CreateOrReplace, of(vec![batch(5..6)]), none()).await.unwrap();
    let table = store.root().join("main/t");
    fs::write(table.join("part-orphan.parquet"), "x").unwrap();
    fs::write(table.join("_delta_log/00000000000000000002.json#77"), "x").unwrap();
    let parquet = || files_under(&table).iter().filter(|f| f.ends_with(".parquet")).count();
    assert_eq!(store.vacuum(&t(), Duration::from_secs(7 * 24 * 3600)).await.unwrap().unwrap().files, 0);
    assert_eq!(parquet(), 3);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert_eq!(store.vacuum(&t(), Duration::from_millis(1)).await.unwrap().unwrap().files, 3);
    assert_eq!(parquet(), 1);
    assert_eq!(ask(&store, &t(), "SELECT sum(a) FROM t").await, "5");
    assert!(store.vacuum(&TableName::main("none"), Duration::ZERO).await.unwrap().is_none());
}

#[tokio::test]
async fn the_history_knows_each_statement() {
    let (_folder, store) = open();
    let provenance = |sql: &str| BTreeMap::from([("statement".to_owned(), sql.to_owned())]);
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), provenance("CREATE …")).await.unwrap();
    store.write(&t(), WriteMode::Append, of(vec![batch(0..3)]), provenance("INSERT …")).await.unwrap();
    let history = store.history(&t(), 10).await.unwrap().unwrap();
    let told: Vec<_> = history.iter().map(|c| (c.version, c.provenance["statement"].as_str())).collect();
    assert_eq!(told, [(1, "INSERT …"), (0, "CREATE …")]);
    assert!(history[0].at.is_some() && history[0].operation.as_deref() == Some("WRITE"));
    assert_eq!(store.history(&t(), 1).await.unwrap().unwrap().len(), 1);
}

#[tokio::test]
async fn a_read_only_database_is_read_and_never_written() {
    let (folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    store.put_macro("m", &[], "1", false).unwrap();
    drop(store);
    let before = files_under(folder.path());
    let store = Store::open(&folder.path().join("db"), true).unwrap();
    assert_eq!(ask(&store, &t(), "SELECT sum(a) FROM t").await, "3");
    assert_eq!(store.macros().unwrap().len(), 1);
    let refused = [
        store.write(&t(), WriteMode::Append, of(vec![batch(0..3)]), none()).await.unwrap_err(),
        store.drop_table(&t()).await.unwrap_err(),
        store.create_schema("s", false).unwrap_err(),
        store.put_macro("n", &[], "1", false).unwrap_err(),
        store.vacuum(&t(), Duration::ZERO).await.unwrap_err(),
    ];
    for error in refused {
        assert!(error.message.contains("read-only"), "{error}");
    }
    drop(store);
    assert_eq!(files_under(folder.path()), before);
    assert!(Store::open(&folder.path().join("absent"), true).is_err());
}

#[tokio::test]
async fn schemas_come_and_go() {
    let (_folder, store) = open();
    let table = TableName::new("ভাষা", "t");
    assert_eq!(store.write(&table, WriteMode::Create, of(vec![]), none()).await.unwrap_err().kind, ErrorKind::Query);
    store.create_schema("ভাষা", false).unwrap();
    assert!(store.create_schema("ভাষা", false).is_err());
    store.create_schema("ভাষা", true).unwrap();
    store.write(&table, WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    store.put_view(&TableName::new("ভাষা", "v"), "SELECT 1", &[], false).unwrap();
    assert_eq!(store.schemas().unwrap(), ["main", "ভাষা"]);
    assert!(store.drop_schema("ভাষা", false, false).unwrap_err().message.contains("not empty: t, v"));
    store.drop_schema("ভাষা", false, true).unwrap();
    assert_eq!(store.schemas().unwrap(), ["main"]);
    assert!(store.views("ভাষা").unwrap().is_empty());
    assert!(store.drop_schema("ভাষা", false, true).is_err());
    store.drop_schema("ভাষা", true, true).unwrap();
    assert!(store.drop_schema("main", false, true).is_err());
}

#[tokio::test]
async fn many_small_appends_leave_a_checkpoint() {
    let (_folder, store) = open();
    store.write(&t(), WriteMode::Create, of(vec![]), none()).await.unwrap();
    for i in 0..120 {
        store.write(&t(), WriteMode::Append, of(vec![batch([i])]), none()).await.unwrap();
    }
    assert_eq!(ask(&store, &t(), "SELECT count(*), sum(a) FROM t").await, "120      | 7140");
    assert!(store.root().join("main/t/_delta_log/_last_checkpoint").exists());
}

#[tokio::test]
async fn a_temporary_database_goes_with_its_store() {
    let store = Store::temporary().unwrap();
    store.write(&t(), WriteMode::Create, of(vec![batch(0..3)]), none()).await.unwrap();
    assert_eq!(ask(&store, &t(), "SELECT sum(a) FROM t").await, "3");
    assert!(!store.is_durable() && !store.is_readonly());
    let root = store.root().to_owned();
    drop(store);
    assert!(!root.exists());
}

#[test]
fn a_file_is_not_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    fs::write(&file, "x").unwrap();
    assert!(Store::open(&file, false).unwrap_err().message.contains("not a folder"));
    assert_eq!(Store::open(&file.join("y"), false).unwrap_err().kind, ErrorKind::World);
}
