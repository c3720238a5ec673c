//! The function reference tells the truth: every function is documented, and every example is re-run.

#![expect(clippy::print_stderr, reason = "tests")]

use std::process::Command;

fn rows_of(table: &str) -> Vec<Vec<String>> {
    table
        .lines()
        .filter(|l| l.trim_start().starts_with('|'))
        .map(|l| l.trim().trim_matches('|').split('|').map(|c| c.trim().to_owned()).collect())
        .collect()
}

#[test]
fn every_example_of_the_reference_prints_what_it_says() {
    let mut wrong = Vec::new();
    let (mut checked, mut shown) = (0, 0);
    for function in glotrace_udfs::reference().expect("a reference") {
        assert!(!function.examples.is_empty(), "{} has no example", function.name);
        for example in &function.examples {
            let Some(expected) = &example.result else {
                shown += 1;
                continue;
            };
            let run = Command::new(env!("CARGO_BIN_EXE_glotrace"))
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .args(["--format", "table", "--maxrows", "0", "-c", &example.sql])
                .output()
                .expect("the command runs");
            let printed = String::from_utf8_lossy(&run.stdout);
            checked += 1;
            if rows_of(&printed) != rows_of(expected) {
                wrong.push(format!(
                    "{}:\n{}\nexpected\n{expected}\ngot\n{printed}{}",
                    function.name,
                    example.sql,
                    String::from_utf8_lossy(&run.stderr)
                ));
            }
        }
    }
    eprintln!("{checked} examples re-run, {shown} only shown");
    assert!(checked > 0 && wrong.is_empty(), "{}", wrong.join("\n\n"));
}
