//! Figures through the command: COPY to each kind of picture, whole or not at all.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::process::{Command, Output};

fn run(folder: &Path, sql: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_glotrace")).current_dir(folder).args(["-c", sql]).output().unwrap()
}

const ROWS: &str = "SELECT * FROM (VALUES ('en', 'steps', 0.12), ('bn', 'steps', -0.2), ('en', 'validity', NULL), \
                    ('bn', 'validity', 0.05)) AS t(lang, feature, delta)";

#[test]
fn the_extension_says_what_picture_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (name, begins) in [
        ("results/x.svg", b"<svg ".as_slice()),
        ("x.png", b"\x89PNG"),
        ("x.html", b"<!DOCTYPE html>"),
        ("x.vl.json", b"{"),
    ] {
        let done =
            run(folder.path(), &format!("COPY ({ROWS}) TO '{name}' OPTIONS (plot 'heatmap', title 'Δ accuracy')"));
        assert!(done.status.success(), "{name}: {}", String::from_utf8_lossy(&done.stderr));
        assert!(std::fs::read(folder.path().join(name)).unwrap().starts_with(begins), "{name}");
    }
    let svg = std::fs::read_to_string(folder.path().join("results/x.svg")).unwrap();
    assert_eq!(svg.matches("class=\"mark\"").count(), 3);
    assert!(svg.contains("Δ accuracy") && svg.contains(">−0.20<"));
    // Plain JSON stays a table.
    assert!(run(folder.path(), &format!("COPY ({ROWS}) TO 'x.json'")).status.success());
    assert!(std::fs::read_to_string(folder.path().join("x.json")).unwrap().starts_with('['));
}

#[test]
fn a_figure_that_fails_leaves_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("x.svg"), "old").unwrap();
    let twice = "COPY (SELECT * FROM (VALUES ('en', 1), ('en', 2)) AS t(lang, n)) TO 'x.svg' OPTIONS (plot 'bar', x 'lang', y 'n')";
    let done = run(folder.path(), twice);
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("both stand for lang = en") && said.contains("hint: "), "{said}");
    assert_eq!(std::fs::read_to_string(folder.path().join("x.svg")).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
