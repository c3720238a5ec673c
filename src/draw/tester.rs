//! Figures of small tables, as the study draws them and as it should not.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{Field, Schema};

use crate::error::Result;

use super::{Figure, Options};

pub(crate) fn texts<S: AsRef<str>>(values: &[S]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values.iter().map(AsRef::as_ref)))
}

pub(crate) fn numbers(values: &[Option<f64>]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

pub(crate) fn some(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

pub(crate) fn figure(columns: &[(&str, ArrayRef)], options: &[(&str, &str)]) -> Result<Figure> {
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), columns.iter().map(|(_, array)| array.clone()).collect()).unwrap();
    let mut all = Options::default();
    for (name, value) in options {
        all.set(name, value)?;
    }
    // In two batches, as queries give them.
    let half = batch.num_rows() / 2;
    let batches = [batch.slice(0, half), batch.slice(half, batch.num_rows() - half)];
    Figure::new(&schema, &batches, &all)
}

/// Numbers without a pattern, the same each time: between -1 and 1.
pub(crate) fn noise(n: usize) -> f64 {
    let mut x = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

pub(crate) const LANGUAGES: [&str; 12] = ["bn", "de", "en", "es", "fr", "ja", "ko", "ru", "sw", "te", "th", "zh"];
pub(crate) const OWN_NAMES: [&str; 12] = [
    "বাংলা",
    "Deutsch",
    "English",
    "Español",
    "Français",
    "日本語",
    "한국어",
    "Русский",
    "Kiswahili",
    "తెలుగు",
    "ภาษาไทย",
    "中文",
];
pub(crate) const FEATURES: [(&str, &str); 16] = [
    ("Alignment with English", "similarity of the step sequence"),
    ("Alignment with English", "COMET of the question"),
    ("Alignment with English", "language consistency"),
    ("Reasoning steps", "number of steps"),
    ("Reasoning steps", "validity"),
    ("Reasoning steps", "direct utility"),
    ("Reasoning steps", "indirect utility"),
    ("Reasoning steps", "V-information"),
    ("Reasoning flow", "problem_setup"),
    ("Reasoning flow", "plan_generation"),
    ("Reasoning flow", "fact_retrieval"),
    ("Reasoning flow", "active_computation"),
    ("Reasoning flow", "result_consolidation"),
    ("Reasoning flow", "uncertainty_management"),
    ("Reasoning flow", "final_answer_emission"),
    ("Reasoning flow", "self_checking"),
];
pub(crate) const TAGS: [&str; 9] = [
    "problem_setup",
    "plan_generation",
    "fact_retrieval",
    "active_computation",
    "result_consolidation",
    "uncertainty_management",
    "final_answer_emission",
    "self_checking",
    "unknown",
];
const MODELS: [&str; 4] = ["Qwen3-4B", "DeepSeek-R1-Distill-Qwen-7B", "gpt-oss-20b", "s1.1-7B"];

/// Figure 1's table: Δ accuracy of each feature in English and in the other languages.
pub(crate) fn forest_table(models: usize) -> Vec<(&'static str, ArrayRef)> {
    let (mut model, mut group, mut feature, mut lang) = (vec![], vec![], vec![], vec![]);
    let (mut delta, mut low, mut high, mut p) = (vec![], vec![], vec![], vec![]);
    for (m, name_of_model) in MODELS.iter().enumerate().take(models) {
        for (at, (g, f)) in FEATURES.iter().enumerate() {
            for (side, l) in ["English", "other languages"].iter().enumerate() {
                let value = noise(m * 1000 + at * 10 + side) * 0.18;
                let half = 0.02 + noise(m * 77 + at * 3 + side).abs() * 0.06;
                let lacks = at == 1 && side == 0;
                model.push(*name_of_model);
                group.push(*g);
                feature.push(*f);
                lang.push(*l);
                delta.push((!lacks).then_some(value));
                low.push((!lacks).then_some(value - half));
                high.push((!lacks).then_some(value + half));
                p.push((!lacks).then_some((-(value / half).powi(2) * 2.0).exp()));
            }
        }
    }
    let mut columns = vec![
        ("feature", texts(&feature)),
        ("languages", texts(&lang)),
        ("delta", numbers(&delta)),
        ("low", numbers(&low)),
        ("high", numbers(&high)),
        ("p_value", numbers(&p)),
        ("group", texts(&group)),
    ];
    if models > 1 {
        columns.push(("model", texts(&model)));
    }
    columns
}

pub(crate) fn heat_table(models: usize, scale: f64, names: &[&str]) -> Vec<(&'static str, ArrayRef)> {
    let (mut model, mut lang, mut feature, mut delta) = (vec![], vec![], vec![], vec![]);
    for (m, name_of_model) in MODELS.iter().enumerate().take(models) {
        for (at, (_, f)) in FEATURES.iter().enumerate() {
            for (l, name) in names.iter().enumerate() {
                model.push(*name_of_model);
                lang.push(*name);
                feature.push(*f);
                // English has no alignment with itself.
                let lacks = (at < 2 && l == 2) || noise(at * 31 + l + m) > 0.96;
                delta.push((!lacks).then_some(noise(m * 991 + at * 13 + l) * scale));
            }
        }
    }
    let mut columns = vec![("lang", texts(&lang)), ("feature", texts(&feature)), ("delta", numbers(&delta))];
    if models > 1 {
        columns.push(("model", texts(&model)));
    }
    columns
}

fn tag_table() -> Vec<(&'static str, ArrayRef)> {
    let (mut lang, mut tag, mut share) = (vec![], vec![], vec![]);
    for (l, name) in LANGUAGES.iter().enumerate() {
        let weights: Vec<f64> =
            (0..9).map(|t| 0.1 + noise(l * 9 + t + 5).abs() * if t == 3 { 3.0 } else { 1.0 }).collect();
        let sum: f64 = weights.iter().sum();
        for (t, name_of_tag) in TAGS.iter().enumerate() {
            lang.push(*name);
            tag.push(*name_of_tag);
            share.push(weights[t] / sum);
        }
    }
    vec![("lang", texts(&lang)), ("tag", texts(&tag)), ("share", some(&share))]
}

/// accuracy against temperature, with intervals and a gap.
fn line_table(models: usize, gap: bool) -> Vec<(&'static str, ArrayRef)> {
    let (mut model, mut policy, mut at, mut y, mut low, mut high) = (vec![], vec![], vec![], vec![], vec![], vec![]);
    for (m, name) in MODELS.iter().take(models).enumerate() {
        for (p, policy_name) in ["random", "majority vote", "argmax validity", "oracle"].iter().enumerate() {
            for t in 0..7 {
                let value = 0.4 + 0.1 * p as f64 + 0.03 * noise(m * 50 + p * 10 + t);
                let lacks = gap && p == 1 && t == 3;
                model.push(*name);
                policy.push(*policy_name);
                at.push(t as f64 * 0.2);
                y.push((!lacks).then_some(value));
                low.push((!lacks).then_some(value - 0.03));
                high.push((!lacks).then_some(value + 0.04));
            }
        }
    }
    let mut columns = vec![
        ("temperature", some(&at)),
        ("accuracy", numbers(&y)),
        ("low", numbers(&low)),
        ("high", numbers(&high)),
        ("policy", texts(&policy)),
    ];
    if models > 1 {
        columns.push(("model", texts(&model)));
    }
    columns
}

fn cloud(rows: usize, classes: usize) -> Vec<(&'static str, ArrayRef)> {
    let x: Vec<f64> = (0..rows).map(|n| noise(n) * 3.0).collect();
    let y: Vec<f64> = (0..rows).map(|n| x[n] * 0.4 + noise(n + 70_000)).collect();
    let class: Vec<String> = (0..rows).map(|n| LANGUAGES[n % classes].to_owned()).collect();
    vec![("steps", some(&x)), ("validity", some(&y)), ("lang", texts(&class))]
}

/// All figures that claims are tested on, by name.
pub(crate) fn gallery() -> Vec<(&'static str, Figure)> {
    let long: Vec<String> = (0..8)
        .map(|n| format!("the share of steps whose first tag is “{}”, over all traces of the run, {n}", TAGS[n]))
        .collect();
    let accuracy: Vec<f64> = (0..12).map(|n| 0.5 + 0.4 * noise(n)).collect();
    let signed: Vec<f64> = (0..12).map(|n| noise(n + 3)).collect();
    let under: Vec<f64> = accuracy.iter().map(|a| a - 0.05).collect();
    let over: Vec<f64> = accuracy.iter().map(|a| a + 0.05).collect();
    let tiny: Vec<f64> = (0..12).map(|n| noise(n) * 4e-9).collect();
    let ten: Vec<f64> = (0..10).map(f64::from).collect();
    let none = vec![None; 12];
    let pair: Vec<String> = LANGUAGES.iter().flat_map(|l| [(*l).to_owned(), (*l).to_owned()]).collect();
    let kind: Vec<&str> = (0..24).map(|n| if n % 2 == 0 { "native" } else { "English" }).collect();
    let two: Vec<f64> = (0..24).map(|n| 0.3 + 0.6 * noise(n).abs()).collect();
    type Table<'a> = (&'static str, Vec<(&'a str, ArrayRef)>, Vec<(&'a str, &'a str)>);
    let tables: Vec<Table<'_>> = vec![
        (
            "forest",
            forest_table(1),
            vec![("plot", "forest"), ("title", "Δ accuracy when a feature rises by one standard deviation")],
        ),
        ("forest_facets", forest_table(4), vec![("plot", "forest"), ("facet", "model")]),
        (
            "forest_infinite",
            vec![
                ("term", texts(&["a", "b", "c", "d"])),
                ("estimate", some(&[0.2, -0.1, 0.05, 0.0])),
                ("conf_low", some(&[0.1, f64::NEG_INFINITY, -900.0, -0.1])),
                ("conf_high", some(&[0.3, f64::INFINITY, 900.0, 0.1])),
            ],
            vec![],
        ),
        (
            "heatmap",
            heat_table(1, 0.4, &LANGUAGES),
            vec![("plot", "heatmap"), ("title", "Δ accuracy by feature and language")],
        ),
        ("heatmap_own_names", heat_table(1, 0.4, &OWN_NAMES), vec![("plot", "heatmap")]),
        ("heatmap_facets", heat_table(4, 1.0, &LANGUAGES), vec![("plot", "heatmap"), ("facet", "model")]),
        ("heatmap_tiny", heat_table(1, 4e-9, &LANGUAGES), vec![("plot", "heatmap")]),
        (
            "heatmap_wide",
            vec![
                ("policy", texts(&["random", "oracle"])),
                ("en", some(&[0.5, 0.9])),
                ("sw", numbers(&[Some(0.2), None])),
                ("te", some(&[0.25, 0.66])),
            ],
            vec![("plot", "heatmap")],
        ),
        ("stacked", tag_table(), vec![("plot", "stacked_bar"), ("title", "What the steps of a trace do")]),
        ("stacked_lying", tag_table(), vec![("plot", "stacked_bar"), ("y", "lang"), ("x", "share")]),
        ("bar", vec![("lang", texts(&LANGUAGES)), ("accuracy", some(&accuracy))], vec![]),
        (
            "bar_own_names",
            vec![
                ("lang", texts(&OWN_NAMES)),
                ("accuracy", some(&accuracy)),
                ("low", some(&under)),
                ("high", some(&over)),
            ],
            vec![("plot", "bar")],
        ),
        (
            "bar_groups",
            vec![("lang", texts(&pair)), ("traces", texts(&kind)), ("accuracy", some(&two))],
            vec![("plot", "bar")],
        ),
        ("bar_negative", vec![("lang", texts(&LANGUAGES)), ("change", some(&signed))], vec![]),
        ("bar_long", vec![("feature", texts(&long)), ("share", some(&accuracy[..8]))], vec![]),
        (
            "bar_long_lying",
            vec![("feature", texts(&long)), ("share", some(&accuracy[..8]))],
            vec![("plot", "bar"), ("y", "feature")],
        ),
        ("bar_null", vec![("lang", texts(&LANGUAGES)), ("accuracy", numbers(&none))], vec![]),
        ("bar_tiny", vec![("lang", texts(&LANGUAGES)), ("change", some(&tiny))], vec![]),
        ("one_row", vec![("lang", texts(&["en"])), ("accuracy", some(&[0.7]))], vec![]),
        ("no_rows", vec![("lang", texts::<&str>(&[])), ("accuracy", some(&[]))], vec![]),
        ("line", line_table(1, true), vec![("plot", "line"), ("title", "Accuracy of the chosen sample")]),
        ("line_facets", line_table(4, false), vec![("plot", "line"), ("facet", "model")]),
        ("line_categories", vec![("lang", texts(&OWN_NAMES)), ("accuracy", some(&accuracy))], vec![("plot", "line")]),
        (
            "line_bare",
            vec![("step", some(&ten)), ("loss", some(&[9.0, 7.0, 5.5, 4.2, 3.6, 3.1, 2.8, 2.6, 2.5, 2.45]))],
            vec![],
        ),
        ("scatter", cloud(300, 3), vec![("plot", "scatter")]),
        ("scatter_twelve", cloud(240, 12), vec![("plot", "scatter")]),
        (
            "scatter_scale",
            vec![
                ("x", some(&accuracy)),
                ("y", some(&signed)),
                (
                    "tokens",
                    numbers(&[
                        Some(10.0),
                        Some(200.0),
                        None,
                        Some(400.0),
                        Some(50.0),
                        Some(90.0),
                        Some(250.0),
                        Some(300.0),
                        Some(120.0),
                        Some(10.0),
                        Some(35.0),
                        Some(333.0),
                    ]),
                ),
            ],
            vec![("plot", "scatter"), ("color", "tokens")],
        ),
    ];
    tables
        .into_iter()
        .map(|(name, columns, options)| (name, figure(&columns, &options).unwrap_or_else(|e| panic!("{name}: {e}"))))
        .collect()
}
