//! The three laws of the house, read off `cargo metadata` and the tree.

#![expect(clippy::expect_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .exec()
        .expect("cargo metadata")
}

/// What a workspace member's Cargo.toml lists outside of tests.
fn listed(metadata: &Metadata, package: &str) -> BTreeSet<String> {
    let package = metadata.packages.iter().find(|p| p.name.as_str() == package).expect("a member");
    package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal).map(|d| d.name.clone()).collect()
}

#[test]
fn the_cellar_knows_no_sql() {
    let metadata = metadata();
    let cellar: Vec<&str> = metadata
        .workspace_packages()
        .iter()
        .filter(|p| p.manifest_path.as_str().contains("/udfs/core/"))
        .map(|p| p.name.as_str())
        .collect::<Vec<_>>();
    assert!(cellar.len() >= 2, "the pure crates are gone: {cellar:?}");
    for package in cellar {
        for wrong in listed(&metadata, package) {
            // Requests to an endpoint wait on time and connections; the runtime they wait on is the caller's.
            if package == "glotrace-model" && wrong == "tokio" {
                continue;
            }
            let forbidden = ["datafusion", "arrow", "parquet", "sqlparser", "deltalake", "rusqlite", "tokio"]
                .iter()
                .any(|f| wrong == *f || wrong.starts_with(&format!("{f}-")));
            assert!(!forbidden, "{package} is pure and must not depend on {wrong}");
            assert!(wrong != "glotrace" && wrong != "glotrace-udfs", "{package} calls upwards: {wrong}");
        }
    }
}

#[test]
fn the_functions_depend_on_parts_of_datafusion_and_not_on_its_facade() {
    let listed = listed(&metadata(), "glotrace-udfs");
    for wrong in ["datafusion", "arrow", "deltalake", "rusqlite", "tokio", "glotrace"] {
        assert!(!listed.contains(wrong), "glotrace-udfs must not depend on {wrong}");
    }
}

#[test]
fn nobody_depends_on_arrow_directly() {
    let metadata = metadata();
    for package in metadata.workspace_packages() {
        let listed = listed(&metadata, package.name.as_str());
        let arrow = listed.iter().find(|d| *d == "arrow" || d.starts_with("arrow-") || *d == "parquet");
        assert!(arrow.is_none(), "{} depends on {arrow:?}: use datafusion::arrow", package.name);
    }
}

#[test]
fn there_is_one_copy_of_each_big_one() {
    let metadata = metadata();
    let mut versions: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for package in &metadata.packages {
        versions.entry(package.name.as_str()).or_default().insert(package.version.to_string());
    }
    for big in ["arrow", "parquet", "datafusion", "ndarray", "cudarc", "candle-core", "tokenizers", "object_store"] {
        if let Some(found) = versions.get(big) {
            assert_eq!(found.len(), 1, "{big} is there {} times: {found:?}", found.len());
        }
    }
}

#[test]
fn the_core_prints_nothing_and_reads_no_environment() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("udfs/core");
    let mut wrong = Vec::new();
    visit(&core, &mut |path, text| {
        if !path.components().any(|c| c.as_os_str() == "src") {
            return;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for banned in ["std::env::var", "env::var(", "println!(", "eprintln!(", "std::process::Command"] {
            if code.contains(banned) {
                wrong.push(format!("{}: {banned}", path.display()));
            }
        }
    });
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn visit(folder: &Path, see: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            visit(&path, see);
        } else if path.extension().is_some_and(|x| x == "rs") {
            see(&path, &std::fs::read_to_string(&path).expect("a source file"));
        }
    }
}
