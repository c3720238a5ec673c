//! Logistic regression against statsmodels and scikit-learn (`../shared/golden/logit`).
//!
//! `cargo test -p glotrace-learn --test golden_logit -- --nocapture` prints counts and worst deviations.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

mod common;

use common::{Row, Worst, csv, number, parquet, text};
use glotrace_learn::stat::logit::{Fit, Options, Table, Term, Vcov, fit};
use glotrace_learn::stat::{bootstrap_ci, zscore};
use std::collections::{BTreeMap, HashMap};

const FEATURES: [&str; 17] = [
    "q_comet",
    "r_length",
    "r_numsteps",
    "r_enalign",
    "r_ensimilar",
    "r_validity",
    "r_direct_utility",
    "r_indirect_utility",
    "r_vi",
    "r_selfcheck",
    "r_active",
    "r_problem",
    "r_plan",
    "r_final",
    "r_fact",
    "r_result",
    "r_uncertainty",
];

type Column = Vec<Option<f64>>;
type Line = HashMap<String, String>;

/// One of the three tables: a column a feature.
struct Data {
    languages: Vec<String>,
    ids: Vec<String>,
    acc: Vec<bool>,
    features: HashMap<&'static str, Column>,
}

impl Data {
    fn read(table: &str) -> Option<Self> {
        let rows: Vec<Row> = parquet(&format!("logit/features_{table}.parquet"))?;
        Some(Self {
            languages: rows.iter().map(|row| text(row, "language").to_owned()).collect(),
            ids: rows.iter().map(|row| number(row, "id").unwrap().to_string()).collect(),
            acc: rows.iter().map(|row| number(row, "acc").unwrap() == 1.0).collect(),
            features: FEATURES.iter().map(|f| (*f, rows.iter().map(|row| number(row, f)).collect())).collect(),
        })
    }

    fn all() -> Option<Vec<(&'static str, Self)>> {
        ["const", "sep", "collin"].into_iter().map(|table| Some((table, Self::read(table)?))).collect()
    }

    fn rows_of(&self, language: &str) -> Vec<usize> {
        (0..self.acc.len()).filter(|i| self.languages[*i] == language).collect()
    }

    /// Standardised over the rows for which `is_in`; the others are missing.
    fn scaled(&self, feature: &str, is_in: impl Fn(&str) -> bool) -> Column {
        let column = &self.features[feature];
        let within = column.iter().zip(&self.languages).map(|(x, l)| x.filter(|_| is_in(l)).unwrap_or(f64::NAN));
        zscore(&within.collect::<Vec<_>>()).into_iter().map(|z| Some(z).filter(|z| !z.is_nan())).collect()
    }

    /// As the univariate scripts have it: pooled, lengths and numbers of steps as they are.
    fn pooled(&self, feature: &str) -> Column {
        if is_unscaled(feature) { self.features[feature].clone() } else { self.scaled(feature, |_| true) }
    }

    /// Standardised within each language.
    fn within(&self, feature: &str) -> Column {
        let mut column = vec![None; self.acc.len()];
        let languages: std::collections::BTreeSet<&String> = self.languages.iter().collect();
        for language in languages {
            let scaled = self.scaled(feature, |l| l == language);
            for i in self.rows_of(language) {
                column[i] = scaled[i];
            }
        }
        column
    }

    fn fit(&self, rows: &[usize], columns: &[(String, Column)], options: &Options) -> Fit {
        let mut table = Table::new(columns.len(), options.vcov == Vcov::Cluster);
        for &i in rows {
            let x: Vec<Option<f64>> = columns.iter().map(|(_, column)| column[i]).collect();
            table.push(Some(self.acc[i]), &x, Some(&self.ids[i]));
        }
        let names: Vec<String> = columns.iter().map(|(name, _)| name.clone()).collect();
        fit(&table, &names, options)
    }

    fn is_english(&self) -> Vec<bool> {
        self.languages.iter().map(|language| language == "en").collect()
    }
}

fn is_unscaled(feature: &str) -> bool {
    matches!(feature, "r_length" | "r_numsteps")
}

fn cell(line: &Line, column: &str) -> Option<f64> {
    line.get(column).map(|value| value.parse().unwrap())
}

fn term<'a>(fit: &'a Fit, name: &str) -> &'a Term {
    let name = if name == "const" { "intercept" } else { name };
    fit.terms.iter().find(|term| term.term == name).unwrap_or_else(|| panic!("no term {name}"))
}

fn has_note(fit: &Fit, start: &str) -> bool {
    fit.terms.iter().any(|term| term.note.as_ref().is_some_and(|note| note.starts_with(start)))
}

/// Whether the fit says what the reference says without fitting.
fn check_flag(expected: &str, fit: &Fit, place: &str) {
    let infinite = [fit.log_likelihood, fit.aic, fit.bic].iter().flatten().any(|x| !x.is_finite());
    assert!(!infinite, "{place}");
    let holds = match expected {
        "ok" => fit.converged && !fit.separation && fit.terms.iter().all(|term| term.estimate.is_some()),
        "constant" | "no_english_rows" => has_note(fit, "constant"),
        "separation" | "quasi_separation" => fit.separation && !fit.converged && has_note(fit, "separation"),
        "singular" => has_note(fit, "collinear") || has_note(fit, "constant"),
        "skipped_english" => fit.n == 0 && has_note(fit, "too few rows"),
        other => panic!("{place}: an unknown flag {other}"),
    };
    assert!(holds, "{place}: expected {expected}, got {fit:#?}");
}

fn compare_summary(worst: &mut Worst, fit: &Fit, line: &Line, place: &str) {
    assert_eq!(fit.n, cell(line, "n_rows").unwrap() as u64, "{place}");
    let at = || place.to_owned();
    worst.relative("log-likelihood", fit.log_likelihood.unwrap(), cell(line, "llf").unwrap(), at);
    worst.relative("ll_null", fit.ll_null.unwrap(), cell(line, "llnull").unwrap(), at);
    worst.relative("aic", fit.aic.unwrap(), cell(line, "aic").unwrap(), at);
    worst.relative("bic", fit.bic.unwrap(), cell(line, "bic").unwrap(), at);
    // A difference of nearly equal likelihoods, of which the published null is one that a search ended at.
    worst.note("pseudo_r2", (fit.pseudo_r2.unwrap() - cell(line, "prsquared").unwrap()).abs(), at);
}

fn compare_term(worst: &mut Worst, term: &Term, line: &Line, place: &str) {
    let at = || place.to_owned();
    worst.relative("estimate", term.estimate.unwrap(), cell(line, "coef").unwrap(), at);
    worst.relative("std_error", term.std_error.unwrap(), cell(line, "std_err").unwrap(), at);
    worst.relative("z", term.z.unwrap(), cell(line, "z").unwrap(), at);
    // An end of an interval may lie at 0: relative to the interval's width.
    let width = cell(line, "ci_high").unwrap() - cell(line, "ci_low").unwrap();
    worst.note("interval", (term.conf_low.unwrap() - cell(line, "ci_low").unwrap()).abs() / width, at);
    worst.note("interval", (term.conf_high.unwrap() - cell(line, "ci_high").unwrap()).abs() / width, at);
    worst.note("p_value", (term.p_value.unwrap() - cell(line, "p").unwrap()).abs(), at);
}

const TOLERANCES: [(&str, f64); 10] = [
    ("estimate", 1e-6),
    ("std_error", 1e-6),
    ("z", 1e-6),
    ("interval", 1e-6),
    ("p_value", 1e-6),
    ("log-likelihood", 1e-8),
    ("ll_null", 1e-8),
    ("aic", 1e-6),
    ("bic", 1e-6),
    ("pseudo_r2", 1e-9),
];

#[test]
fn zscores_use_the_published_means_and_deviations() {
    let (Some(tables), Some(scaler)) = (Data::all(), csv("logit/scaler.csv")) else { return };
    let mut worst = Worst::default();
    for (name, data) in &tables {
        for line in scaler.iter().filter(|line| line["table"] == *name) {
            let feature = line["feature"].as_str();
            let language = line["language"].as_str();
            let is_in = |l: &str| match line["scope"].as_str() {
                "pooled" => true,
                "pooled_10" => l != "ja" && l != "ko",
                _ => l == language,
            };
            let (Some(mean), Some(sd)) = (cell(line, "mean"), cell(line, "sd")) else { continue };
            for (x, z) in data.features[feature].iter().zip(data.scaled(feature, is_in)) {
                let (Some(x), Some(z)) = (x, z) else { continue };
                let expected = if sd < 1e-12 { 0.0 } else { (x - mean) / sd };
                worst.note("zscore", (z - expected).abs() / expected.abs().max(1.0), || format!("{line:?}"));
            }
        }
    }
    worst.hold("scaler", &[("zscore", 1e-9)]);
}

#[test]
fn univariate_fits_agree_with_statsmodels() {
    let (Some(tables), Some(fits), Some(coefficients)) =
        (Data::all(), csv("logit/a_univariate_fit.csv"), csv("logit/a_univariate_coef.csv"))
    else {
        return;
    };
    let mut worst = Worst::default();
    let mut flags: BTreeMap<String, usize> = BTreeMap::new();
    for (name, data) in &tables {
        for line in fits.iter().filter(|line| line["table"] == *name) {
            let (language, feature) = (line["language"].as_str(), line["feature"].as_str());
            let place = format!("{name} {language} {feature}");
            let fit =
                data.fit(&data.rows_of(language), &[(feature.to_owned(), data.pooled(feature))], &Options::default());
            check_flag(&line["expected_flag"], &fit, &place);
            *flags.entry(line["expected_flag"].clone()).or_default() += 1;
            if line["expected_flag"] != "ok" {
                continue;
            }
            compare_summary(&mut worst, &fit, line, &place);
            worst.relative("delta", term(&fit, feature).delta.unwrap(), cell(line, "delta_accuracy").unwrap(), || {
                place.clone()
            });
            let same = |c: &&Line| c["table"] == *name && c["language"] == language && c["feature"] == feature;
            for line in coefficients.iter().filter(same) {
                compare_term(&mut worst, term(&fit, &line["term"]), line, &place);
            }
        }
    }
    eprintln!("univariate: flags as expected: {flags:?}");
    worst.hold("univariate", &TOLERANCES);
    worst.hold("univariate", &[("delta", 1e-6)]);
}

/// The multivariate columns of a language: what varies, zero for what does not.
fn multivariate(data: &Data, language: &str, scaled: impl Fn(&str) -> Column) -> Vec<(String, Column)> {
    let rows = data.rows_of(language);
    FEATURES
        .iter()
        .filter(|feature| !(language == "en" && **feature == "q_comet"))
        .map(|feature| {
            let values: Vec<f64> = rows.iter().filter_map(|&i| data.features[feature][i]).collect();
            let varies = values.iter().any(|x| *x != values[0]);
            let column = if varies { scaled(feature) } else { vec![Some(0.0); data.acc.len()] };
            ((*feature).to_owned(), column)
        })
        .collect()
}

#[test]
fn multivariate_fits_and_average_effects_agree_with_statsmodels() {
    let (Some(tables), Some(fits), Some(coefficients), Some(deltas)) = (
        Data::all(),
        csv("logit/b_multivariate_fit.csv"),
        csv("logit/b_multivariate_coef.csv"),
        csv("logit/b_multivariate_delta.csv"),
    ) else {
        return;
    };
    let mut worst = Worst::default();
    let mut flags: BTreeMap<String, usize> = BTreeMap::new();
    for (name, data) in &tables {
        for line in fits.iter().filter(|line| line["table"] == *name) {
            let language = line["language"].as_str();
            let place = format!("{name} {language}");
            let columns = multivariate(data, language, |feature| data.within(feature));
            let fit = data.fit(&data.rows_of(language), &columns, &Options::default());
            *flags.entry(line["expected_flag"].clone()).or_default() += 1;
            let dropped = line.get("dropped_constant").map(String::as_str).unwrap_or_default();
            for feature in dropped.split(';').filter(|feature| !feature.is_empty()) {
                assert!(term(&fit, feature).note.as_ref().unwrap().starts_with("constant"), "{place} {feature}");
            }
            if line["expected_flag"] != "ok" {
                check_flag(&line["expected_flag"], &fit, &place);
                continue;
            }
            assert!(fit.converged && !fit.separation, "{place}: {fit:#?}");
            compare_summary(&mut worst, &fit, line, &place);
            let same = |c: &&Line| c["table"] == *name && c["language"] == language;
            for line in coefficients.iter().filter(same) {
                compare_term(&mut worst, term(&fit, &line["term"]), line, &place);
            }
            for line in deltas.iter().filter(same) {
                let (Some(delta), expected) = (term(&fit, &line["feature"]).delta_avg, cell(line, "delta_accuracy"))
                else {
                    continue;
                };
                worst.relative("delta_avg", delta, expected.unwrap(), || format!("{place} {}", line["feature"]));
            }
        }
    }
    eprintln!("multivariate: flags as expected: {flags:?}");
    worst.hold("multivariate", &TOLERANCES);
    worst.hold("multivariate", &[("delta_avg", 1e-6)]);
}

#[test]
fn penalised_fits_are_at_the_true_optimum() {
    let (Some(tables), Some(lines)) = (Data::all(), csv("logit/c_ridge_perlang.csv")) else { return };
    let mut worst = Worst::default();
    for (name, data) in &tables {
        let mut fits: BTreeMap<String, Fit> = BTreeMap::new();
        for line in lines.iter().filter(|line| line["table"] == *name) {
            let (language, feature) = (line["language"].as_str(), line["feature"].as_str());
            let place = format!("{name} {language} {feature}");
            let fit = fits.entry(language.to_owned()).or_insert_with(|| {
                let ten = |l: &str| l != "ja" && l != "ko";
                let scaled = |feature: &str| match feature {
                    f if is_unscaled(f) => data.features[f].clone(),
                    f => data.scaled(f, ten),
                };
                let columns = multivariate(data, language, scaled);
                data.fit(&data.rows_of(language), &columns, &Options { l2: 1.0, ..Options::default() })
            });
            assert_eq!(fit.n, cell(line, "n_rows").unwrap() as u64, "{place}");
            assert!(fit.converged && !fit.separation, "{place}");
            let (intercept, slope) = (term(fit, "const"), term(fit, feature));
            let at = || place.clone();
            let exact = |column: &str| cell(line, column).unwrap();
            worst.relative("intercept", intercept.estimate.unwrap(), exact("exact_intercept"), at);
            worst.relative("slope", slope.estimate.unwrap(), exact("exact_coef"), at);
            worst.relative("delta", slope.delta.unwrap(), exact("exact_delta"), at);
            worst.note("slope, from scikit-learn's", (slope.estimate.unwrap() - exact("sklearn_coef")).abs(), at);
        }
    }
    worst.hold("ridge", &[("intercept", 1e-6), ("slope", 1e-6), ("delta", 1e-6), ("slope, from scikit-learn's", 2e-2)]);
}

/// `is_en`, the features, and their interaction with `is_en`.
fn interaction(data: &Data, multivariate: bool, feature: &str) -> Vec<(String, Column)> {
    let english = data.is_english();
    let indicator = |i: usize| f64::from(u8::from(english[i]));
    let column = |f: &str| -> Column {
        let mut column = if multivariate { data.within(f) } else { data.pooled(f) };
        if multivariate && f == "q_comet" {
            (0..column.len()).filter(|i| english[*i]).for_each(|i| column[i] = Some(0.0));
        }
        if multivariate {
            // What does not vary in a language is 0 there, its gaps included.
            for language in data.languages.iter().collect::<std::collections::BTreeSet<_>>() {
                let rows = data.rows_of(language);
                if rows.iter().all(|i| column[*i].is_none_or(|z| z == 0.0)) {
                    rows.into_iter().for_each(|i| column[i] = Some(0.0));
                }
            }
        }
        column
    };
    let of_interest = column(feature);
    let product = of_interest.iter().enumerate().map(|(i, x)| x.map(|x| x * indicator(i))).collect();
    let mut columns = vec![("is_en".to_owned(), (0..english.len()).map(|i| Some(indicator(i))).collect())];
    if multivariate {
        columns.extend(FEATURES.iter().map(|f| ((*f).to_owned(), column(f))));
    } else {
        columns.push((feature.to_owned(), of_interest));
    }
    columns.push((format!("is_en_x_{feature}"), product));
    columns
}

#[test]
fn interactions_agree_with_statsmodels() {
    let (Some(tables), Some(fits), Some(coefficients)) =
        (Data::all(), csv("logit/d_interaction.csv"), csv("logit/d_interaction_coef.csv"))
    else {
        return;
    };
    let mut worst = Worst::default();
    let mut flags: BTreeMap<String, usize> = BTreeMap::new();
    for (name, data) in &tables {
        let rows: Vec<usize> = (0..data.acc.len()).collect();
        for line in fits.iter().filter(|line| line["table"] == *name) {
            let (model, feature) = (line["model"].as_str(), line["feature"].as_str());
            let place = format!("{name} {model} {feature}");
            let columns = interaction(data, model == "multivariate", feature);
            let fit = data.fit(&rows, &columns, &Options::default());
            check_flag(&line["expected_flag"], &fit, &place);
            *flags.entry(line["expected_flag"].clone()).or_default() += 1;
            if line["expected_flag"] != "ok" {
                continue;
            }
            compare_summary(&mut worst, &fit, line, &place);
            let p = term(&fit, &format!("is_en_x_{feature}")).p_value.unwrap();
            worst.note("p of the interaction", (p - cell(line, "p_interaction").unwrap()).abs(), || place.clone());
            let same = |c: &&Line| c["table"] == *name && c["model"] == model && c["feature"] == feature;
            for line in coefficients.iter().filter(same) {
                compare_term(&mut worst, term(&fit, &line["term"]), line, &place);
            }
        }
    }
    eprintln!("interaction: flags as expected: {flags:?}");
    worst.hold("interaction", &TOLERANCES);
    worst.hold("interaction", &[("p of the interaction", 1e-6)]);
}

#[test]
fn robust_errors_agree_with_statsmodels() {
    let (Some(tables), Some(lines)) = (Data::all(), csv("logit/f_robust_se.csv")) else { return };
    let mut worst = Worst::default();
    for (name, data) in &tables {
        let rows: Vec<usize> = (0..data.acc.len()).collect();
        let mut fits: BTreeMap<String, Vec<Fit>> = BTreeMap::new();
        for line in lines.iter().filter(|line| line["table"] == *name) {
            let feature = line["feature"].as_str();
            let place = format!("{name} {feature} {}", line["term"]);
            let fits = fits.entry(feature.to_owned()).or_insert_with(|| {
                let columns = interaction(data, false, feature);
                [Vcov::Nonrobust, Vcov::Hc0, Vcov::Hc1, Vcov::Cluster]
                    .map(|vcov| data.fit(&rows, &columns, &Options { vcov, ..Options::default() }))
                    .into()
            });
            let kinds = [
                ("nonrobust", "se_nonrobust"),
                ("HC0, statsmodels' HC1", "se_statsmodels_HC1"),
                ("HC1", "se_HC1_textbook"),
                ("cluster", "se_statsmodels_cluster"),
            ];
            for (fit, (kind, column)) in fits.iter().zip(kinds) {
                let error = term(fit, &line["term"]).std_error.unwrap();
                worst.relative(kind, error, cell(line, column).unwrap(), || place.clone());
            }
            for (i, column) in [(1, "p_statsmodels_HC1"), (3, "p_statsmodels_cluster")] {
                let p = term(&fits[i], &line["term"]).p_value.unwrap();
                worst.note("p_value", (p - cell(line, column).unwrap()).abs(), || place.clone());
            }
        }
    }
    worst.hold(
        "robust",
        &[("nonrobust", 1e-6), ("HC0, statsmodels' HC1", 1e-6), ("HC1", 1e-6), ("cluster", 1e-6), ("p_value", 1e-6)],
    );
}

#[test]
fn means_over_languages_and_their_intervals_agree() {
    let (Some(tables), Some(lines)) = (Data::all(), csv("logit/e_delta_agg.csv")) else { return };
    let mut worst = Worst::default();
    for (name, data) in &tables {
        let languages: std::collections::BTreeSet<&String> = data.languages.iter().collect();
        let mut whole: BTreeMap<&String, Fit> = BTreeMap::new();
        for language in &languages {
            let columns = multivariate(data, language, |feature| data.within(feature));
            whole.insert(language, data.fit(&data.rows_of(language), &columns, &Options::default()));
        }
        for line in lines.iter().filter(|line| line["table"] == *name) {
            let feature = line["feature"].as_str();
            let place = format!("{name} {} {feature} {}", line["model"], line["group"]);
            let is_multivariate = line["model"] == "multivariate";
            let of_group = |language: &&&String| (line["group"] == "English") == (language.as_str() == "en");
            let deltas: Vec<f64> = languages
                .iter()
                .filter(of_group)
                .filter_map(|language| {
                    if is_multivariate {
                        let fit = &whole[language];
                        let is_sound = fit.converged && !has_note(fit, "collinear");
                        return is_sound
                            .then(|| fit.terms.iter().find(|term| term.term == feature)?.delta_avg)
                            .flatten();
                    }
                    let column = [(feature.to_owned(), data.pooled(feature))];
                    let fit = data.fit(&data.rows_of(language), &column, &Options::default());
                    fit.converged.then(|| term(&fit, feature).delta).flatten()
                })
                .collect();
            let Some(expected) = cell(line, "delta_mean_ok_only") else { continue };
            let interval = bootstrap_ci(&deltas, 0.95, 1000, 42).unwrap();
            let at = || place.clone();
            worst.relative("mean of sound fits", interval.mean, expected, at);
            if cell(line, "n_flagged") == Some(0.0) {
                worst.relative("mean", interval.mean, cell(line, "delta_mean").unwrap(), at);
                let tolerance = cell(line, "tol_ci").unwrap().max(1e-12);
                for (end, column) in [(interval.low, "limit_ci_low"), (interval.high, "limit_ci_high")] {
                    worst.note("interval, in tolerances", (end - cell(line, column).unwrap()).abs() / tolerance, at);
                }
            }
        }
    }
    worst.hold("languages", &[("mean of sound fits", 1e-6), ("mean", 1e-6), ("interval, in tolerances", 1.0)]);
}
