//! What all kinds of figures ask of their rows: categories in order, series, what lacks.

use std::collections::HashMap;

use crate::error::{Error, Result};

use super::frame::{Column, Values};
use super::palette::{self, Color};
use super::plate::{Key, Legend};
use super::roles::Roles;
use super::{Options, Plot};

const MOST_FACETS: usize = 40;
const MOST_SERIES: usize = 40;
const MOST_BANDS: usize = 500;

/// The different values of a column, and which of them each row has.
#[derive(Debug, Clone)]
pub(super) struct Levels {
    pub labels: Vec<String>,
    pub of: Vec<usize>,
}

impl Levels {
    /// Texts in the order in which they come, numbers by size, NULL last among numbers.
    fn of(column: &Column, rows: usize) -> Self {
        let mut at: HashMap<String, usize> = HashMap::new();
        let (mut labels, mut of, mut firsts) = (Vec::new(), Vec::new(), Vec::new());
        for row in 0..rows {
            let label = column.label(row);
            let next = labels.len();
            let level = *at.entry(label.clone()).or_insert(next);
            if level == next {
                labels.push(label);
                firsts.push(row);
            }
            of.push(level);
        }
        if let Values::Numbers(_) = column.values {
            let mut order: Vec<usize> = (0..labels.len()).collect();
            let size = |level: &usize| column.number(firsts[*level]).unwrap_or(f64::NAN);
            order.sort_by(|a, b| size(a).total_cmp(&size(b)));
            let mut place = vec![0; order.len()];
            for (new, old) in order.iter().enumerate() {
                place[*old] = new;
            }
            labels = order.iter().map(|old| labels[*old].clone()).collect();
            of = of.into_iter().map(|old| place[old]).collect();
        }
        Self { labels, of }
    }

    fn one(rows: usize) -> Self {
        Self { labels: vec![String::new()], of: vec![0; rows] }
    }

    pub fn len(&self) -> usize {
        self.labels.len()
    }
}

/// A figure's rows, sorted into its divisions.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    pub roles: Roles,
    pub rows: usize,
    pub facets: Levels,
    pub series: Levels,
    /// Categories of x; empty where x is a line of numbers.
    pub x: Levels,
    /// Rows of a heat map.
    pub y: Levels,
    pub groups: Levels,
    pub title: Option<String>,
    pub min: Option<f64>,
    pub max: Option<f64>,
}

impl Chart {
    /// # Errors
    /// Two rows for one mark; more divisions than a page holds.
    pub fn new(roles: Roles, options: &Options) -> Result<Self> {
        roles.check_unique()?;
        let rows = roles.rows();
        let level =
            |column: &Option<Column>| column.as_ref().map_or_else(|| Levels::one(rows), |c| Levels::of(c, rows));
        let points = matches!(roles.plot, Plot::Line | Plot::Scatter);
        // A colour of numbers in a cloud of points is a scale and no set of series.
        let scale = roles.plot == Plot::Scatter && roles.color.as_ref().is_some_and(Column::is_number);
        let empty = Levels { labels: Vec::new(), of: Vec::new() };
        let x = if points && roles.x.is_number() { empty.clone() } else { Levels::of(&roles.x, rows) };
        let y = if roles.plot == Plot::Heatmap { Levels::of(&roles.y, rows) } else { empty };
        let series = if scale { Levels::one(rows) } else { level(&roles.color) };
        let (facets, groups) = (level(&roles.facet), level(&roles.group));
        for (option, levels, most, column) in [
            ("facet", &facets, MOST_FACETS, roles.facet.as_ref()),
            ("color", &series, MOST_SERIES, roles.color.as_ref()),
            ("x", &x, MOST_BANDS, Some(&roles.x)),
            ("y", &y, MOST_BANDS, Some(&roles.y)),
        ] {
            if levels.len() > most {
                let name = column.map_or("", |column| column.name.as_str());
                return Err(Error::query(format!(
                    "{option}: `{name}` has {} different values; a figure holds {most}",
                    levels.len()
                ))
                .with_hint("GROUP BY something coarser, or choose some with WHERE or LIMIT"));
            }
        }
        let (title, min, max) = (options.title.clone().filter(|t| !t.trim().is_empty()), options.min, options.max);
        Ok(Self { rows, facets, series, x, y, groups, title, min, max, roles })
    }

    pub fn facet_names(&self) -> Vec<Option<String>> {
        match &self.roles.facet {
            Some(_) if self.rows > 0 => self.facets.labels.iter().cloned().map(Some).collect(),
            _ => vec![None],
        }
    }

    pub fn in_facet(&self, facet: usize) -> impl Iterator<Item = usize> + '_ {
        (0..self.rows).filter(move |row| self.facets.of[*row] == facet)
    }

    /// How many series stand beside each other; at least one.
    pub fn series_count(&self) -> usize {
        self.series.len().max(1)
    }

    pub fn color(&self, series: usize) -> Color {
        palette::category(series, self.series_count())
    }

    /// A legend of the series; empty where there is one without a name.
    pub fn legend(&self, key: impl Fn(usize) -> Key) -> Legend {
        let Some(color) = self.roles.color.as_ref().filter(|_| self.rows > 0) else { return Legend::default() };
        let entries = self.series.labels.iter().enumerate().map(|(at, label)| (label.clone(), key(at))).collect();
        Legend { title: color.name.clone(), entries, ramp: None }
    }

    /// What a row is, for the pointer.
    pub fn tip(&self, row: usize) -> String {
        let roles = &self.roles;
        let mut parts: Vec<String> = Vec::new();
        let all = [
            &roles.facet,
            &roles.group,
            &Some(roles.x.clone()),
            &roles.color,
            &Some(roles.y.clone()),
            &roles.cell,
            &roles.p,
        ];
        for column in all.into_iter().flatten() {
            let label = column.label(row);
            parts.push(if column.name.is_empty() { label } else { format!("{} = {label}", column.name) });
        }
        if let (Some(low), Some(high)) = (&roles.low, &roles.high) {
            parts.push(format!("{} … {}", low.label(row), high.label(row)));
        }
        parts.join(", ")
    }

    /// Both ends of a row's interval, where both are numbers; they may be infinite.
    pub fn interval(&self, row: usize) -> Option<(f64, f64)> {
        Some((self.roles.low.as_ref()?.number(row)?, self.roles.high.as_ref()?.number(row)?))
    }

    /// All numbers that the axis of values is to hold.
    pub fn values(&self) -> Vec<f64> {
        let columns = [Some(&self.roles.y), self.roles.low.as_ref(), self.roles.high.as_ref()];
        (0..self.rows)
            .filter(|row| self.roles.y.finite(*row).is_some())
            .flat_map(|row| columns.into_iter().flatten().filter_map(move |column| column.finite(row)))
            .collect()
    }

    /// Says that rows have no value, and how that is drawn.
    pub fn note_of_missing(&self, how: &str) -> Option<String> {
        let value = self.roles.cell.as_ref().unwrap_or(&self.roles.y);
        let numeric_x = self.x.labels.is_empty() && self.roles.x.is_number();
        let lacks = |row: usize| value.finite(row).is_none() || (numeric_x && self.roles.x.finite(row).is_none());
        let missing = (0..self.rows).filter(|row| lacks(*row)).count();
        match (self.rows, missing) {
            (0, _) => Some("no rows".to_owned()),
            (_, 0) => None,
            (_, 1) => Some(format!("1 row has no finite value: {how}")),
            (_, many) => Some(format!("{many} rows have no finite value: {how}")),
        }
    }

    /// What stands beside an estimate: a text as it is, a p-value with its stars.
    pub fn p_text(&self, row: usize) -> Option<String> {
        let column = self.roles.p.as_ref()?;
        match &column.values {
            Values::Texts(texts) => texts.get(row).cloned().flatten(),
            _ => column.number(row).map(|p| {
                let stars = stars(p);
                let p = if p < 0.001 { "<0.001".to_owned() } else { format!("{p:.3}") };
                if stars.is_empty() { p } else { format!("{p} {stars}") }
            }),
        }
    }

    /// The legend of stars, where there are some.
    pub fn note_of_stars(&self) -> Option<String> {
        let column = self.roles.p.as_ref().filter(|column| column.is_number())?;
        let some = (0..self.rows).any(|row| column.number(row).is_some_and(|p| !stars(p).is_empty()));
        some.then(|| format!("{}: * < 0.05, ** < 0.01, *** < 0.001", column.name))
    }
}

/// The usual stars; none where p is no probability.
pub(super) fn stars(p: f64) -> &'static str {
    match p {
        p if !(0.0..=1.0).contains(&p) => "",
        p if p < 0.001 => "***",
        p if p < 0.01 => "**",
        p if p < 0.05 => "*",
        _ => "",
    }
}
