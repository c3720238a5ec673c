//! Claims about tables from files.

use std::collections::{BTreeMap, HashMap};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use datafusion::arrow::array::RecordBatch;
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::{StreamExt, TryStreamExt, stream};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::error::ErrorKind;
use crate::write::tester::written;
use crate::write::{Format, WriteOptions};

/// The batches as `format`.
fn text(batches: &[RecordBatch], format: Format) -> String {
    written(batches, format, &WriteOptions::default())
}

async fn sql_in(context: &SessionContext, query: &FileQuery, sql: &str) -> Result<Vec<RecordBatch>> {
    context.register_table("t", open_files(&context.state(), query).await?).unwrap();
    let frame = context.sql(sql).await.unwrap();
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await.map_err(|e| match e.find_root() {
        datafusion::error::DataFusionError::External(inner) => match inner.downcast_ref::<Error>() {
            Some(error) => error.clone(),
            None => Error::internal(e.to_string()),
        },
        other => Error::internal(other.to_string()),
    })?;
    Ok(if batches.is_empty() { vec![RecordBatch::new_empty(schema)] } else { batches })
}

async fn sql(query: &FileQuery, sql: &str) -> Result<Vec<RecordBatch>> {
    sql_in(&SessionContext::new(), query, sql).await
}

/// All rows as NDJSON.
async fn rows(query: &FileQuery) -> String {
    text(&sql(query, "SELECT * FROM t").await.unwrap(), Format::NdJson)
}

async fn failure(query: &FileQuery) -> Error {
    match sql(query, "SELECT * FROM t").await {
        Ok(_) => panic!("{} was read", query.url),
        Err(error) => error,
    }
}

/// Column names and types.
async fn columns(query: &FileQuery) -> Vec<(String, String)> {
    let table = open_files(&SessionContext::new().state(), query).await.unwrap();
    table.schema().fields().iter().map(|field| (field.name().clone(), field.data_type().to_string())).collect()
}

fn file(folder: &TempDir, name: &str, content: impl AsRef<[u8]>) -> FileQuery {
    let path = folder.path().join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, content).unwrap();
    FileQuery::new(path.to_str().unwrap())
}

fn with(mut query: FileQuery, name: &str, value: &str) -> FileQuery {
    query.options.insert(name.into(), value.into());
    query
}

async fn packed(kind: FileCompressionType, content: &[u8]) -> Vec<u8> {
    let bytes = object_store::PutPayload::from(content.to_vec()).into_iter().next().unwrap();
    let stream = kind.convert_to_compress_stream(stream::iter([Ok(bytes)]).boxed()).unwrap();
    stream
        .try_fold(vec![], |mut all, bytes| async move {
            all.extend_from_slice(&bytes);
            Ok(all)
        })
        .await
        .unwrap()
}

// ── JSON ───────────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn a_column_of_integers_and_texts_is_text() {
    let folder = TempDir::new().unwrap();
    let query = file(&folder, "x.jsonl", "{\"year\": 2024, \"n\": 1}\n{\"year\": \"NR\", \"n\": 2.5}\n{\"n\": null}\n");
    assert_eq!(columns(&query).await, [("year".into(), "Utf8View".into()), ("n".into(), "Float64".into())]);
    assert_eq!(
        rows(&query).await,
        "{\"year\":\"2024\",\"n\":1.0}\n{\"year\":\"NR\",\"n\":2.5}\n{\"year\":null,\"n\":null}\n"
    );
}

#[tokio::test]
async fn nested_values_keep_their_shape_and_mixed_ones_become_json() {
    let folder = TempDir::new().unwrap();
    let query = file(
        &folder,
        "x.jsonl",
        "{\"l\": [], \"s\": {\"a\": 1, \"b\": [1]}, \"m\": \"x\"}\n{\"l\": [\"ক\"], \"s\": null, \"m\": [1, {\"k\": true}]}\n{\"l\": null, \"s\": {\"b\": [2.5]}, \"m\": {\"z\": 1, \"a\": 2}}\n",
    );
    assert_eq!(
        rows(&query).await,
        "{\"l\":[],\"s\":{\"a\":1,\"b\":[1.0]},\"m\":\"x\"}\n\
         {\"l\":[\"ক\"],\"s\":null,\"m\":\"[1,{\\\"k\\\":true}]\"}\n\
         {\"l\":null,\"s\":{\"a\":null,\"b\":[2.5]},\"m\":\"{\\\"z\\\":1,\\\"a\\\":2}\"}\n"
    );
}

#[tokio::test]
async fn only_a_newline_ends_a_line() {
    let folder = TempDir::new().unwrap();
    let query = file(&folder, "x.jsonl", "\u{feff}{\"t\": \"a\u{2028}b\u{85}c\"}\r\n\n{\"t\": \"d\u{b}e\\n\"}");
    assert!(matches!(failure(&query).await.kind, ErrorKind::Data), "a raw vertical tab is no JSON");
    let query = file(&folder, "y.jsonl", "\u{feff}{\"t\": \"a\u{2028}b\u{85}c\"}\r\n\n{\"t\": \"d\\n\"}");
    assert_eq!(rows(&query).await, "{\"t\":\"a\u{2028}b\u{85}c\"}\n{\"t\":\"d\\n\"}\n");
}

#[tokio::test]
async fn a_json_file_is_an_array_or_an_object_or_several() {
    let folder = TempDir::new().unwrap();
    for (name, content) in [
        ("array.json", "\n[ {\"a\": \"]\\\"}\"} ,\n {\"a\":\"y\"}\n]\n"),
        ("several.json", "{\"a\": \"]\\\"}\"}{\"a\":\"y\"}"),
        ("lines.json", "{\"a\": \"]\\\"}\"}\n{\"a\":\"y\"}\n"),
        ("array.jsonl", "[{\"a\": \"]\\\"}\"},{\"a\":\"y\"}]"),
    ] {
        assert_eq!(rows(&file(&folder, name, content)).await, "{\"a\":\"]\\\"}\"}\n{\"a\":\"y\"}\n", "{name}");
    }
    assert_eq!(rows(&file(&folder, "one.json", "{\n  \"a\": {\"b\": [1, 2]}\n}")).await, "{\"a\":{\"b\":[1,2]}}\n");
}

#[tokio::test]
async fn a_broken_array_says_where() {
    let folder = TempDir::new().unwrap();
    for (content, line, column, message) in [
        ("[{\"a\": 1},\n {\"a\": 2}", 2, 10, "expected `,` or `]`, found the end of the file"),
        ("[{\"a\": 1}\n {\"a\": 2}]", 2, 2, "expected `,` or `]`, found `{`"),
        ("[{\"a\": 1},\n]", 2, 1, "expected a value, found `]`"),
        ("[{\"a\": 1}] x", 1, 12, "expected the end of the file, found `x`"),
        ("[{\"a\": 1},\n{\"a\": \n tru}]", 3, 5, "expected ident"),
        ("[1, 2]", 1, 2, "a row must be an object"),
        ("[\"a\"]", 1, 4, "a row must be an object"),
    ] {
        let error = failure(&file(&folder, "x.json", content)).await;
        assert!(error.message.contains(message), "{content}: {}", error.message);
        let place = error.place.unwrap();
        assert_eq!((place.line, place.column), (line, column), "{content}");
    }
}

#[tokio::test]
async fn a_malformed_line_is_named_in_plain_and_packed_files() {
    let folder = TempDir::new().unwrap();
    let content = "{\"a\": 1}\n\n{\"a\": 2}\n{\"a\": tru}\n{\"a\": 4}\n";
    let gz = packed(FileCompressionType::GZIP, content.as_bytes()).await;
    for query in [file(&folder, "x.jsonl", content), file(&folder, "x.jsonl.gz", gz)] {
        let error = failure(&query).await;
        assert_eq!(error.kind, ErrorKind::Data);
        assert!(error.message.starts_with("malformed JSON in `"), "{}", error.message);
        assert!(error.hint.is_some());
        let place = error.place.unwrap();
        assert_eq!(
            (place.origin.as_deref(), place.line, place.text.as_str()),
            (Some(query.url.as_str()), 4, "{\"a\": tru}")
        );
        assert_eq!(place.column, 10);
    }
}

#[tokio::test]
async fn a_line_cut_off_is_explained() {
    let folder = TempDir::new().unwrap();
    let error = failure(&file(&folder, "x.jsonl", "{\"a\": 1}\n{\"a\": \"unfin")).await;
    assert_eq!(error.place.unwrap().line, 2);
    assert!(error.hint.unwrap().contains("cut short"));
}

#[tokio::test]
async fn bytes_that_are_no_utf8_are_named() {
    let folder = TempDir::new().unwrap();
    let error = failure(&file(&folder, "x.jsonl", b"{\"a\": \"ok\"}\n{\"a\": \"caf\xe9\"}\n")).await;
    assert!(error.message.ends_with("byte 0xE9 is not UTF-8"), "{}", error.message);
    let place = error.place.unwrap();
    assert_eq!((place.line, place.column), (2, 11));
    let error = failure(&file(&folder, "x.csv", b"a,b\n1,x\n2,caf\xe9\n")).await;
    assert!(error.message.ends_with("byte 0xE9 is not UTF-8"), "{}", error.message);
    let place = error.place.unwrap();
    assert_eq!((place.line, place.column), (3, 3));
    let error = failure(&file(&folder, "y.csv", b"\xff\xfea\0,\0")).await;
    assert!(error.message.ends_with("is UTF-16, not UTF-8"));
}

#[tokio::test]
async fn a_row_beyond_the_sample_that_does_not_fit_is_explained() {
    let folder = TempDir::new().unwrap();
    let query = with(file(&folder, "x.jsonl", "{\"a\": 1}\n{\"a\": 2}\n{\"a\": \"three\"}\n"), "sample_size", "2");
    let error = failure(&query).await;
    assert!(error.message.ends_with("column `a`: expected an integer, found the text \"three\""), "{}", error.message);
    assert_eq!(error.place.unwrap().line, 3);
    let hint = error.hint.unwrap();
    assert!(hint.contains("first 2 rows") && hint.contains("sample_size => -1"), "{hint}");
    let error = failure(&with(file(&folder, "y.jsonl", "{\"a\": 1}\n{\"b\": 2}\n"), "sample_size", "1")).await;
    assert!(error.message.contains("the key `b` occurs here"), "{}", error.message);
    assert!(error.hint.unwrap().contains("sample_size => -1"));
    let query = with(file(&folder, "z.csv", "a,b\n1,x\ntwo,y\n"), "sample_size", "1");
    let error = failure(&query).await;
    assert!(error.message.ends_with("column `a`: expected an integer, found the text \"two\""), "{}", error.message);
    assert!(error.hint.is_some());
    assert_eq!(error.place.unwrap().line, 3);
    assert_eq!(rows(&with(query, "sample_size", "-1")).await.lines().count(), 2);
}

#[tokio::test]
async fn a_key_that_occurs_twice_is_an_error() {
    let folder = TempDir::new().unwrap();
    let error = failure(&file(&folder, "x.jsonl", "{\"a\": 1, \"a\": 2}\n")).await;
    assert!(error.message.contains("the key `a` occurs twice"), "{}", error.message);
}

#[tokio::test]
async fn integers_beyond_64_bits_keep_their_digits() {
    let folder = TempDir::new().unwrap();
    let query = file(&folder, "x.jsonl", "{\"h\": 18446744073709551615}\n{\"h\": 1}\n");
    assert_eq!(rows(&query).await, "{\"h\":\"18446744073709551615\"}\n{\"h\":\"1\"}\n");
    let query = file(&folder, "x.csv", "h\n1267650600228229401496703205376\n1\n");
    assert_eq!(rows(&query).await, "{\"h\":\"1267650600228229401496703205376\"}\n{\"h\":\"1\"}\n");
}

#[test]
fn every_line_belongs_to_one_range() {
    let folder = TempDir::new().unwrap();
    let content = "{\"a\":1}\n{\"a\":22}\n\n{\"a\":333}\n{\"a\":4}";
    let path = PathBuf::from(file(&folder, "x.jsonl", content).url);
    let file = TextFile {
        shown: "x.jsonl".into(),
        path,
        format: ReadFormat::JsonLines,
        packing: query::Packing::None,
        size: content.len() as u64,
        _download: None,
    };
    for cut in 0..=content.len() as u64 {
        let mut seen = Vec::new();
        for (start, end) in [(0, cut), (cut, content.len() as u64)] {
            let mut values = json_values::JsonValues::open_range(&file, start, end).unwrap();
            while values.advance().unwrap() {
                let line = values.error_at("", 0).place.unwrap().line;
                seen.push((line, values.value().unwrap().to_owned()));
            }
        }
        let expected = [(1, "{\"a\":1}"), (2, "{\"a\":22}"), (4, "{\"a\":333}"), (5, "{\"a\":4}")]
            .map(|(line, text)| (line, text.to_owned()));
        assert_eq!(seen, expected, "cut at {cut}");
    }
}

fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    let _ = writeln!(std::io::stderr(), "skipped: ../shared/{} is absent", path.display());
    None
}

#[tokio::test]
async fn the_aime_files_are_one_table() {
    let Some(folder) = shared("data/ki2026/aime") else { return };
    let mut query = FileQuery::new(format!("{}/*.jsonl", folder.display()));
    query.filename = true;
    let batches =
        sql(&query, "SELECT count(*) AS n, count(DISTINCT filename) AS files, arrow_typeof(max(year)) AS type FROM t")
            .await
            .unwrap();
    let lines: usize = std::fs::read_dir(&folder)
        .unwrap()
        .map(|f| std::fs::read_to_string(f.unwrap().path()).unwrap().matches('\n').count())
        .sum();
    let all = text(&batches, Format::NdJson);
    assert!(all.contains("\"files\":12") && all.contains("Utf8"), "{all}");
    let n: usize = all.split("\"n\":").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
    assert!(n == lines || n == lines + 12, "{n} rows, {lines} line ends");
}

#[tokio::test]
async fn recorded_traces_are_read() {
    let Some(folder) = shared("data/traces") else { return };
    let batches =
        sql(&FileQuery::new(format!("{}/*.jsonl", folder.display())), "SELECT count(*) AS n FROM t").await.unwrap();
    assert_ne!(text(&batches, Format::Csv), "n\n0\n");
}

// ── CSV ────────────────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn csv_types_header_and_separator_are_found_out() {
    let folder = TempDir::new().unwrap();
    let csv = "id;lang;score;day;at;ok\n1;ja;0,5;2024-02-29;2024-02-29 10:00:00;true\n2;\"b;n\";1;2024-03-01;;false\n";
    let query = file(&folder, "x.csv", csv);
    let types: Vec<String> = columns(&query).await.into_iter().map(|(_, t)| t).collect();
    assert_eq!(types, ["Int64", "Utf8View", "Utf8View", "Date32", "Timestamp(µs)", "Boolean"]);
    assert_eq!(
        rows(&query).await,
        "{\"id\":1,\"lang\":\"ja\",\"score\":\"0,5\",\"day\":\"2024-02-29\",\"at\":\"2024-02-29T10:00:00\",\"ok\":true}\n\
         {\"id\":2,\"lang\":\"b;n\",\"score\":\"1\",\"day\":\"2024-03-01\",\"at\":null,\"ok\":false}\n"
    );
    assert_eq!(columns(&file(&folder, "y.csv", "1,a\n2,b\n")).await[0].0, "column0");
    assert_eq!(columns(&with(file(&folder, "y.csv", "1,a\n2,b\n"), "header", "true")).await[0].0, "1");
    assert_eq!(rows(&file(&folder, "z.tsv", "a\tb\n1\tx,y\n")).await, "{\"a\":1,\"b\":\"x,y\"}\n");
    assert_eq!(
        rows(&with(file(&folder, "z.csv", "a,b\n1,2\n"), "all_text", "true")).await,
        "{\"a\":\"1\",\"b\":\"2\"}\n"
    );
    assert_eq!(
        rows(&with(file(&folder, "z.csv", "# made by hand\na,b\n1,NA\n"), "skip", "1")).await,
        "{\"a\":1,\"b\":\"NA\"}\n"
    );
    assert_eq!(
        rows(&with(file(&folder, "z.csv", "a,b\n1,NA\n2,3\n"), "nullstr", "NA")).await,
        "{\"a\":1,\"b\":null}\n{\"a\":2,\"b\":3}\n"
    );
}

#[tokio::test]
async fn quoted_fields_hold_anything_and_an_empty_text_is_not_null() {
    let folder = TempDir::new().unwrap();
    let query =
        file(&folder, "x.csv", "id,text\r\n1,\"two\nlines, \"\"quoted\"\"\"\r\n2,\"\"\r\n3,\r\n\r\n4,\"x\"\r\n");
    assert_eq!(
        rows(&query).await,
        "{\"id\":1,\"text\":\"two\\nlines, \\\"quoted\\\"\"}\n{\"id\":2,\"text\":\"\"}\n{\"id\":3,\"text\":null}\n{\"id\":4,\"text\":\"x\"}\n"
    );
}

#[tokio::test]
async fn a_record_of_another_width_is_named() {
    let folder = TempDir::new().unwrap();
    let error = failure(&file(&folder, "x.csv", "a,b\n1,\"x\ny\"\n2,z,3\n")).await;
    assert!(error.message.ends_with("3 fields where the header has 2"), "{}", error.message);
    let place = error.place.unwrap();
    assert_eq!((place.line, place.column, place.text.as_str()), (4, 5, "2,z,3"));
    let error = failure(&file(&folder, "y.csv", "a,b\n1,2\n\"open,3\n")).await;
    assert!(error.message.ends_with("a quote opens here and is never closed"), "{}", error.message);
    assert_eq!(error.place.unwrap().line, 3);
    let error = failure(&file(&folder, "z.csv", "a,b\n1,\"x\"y\n")).await;
    assert!(error.message.ends_with("text follows the closing quote of a field"), "{}", error.message);
    assert_eq!(
        rows(&with(file(&folder, "z.csv", "a,b\n1,\"x\"y\n"), "quote", "")).await,
        "{\"a\":1,\"b\":\"\\\"x\\\"y\"}\n"
    );
}

// ── several files ──────────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn files_are_united_by_name_in_sorted_order() {
    let folder = TempDir::new().unwrap();
    file(&folder, "b.jsonl", "{\"n\": 2.5, \"x\": 1}\n");
    file(&folder, "a.jsonl", "{\"n\": 1}\n");
    file(&folder, "deep/c.jsonl", "{\"x\": 2, \"n\": 3}\n");
    let root = folder.path().to_str().unwrap();
    let mut query = FileQuery::new(format!("{root}/*.jsonl"));
    assert_eq!(rows(&query).await, "{\"n\":1.0,\"x\":null}\n{\"n\":2.5,\"x\":1}\n");
    query.url = format!("{root}/**/*.jsonl");
    assert_eq!(rows(&query).await.lines().count(), 3);
    query.url = format!("{root}/");
    query.filename = true;
    assert_eq!(
        rows(&query).await,
        format!(
            "{{\"n\":1.0,\"x\":null,\"filename\":\"{root}/a.jsonl\"}}\n{{\"n\":2.5,\"x\":1,\"filename\":\"{root}/b.jsonl\"}}\n{{\"n\":3.0,\"x\":2,\"filename\":\"{root}/deep/c.jsonl\"}}\n"
        )
    );
    let batches = sql(&query, "SELECT filename FROM t LIMIT 1").await.unwrap();
    assert_eq!(text(&batches, Format::Csv), format!("filename\n{root}/a.jsonl\n"));
    assert_eq!(text(&sql(&query, "SELECT count(*) AS n FROM t").await.unwrap(), Format::Csv), "n\n3\n");
}

#[tokio::test]
async fn csv_files_with_columns_in_another_order_are_united_by_name() {
    let folder = TempDir::new().unwrap();
    file(&folder, "a.csv", "x,y\n1,p\n");
    file(&folder, "b.csv", "y;z;x\nq;2;3\n");
    let query = FileQuery::new(format!("{}/*.csv", folder.path().display()));
    assert_eq!(rows(&query).await, "{\"x\":1,\"y\":\"p\",\"z\":null}\n{\"x\":3,\"y\":\"q\",\"z\":2}\n");
}

#[tokio::test]
async fn large_files_are_read_in_parts_without_loss() {
    let folder = TempDir::new().unwrap();
    let filler = "ক".repeat(700);
    let content: String = (0..12_000).map(|n| format!("{{\"n\": {n}, \"t\": \"{filler}\"}}\n")).collect();
    assert!(content.len() as u64 > 16 << 20);
    let query = file(&folder, "x.jsonl", content);
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(4));
    let plan = sql_in(&context, &query, "EXPLAIN SELECT n FROM t").await.unwrap();
    assert!(text(&plan, Format::NdJson).contains("partitions=4"), "{}", text(&plan, Format::NdJson));
    let batches = sql_in(
        &SessionContext::new_with_config(SessionConfig::new().with_target_partitions(4)),
        &query,
        "SELECT count(*) AS rows, count(DISTINCT n) AS n, min(n) AS a, max(n) AS z FROM t",
    )
    .await
    .unwrap();
    assert_eq!(text(&batches, Format::Csv), "rows,n,a,z\n12000,12000,0,11999\n");
}

// ── what is not there ──────────────────────────────────────────────────────────────────────────────────────────────

#[tokio::test]
async fn a_missing_file_is_met_with_the_nearest() {
    let folder = TempDir::new().unwrap();
    file(&folder, "english.jsonl", "{}");
    let path = folder.path().join("englsih.jsonl");
    let error = failure(&FileQuery::new(path.to_str().unwrap())).await;
    assert_eq!(error.message, format!("cannot read `{}`: there is no such file or folder", path.display()));
    assert_eq!(error.hint.unwrap(), format!("did you mean `{}`?", folder.path().join("english.jsonl").display()));
    let error = failure(&FileQuery::new(folder.path().join("no/x.csv").to_str().unwrap())).await;
    assert_eq!(error.hint.unwrap(), format!("there is no folder `{}`", folder.path().join("no").display()));
}

#[tokio::test]
async fn what_names_no_data_is_an_error() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().display().to_string();
    let error = failure(&FileQuery::new(format!("{root}/*.jsonl"))).await;
    assert_eq!(error.message, format!("no file matches `{root}/*.jsonl`"));
    assert_eq!(error.hint.unwrap(), format!("the folder `{root}/` is empty"));
    assert!(failure(&FileQuery::new(format!("{root}/"))).await.message.contains("holds no file"));
    file(&folder, "a.csv", "x\n1\n");
    file(&folder, "b.jsonl", "{\"x\": 1}\n");
    let error = failure(&FileQuery::new(format!("{root}/"))).await;
    assert!(
        error.message.contains("several formats")
            && error.message.contains("a.csv")
            && error.message.contains("b.jsonl"),
        "{}",
        error.message
    );
    let error = failure(&file(&folder, "x.xyz", "1")).await;
    assert!(error.message.contains("does not say what format") && error.hint.unwrap().contains(".jsonl"));
    assert!(failure(&FileQuery::new("ftp://x/y.csv")).await.message.contains("nothing is known about `ftp://`"));
    assert!(failure(&file(&folder, "empty.jsonl", "\n")).await.message.contains("holds no rows"));
    file(&folder, "delta/_delta_log/0.json", "{}");
    assert!(failure(&FileQuery::new(format!("{root}/delta/"))).await.message.contains("Delta table"));
}

#[tokio::test]
async fn every_packing_is_read() {
    let folder = TempDir::new().unwrap();
    for (extension, kind) in [
        ("gz", FileCompressionType::GZIP),
        ("zst", FileCompressionType::ZSTD),
        ("bz2", FileCompressionType::BZIP2),
        ("xz", FileCompressionType::XZ),
    ] {
        let bytes = packed(kind, "{\"a\": 1}\n".as_bytes()).await;
        // Two streams one after the other, as `cat a.gz b.gz` makes them.
        let query = file(&folder, &format!("x.jsonl.{extension}"), [bytes.clone(), bytes.clone()].concat());
        assert_eq!(rows(&query).await, "{\"a\":1}\n{\"a\":1}\n", "{extension}");
        let half = file(&folder, &format!("half.jsonl.{extension}"), &bytes[..bytes.len() / 2]);
        let error = failure(&half).await;
        assert!(error.message.contains("cannot unpack"), "{extension}: {}", error.message);
        let query =
            with(file(&folder, &format!("named-otherwise-{extension}.jsonl"), &bytes), "compression", extension);
        assert_eq!(rows(&query).await, "{\"a\":1}\n");
    }
}

// ── Parquet ────────────────────────────────────────────────────────────────────────────────────────────────────────

async fn parquet(folder: &TempDir, name: &str, select: &str) -> PathBuf {
    let context = SessionContext::new();
    let stream = context.sql(select).await.unwrap().execute_stream().await.unwrap();
    let path = folder.path().join(name);
    crate::write::copy_to(stream, &path, Format::Parquet, &WriteOptions::default()).await.unwrap();
    path
}

#[tokio::test]
async fn parquet_files_are_united_by_name_and_widened() {
    let folder = TempDir::new().unwrap();
    parquet(&folder, "a.parquet", "SELECT CAST(1 AS INT) AS n, 'x' AS t").await;
    parquet(&folder, "b.parquet", "SELECT 2.5 AS n, true AS ok").await;
    let root = folder.path().display().to_string();
    let mut query = FileQuery::new(format!("{root}/*.parquet"));
    query.filename = true;
    assert_eq!(
        rows(&query).await,
        format!(
            "{{\"n\":1.0,\"t\":\"x\",\"ok\":null,\"filename\":\"{root}/a.parquet\"}}\n{{\"n\":2.5,\"t\":null,\"ok\":true,\"filename\":\"{root}/b.parquet\"}}\n"
        )
    );
    let one = sql(&query, "SELECT n FROM t WHERE filename LIKE '%b.parquet' AND n > 2").await.unwrap();
    assert_eq!(text(&one, Format::Csv), "n\n2.5\n");
    assert_eq!(text(&sql(&query, "SELECT count(*) AS n FROM t").await.unwrap(), Format::Csv), "n\n2\n");
    assert_eq!(
        text(&sql(&query, "SELECT count(t) AS n, max(n) AS m FROM t").await.unwrap(), Format::Csv),
        "n,m\n1,2.5\n"
    );
}

#[tokio::test]
async fn parquet_columns_that_clash_name_both_files() {
    let folder = TempDir::new().unwrap();
    parquet(&folder, "a.parquet", "SELECT 1 AS n").await;
    parquet(&folder, "b.parquet", "SELECT 'x' AS n").await;
    let error = failure(&FileQuery::new(format!("{}/", folder.path().display()))).await;
    assert!(
        error.message.contains("a.parquet") && error.message.contains("b.parquet") && error.message.contains("`n`"),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn what_is_no_parquet_is_told_so() {
    let folder = TempDir::new().unwrap();
    for content in ["", "no parquet at all, but long enough to have a footer"] {
        let error = failure(&file(&folder, "x.parquet", content)).await;
        assert_eq!(error.kind, ErrorKind::Data);
        assert!(error.message.contains("x.parquet` as Parquet"), "{}", error.message);
    }
}

// ── the web ────────────────────────────────────────────────────────────────────────────────────────────────────────

type Pages = HashMap<String, (u16, Vec<(&'static str, String)>, Vec<u8>)>;

/// Serves `pages` on the loopback; gives the address and what was asked: `METHOD path authorization`.
async fn serve(pages: impl FnOnce(&str) -> Pages) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let pages = Arc::new(pages(&address));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let (pages, log) = (Arc::clone(&pages), Arc::clone(&log));
            tokio::spawn(async move {
                loop {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        match socket.read_u8().await {
                            Ok(byte) => head.push(byte),
                            Err(_) => return,
                        }
                    }
                    let head = String::from_utf8(head).unwrap();
                    let mut words = head.split(' ');
                    let (method, path) = (words.next().unwrap().to_owned(), words.next().unwrap().to_owned());
                    let header = |name: &str| {
                        head.lines().find_map(|line| {
                            line.split_once(": ")
                                .filter(|(key, _)| key.eq_ignore_ascii_case(name))
                                .map(|(_, value)| value.to_owned())
                        })
                    };
                    log.lock().unwrap().push(
                        format!("{method} {path} {}", header("authorization").unwrap_or_default())
                            .trim_end()
                            .to_owned(),
                    );
                    let missing = (404, vec![], b"nothing".to_vec());
                    let (status, headers, body) = pages.get(&path).unwrap_or(&missing);
                    let (mut status, mut body, mut extra) = (*status, body.clone(), String::new());
                    for (name, value) in headers {
                        extra.push_str(&format!("{name}: {value}\r\n"));
                    }
                    if let Some(range) = header("range").filter(|_| extra.contains("Accept-Ranges")) {
                        let (start, end) = range.trim_start_matches("bytes=").split_once('-').unwrap();
                        let whole = body.len();
                        let start: usize = start.parse().unwrap();
                        let end: usize = end.parse::<usize>().map_or(whole, |end| (end + 1).min(whole));
                        extra.push_str(&format!("Content-Range: bytes {start}-{}/{whole}\r\n", end - 1));
                        body = body[start..end].to_vec();
                        status = 206;
                    }
                    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{extra}\r\n", body.len());
                    socket.write_all(answer.as_bytes()).await.unwrap();
                    if method != "HEAD" {
                        socket.write_all(&body).await.unwrap();
                    }
                }
            });
        }
    });
    (address, asked)
}

fn page(body: impl AsRef<[u8]>) -> (u16, Vec<(&'static str, String)>, Vec<u8>) {
    (200, vec![], body.as_ref().to_vec())
}

fn ranged(body: impl AsRef<[u8]>) -> (u16, Vec<(&'static str, String)>, Vec<u8>) {
    (
        200,
        vec![("Accept-Ranges", "bytes".into()), ("Last-Modified", "Tue, 01 Oct 2024 00:00:00 GMT".into())],
        body.as_ref().to_vec(),
    )
}

#[tokio::test]
async fn files_of_a_web_server_are_read() {
    let folder = TempDir::new().unwrap();
    let parquet =
        std::fs::read(parquet(&folder, "x.parquet", "SELECT value AS n FROM generate_series(1, 5000)").await).unwrap();
    let gz = packed(FileCompressionType::GZIP, b"{\"a\": 1}\n{\"a\": 2}\n").await;
    let (address, asked) = serve(|_| {
        HashMap::from([
            ("/d/x%20y.jsonl.gz".into(), page(&gz)),
            ("/d/ranged.parquet".into(), ranged(&parquet)),
            ("/d/plain.parquet".into(), page(&parquet)),
            ("/q?file=x.csv".into(), page("a,b\n1,2\n")),
            ("/bad.jsonl".into(), page("{\"a\": 1}\n{\"a\"\n")),
        ])
    })
    .await;
    let mut query = FileQuery::new(format!("{address}/d/x%20y.jsonl.gz"));
    query.filename = true;
    assert_eq!(
        rows(&query).await,
        format!("{{\"a\":1,\"filename\":\"{0}\"}}\n{{\"a\":2,\"filename\":\"{0}\"}}\n", query.url)
    );
    for name in ["ranged", "plain"] {
        let batches =
            sql(&FileQuery::new(format!("{address}/d/{name}.parquet")), "SELECT count(*) AS c, sum(n) AS s FROM t")
                .await
                .unwrap();
        assert_eq!(text(&batches, Format::Csv), "c,s\n5000,12502500\n", "{name}");
    }
    assert!(asked.lock().unwrap().iter().all(|line| !line.contains("Bearer")));
    let query = FileQuery { format: Some(ReadFormat::Csv), ..FileQuery::new(format!("{address}/q?file=x.csv")) };
    assert_eq!(rows(&query).await, "{\"a\":1,\"b\":2}\n");
    let error = failure(&FileQuery::new(format!("{address}/bad.jsonl"))).await;
    assert_eq!(error.place.unwrap().line, 2);
    let error = failure(&FileQuery::new(format!("{address}/none.csv"))).await;
    assert_eq!(error.message, format!("cannot read `{address}/none.csv`: the server answers 404 Not Found"));
    assert!(failure(&FileQuery::new(format!("{address}/*.csv"))).await.message.contains("no list of its files"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_so() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let error = failure(&FileQuery::new(format!("http://{free}/x.csv"))).await;
    assert_eq!(error.kind, ErrorKind::World);
    assert!(
        error.message.starts_with(&format!("cannot read `http://{free}/x.csv`")) && error.hint.is_some(),
        "{}",
        error.message
    );
}

#[tokio::test]
async fn data_sets_of_the_hub_are_read_with_globs_pages_and_token() {
    let folder = TempDir::new().unwrap();
    let parquet = std::fs::read(parquet(&folder, "x.parquet", "SELECT 7 AS n").await).unwrap();
    let entry =
        |kind: &str, path: &str| format!("{{\"type\": \"{kind}\", \"path\": \"{path}\", \"size\": 1, \"oid\": \"0\"}}");
    let (other, other_asked) = serve(|_| HashMap::from([("/cdn/en".into(), page("{\"q\": 1}\n"))])).await;
    let (address, asked) = serve(|address| {
        let tree = "/api/datasets/o/n/tree/main/data?recursive=true".to_owned();
        let next = format!("{address}/api/datasets/o/n/tree/main/data?recursive=true&cursor=2");
        HashMap::from([
            (
                tree,
                (
                    200,
                    vec![("Link", format!("<{next}>; rel=\"next\""))],
                    format!("[{}, {}]", entry("directory", "data/x"), entry("file", "data/de.jsonl")).into(),
                ),
            ),
            (
                "/api/datasets/o/n/tree/main/data?recursive=true&cursor=2".into(),
                page(format!("[{}, {}]", entry("file", "data/en.jsonl"), entry("file", "data/README.md"))),
            ),
            ("/datasets/o/n/resolve/main/data/de.jsonl".into(), page("{\"q\": 2}\n")),
            // Large files lie elsewhere, as on the hub.
            (
                "/datasets/o/n/resolve/main/data/en.jsonl".into(),
                (302, vec![("Location", format!("{}/cdn/en", other.replace("127.0.0.1", "localhost")))], vec![]),
            ),
            ("/datasets/o/n/resolve/refs%2Fconvert%2Fparquet/p%20q/x.parquet".into(), ranged(&parquet)),
        ])
    })
    .await;
    let hub = Arc::new(Hub::new(&address, Some("hf_test".into())));
    let context = || SessionContext::new_with_config(SessionConfig::new().with_extension(Arc::clone(&hub)));
    let mut query = FileQuery::new("hf://datasets/o/n/data/*.jsonl");
    query.filename = true;
    let batches = sql_in(&context(), &query, "SELECT * FROM t").await.unwrap();
    assert_eq!(
        text(&batches, Format::Csv),
        "q,filename\n2,hf://datasets/o/n/data/de.jsonl\n1,hf://datasets/o/n/data/en.jsonl\n"
    );
    let query = FileQuery::new("hf://datasets/o/n@~parquet/p q/x.parquet");
    assert_eq!(text(&sql_in(&context(), &query, "SELECT * FROM t").await.unwrap(), Format::Csv), "n\n7\n");
    assert!(asked.lock().unwrap().iter().all(|line| line.ends_with("Bearer hf_test")), "{:?}", asked.lock().unwrap());
    assert_eq!(*other_asked.lock().unwrap(), ["GET /cdn/en"], "the token stays with the hub");
    let Err(error) = sql_in(&context(), &FileQuery::new("hf://datasets/o/n/data/*.csv"), "SELECT * FROM t").await
    else {
        panic!("read")
    };
    assert!(error.message.contains("no file matches") && error.hint.unwrap().contains("data/"), "{}", error.message);
    let Err(error) = sql_in(&context(), &FileQuery::new("hf://datasets/o/private/x.csv"), "SELECT * FROM t").await
    else {
        panic!("read")
    };
    assert!(error.message.contains("404") && !error.message.contains("hf_test"));
}

#[tokio::test]
async fn an_unknown_option_is_an_error_before_anything_is_read() {
    let mut query = FileQuery::new("nothing/here.csv");
    query.options = BTreeMap::from([("delimeter".into(), ";".into())]);
    let error = failure(&query).await;
    assert_eq!(error.hint.as_deref(), Some("did you mean `delimiter`?"));
}
