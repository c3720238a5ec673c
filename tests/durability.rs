//! What is committed stays: writers are killed at random moments, and two write one table at once.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const KILLS: usize = 60;
const ROWS: i64 = 1000;
const REPLACED: i64 = 5000;

fn glotrace(database: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glotrace"));
    command.arg(database).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn query(database: &Path, sql: &str) -> Vec<Vec<i64>> {
    let run = glotrace(database).args(["-c", sql, "--format", "csv"]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{sql}: {said}");
    let text = String::from_utf8(run.stdout).unwrap();
    text.lines().skip(1).map(|l| l.split(',').map(|n| n.parse().unwrap_or(i64::MIN)).collect()).collect()
}

fn start(database: &Path, script: &str) -> Child {
    let mut child = glotrace(database).spawn().unwrap();
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    child
}

/// Statements from step `from` on. Each leaves the tables in a state that can be told to be whole.
fn script(from: i64) -> String {
    let mut sql = String::from("CREATE TABLE IF NOT EXISTS t (k BIGINT, v BIGINT);\n");
    for k in from..from + 200 {
        sql += &format!("INSERT INTO t SELECT {k}, value FROM generate_series(1, {ROWS});\n");
        sql += &format!("CREATE OR REPLACE TABLE r AS SELECT {k} AS k, value FROM generate_series(1, {REPLACED});\n");
        sql += &format!("UPDATE t SET v = v + 1 WHERE k = {k};\n");
        sql += &format!("DELETE FROM t WHERE k = {};\n", k - 5);
    }
    sql
}

#[test]
fn a_writer_killed_at_any_moment_leaves_whole_tables_and_loses_nothing_that_it_reported() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("db");
    let mut chance = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos() as u64 | 1;
    let (mut next, mut mid_statement, mut reported_in_all, mut is_replaced) = (0, 0, 0, false);
    for kill in 0..KILLS {
        let mut child = start(&database, &script(next));
        // xorshift: the moments differ from run to run on purpose.
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        std::thread::sleep(Duration::from_millis(60 + chance % 700));
        child.kill().unwrap();
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("error"), "kill {kill}: {said}");
        let reported = said.lines().filter(|l| l.starts_with("INSERT INTO t")).count() as i64;
        reported_in_all += reported;

        if !said.contains("CREATE TABLE t") && next == 0 {
            continue; // killed before there was anything to keep
        }
        let batches = query(&database, "SELECT k, count(*), sum(v) FROM t GROUP BY k ORDER BY k");
        let sum = ROWS * (ROWS + 1) / 2;
        for batch in &batches {
            assert_eq!(batch[1], ROWS, "kill {kill}: step {} is there in part", batch[0]);
            assert!(batch[2] == sum || batch[2] == sum + ROWS, "kill {kill}: step {} is updated in part", batch[0]);
        }
        let newest = batches.last().map_or(next - 1, |b| b[0]);
        assert!(
            newest >= next + reported - 1,
            "kill {kill}: {reported} inserts were reported from {next} on, newest is {newest}"
        );
        is_replaced |= said.contains("CREATE TABLE r");
        if is_replaced {
            let replaced = query(&database, "SELECT count(*), count(DISTINCT k) FROM r");
            assert_eq!(replaced, [[REPLACED, 1]], "kill {kill}");
        }
        mid_statement += i64::from(newest >= next + reported);
        next = newest + 1;
    }
    eprintln!(
        "{KILLS} kills, {reported_in_all} inserts reported, {mid_statement} kills between a commit and its report"
    );
    assert!(reported_in_all > 0, "no writer lived long enough to write");
}

#[test]
fn two_writers_of_one_table_both_land_or_one_is_told_of_the_conflict() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("db");
    query(&database, "CREATE TABLE t (w BIGINT, k BIGINT)");
    let writer = |w: i64| {
        let inserts = (0..15).map(|k| format!("INSERT INTO t SELECT {w}, {k} FROM generate_series(1, 100);\n"));
        let updates = (0..5).map(|k| format!("UPDATE t SET k = k WHERE w = {w} AND k = {k};\n"));
        let mut child = glotrace(&database).arg("--keep-going").spawn().unwrap();
        child.stdin.take().unwrap().write_all(inserts.chain(updates).collect::<String>().as_bytes()).unwrap();
        child
    };
    let (first, second) = (writer(1), writer(2));
    let outputs: Vec<Output> = [first, second].into_iter().map(|c| c.wait_with_output().unwrap()).collect();
    let (mut landed, mut conflicts) = (0, 0);
    for output in &outputs {
        let said = String::from_utf8_lossy(&output.stderr);
        landed += said.lines().filter(|l| l.starts_with("INSERT INTO t: 100 rows")).count();
        for error in said.lines().filter(|l| l.starts_with("error:")) {
            assert!(error.contains("another process") || error.contains("committed"), "no clear conflict: {error}");
            conflicts += 1;
        }
    }
    let there = query(&database, "SELECT count(*), count(DISTINCT w * 100 + k) FROM t");
    eprintln!("{landed} of 30 inserts landed, {conflicts} statements were told of a conflict");
    assert_eq!(there, [[landed as i64 * 100, landed as i64]]);
    assert!(landed >= 15);
}

#[test]
fn a_reader_sees_one_state_while_another_process_replaces_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("db");
    query(&database, "CREATE TABLE r AS SELECT 0 AS k, value FROM generate_series(1, 5000)");
    let replacing: String = (1..40)
        .map(|k| format!("CREATE OR REPLACE TABLE r AS SELECT {k} AS k, value FROM generate_series(1, 5000);\n"))
        .collect();
    let mut writer = start(&database, &replacing);
    let mut seen = 0;
    while writer.try_wait().unwrap().is_none() {
        assert_eq!(
            query(
                &database,
                "SELECT count(*), count(DISTINCT k) FROM r AS a JOIN (SELECT DISTINCT k AS j FROM r) AS b ON a.k = b.j"
            ),
            [[5000, 1]]
        );
        seen += 1;
    }
    assert!(seen > 0);
}
