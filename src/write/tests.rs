//! Claims about files and tables that are written.

use std::path::Path;
use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::config::Dialect;
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::{StreamExt, stream};
use tempfile::TempDir;

use super::tester::written;
use super::*;

fn context() -> SessionContext {
    let mut config = SessionConfig::new();
    config.options_mut().sql_parser.dialect = Dialect::DuckDB;
    SessionContext::new_with_config(config)
}

async fn batches(sql: &str) -> Vec<RecordBatch> {
    let frame = context().sql(sql).await.unwrap();
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await.unwrap();
    if batches.is_empty() { vec![RecordBatch::new_empty(schema)] } else { batches }
}

async fn as_text(sql: &str, format: Format) -> String {
    written(&batches(sql).await, format, &WriteOptions::default())
}

const MIXED: &str = "SELECT * FROM (VALUES (1, 'a', 0.5), (2, NULL, NULL), (NULL, '', 1e300), (-4, 'x,\"y\"\nz', CAST('NaN' AS DOUBLE))) AS t(n, text, x)";

#[tokio::test]
async fn csv_tells_null_from_an_empty_text_and_quotes_by_the_rfc() {
    assert_eq!(as_text(MIXED, Format::Csv).await, "n,text,x\n1,a,0.5\n2,,\n,\"\",1e300\n-4,\"x,\"\"y\"\"\nz\",NaN\n");
    assert_eq!(as_text("SELECT 'a\tb' AS x, 'c,d' AS y", Format::Tsv).await, "x\ty\n\"a\tb\"\tc,d\n");
    let options =
        WriteOptions { null: Some("NA".into()), header: false, delimiter: Some(b';'), ..WriteOptions::default() };
    assert_eq!(
        written(&batches("SELECT NULL AS a, 'NA' AS b, 'x;y' AS c").await, Format::Csv, &options),
        "NA;\"NA\";\"x;y\"\n"
    );
}

#[tokio::test]
async fn json_is_valid_and_keeps_types() {
    let expected = "{\"n\":1,\"text\":\"a\",\"x\":0.5}\n{\"n\":2,\"text\":null,\"x\":null}\n{\"n\":null,\"text\":\"\",\"x\":1e300}\n{\"n\":-4,\"text\":\"x,\\\"y\\\"\\nz\",\"x\":null}\n";
    assert_eq!(as_text(MIXED, Format::NdJson).await, expected);
    let array = as_text(MIXED, Format::Json).await;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&array).unwrap();
    assert_eq!(rows.len(), 4);
    assert!(array.starts_with("[\n{\"n\":1,") && array.ends_with("}\n]\n"));
    assert_eq!(as_text("SELECT 1 AS x WHERE false", Format::Json).await, "[]\n");
    let nested = "SELECT [1, NULL] AS l, {'a': 'x\"', 'b': [1.5]} AS s, MAP {'k': 1} AS m, DATE '2024-02-29' AS d, TIMESTAMP '2024-02-29 01:02:03.5' AS t, CAST(1.50 AS DECIMAL(5,2)) AS c, arrow_cast('x', 'Dictionary(Int32, Utf8)') AS k, arrow_cast(0.1, 'Float32') AS f, X'00ff' AS b";
    assert_eq!(
        as_text(nested, Format::NdJson).await,
        "{\"l\":[1,null],\"s\":{\"a\":\"x\\\"\",\"b\":[1.5]},\"m\":{\"k\":1},\"d\":\"2024-02-29\",\"t\":\"2024-02-29T01:02:03.500\",\"c\":1.50,\"k\":\"x\",\"f\":0.1,\"b\":\"00ff\"}\n"
    );
    assert_eq!(
        as_text(nested, Format::Csv).await.lines().nth(1).unwrap(),
        "\"[1,null]\",\"{\"\"a\"\":\"\"x\\\"\"\"\",\"\"b\"\":[1.5]}\",\"{\"\"k\"\":1}\",2024-02-29,2024-02-29 01:02:03.500,1.50,x,0.1,00ff"
    );
    let line = as_text(nested, Format::Line).await;
    assert!(
        line.contains("l = [1, NULL]\n")
            && line.contains("s = {'a': x\", 'b': [1.5]}\n")
            && line.contains("m = {k=1}\n"),
        "{line}"
    );
}

#[tokio::test]
async fn tables_align_scripts_and_numbers() {
    let sql =
        "SELECT * FROM (VALUES ('日本語', 12, 1.0/3), ('বাংলা', 3, NULL), ('ไทยที่', 1000, 2.0)) AS t(lang, n, score)";
    for (format, across) in [(Format::Table, '-'), (Format::Box, '─')] {
        let table = as_text(sql, format).await;
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 8, "{table}");
        let widths: Vec<usize> = lines[..7].iter().map(|line| width::width(line)).collect();
        assert!(widths.iter().all(|wide| *wide == widths[0]), "{table}\n{widths:?}");
        assert!(lines[0].contains(across));
        assert_eq!(lines[7], "(3 rows)");
    }
    assert_eq!(
        as_text("SELECT 'de' AS lang, 12 AS n, NULL AS x, 'two\nlines' AS t", Format::Table).await,
        "+------+----+------+------------+\n| lang |  n | x    | t          |\n+------+----+------+------------+\n| de   | 12 | NULL | two\\nlines |\n+------+----+------+------------+\n(1 row)\n"
    );
    assert_eq!(as_text("SELECT 1 AS n", Format::Box).await, "┌───┐\n│ n │\n├───┤\n│ 1 │\n└───┘\n(1 row)\n");
}

#[tokio::test]
async fn tables_are_cut_to_rows_and_width_and_say_so() {
    let rows =
        batches("SELECT value AS n, repeat('ক', 300) AS a, repeat('日', 300) AS b FROM generate_series(1, 240)").await;
    let options = WriteOptions { max_rows: Some(40), max_width: Some(60), ..WriteOptions::default() };
    let table = written(&rows, Format::Table, &options);
    assert!(table.lines().all(|line| width::width(line) <= 60), "{table}");
    assert_eq!(table.lines().count(), 45);
    assert!(table.contains('…') && table.ends_with("(240 rows: 40 shown, 200 not shown)\n"), "{table}");
    let many: Vec<String> = (0..30).map(|n| format!("'a rather long text' AS column_{n}")).collect();
    let table = written(&batches(&format!("SELECT {}", many.join(", "))).await, Format::Box, &options);
    assert!(table.lines().all(|line| width::width(line) <= 60), "{table}");
    assert!(table.contains("│ … │") && table.contains("(30 columns: "), "{table}");
    let colored = written(
        &batches("SELECT NULL AS x").await,
        Format::Table,
        &WriteOptions { color: true, ..WriteOptions::default() },
    );
    assert!(colored.contains("\u{1b}[1m") && colored.contains("\u{1b}[2m"), "{colored:?}");
}

#[tokio::test]
async fn markdown_and_latex_escape_and_align() {
    let sql = "SELECT 'a|b' AS lang, -0.25 AS mean_x, 3 AS n";
    assert_eq!(
        as_text(sql, Format::Markdown).await,
        "| lang | mean_x |   n |\n| :--- | -----: | --: |\n| a\\|b |  -0.25 |   3 |\n"
    );
    assert_eq!(
        as_text("SELECT '50% of a_b' AS \"x&y\", -0.25 AS d, NULL AS z", Format::Latex).await,
        "% \\usepackage{booktabs}\n\\begin{tabular}{lrl}\n\\toprule\nx\\&y & d & z \\\\\n\\midrule\n50\\% of a\\_b & $-0.25$ & NULL \\\\\n\\bottomrule\n\\end{tabular}\n"
    );
    let options = WriteOptions { decimals: Some(2), ..WriteOptions::default() };
    assert!(written(&batches("SELECT 2.0/3 AS x").await, Format::Latex, &options).contains("\n0.67 \\\\"));
}

#[tokio::test]
async fn lines_keep_line_breaks_readable() {
    assert_eq!(
        as_text("SELECT 1 AS id, 'so\nand so' AS trace UNION ALL SELECT 2, NULL ORDER BY id", Format::Line).await,
        "   id = 1\ntrace = so\n        and so\n\n   id = 2\ntrace = NULL\n"
    );
}

// ── files ──────────────────────────────────────────────────────────────────────────────────────────────────────────

async fn stream_of(sql: &str) -> SendableRecordBatchStream {
    context().sql(sql).await.unwrap().execute_stream().await.unwrap()
}

async fn copy(sql: &str, path: &Path) -> Result<u64> {
    let format = if path.starts_with("/dev") { Format::Csv } else { Format::from_path(path).unwrap() };
    copy_to(stream_of(sql).await, path, format, &WriteOptions::default()).await
}

fn names(folder: &TempDir) -> Vec<String> {
    std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

async fn read_back(path: &Path) -> Vec<RecordBatch> {
    let context = context();
    let query = crate::read::FileQuery::new(path.to_str().unwrap());
    let table = crate::read::open_files(&context.state(), &query).await.unwrap();
    context.read_table(table).unwrap().collect().await.unwrap()
}

#[tokio::test]
async fn parquet_brings_back_every_type() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.parquet");
    let sql = "SELECT 1 AS i, arrow_cast(2, 'UInt8') AS u, 0.1 AS f, 'ভাষা' AS t, true AS b, DATE '2024-02-29' AS d, TIMESTAMP '2024-02-29 01:02:03' AS ts, \
               CAST(1.5 AS DECIMAL(10,3)) AS c, [1, NULL] AS l, {'a': 1, 'b': ['x']} AS s, arrow_cast('k', 'Dictionary(Int32, Utf8)') AS k, NULL AS n, X'00ff' AS x, MAP {'a': 1} AS m";
    assert_eq!(copy(sql, &path).await.unwrap(), 1);
    let (before, after) = (batches(sql).await, read_back(&path).await);
    assert_eq!(
        written(&before, Format::NdJson, &WriteOptions::default()),
        written(&after, Format::NdJson, &WriteOptions::default())
    );
    for (a, b) in before[0].schema().fields().iter().zip(after[0].schema().fields()) {
        // Texts are read as views.
        let plain = |t: &DataType| t.to_string().replace("Utf8View", "Utf8").replace("BinaryView", "Binary");
        assert_eq!(plain(a.data_type()), plain(b.data_type()), "{}", a.name());
    }
    assert_eq!(names(&folder), ["x.parquet"]);
}

#[tokio::test]
async fn parquet_names_no_type_that_other_readers_do_not_know() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.parquet");
    let view = "arrow_cast(['ক', NULL], 'List(Utf8View)')";
    let sql = format!("SELECT {view} AS l, {{'t': {view}}} AS s, arrow_cast('x', 'Utf8View') AS t");
    copy(&sql, &path).await.unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert!(!format!("{:?}", reader.schema()).contains("View"), "{:?}", reader.schema());
    let rows: Vec<_> = reader.build().unwrap().map(Result::unwrap).collect();
    assert_eq!(
        written(&rows, Format::NdJson, &WriteOptions::default()),
        "{\"l\":[\"ক\",null],\"s\":{\"t\":[\"ক\",null]},\"t\":\"x\"}\n"
    );
}

#[tokio::test]
async fn text_files_bring_back_their_rows_packed_or_not() {
    let folder = TempDir::new().unwrap();
    let sql = "SELECT value AS id, CASE WHEN value % 3 = 0 THEN NULL WHEN value % 3 = 1 THEN '' ELSE concat('ট\"', value, ',', chr(10)) END AS t FROM generate_series(1, 100)";
    let expected = as_text(sql, Format::NdJson).await;
    for name in
        ["x.csv", "x.csv.gz", "x.csv.zst", "x.tsv", "x.json", "x.ndjson", "x.jsonl.gz", "x.json.zst", "x.parquet"]
    {
        let path = folder.path().join(name);
        assert_eq!(copy(sql, &path).await.unwrap(), 100);
        assert_eq!(written(&read_back(&path).await, Format::NdJson, &WriteOptions::default()), expected, "{name}");
    }
}

fn failing() -> SendableRecordBatchStream {
    let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, true)]));
    let batch =
        RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(StringArray::from(vec!["x"; 1000])) as ArrayRef])
            .unwrap();
    let rows = (0..5).map(move |_| Ok(batch.clone()));
    let end = stream::iter([Err(DataFusionError::from(Error::data("line 7 is malformed").with_hint("mend it")))]);
    Box::pin(RecordBatchStreamAdapter::new(schema, stream::iter(rows).chain(end)))
}

#[tokio::test]
async fn an_error_leaves_the_old_file_and_no_partial_one() {
    let folder = TempDir::new().unwrap();
    for name in ["x.csv", "x.parquet", "x.md", "x.csv.gz"] {
        let path = folder.path().join(name);
        std::fs::write(&path, "old").unwrap();
        let error =
            copy_to(failing(), &path, Format::from_path(&path).unwrap(), &WriteOptions::default()).await.unwrap_err();
        assert_eq!((error.message.as_str(), error.hint.as_deref()), ("line 7 is malformed", Some("mend it")));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        std::fs::remove_file(&path).unwrap();
        assert!(names(&folder).is_empty(), "{:?}", names(&folder));
    }
}

#[tokio::test]
async fn a_dropped_copy_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.csv");
    let schema = Arc::new(Schema::new(vec![Field::new("t", DataType::Utf8, true)]));
    let batch =
        RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(StringArray::from(vec!["x"; 1000])) as ArrayRef])
            .unwrap();
    let endless = stream::iter((0..3).map(move |_| Ok(batch.clone()))).chain(stream::pending());
    let stream: SendableRecordBatchStream = Box::pin(RecordBatchStreamAdapter::new(schema, endless));
    let options = WriteOptions::default();
    let copy = copy_to(stream, &path, Format::Csv, &options);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(200), copy).await.is_err());
    assert!(names(&folder).is_empty(), "{:?}", names(&folder));
}

#[tokio::test]
async fn an_old_file_is_replaced_and_keeps_its_rights_and_its_links() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = TempDir::new().unwrap();
    let (path, link) = (folder.path().join("x.csv"), folder.path().join("link.csv"));
    std::fs::write(&path, "a much longer old content\n").unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&path, &link).unwrap();
    copy("SELECT 1 AS a", &link).await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\n1\n");
    assert!(link.is_symlink());
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    let fresh = folder.path().join("fresh.csv");
    copy("SELECT 1 AS a", &fresh).await.unwrap();
    std::fs::write(folder.path().join("plain"), "").unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&fresh), mode(&folder.path().join("plain")), "the rights of any new file");
}

#[tokio::test]
async fn a_full_disk_is_told_as_such() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    for rows in [1, 200_000] {
        let error = copy(&format!("SELECT value AS n FROM generate_series(1, {rows})"), Path::new("/dev/full"))
            .await
            .unwrap_err();
        assert_eq!(error.message, "cannot write `/dev/full`: the disk is full");
        assert!(error.hint.is_some());
    }
    let parquet =
        copy_to(stream_of("SELECT 1 AS a").await, Path::new("/dev/full"), Format::Parquet, &WriteOptions::default())
            .await;
    assert_eq!(parquet.unwrap_err().message, "cannot write `/dev/full`: the disk is full");
}

/// A disk of one megabyte, for as long as it is held.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where this process may not mount one.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "glotrace-test"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        if !mounted {
            let _ = writeln!(std::io::stderr(), "skipped: no right to mount a small disk");
        }
        mounted.then_some(Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg(self.0.path()).output();
    }
}

#[tokio::test]
async fn a_full_disk_keeps_the_old_file() {
    let Some(disk) = SmallDisk::mount() else { return };
    let folder = disk.0.path();
    for name in ["x.csv", "x.parquet"] {
        let path = folder.join(name);
        copy("SELECT 1 AS a", &path).await.unwrap();
        let old = std::fs::read(&path).unwrap();
        let error = copy("SELECT random() AS a, random() AS b, uuid() AS c FROM generate_series(1, 200000)", &path)
            .await
            .unwrap_err();
        assert_eq!(error.message, format!("cannot write `{}`: the disk is full", path.display()));
        assert_eq!(std::fs::read(&path).unwrap(), old);
        let left: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name.to_string_lossy().contains("partial"))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test]
async fn a_missing_folder_a_folder_and_a_locked_file_are_told() {
    let folder = TempDir::new().unwrap();
    let error = copy("SELECT 1 AS a", &folder.path().join("no/x.csv")).await.unwrap_err();
    assert!(error.message.ends_with("no/x.csv`: there is no such file or folder"), "{}", error.message);
    assert!(error.hint.unwrap().starts_with("make the folder `"));
    let dir = folder.path().join("d.csv");
    std::fs::create_dir(&dir).unwrap();
    assert!(copy("SELECT 1 AS a", &dir).await.unwrap_err().message.ends_with("it is a folder"));
    let locked = folder.path().join("locked.csv");
    std::fs::write(&locked, "old").unwrap();
    let mut rights = locked.metadata().unwrap().permissions();
    rights.set_readonly(true);
    std::fs::set_permissions(&locked, rights).unwrap();
    let error = copy("SELECT 1 AS a", &locked).await.unwrap_err();
    assert!(error.message.ends_with("permission denied"), "{}", error.message);
    assert_eq!(std::fs::read_to_string(&locked).unwrap(), "old");
}

#[tokio::test]
async fn a_type_that_parquet_lacks_is_named() {
    let folder = TempDir::new().unwrap();
    let outcome = copy("SELECT INTERVAL '1' MONTH AS i", &folder.path().join("x.parquet")).await;
    if let Err(error) = outcome {
        assert!(error.hint.unwrap().contains("CAST"), "{}", error.message);
        assert!(names(&folder).is_empty());
    }
}
