//! The command line through the binary: what it prints where, and its exit codes.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The binary with a home of its own.
fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glotrace"));
    command.current_dir(folder).env("HOME", folder).stdin(Stdio::null());
    for name in ["XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "NO_COLOR", "PAGER"] {
        command.env_remove(name);
    }
    command
}

fn run_in(folder: &Path, arguments: &[&str]) -> Ran {
    command(folder).args(arguments).output().unwrap().into()
}

fn run(arguments: &[&str]) -> Ran {
    run_in(tempfile::tempdir().unwrap().path(), arguments)
}

fn feed(arguments: &[&str], input: &[u8]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(folder.path())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap().into()
}

fn folder_with(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// Wants no less than hours: something to interrupt.
const ENDLESS: &str = "SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000000) b WHERE a.value + b.value = -1";

// ---- results and formats

#[test]
fn results_go_to_stdout_as_csv_where_it_is_no_terminal() {
    let ran = run(&["-c", "SELECT 1 AS a, NULL AS b, 'x,y' AS c, 0.1 AS d"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "a,b,c,d\n1,,\"x,y\",0.1\n", ""));
}

#[test]
fn every_format_of_the_contract_prints() {
    let sql = "SELECT 1 AS a, NULL AS b";
    for (format, expected) in [("csv", "a,b\n1,\n"), ("tsv", "a\tb\n1\t\n"), ("ndjson", "{\"a\":1,\"b\":null}\n")] {
        assert_eq!(run(&["--format", format, "-c", sql]).out, expected, "{format}");
    }
    for (format, parts) in [
        ("table", &["| a | b    |", "| 1 | NULL |"][..]),
        ("box", &["│ a │ b    │", "│ 1 │ NULL │"]),
        ("json", &["[", "\"a\":1", "\"b\":null", "]"]),
        ("markdown", &["a | b", "1 | NULL |"]),
        ("latex", &["\\begin{tabular}", "\\toprule", "NULL"]),
        ("line", &["a = 1", "b = NULL"]),
    ] {
        let ran = run(&["--format", format, "-c", sql]);
        assert!(ran.code == 0 && parts.iter().all(|part| ran.out.contains(part)), "{format}:\n{}{}", ran.out, ran.err);
    }
}

#[test]
fn an_unknown_format_is_wrong_usage_with_the_nearest() {
    let ran = run(&["--format", "jsn", "-c", "SELECT 1"]);
    assert_eq!(ran.code, 2);
    assert!(ran.err.contains("did you mean `json`?"), "{}", ran.err);
}

#[test]
fn a_table_shows_forty_rows_and_counts_the_rest() {
    let sql = "SELECT * FROM generate_series(1, 100)";
    let ran = run(&["--format", "table", "-c", sql]);
    assert!(ran.out.contains("40 |") && !ran.out.contains("41 |") && ran.out.contains("100 rows"), "{}", ran.out);
    let all = run(&["--format", "table", "--maxrows", "none", "-c", sql]);
    assert!(all.out.contains("100 |"));
    assert_eq!(run(&["-c", sql]).out.lines().count(), 101);
}

#[test]
fn output_chooses_the_format_by_the_name_and_takes_several_results() {
    let folder = folder_with(&[]);
    let ran = run_in(folder.path(), &["-o", "x.csv", "-c", "SELECT 1 AS a; SELECT 2 AS b"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    assert_eq!(std::fs::read_to_string(folder.path().join("x.csv")).unwrap(), "a\n1\nb\n2\n");
    assert_eq!(run_in(folder.path(), &["-o", "x.parquet", "-c", "SELECT 7 AS n"]).code, 0);
    assert_eq!(run_in(folder.path(), &["-c", "SELECT n FROM 'x.parquet'"]).out, "n\n7\n");
    assert!(run_in(folder.path(), &["-o", "x.parquet", "-c", "SELECT 1; SELECT 2"]).err.contains("holds one result"));
    for name in ["x.json", "x.ndjson", "x.md", "x.tex"] {
        assert_eq!(run_in(folder.path(), &["-o", name, "-c", "SELECT 7 AS n"]).code, 0, "{name}");
        assert!(std::fs::read_to_string(folder.path().join(name)).unwrap().contains('7'));
    }
}

#[test]
fn a_failed_statement_leaves_the_output_file_as_it_was() {
    let folder = folder_with(&[("x.csv", "old\n")]);
    let ran = run_in(folder.path(), &["-o", "x.csv", "-c", "SELECT nothing"]);
    assert_eq!(ran.code, 1);
    let sql = "SELECT CASE WHEN value < 50000 THEN value ELSE CAST('x' || value AS BIGINT) END FROM generate_series(1, 100000)";
    let ran = run_in(folder.path(), &["-o", "x.csv", "-c", sql]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert_eq!(std::fs::read_to_string(folder.path().join("x.csv")).unwrap(), "old\n");
    assert_eq!(
        std::fs::read_dir(folder.path())
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().contains("part"))
            .count(),
        0
    );
}

#[test]
fn a_comparison_in_an_argument_is_headed_as_it_is_written() {
    let ran = run(&["--format", "csv", "-c", "SELECT bool_or(a = 2) FROM (VALUES (1)) AS t(a)"]);
    assert_eq!(ran.out, "bool_or(a = 2)\nfalse\n");
}

#[test]
fn an_output_name_without_a_format_is_wrong_usage() {
    assert_eq!(run(&["-o", "x.unknown", "-c", "SELECT 1"]).code, 2);
    for said in [run(&["-o", "x.svg", "-c", "SELECT 1"]), run(&["-c", ".once x.svg"])] {
        assert!(said.code != 0 && said.err.contains("COPY (SELECT …) TO 'x.svg'"), "{}", said.err);
    }
}

#[test]
fn an_unwritable_folder_is_an_error() {
    let ran = run(&["-o", "no/such/folder/x.csv", "-c", "SELECT 1"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.starts_with("error: cannot write"), "{}", ran.err);
}

// ---- scripts

#[test]
fn commands_and_files_run_in_the_order_given() {
    let folder = folder_with(&[("a.sql", "SELECT 'file a' AS x;\n"), ("b.sql", "SELECT 'file b' AS x")]);
    let ran = run_in(
        folder.path(),
        &["-c", "SELECT 'first' AS x", "-f", "a.sql", "-c", "SELECT 'third' AS x", "-f", "b.sql"],
    );
    assert_eq!(ran.out, "x\nfirst\nx\nfile a\nx\nthird\nx\nfile b\n", "{}", ran.err);
}

#[test]
fn standard_input_is_a_script() {
    let ran =
        feed(&[], b"\xef\xbb\xbf-- a byte order mark and CRLF\r\nSELECT 1 AS a;\r\n.mode ndjson\r\nSELECT 2 AS b;\r\n");
    assert_eq!((ran.code, ran.out.as_str()), (0, "a\n1\n{\"b\":2}\n"), "{}", ran.err);
    assert_eq!(feed(&["-f", "-"], b"SELECT 3 AS c").out, "c\n3\n");
    assert_eq!(feed(&[], b"").code, 0);
}

#[test]
fn a_script_that_is_no_utf8_is_named_with_its_line() {
    let ran = feed(&[], b"SELECT 1;\nSELECT '\xff'");
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("line 2"), "{}", ran.err);
}

#[test]
fn a_script_stops_at_the_first_failure_or_keeps_going() {
    let sql = "SELECT 1 AS a; SELECT nothing; SELECT 2 AS b";
    let ran = run(&["-c", sql, "-c", "SELECT 3 AS c"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, "a\n1\n"));
    let ran = run(&["--keep-going", "-c", sql, "-c", "SELECT 3 AS c"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, "a\n1\nb\n2\nc\n3\n"));
    let ran = run(&["--keep-going", "-f", "missing.sql", "-c", "SELECT 3 AS c"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, "c\n3\n"));
    assert!(ran.err.contains("missing.sql"));
}

#[test]
fn scripts_read_scripts_but_not_without_end() {
    let folder = folder_with(&[
        ("a.sql", ".read b.sql\nSELECT 1 AS a;"),
        ("b.sql", "SELECT 2 AS b;"),
        ("loop.sql", ".read loop.sql\n"),
    ]);
    assert_eq!(run_in(folder.path(), &["-f", "a.sql"]).out, "b\n2\na\n1\n");
    let ran = run_in(folder.path(), &["-f", "loop.sql"]);
    assert!(ran.code == 1 && ran.err.contains("read each other"), "{}", ran.err);
}

#[test]
fn quit_ends_a_script() {
    assert_eq!(feed(&[], b"SELECT 1 AS a;\n.quit\nSELECT 2 AS b;\n").out, "a\n1\n");
}

#[test]
fn parameters_are_typed_as_literals_where_they_are() {
    let ran = run(&["-p", "n=41", "-p", "t=it's", "-c", "SELECT $n + 1 AS n, $t AS t"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "n,t\n42,it's\n"), "{}", ran.err);
    let missing = run(&["-c", "SELECT $missing"]);
    assert!(missing.code == 1 && missing.err.contains("missing"), "{}", missing.err);
    assert_eq!(run(&["-p", "no_value", "-c", "SELECT 1"]).code, 2);
}

#[test]
fn settings_are_set_and_wrong_ones_are_wrong_usage() {
    let ran = run(&["--set", "glotrace.on_error=fail", "-c", "SHOW glotrace.on_error"]);
    assert!(ran.code == 0 && ran.out.contains("fail"), "{}{}", ran.out, ran.err);
    let ran = run(&["--set", "glotrace.on_eror=fail", "-c", "SELECT 1"]);
    assert_eq!(ran.code, 2, "{}", ran.err);
    assert!(ran.err.contains("did you mean `glotrace.on_error`?"), "{}", ran.err);
}

// ---- errors

#[test]
fn an_error_shows_the_statement_the_place_and_the_way_out() {
    let folder = folder_with(&[(
        "queries/20.sql",
        "-- features\nCREATE TABLE traces AS SELECT 1 AS id, 'en' AS lang;\nSELECT id, langg FROM traces;\n",
    )]);
    let ran = run_in(folder.path(), &["-f", "queries/20.sql"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    let expected = "  queries/20.sql:3:12\n   3 | SELECT id, langg FROM traces;\n     |            ^^^^^\nhint: did you mean `lang`?\n";
    assert!(ran.err.contains(expected), "{}", ran.err);
    assert!(ran.err.lines().any(|line| line.starts_with("error: ") && line.contains("langg")), "{}", ran.err);
}

#[test]
fn the_caret_stands_right_in_the_middle_of_a_line_and_under_wide_characters() {
    let ran = run(&["-c", "SELECT 1 AS a; SELECT '漢字', nothing"]);
    let lines: Vec<&str> = ran.err.lines().collect();
    let at =
        lines.iter().position(|line| line.contains("| SELECT 1 AS a; SELECT")).unwrap_or_else(|| panic!("{}", ran.err));
    let column = lines[at].find("nothing").unwrap() - "漢字".len() + 4; // two columns a character
    assert_eq!(lines[at + 1].find('^').unwrap(), column, "{}", ran.err);
}

#[test]
fn an_open_string_is_told_before_anything_runs() {
    let ran = run(&["-c", "SELECT 1;\nSELECT 'abc"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert!(ran.err.contains("-c:2:8"), "{}", ran.err);
}

#[test]
fn errors_are_coloured_only_when_asked_or_on_a_terminal() {
    assert!(!run(&["-c", "SELECT nothing"]).err.contains('\u{1b}'));
    assert!(run(&["--color", "always", "-c", "SELECT nothing"]).err.contains('\u{1b}'));
}

#[test]
fn unknown_dot_commands_are_met_with_the_nearest() {
    let ran = run(&["-c", ".tabels"]);
    assert!(ran.code == 1 && ran.err.contains("did you mean `.tables`?") && ran.err.contains("-c:1:1"), "{}", ran.err);
}

// ---- usage

#[test]
fn wrong_usage_is_two() {
    for arguments in [
        &["--nope"][..],
        &["-c"],
        &["--maxrows", "few", "-c", "SELECT 1"],
        &["run"],
        &["models", "nothing"],
        &["-c", "SELECT 1", "run", "x"],
    ] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(!ran.err.is_empty());
    }
}

#[test]
fn a_script_given_as_database_is_told_how_to_run_it() {
    let folder = folder_with(&[("a.sql", "SELECT 1")]);
    let ran = run_in(folder.path(), &["a.sql"]);
    assert!(ran.code == 2 && ran.err.contains("-f 'a.sql'"), "{}", ran.err);
}

#[test]
fn help_and_version_are_results() {
    let help = run(&["--help"]);
    assert_eq!(help.code, 0);
    for word in [
        "--format",
        "--output",
        "--param",
        "--set",
        "--readonly",
        "--keep-going",
        "--maxrows",
        "--no-progress",
        "--color",
        "--quiet",
        "--timer",
        "run",
        "models",
        "functions",
        "completions",
    ] {
        assert!(help.out.contains(word), "{word}");
    }
    assert!(run(&["--version"]).out.starts_with("glotrace "));
    assert!(run(&["completions", "bash"]).out.contains("--keep-going"));
}

#[test]
fn functions_and_models_are_listed() {
    assert!(run(&["functions"]).out.contains("math_boxed"));
    let page = run(&["functions", "math_boxed"]);
    assert!(page.out.starts_with("math_boxed(") && page.out.contains("SELECT"), "{}", page.out);
    let missing = run(&["functions", "math_bxed"]);
    assert!(missing.code == 1 && missing.err.contains("did you mean `math_boxed`?"), "{}", missing.err);
    assert!(run(&["models", "list"]).out.contains("smollm2"));
    assert!(run(&["models", "show", "smollm2"]).out.contains("Apache-2.0"));
    let missing = run(&["models", "show", "smollm3"]);
    assert!(missing.code == 1 && missing.err.contains("did you mean `smollm2`?"), "{}", missing.err);
    assert_eq!(run(&["models", "check"]).out, "smollm2: not fetched\nminilm: not fetched\n");
}

#[test]
fn quiet_and_timer_concern_stderr() {
    let ran = run(&["db", "-c", "CREATE TABLE t AS SELECT 1 AS a"]);
    assert!(ran.out.is_empty() && ran.err.contains("CREATE TABLE"), "{}", ran.err);
    assert_eq!(run(&["db", "-q", "-c", "CREATE TABLE t AS SELECT 1 AS a"]).err, "");
    let ran = run(&["--timer", "-c", "SELECT 1 AS a"]);
    assert!(ran.out == "a\n1\n" && ran.err.starts_with("1 row in "), "{}", ran.err);
}

// ---- databases

#[test]
fn a_database_is_kept_and_readonly_refuses_to_write() {
    let folder = folder_with(&[]);
    assert_eq!(run_in(folder.path(), &["study.db", "-c", "CREATE TABLE t AS SELECT 1 AS a"]).code, 0);
    assert_eq!(run_in(folder.path(), &["study.db", "-c", "SELECT * FROM t"]).out, "a\n1\n");
    let ran = run_in(folder.path(), &["--readonly", "study.db", "-c", "INSERT INTO t VALUES (2)"]);
    assert!(ran.code == 1 && ran.err.starts_with("error: "), "{}", ran.err);
    assert_eq!(run_in(folder.path(), &["study.db", "-c", "SELECT * FROM t"]).out, "a\n1\n");
}

#[test]
fn a_study_runs_in_order_and_skips_what_is_up_to_date() {
    let folder = folder_with(&[
        (
            "queries/20_double.sql",
            "CREATE OR REPLACE TABLE doubled AS SELECT a * 2 AS b FROM base;\nSELECT b FROM doubled;",
        ),
        ("queries/10_base.sql", "CREATE OR REPLACE TABLE base AS SELECT 21 AS a;"),
        ("queries/notes.txt", "no query"),
    ]);
    let first = run_in(folder.path(), &["run", "study.db", "queries"]);
    assert_eq!(first.code, 0, "{}", first.err);
    assert!(
        first.out.contains("b\n42\n") && first.out.contains("base") && first.out.contains("doubled"),
        "{}",
        first.out
    );
    assert!(first.out.find("10_base.sql").unwrap() < first.out.find("20_double.sql").unwrap());
    let second = run_in(folder.path(), &["run", "study.db", "queries"]);
    assert!(
        second.err.contains("10_base.sql: up to date") && second.err.contains("20_double.sql: up to date"),
        "{}",
        second.err
    );
    let forced = run_in(folder.path(), &["run", "--force", "study.db", "queries"]);
    assert!(forced.err.contains("10_base.sql: done"), "{}", forced.err);
}

#[test]
fn a_study_stops_at_the_first_failure_unless_told_to_keep_going() {
    let folder = folder_with(&[("q/1.sql", "SELECT nothing;"), ("q/2.sql", "SELECT 2 AS two;")]);
    let ran = run_in(folder.path(), &["run", "q"]);
    assert!(ran.code == 1 && ran.err.contains("1.sql:1:8") && !ran.out.contains("two"), "{}{}", ran.out, ran.err);
    let ran = run_in(folder.path(), &["run", "--keep-going", "q"]);
    assert!(ran.code == 1 && ran.out.contains("two"), "{}{}", ran.out, ran.err);
    assert_eq!(run_in(folder.path(), &["run", "nothing_here"]).code, 1);
}

// ---- pipes and signals

#[test]
fn a_reader_that_leaves_ends_it_quietly() {
    let folder = folder_with(&[]);
    for format in ["csv", "table"] {
        let mut child = command(folder.path())
            .args([
                "--format",
                format,
                "--maxrows",
                "none",
                "-c",
                "SELECT * FROM generate_series(1, 3000000)",
                "-c",
                ENDLESS,
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let ran: Ran = child.wait_with_output().unwrap().into();
        assert!([0, 141].contains(&ran.code) && ran.err.is_empty(), "{format}: {} {}", ran.code, ran.err);
    }
}

/// Sends signals, each so many milliseconds after the one before, once the endless statement is about to run.
#[cfg(unix)]
fn signalled(signals: &[(&str, u64)]) -> Ran {
    let folder = folder_with(&[]);
    let mut child = command(folder.path())
        .args(["-c", "SELECT 'ready' AS x", "-c", ENDLESS, "-c", "SELECT 1"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = [0; 8];
    child.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
    assert_eq!(&ready, b"x\nready\n");
    for (signal, after) in signals {
        std::thread::sleep(Duration::from_millis(*after));
        Command::new("kill").args([*signal, &child.id().to_string()]).status().unwrap();
    }
    let sent = Instant::now();
    let ran = child.wait_with_output().unwrap().into();
    assert!(sent.elapsed() < Duration::from_secs(20));
    ran
}

#[cfg(unix)]
#[test]
fn an_interrupt_stops_the_script_with_130() {
    let ran = signalled(&[("-INT", 500)]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.trim()), (130, "", "interrupted; finished calls are kept"));
    assert_eq!(signalled(&[("-INT", 500), ("-INT", 20)]).code, 130);
}

#[cfg(unix)]
#[test]
fn a_request_to_terminate_stops_the_script_with_143() {
    assert_eq!(signalled(&[("-TERM", 500)]).code, 143);
}

// ---- model calls

#[test]
fn failed_model_calls_are_null_and_remembered_as_three() {
    let folder = folder_with(&[("answers.jsonl", "{\"prompt\":\"known\",\"text\":\"an answer\"}\n")]);
    let sql = "CREATE MODEL m FROM 'replay:answers.jsonl';
               SELECT q, llm_complete('m', q) AS a FROM (VALUES ('known'), ('unknown')) t(q) ORDER BY q";
    let ran = run_in(folder.path(), &["-c", sql]);
    assert_eq!((ran.code, ran.out.as_str()), (3, "q,a\nknown,an answer\nunknown,\n"), "{}", ran.err);
    assert!(ran.err.contains("warning: 1 model call failed; its value is NULL"), "{}", ran.err);
    let ran = run_in(folder.path(), &["--set", "glotrace.on_error=fail", "-c", sql]);
    assert_eq!(ran.code, 1, "{}", ran.err);
}
