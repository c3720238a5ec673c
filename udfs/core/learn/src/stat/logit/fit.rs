//! The fit of a table: estimates, their errors, and what went wrong.

use super::Table;
use super::basis::{Basis, Excluded};
use super::delta::{delta, delta_avg};
use super::design::Design;
use super::newton::{Likelihood, Search, Separation};
use super::vcov::covariance;
use crate::stat::normal::{chi_squared_upper, critical, two_sided};

/// How a table is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Penalty: half of this times the sum of squared slopes, in the units of the table; 1 / C of scikit-learn. 0 for none.
    pub l2: f64,
    /// Which standard errors.
    pub vcov: Vcov,
    /// Of the intervals: between 0 and 1.
    pub conf_level: f64,
    /// The most steps.
    pub max_iter: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { l2: 0.0, vcov: Vcov::Nonrobust, conf_level: 0.95, max_iter: 100 }
    }
}

/// Which standard errors. With a penalty they are those of the penalised estimate, which say nothing of its bias.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vcov {
    /// From the information matrix.
    Nonrobust,
    /// White's, without a correction for the number of rows.
    Hc0,
    /// White's, times n / (n − k).
    Hc1,
    /// Clusters as units, times G / (G − 1) · (n − 1) / (n − k).
    Cluster,
}

/// A fitted model, or as much of it as there is.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// The intercept, then the features as given.
    pub terms: Vec<Term>,
    /// Complete rows.
    pub n: u64,
    /// Rows left out.
    pub n_dropped: u64,
    /// Complete rows whose outcome is true.
    pub n_events: u64,
    /// Unpenalised. Where outcomes are separated, short of its limit.
    pub log_likelihood: Option<f64>,
    /// Of the intercept alone.
    pub ll_null: Option<f64>,
    /// Of the likelihood ratio test against the intercept alone.
    pub llr_p_value: Option<f64>,
    /// McFadden's.
    pub pseudo_r2: Option<f64>,
    /// Akaike's criterion.
    pub aic: Option<f64>,
    /// Bayesian criterion.
    pub bic: Option<f64>,
    /// Slopes estimated.
    pub df: Option<u64>,
    /// Steps taken.
    pub iterations: u64,
    /// Whether the estimates are those of the maximum.
    pub converged: bool,
    /// Whether a combination of the features predicts outcomes without fail: then some estimate is infinite.
    pub separation: bool,
}

/// A line of the regression table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Term {
    /// `intercept`, or the feature.
    pub term: String,
    /// Log odds a unit.
    pub estimate: Option<f64>,
    /// Its standard error.
    pub std_error: Option<f64>,
    /// Estimate / standard error.
    pub z: Option<f64>,
    /// Two-sided, normal.
    pub p_value: Option<f64>,
    /// Lower end of the interval.
    pub conf_low: Option<f64>,
    /// Upper end.
    pub conf_high: Option<f64>,
    /// e^estimate.
    pub odds_ratio: Option<f64>,
    /// σ(a+b) − σ(a−b), the other features at 0; none of the intercept.
    pub delta: Option<f64>,
    /// Mean over rows of σ(η−b·x+b) − σ(η−b·x−b); none of the intercept.
    pub delta_avg: Option<f64>,
    /// Why numbers are missing, or how they must be read.
    pub note: Option<String>,
}

/// Fits the outcomes of `table` on its features, which are called `names`, and an intercept.
pub fn fit(table: &Table, names: &[String], options: &Options) -> Fit {
    let mut fit = blank(table, names);
    let n = table.len() as u64;
    if let Some(reason) = without_rows(table, names) {
        fit.note_all(&reason);
        return fit;
    }
    fit.ll_null = Some(null_log_likelihood(n as f64, fit.n_events as f64));
    if fit.n_events == 0 || fit.n_events == n {
        fit.note_all(&format!("separation: the outcome is {} in every row", fit.n_events > 0));
        fit.separation = true;
        return fit;
    }
    let penalised = options.l2 > 0.0;
    let (basis, design) = Basis::new(table, !penalised);
    for (term, excluded) in fit.terms[1..].iter_mut().zip(&basis.excluded) {
        term.note = excluded.map(|why| match why {
            Excluded::Constant(value) => format!("constant: dropped, {value} in every row"),
            Excluded::Collinear => "collinear: dropped, features before it determine it".to_owned(),
        });
    }
    if !penalised && n <= basis.size() as u64 {
        fit.note_all(&format!("too few rows: {n} for {} terms", basis.size()));
        return fit;
    }
    let likelihood = Likelihood { design: &design, penalty: penalty(&basis, options.l2) };
    let mut start = vec![0.0; basis.size()];
    start[0] = (fit.n_events as f64 / (n - fit.n_events) as f64).ln();
    let search = likelihood.maximise(start, options.max_iter);
    fit.summarise(&search, basis.size());
    fit.estimate((table, &basis, &design), &likelihood.penalty, &search, options);
    fit
}

fn blank(table: &Table, names: &[String]) -> Fit {
    let term = |name: &str| Term { term: name.to_owned(), ..Term::default() };
    Fit {
        terms: std::iter::once(term("intercept")).chain(names.iter().map(|name| term(name))).collect(),
        n: table.len() as u64,
        n_dropped: table.dropped(),
        n_events: table.y().iter().filter(|y| **y).count() as u64,
        log_likelihood: None,
        ll_null: None,
        llr_p_value: None,
        pseudo_r2: None,
        aic: None,
        bic: None,
        df: None,
        iterations: 0,
        converged: false,
        separation: false,
    }
}

/// Why no row is left, where none is.
fn without_rows(table: &Table, names: &[String]) -> Option<String> {
    if !table.is_empty() {
        return None;
    }
    let empty: Vec<&str> =
        names.iter().zip(table.known()).filter(|(_, known)| **known == 0).map(|(name, _)| name.as_str()).collect();
    Some(match (table.dropped(), empty.as_slice()) {
        (0, _) => "too few rows: none".to_owned(),
        (_, []) => "too few rows: none is complete".to_owned(),
        (_, empty) => format!("too few rows: none is complete, {} is NULL in every row", empty.join(" and ")),
    })
}

fn null_log_likelihood(n: f64, events: f64) -> f64 {
    let part = |count: f64| if count > 0.0 { count * (count / n).ln() } else { 0.0 };
    part(events) + part(n - events)
}

/// In the coordinates of the basis; nothing on the intercept.
fn penalty(basis: &Basis, l2: f64) -> Vec<f64> {
    std::iter::once(0.0).chain(basis.units().map(|(_, scale)| l2 / (scale * scale))).collect()
}

impl Fit {
    /// Adds a note to every term that has none.
    fn note_all(&mut self, note: &str) {
        for term in &mut self.terms {
            term.note.get_or_insert_with(|| note.to_owned());
        }
    }

    fn summarise(&mut self, search: &Search, terms: usize) {
        let (ll, k) = (search.log_likelihood, terms as f64);
        self.iterations = search.iterations;
        self.converged = search.converged;
        self.separation = search.separation.is_some();
        self.df = Some(terms as u64 - 1);
        self.log_likelihood = finite(ll);
        self.aic = finite(2.0 * k - 2.0 * ll);
        self.bic = finite(k * (self.n as f64).ln() - 2.0 * ll);
        if let Some(null) = self.ll_null {
            self.pseudo_r2 = finite(1.0 - ll / null);
            self.llr_p_value = chi_squared_upper(2.0 * (ll - null), terms - 1).and_then(finite);
        }
    }

    fn estimate(
        &mut self,
        (table, basis, design): (&Table, &Basis, &Design),
        penalty: &[f64],
        search: &Search,
        options: &Options,
    ) {
        let raw = basis.raw(&search.coefficients);
        let covariance = covariance((table, basis, design), penalty, search, options.vcov);
        let averages = delta_avg(table, basis, design, search, &raw);
        let infinite = infinite_terms(basis, search);
        let note = match (&search.separation, search.converged) {
            (Some(_), _) => Some("separation: the limit as other estimates go to infinity".to_owned()),
            (None, false) => Some(format!("not converged after {} iterations", search.iterations)),
            (None, true) if covariance.is_none() => Some("no standard error: the covariance is singular".to_owned()),
            (None, true) => None,
        };
        let places = std::iter::once(0).chain(basis.kept.iter().map(|column| column + 1));
        for (i, place) in places.enumerate() {
            let term = &mut self.terms[place];
            if infinite[i] {
                term.note = Some("separation: no finite estimate".to_owned());
                continue;
            }
            term.note.clone_from(&note);
            let variance = covariance.as_ref().map(|matrix| matrix[i * raw.len() + i]);
            term.fill(raw[i], variance, options.conf_level);
            if i > 0 {
                term.delta = if infinite[0] { None } else { finite(delta(raw[0], raw[i])) };
                term.delta_avg = finite(averages[i - 1]);
            }
        }
    }
}

impl Term {
    fn fill(&mut self, estimate: f64, variance: Option<f64>, level: f64) {
        self.estimate = finite(estimate);
        self.odds_ratio = finite(estimate.exp());
        let Some(error) = variance.filter(|v| *v > 0.0).map(f64::sqrt).and_then(finite) else { return };
        let (z, reach) = (estimate / error, critical(level) * error);
        self.std_error = Some(error);
        self.z = finite(z);
        self.p_value = finite(two_sided(z));
        self.conf_low = finite(estimate - reach);
        self.conf_high = finite(estimate + reach);
    }
}

/// Whether intercept and slopes go to infinity, in the order of the basis.
fn infinite_terms(basis: &Basis, search: &Search) -> Vec<bool> {
    let direction = match &search.separation {
        None => return vec![false; basis.size()],
        Some(Separation::Complete) => return vec![true; basis.size()],
        Some(Separation::Quasi(direction)) => direction,
    };
    let slopes = basis.standardised(direction);
    let largest = slopes.iter().fold(0.0f64, |most, slope| most.max(slope.abs()));
    let raw = basis.raw(direction);
    // What the intercept's part is the difference of.
    let parts = direction[0].abs() + (direction[0] - raw[0]).abs();
    let intercept = raw[0].abs() > 1e-4 * parts.max(largest);
    std::iter::once(intercept).chain(slopes.iter().map(|slope| slope.abs() > 1e-4 * largest)).collect()
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}
