use super::*;

fn table(rows: &[(bool, &[f64])]) -> Table {
    let mut table = Table::new(rows[0].1.len(), false);
    for (y, x) in rows {
        table.push(Some(*y), &x.iter().map(|x| Some(*x)).collect::<Vec<_>>(), None);
    }
    table
}

fn names(n: usize) -> Vec<String> {
    (1..=n).map(|i| format!("x{i}")).collect()
}

/// Noisy outcomes on two features.
fn noisy(n: usize) -> Vec<(bool, Vec<f64>)> {
    (0..n)
        .map(|i| {
            let (a, b) = ((i as f64 * 0.7).sin(), (i as f64 * 1.3).cos());
            (a + 0.5 * b > ((i * i) as f64 * 0.37).sin(), vec![a, b])
        })
        .collect()
}

fn fit_rows(rows: &[(bool, Vec<f64>)], options: &Options) -> Fit {
    let rows: Vec<(bool, &[f64])> = rows.iter().map(|(y, x)| (*y, x.as_slice())).collect();
    let width = rows[0].1.len();
    fit(&table(&rows), &names(width), options)
}

#[test]
fn a_two_by_two_table_gives_its_odds_ratio() {
    // 30 of 40 against 10 of 40: log odds ratio ln 9, error sqrt(1/30 + 1/10 + 1/10 + 1/30).
    let rows: Vec<_> =
        (0..80).map(|i| (if i < 40 { i < 30 } else { i < 50 }, vec![f64::from(u8::from(i < 40))])).collect();
    let fit = fit_rows(&rows, &Options::default());
    let slope = &fit.terms[1];
    assert!((slope.estimate.unwrap() - 9f64.ln()).abs() < 1e-12);
    assert!((slope.std_error.unwrap() - (8.0f64 / 30.0).sqrt()).abs() < 1e-12);
    assert!((slope.odds_ratio.unwrap() - 9.0).abs() < 1e-11);
    assert!(fit.converged && !fit.separation && slope.note.is_none());
    assert_eq!((fit.n, fit.n_events, fit.df), (80, 40, Some(1)));
}

#[test]
fn rows_in_any_order_give_the_same_bits() {
    let rows = noisy(300);
    let mut shuffled = rows.clone();
    shuffled.sort_by(|a, b| (a.1[0] * 7.0).sin().total_cmp(&(b.1[0] * 7.0).sin()));
    let options = Options { vcov: Vcov::Hc1, ..Options::default() };
    assert_eq!(format!("{:?}", fit_rows(&rows, &options)), format!("{:?}", fit_rows(&shuffled, &options)));
}

#[test]
fn complete_separation_is_a_flag_and_has_no_numbers() {
    let rows: Vec<_> = (0..30).map(|i| (i >= 12, vec![f64::from(i)])).collect();
    let fit = fit_rows(&rows, &Options::default());
    assert!(fit.separation && !fit.converged, "{fit:?}");
    assert!(fit.terms.iter().all(|term| term.estimate.is_none() && term.note.is_some()));
    // A penalty gives finite estimates.
    let ridge = fit_rows(&rows, &Options { l2: 1.0, ..Options::default() });
    assert!(ridge.converged && !ridge.separation && ridge.terms[1].estimate.unwrap() > 0.0);
}

#[test]
fn quasi_separation_by_one_feature_leaves_the_others_their_limit() {
    let mut rows = noisy(200);
    for (i, (y, x)) in rows.iter_mut().enumerate() {
        let flag = i % 10 == 0;
        *y |= flag;
        x.push(f64::from(u8::from(flag)));
    }
    let fit = fit_rows(&rows, &Options::default());
    assert!(fit.separation && !fit.converged, "{fit:?}");
    assert_eq!(fit.terms[3].estimate, None);
    // The limit is the fit of the rows that the feature does not decide.
    let rest: Vec<_> = rows.iter().filter(|(_, x)| x[2] == 0.0).map(|(y, x)| (*y, x[..2].to_vec())).collect();
    let limit = fit_rows(&rest, &Options::default());
    for i in 0..3 {
        let (a, b) = (fit.terms[i].estimate.unwrap(), limit.terms[i].estimate.unwrap());
        assert!((a - b).abs() < 1e-7, "{a} {b}");
    }
}

#[test]
fn a_single_row_on_the_wrong_side_is_overlap() {
    for outlier in [11.999, 12.5, 20.0, 29.5, 1000.0] {
        let mut rows: Vec<_> = (0..30).map(|i| (i >= 12, vec![f64::from(i)])).collect();
        rows.push((false, vec![outlier]));
        let fit = fit_rows(&rows, &Options::default());
        let is_separated = outlier < 12.0;
        assert_eq!((fit.separation, fit.converged), (is_separated, !is_separated), "{outlier}: {fit:?}");
    }
}

#[test]
fn a_tie_at_the_border_is_quasi_separation() {
    let mut rows: Vec<_> = (0..30).map(|i| (i >= 12, vec![f64::from(i)])).collect();
    rows.push((false, vec![12.0]));
    let fit = fit_rows(&rows, &Options::default());
    assert!(fit.separation && !fit.converged, "{fit:?}");
}

#[test]
fn constants_and_copies_are_dropped_with_a_note() {
    let mut rows = noisy(100);
    for (_, x) in &mut rows {
        x.extend([0.1, 3.0 * x[0] - x[1] + 2.0, x[0] * x[1]]);
    }
    let fit = fit_rows(&rows, &Options::default());
    let note = |i: usize| fit.terms[i].note.clone().unwrap_or_default();
    assert!(note(3).starts_with("constant: dropped") && note(4).starts_with("collinear: dropped"), "{fit:?}");
    assert!(fit.converged && fit.df == Some(3) && note(5).is_empty());
    let without: Vec<_> = rows.iter().map(|(y, x)| (*y, vec![x[0], x[1], x[4]])).collect();
    let expected = fit_rows(&without, &Options::default());
    for (a, b) in [(0, 0), (1, 1), (2, 2), (5, 3)] {
        let (a, b) = (fit.terms[a].estimate.unwrap(), expected.terms[b].estimate.unwrap());
        assert!((a - b).abs() < 1e-12);
    }
}

#[test]
fn too_few_rows_and_one_outcome_are_notes() {
    let none = fit(&Table::new(1, false), &names(1), &Options::default());
    assert_eq!(none.terms[1].note.as_deref(), Some("too few rows: none"));
    let few = fit_rows(&noisy(4)[..3], &Options::default());
    assert!(few.terms.iter().all(|term| term.note.is_some() && term.estimate.is_none()), "{few:?}");
    let sure = fit_rows(&[(true, vec![1.0]), (true, vec![2.0]), (true, vec![4.0])], &Options::default());
    assert!(sure.separation && sure.terms[0].note.as_deref().unwrap().contains("true in every row"));
}

#[test]
fn a_search_cut_short_says_so() {
    let fit = fit_rows(&noisy(200), &Options { max_iter: 1, ..Options::default() });
    assert!(!fit.converged && !fit.separation && fit.iterations == 1);
    assert_eq!(fit.terms[1].note.as_deref(), Some("not converged after 1 iterations"));
}

#[test]
fn separation_is_found_however_few_steps_are_allowed() {
    let rows: Vec<_> = (0..30).map(|i| (i >= 12, vec![f64::from(i)])).collect();
    let fit = fit_rows(&rows, &Options { max_iter: 1, ..Options::default() });
    assert!(fit.separation && !fit.converged);
}

#[test]
fn far_off_units_do_not_matter() {
    let rows = noisy(200);
    let plain = fit_rows(&rows, &Options::default());
    let scaled: Vec<_> = rows.iter().map(|(y, x)| (*y, vec![x[0] * 1e150, x[1] * 1e-150 + 1e-149])).collect();
    let scaled = fit_rows(&scaled, &Options::default());
    for i in 1..3 {
        let (a, b) = (plain.terms[i].z.unwrap(), scaled.terms[i].z.unwrap());
        assert!((a - b).abs() < 1e-9, "{a} {b}");
    }
}

#[test]
fn clusters_of_one_row_are_robust_errors() {
    let rows = noisy(120);
    let mut alone = Table::new(2, true);
    for (i, (y, x)) in rows.iter().enumerate() {
        alone.push(Some(*y), &[Some(x[0]), Some(x[1])], Some(&i.to_string()));
    }
    let clustered = fit(&alone, &names(2), &Options { vcov: Vcov::Cluster, ..Options::default() });
    let robust = fit_rows(&rows, &Options { vcov: Vcov::Hc1, ..Options::default() });
    for i in 0..3 {
        // G/(G−1)·(n−1)/(n−k) with G = n is n/(n−k).
        let (a, b) = (clustered.terms[i].std_error.unwrap(), robust.terms[i].std_error.unwrap());
        assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
    }
}
