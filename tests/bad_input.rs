//! Bad input gets an error that names the place and the way out, a non-zero exit, and changes nothing.

#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// Exit code and what was said.
fn run(args: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_glotrace")).args(args).output().unwrap();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[track_caller]
fn refused(args: &[&str], says: &[&str]) {
    let (code, said) = run(args);
    assert_eq!(code, 1, "{said}");
    assert!(said.lines().any(|l| l.starts_with("error: ")), "{said}");
    for part in says {
        assert!(said.contains(part), "`{part}` is not in:\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
}

fn count(database: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_glotrace"))
        .arg(database)
        .args(["--format", "csv", "-c", "SELECT count(*) FROM t"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned()
}

#[test]
fn a_missing_file_is_named_with_the_nearest_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("traces.jsonl"), "{\"a\": 1}\n").unwrap();
    let sql = format!("SELECT * FROM '{}/trace.jsonl'", folder.path().display());
    refused(&["-c", &sql], &["trace.jsonl", "there is no such file", "hint: ", "traces.jsonl"]);
}

#[test]
fn a_malformed_line_is_named_with_its_file_and_number() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.jsonl");
    std::fs::write(&file, "{\"a\": 1}\n{\"a\": 2}\n{\"a\": oops}\n").unwrap();
    refused(&["-c", &format!("SELECT sum(a) FROM '{}'", file.display())], &["bad.jsonl:3:"]);
    // A table that is made of it stays as it was.
    let database = folder.path().join("db");
    let make = "CREATE TABLE t AS SELECT 1 AS a";
    assert_eq!(run(&[database.to_str().unwrap(), "-c", make]).0, 0);
    let replace = format!("CREATE OR REPLACE TABLE t AS SELECT a FROM '{}'", file.display());
    refused(&[database.to_str().unwrap(), "-c", &replace], &["bad.jsonl:3:"]);
    assert_eq!(count(&database), "1");
}

#[test]
fn invalid_utf8_is_named_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("latin1.jsonl");
    std::fs::write(&file, b"{\"a\": \"x\"}\n{\"a\": \"\xe9t\xe9\"}\n").unwrap();
    refused(&["-c", &format!("SELECT a FROM '{}'", file.display())], &["latin1.jsonl:2:", "UTF-8"]);
    let script = folder.path().join("bad.sql");
    std::fs::write(&script, b"SELECT 1;\nSELECT '\xe9';\n").unwrap();
    refused(&["-f", script.to_str().unwrap()], &["bad.sql", "UTF-8"]);
}

#[test]
fn an_unknown_column_is_shown_where_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("q.sql");
    std::fs::write(&script, "CREATE TABLE traces AS SELECT 'en' AS lang;\n\nSELECT langage,\n  1 FROM traces;\n")
        .unwrap();
    refused(
        &["-f", script.to_str().unwrap()],
        &[
            "no column named `langage` in `traces`",
            "q.sql:3:8",
            "3 | SELECT langage,",
            "^^^^^^^",
            "hint: did you mean `lang`?",
        ],
    );
}

#[test]
fn unknown_tables_functions_arguments_settings_and_options_get_a_suggestion() {
    refused(
        &["-c", "CREATE TABLE traces AS SELECT 1 AS a", "-c", "SELECT * FROM trases"],
        &["trases", "did you mean `traces`?"],
    );
    refused(&["-c", "SELECT math_boxd('x')"], &["math_boxd", "did you mean `math_boxed`?"]);
    refused(&["-c", "SELECT math_boxed('x', compatt => 'ki2026')"], &["compatt", "did you mean `compat`?"]);
    refused(&["-c", "SET glotrace.on_eror = 'fail'"], &["glotrace.on_eror", "did you mean `glotrace.on_error`?"]);
    refused(&["-c", "COPY (SELECT 1 AS a) TO 'x.csv' OPTIONS (hedaer true)"], &["hedaer", "did you mean `header`?"]);
    refused(&["-c", "COPY (SELECT 1 AS a) TO 'x.svg' OPTIONS (colr a)"], &["colr", "did you mean `color`?"]);
    refused(&["-c", "COPY (SELECT 1 AS a) TO 'x.svg' OPTIONS (plot 'forst')"], &["forst", "did you mean 'forest'?"]);
    refused(
        &["-c", "COPY (SELECT 1 AS delta) TO 'x.svg' OPTIONS (y 'dleta')"],
        &["y: ", "dleta", "did you mean `delta`?"],
    );
    refused(&["-c", "COPY (SELECT 1 AS a) TO 'x.csv' OPTIONS (plot bar)"], &["plot: ", "x.csv", ".svg"]);
    refused(
        &["-c", "CREATE MODEL m FROM 'x.gguf' OPTIONS (temprature 1)"],
        &["temprature", "did you mean `temperature`?"],
    );
    refused(&["-c", "SELECT $questoins", "-p", "questions=x"], &["$questoins", "did you mean `$questions`?"]);
}

#[test]
fn a_wrong_type_says_what_was_expected_and_what_came() {
    refused(&["-c", "SELECT math_boxed(1)"], &["math_boxed: argument 1 `text` must be text, got Int64", "hint: "]);
    refused(&["-c", "SELECT CAST('abc' AS BIGINT)"], &["abc"]);
}

#[test]
fn an_unwritable_folder_is_an_error_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let locked = folder.path().join("locked");
    std::fs::create_dir(&locked).unwrap();
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o555)).unwrap();
    if std::fs::write(locked.join("probe"), "").is_ok() {
        eprintln!("this user writes everywhere: a file in the way stands for the folder that cannot be written");
        std::fs::remove_file(locked.join("probe")).unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "x").unwrap();
        refused(&["-c", &format!("COPY (SELECT 1 AS a) TO '{}/x.csv'", file.display())], &["file"]);
        let (code, said) = run(&[file.to_str().unwrap(), "-c", "SELECT 1"]);
        assert!(code == 2 && said.contains("DATABASE is a folder"), "{code} {said}");
        return;
    }
    refused(&["-c", &format!("COPY (SELECT 1 AS a) TO '{}/x.csv'", locked.display())], &["permission denied"]);
    refused(&[locked.join("db").to_str().unwrap(), "-c", "SELECT 1"], &["permission denied"]);
    assert_eq!(std::fs::read_dir(&locked).unwrap().count(), 0);
}

#[test]
fn a_full_disk_is_an_error_and_what_was_committed_stays() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).unwrap();
    let mount = Command::new("mount").args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"]).arg(&disk).output();
    if !mount.is_ok_and(|m| m.status.success()) {
        eprintln!("skipped: no right to mount a small tmpfs");
        return;
    }
    let unmount = || Command::new("umount").arg("-l").arg(&disk).status();
    let result = std::panic::catch_unwind(|| {
        let database = disk.join("db");
        let path = database.to_str().unwrap();
        assert_eq!(run(&[path, "-c", "CREATE TABLE t AS SELECT value FROM generate_series(1, 100)"]).0, 0);
        let fill = "SELECT value, random() AS a, random() AS b FROM generate_series(1, 3000000)";
        refused(&[path, "-c", &format!("CREATE OR REPLACE TABLE t AS {fill}")], &["disk is full", "hint: "]);
        assert_eq!(count(&database), "100");
        refused(
            &[path, "-c", &format!("INSERT INTO t SELECT (a * 1e15)::BIGINT FROM ({fill}) AS f")],
            &["disk is full"],
        );
        assert_eq!(count(&database), "100");
        let file = disk.join("x.csv");
        refused(&["-c", &format!("COPY ({fill}) TO '{}'", file.display())], &["disk is full"]);
        assert!(!file.exists(), "a partial file was left");
        assert_eq!(run(&[path, "-c", "INSERT INTO t SELECT 1"]).0, 0, "there is room again for a small statement");
        assert_eq!(count(&database), "101");
    });
    let _ = unmount();
    if let Err(panic) = result {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn a_readonly_session_refuses_every_statement_that_writes() {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("db");
    let path = database.to_str().unwrap();
    assert_eq!(run(&[path, "-c", "CREATE TABLE t AS SELECT 1 AS a"]).0, 0);
    for sql in [
        "CREATE TABLE u AS SELECT 1 AS a",
        "INSERT INTO t VALUES (2)",
        "UPDATE t SET a = 2",
        "DELETE FROM t",
        "DROP TABLE t",
        "CREATE VIEW v AS SELECT 1 AS a",
        "CREATE MACRO m(a) AS a",
        "CREATE MODEL m FROM 'x.gguf'",
        "CREATE SCHEMA s",
        "COPY t TO 'x.csv'",
    ] {
        let (code, said) = run(&["--readonly", path, "-c", sql]);
        assert!(code == 1 && said.contains("read-only"), "{sql}: {code} {said}");
    }
    assert_eq!(count(&database), "1");
}
