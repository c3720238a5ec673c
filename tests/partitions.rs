//! Statistics do not depend on how many partitions or batches rows come in, nor on their order: to the last bit.

#![expect(clippy::unwrap_used, reason = "tests")]

use datafusion::arrow::array::{Array, AsArray, Float64Array};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::util::display::array_value_to_string;
use futures::TryStreamExt;
use glotrace::engine::{Answer, Engine, EngineOptions};
use glotrace::plan::split::Statement;

const MAKE: &str = "
CREATE TABLE traces AS
SELECT i, i % 5 AS lang, i % 211 AS question, (i * i) % 7 < 3 AS y, (i * 31) % 11 < 5 AS other,
       CASE WHEN i % 97 = 0 THEN NULL ELSE sin(i * 0.7) * 1e6 END AS a, cos(i * 1.3) / 3 AS b, ((i * 7919) % 13)::TEXT AS answer
FROM range(60000) AS r(i)";

/// Every aggregate and window of the family.
const STATEMENTS: [&str; 4] = [
    "SELECT lang, unnest(logit_fit(y, {a: a, b: b}, cluster => question, vcov => 'cluster').terms) AS t FROM traces GROUP BY lang
     ORDER BY lang, t.term",
    "SELECT logit_fit(y, [a, b], l2 => 0.5).log_likelihood AS ll, logit_fit(y, [a, b], vcov => 'HC1').terms[1].std_error AS se,
            stat_bootstrap_ci(a, n_boot => 200) AS ci, stat_mann_whitney(a, y) AS mw,
            stat_paired_bootstrap(y, other, n_boot => 200) AS pb, stat_paired_bootstrap(a, b, question, n_boot => 200) AS pc,
            stat_mcnemar(y, other) AS mc, majority_vote(answer) AS vote FROM traces",
    "SELECT lang, y, stat_bootstrap_ci(b, n_boot => 200) AS ci, stat_paired_bootstrap(a, b, question, n_boot => 100) AS pc,
            majority_vote(answer) AS vote, stat_mann_whitney(b, other) AS mw FROM traces GROUP BY lang, y ORDER BY lang, y",
    "SELECT i, zscore(a) OVER (PARTITION BY lang) AS z, zscore(a) OVER () AS all_z, stat_adjust_p(abs(b) * 2, 'holm') OVER (PARTITION BY lang) AS p
     FROM traces ORDER BY i",
];

async fn rows(engine: &Engine, sql: &str) -> Vec<String> {
    let statement = Statement::new(sql);
    let stream = match engine.execute(&statement).await.unwrap() {
        Answer::Done { .. } => return Vec::new(),
        Answer::Rows(stream) => stream,
    };
    let batches = stream.try_collect::<Vec<_>>().await.map_err(|e| engine.explain(&statement, e)).unwrap();
    let row = |batch: &datafusion::arrow::array::RecordBatch, row: usize| {
        batch.columns().iter().map(|column| bits(column.as_ref(), row)).collect::<Vec<_>>().join(" ")
    };
    batches.iter().flat_map(|batch| (0..batch.num_rows()).map(move |i| row(batch, i))).collect()
}

/// A cell, its numbers to the last bit.
fn bits(column: &dyn Array, row: usize) -> String {
    if column.is_null(row) {
        return "NULL".into();
    }
    match column.data_type() {
        DataType::Float64 => {
            let x: &Float64Array = column.as_primitive();
            format!("{:016x}", x.value(row).to_bits())
        }
        DataType::Struct(_) => {
            column.as_struct().columns().iter().map(|field| bits(field.as_ref(), row)).collect::<Vec<_>>().join(",")
        }
        _ => array_value_to_string(column, row).unwrap(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_are_the_same_to_the_bit_in_1_2_and_8_partitions() {
    let engine = Engine::open(EngineOptions::default()).await.unwrap();
    rows(&engine, MAKE).await;
    let mut first: Option<Vec<Vec<String>>> = None;
    for (partitions, batch) in [(1, 8192), (2, 1000), (8, 333), (8, 8192)] {
        rows(&engine, &format!("SET datafusion.execution.target_partitions = {partitions}")).await;
        rows(&engine, &format!("SET datafusion.execution.batch_size = {batch}")).await;
        if partitions > 1 {
            let plan = rows(&engine, &format!("EXPLAIN {}", STATEMENTS[2])).await.join("\n");
            let by_group = format!("], {partitions})");
            assert!(plan.contains("mode=SinglePartitioned") && plan.contains(&by_group), "{plan}");
        }
        let mut all = Vec::new();
        for sql in STATEMENTS {
            all.push(rows(&engine, sql).await);
        }
        assert_eq!(all.iter().map(Vec::len).collect::<Vec<_>>(), [15, 1, 10, 60000]);
        match &first {
            None => first = Some(all),
            Some(first) => {
                for (sql, (found, expected)) in STATEMENTS.iter().zip(all.iter().zip(first)) {
                    let differs = found.iter().zip(expected).find(|(a, b)| a != b);
                    assert_eq!(differs, None, "{partitions} partitions, batches of {batch}: {sql}");
                }
            }
        }
    }
}
