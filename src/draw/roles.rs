//! Which column does what: as the options say, else by types and usual names.

use std::collections::{HashMap, HashSet};

use crate::error::{Error, Result};
use crate::suggest::closest;

use super::frame::{Column, Values};
use super::{Options, Plot};

/// A figure's columns, all of one length.
#[derive(Debug, Clone)]
pub(super) struct Roles {
    pub plot: Plot,
    /// The category of bars and rows; the numbers or categories along a line; a heat map's columns.
    pub x: Column,
    /// The value of bars, rows, lines; a heat map's rows.
    pub y: Column,
    /// A heat map's values.
    pub cell: Option<Column>,
    pub low: Option<Column>,
    pub high: Option<Column>,
    pub color: Option<Column>,
    pub facet: Option<Column>,
    pub group: Option<Column>,
    pub p: Option<Column>,
    /// Bars that lie.
    pub horizontal: bool,
    /// Columns that do nothing, for hints.
    pub unused: Vec<Column>,
}

const LOW: [&str; 7] = ["low", "conf_low", "ci_low", "lower", "ci_lower", "lo", "ymin"];
const HIGH: [&str; 7] = ["high", "conf_high", "ci_high", "upper", "ci_upper", "hi", "ymax"];
const P: [&str; 8] = ["p_value", "p", "p_adjusted", "p_adj", "pvalue", "p_holm", "p_bh", "stars"];
const GROUP: [&str; 4] = ["group", "feature_group", "group_name", "family"];

struct Choice {
    columns: Vec<Column>,
    taken: Vec<bool>,
}

impl Choice {
    /// A new column `row` that counts the rows of another from 1.
    fn row_numbers(&mut self, of: usize) -> usize {
        let rows = length(&self.columns[of]);
        let numbers = (1..=rows).map(|row| Some(row as f64)).collect();
        self.columns.push(Column { name: "row".to_owned(), values: Values::Numbers(numbers) });
        self.taken.push(true);
        self.columns.len() - 1
    }

    fn find(&self, option: &str, name: &str) -> Result<usize> {
        let exact = self.columns.iter().position(|column| column.name == name);
        let found = exact.or_else(|| self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name)));
        found.ok_or_else(|| {
            let error = Error::query(format!("{option}: the query has no column `{name}`"));
            let names = || self.columns.iter().map(|column| column.name.as_str());
            match closest(name, names()) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error.with_hint(format!("its columns are {}", listed(names()))),
            }
        })
    }

    /// The column that an option names.
    fn named(&mut self, option: &str, name: Option<&String>, kind: Needs) -> Result<Option<usize>> {
        let Some(name) = name else { return Ok(None) };
        let at = self.find(option, name)?;
        kind.check(option, &self.columns[at])?;
        self.taken[at] = true;
        Ok(Some(at))
    }

    /// The first free column that fits, which is then taken.
    fn first(&mut self, fits: impl Fn(&Column) -> bool) -> Option<usize> {
        let at = (0..self.columns.len()).find(|at| !self.taken[*at] && fits(&self.columns[*at]))?;
        self.taken[at] = true;
        Some(at)
    }

    fn by_name(&mut self, names: &[&str], fits: impl Fn(&Column) -> bool) -> Option<usize> {
        names.iter().find_map(|name| self.first(|column| column.name.eq_ignore_ascii_case(name) && fits(column)))
    }

    fn free(&self, fits: impl Fn(&Column) -> bool) -> usize {
        self.columns.iter().zip(&self.taken).filter(|(column, taken)| !**taken && fits(column)).count()
    }

    fn get(&self, at: Option<usize>) -> Option<Column> {
        at.map(|at| self.columns[at].clone())
    }
}

/// What an option's column must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    Number,
    Any,
}

impl Needs {
    fn check(self, option: &str, column: &Column) -> Result<()> {
        match (&column.values, self) {
            (Values::Other(kind), _) => {
                Err(Error::query(format!("{option}: `{}` is of type {kind}, which cannot be drawn", column.name))
                    .with_hint("take a field or an element of it, or unnest it"))
            }
            (Values::Texts(_), Needs::Number) => {
                Err(Error::query(format!("{option}: numbers are needed, and `{}` is text", column.name))
                    .with_hint(format!("CAST({} AS DOUBLE) makes numbers of texts", column.name)))
            }
            _ => Ok(()),
        }
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Chooses.
///
/// # Errors
/// Options that name no column, or one of a wrong type; a query without numbers.
pub(super) fn roles(columns: Vec<Column>, options: &Options) -> Result<Roles> {
    options.check()?;
    let taken = vec![false; columns.len()];
    let mut choice = Choice { columns, taken };
    if choice.free(Column::is_number) == 0 {
        return Err(Error::query("nothing to draw: the query gives no column of numbers").with_hint(format!(
            "its columns are {}",
            listed(choice.columns.iter().map(|column| column.name.as_str()))
        )));
    }
    let facet = choice.named("facet", options.facet.as_ref(), Needs::Any)?;
    let group = choice.named("group", options.group.as_ref(), Needs::Any)?;
    let p = choice.named("p", options.p.as_ref(), Needs::Any)?;
    let low = choice.named("low", options.low.as_ref(), Needs::Number)?;
    let high = choice.named("high", options.high.as_ref(), Needs::Number)?;
    if let Some((given, lacking)) = match (low, high) {
        (Some(_), None) => Some(("low", "high")),
        (None, Some(_)) => Some(("high", "low")),
        _ => None,
    } {
        return Err(Error::query(format!("{given}: an interval needs `{lacking}` too")));
    }
    let mut chosen = Chosen { low, high, p, group, facet, x: None, y: None, color: None };
    // Names that say what a column is, before types do.
    let plot = options.plot;
    let interval = matches!(plot, None | Some(Plot::Forest | Plot::Bar | Plot::Line | Plot::Scatter));
    if low.is_none() && interval {
        let named = |names: &[&str]| {
            choice.columns.iter().any(|c| c.is_number() && names.iter().any(|n| c.name.eq_ignore_ascii_case(n)))
        };
        if named(&LOW) && named(&HIGH) {
            chosen.low = choice.by_name(&LOW, Column::is_number);
            chosen.high = choice.by_name(&HIGH, Column::is_number);
        }
    }
    if p.is_none() && matches!(plot, None | Some(Plot::Forest | Plot::Heatmap)) {
        chosen.p = choice.by_name(&P, |column| !matches!(column.values, Values::Other(_)));
    }
    if group.is_none() && matches!(plot, Some(Plot::Forest)) {
        chosen.group = choice.by_name(&GROUP, Column::is_text);
    }
    spread(&mut choice, options, &mut chosen)?;
    chosen.x = choice.named("x", options.x.as_ref(), Needs::Any)?.or(chosen.x);
    chosen.y = choice.named("y", options.y.as_ref(), Needs::Any)?.or(chosen.y);
    chosen.color = choice.named("color", options.color.as_ref(), Needs::Any)?.or(chosen.color);
    let plot = plot.unwrap_or_else(|| guess(&choice, &chosen));
    if plot != Plot::Forest && group.is_some() {
        return Err(Error::query(format!("group: a {plot} has no headings")).with_hint("facet and color divide it"));
    }
    match plot {
        Plot::Heatmap => heatmap(choice, chosen),
        Plot::Line | Plot::Scatter => points(choice, chosen, plot),
        Plot::Forest | Plot::Bar | Plot::StackedBar => bars(choice, chosen, plot),
    }
}

#[derive(Debug, Clone, Copy)]
struct Chosen {
    x: Option<usize>,
    y: Option<usize>,
    low: Option<usize>,
    high: Option<usize>,
    color: Option<usize>,
    facet: Option<usize>,
    group: Option<usize>,
    p: Option<usize>,
}

/// Several columns of values become one, with a column of their names: `y 'a, b'`, or a pivoted query.
fn spread(choice: &mut Choice, options: &Options, chosen: &mut Chosen) -> Result<()> {
    let mut several: Vec<usize> = Vec::new();
    match &options.y {
        Some(names) if names.contains(',') && choice.find("y", names).is_err() => {
            for name in names.split(',') {
                let at = choice.find("y", name.trim())?;
                Needs::Number.check("y", &choice.columns[at])?;
                several.push(at);
            }
            if options.color.is_some() && options.plot != Some(Plot::Heatmap) {
                return Err(Error::query("color: several columns of `y` are told apart by colour already")
                    .with_hint("facet can take the other column"));
            }
        }
        None if options.color.is_none() => {
            let named = options.x.as_ref().map(|name| choice.find("x", name)).transpose()?;
            let free = |at: &usize| !choice.taken[*at] && named != Some(*at);
            let all = || (0..choice.columns.len()).filter(free);
            let texts = all().filter(|at| choice.columns[*at].is_text()).count()
                + usize::from(named.is_some_and(|at| !choice.taken[at]));
            let numbers: Vec<usize> = all().filter(|at| choice.columns[*at].is_number()).collect();
            // Rows that repeat their texts are a course or a cloud, told in columns of their own.
            let text = named.or_else(|| all().find(|at| choice.columns[*at].is_text()));
            let wide = texts == 1
                && numbers.len() >= 2
                && match options.plot {
                    Some(Plot::Heatmap | Plot::StackedBar) => true,
                    Some(Plot::Bar) | None => chosen.low.is_none() && chosen.p.is_none(),
                    _ => false,
                }
                && unrepeated(choice, &[text, chosen.facet]);
            if wide {
                several = numbers;
            }
        }
        _ => {}
    }
    if several.is_empty() {
        return Ok(());
    }
    let rows = choice.columns.iter().map(length).max().unwrap_or(0);
    let (mut names, mut numbers) = (Vec::new(), Vec::new());
    let mut from = Vec::new();
    for row in 0..rows {
        for at in &several {
            names.push(Some(choice.columns[*at].name.clone()));
            numbers.push(choice.columns[*at].number(row));
            from.push(row);
        }
    }
    for column in &mut choice.columns {
        column.values = match &column.values {
            Values::Numbers(old) => Values::Numbers(from.iter().map(|row| old.get(*row).copied().flatten()).collect()),
            Values::Texts(old) => Values::Texts(from.iter().map(|row| old.get(*row).cloned().flatten()).collect()),
            Values::Other(kind) => Values::Other(kind.clone()),
        };
    }
    for at in several {
        choice.taken[at] = true;
    }
    let at = choice.columns.len();
    choice.columns.push(Column { name: String::new(), values: Values::Texts(names) });
    choice.columns.push(Column { name: "value".to_owned(), values: Values::Numbers(numbers) });
    choice.taken.extend([true, true]);
    if options.plot == Some(Plot::Heatmap) {
        (chosen.x, chosen.color) = (Some(at), Some(at + 1));
        if options.x.is_some() {
            (chosen.x, chosen.y) = (None, Some(at));
        }
    } else {
        (chosen.color, chosen.y) = (Some(at), Some(at + 1));
    }
    Ok(())
}

fn length(column: &Column) -> usize {
    match &column.values {
        Values::Numbers(numbers) => numbers.len(),
        Values::Texts(texts) => texts.len(),
        Values::Other(_) => 0,
    }
}

/// Whether no two rows agree in all these columns.
fn unrepeated(choice: &Choice, columns: &[Option<usize>]) -> bool {
    let columns: Vec<&Column> = columns.iter().flatten().map(|at| &choice.columns[*at]).collect();
    let rows = columns.iter().map(|column| length(column)).max().unwrap_or(0);
    let mut seen = HashSet::new();
    (0..rows).all(|row| seen.insert(columns.iter().map(|column| exact(column, row)).collect::<Vec<_>>()))
}

/// The kind of figure that columns of these types are usually shown as.
fn guess(choice: &Choice, chosen: &Chosen) -> Plot {
    let texts = choice.free(Column::is_text)
        + [chosen.x, chosen.y].iter().flatten().filter(|at| choice.columns[**at].is_text()).count();
    let numbers = choice.free(Column::is_number);
    let x = chosen.x.map(|at| &choice.columns[at]);
    match () {
        () if chosen.low.is_some() && texts >= 1 && !x.is_some_and(Column::is_number) => Plot::Forest,
        () if texts >= 2 && chosen.color.is_none() && numbers <= 1 => Plot::Heatmap,
        () if x.is_some_and(Column::is_number) || numbers >= 2 => {
            let along = x.or_else(|| {
                choice.columns.iter().zip(&choice.taken).find(|(c, t)| !**t && c.is_number()).map(|(c, _)| c)
            });
            // Few different numbers, or rising ones, are a course; others are a cloud.
            let values: Vec<f64> =
                along.map(|c| (0..length(c)).filter_map(|row| c.finite(row)).collect()).unwrap_or_default();
            let mut different = values.clone();
            different.sort_by(f64::total_cmp);
            different.dedup();
            let rising = values.windows(2).all(|pair| pair[0] < pair[1]);
            if rising || different.len() * 2 <= values.len() { Plot::Line } else { Plot::Scatter }
        }
        () => Plot::Bar,
    }
}

fn lacking(option: &str, plot: Plot, what: &str, choice: &Choice) -> Error {
    Error::query(format!("{option}: a {plot} needs {what}, and the query has none left")).with_hint(format!(
        "its columns are {}",
        listed(choice.columns.iter().filter(|c| !c.name.is_empty()).map(|column| column.name.as_str()))
    ))
}

fn heatmap(mut choice: Choice, chosen: Chosen) -> Result<Roles> {
    let any = |column: &Column| !matches!(column.values, Values::Other(_));
    // The value is the last resort for numbers, so that `temperature` can be an axis.
    let cell = match chosen.color {
        Some(at) => at,
        None => {
            let texts =
                choice.free(Column::is_text) + usize::from(chosen.x.is_some()) + usize::from(chosen.y.is_some());
            let spare = 2usize.saturating_sub(texts);
            let numbers: Vec<usize> =
                (0..choice.columns.len()).filter(|at| !choice.taken[*at] && choice.columns[*at].is_number()).collect();
            let at = numbers.get(spare).or(numbers.last()).copied();
            let at = at.ok_or_else(|| lacking("color", Plot::Heatmap, "a column of numbers for its cells", &choice))?;
            choice.taken[at] = true;
            at
        }
    };
    Needs::Number.check("color", &choice.columns[cell])?;
    let x = chosen.x.or_else(|| choice.first(Column::is_text)).or_else(|| choice.first(any));
    let x = x.ok_or_else(|| lacking("x", Plot::Heatmap, "a column for its columns", &choice))?;
    let y = chosen.y.or_else(|| choice.first(Column::is_text)).or_else(|| choice.first(any));
    let y = y.ok_or_else(|| lacking("y", Plot::Heatmap, "a column for its rows", &choice))?;
    let facet = chosen.facet.or_else(|| choice.first(Column::is_text));
    Ok(done(choice, Chosen { x: Some(x), y: Some(y), color: None, facet, ..chosen }, Plot::Heatmap, Some(cell), false))
}

fn points(mut choice: Choice, chosen: Chosen, plot: Plot) -> Result<Roles> {
    let x = chosen.x.or_else(|| {
        let spare = choice.free(Column::is_number) + usize::from(chosen.y.is_some());
        if spare >= 2 { choice.first(Column::is_number) } else { choice.first(Column::is_text) }
    });
    let y = chosen.y.or_else(|| choice.first(Column::is_number));
    let y = y.ok_or_else(|| lacking("y", plot, "a column of numbers", &choice))?;
    Needs::Number.check("y", &choice.columns[y])?;
    let x = x.unwrap_or_else(|| choice.row_numbers(y));
    let color = chosen.color.or_else(|| choice.first(Column::is_text));
    let facet = chosen.facet.or_else(|| choice.first(Column::is_text));
    Ok(done(choice, Chosen { x: Some(x), y: Some(y), color, facet, ..chosen }, plot, None, false))
}

fn bars(mut choice: Choice, mut chosen: Chosen, plot: Plot) -> Result<Roles> {
    let number = |choice: &Choice, at: Option<usize>| at.is_some_and(|at| choice.columns[at].is_number());
    let text = |choice: &Choice, at: Option<usize>| at.is_some_and(|at| choice.columns[at].is_text());
    // The category may be given as y: then bars lie, as rows of a forest always do.
    let mut horizontal = false;
    if text(&choice, chosen.y) && (chosen.x.is_none() || number(&choice, chosen.x)) {
        horizontal = true;
        std::mem::swap(&mut chosen.x, &mut chosen.y);
    }
    let value = match chosen.y {
        Some(at) => at,
        None => choice
            .first(Column::is_number)
            .ok_or_else(|| lacking(if horizontal { "x" } else { "y" }, plot, "a column of numbers", &choice))?,
    };
    Needs::Number.check(if horizontal { "x" } else { "y" }, &choice.columns[value])?;
    if plot == Plot::Forest && chosen.low.is_none() {
        (chosen.low, chosen.high) = around(&mut choice, value);
    }
    let x = chosen.x.or_else(|| choice.first(Column::is_text)).or_else(|| choice.first(Column::is_number));
    let x = x.unwrap_or_else(|| choice.row_numbers(value));
    let color = chosen.color.or_else(|| choice.first(Column::is_text));
    let facet = chosen.facet.or_else(|| choice.first(Column::is_text));
    Ok(done(choice, Chosen { x: Some(x), y: Some(value), color, facet, ..chosen }, plot, None, horizontal))
}

/// Two free columns of numbers that enclose the value in every row.
fn around(choice: &mut Choice, value: usize) -> (Option<usize>, Option<usize>) {
    let free: Vec<usize> =
        (0..choice.columns.len()).filter(|at| !choice.taken[*at] && choice.columns[*at].is_number()).collect();
    for pair in free.windows(2) {
        let (low, high) = (&choice.columns[pair[0]], &choice.columns[pair[1]]);
        let rows: Vec<(f64, f64, f64)> = (0..length(&choice.columns[value]))
            .filter_map(|row| Some((low.number(row)?, choice.columns[value].number(row)?, high.number(row)?)))
            .collect();
        if !rows.is_empty() && rows.iter().all(|(low, middle, high)| low <= middle && middle <= high) {
            choice.taken[pair[0]] = true;
            choice.taken[pair[1]] = true;
            return (Some(pair[0]), Some(pair[1]));
        }
    }
    (None, None)
}

fn done(choice: Choice, chosen: Chosen, plot: Plot, cell: Option<usize>, horizontal: bool) -> Roles {
    let empty = || Column { name: String::new(), values: Values::Numbers(Vec::new()) };
    let unused =
        choice.columns.iter().zip(&choice.taken).filter(|(_, taken)| !**taken).map(|(column, _)| column.clone());
    Roles {
        plot,
        x: choice.get(chosen.x).unwrap_or_else(empty),
        y: choice.get(chosen.y).unwrap_or_else(empty),
        cell: choice.get(cell),
        low: choice.get(chosen.low),
        high: choice.get(chosen.high),
        color: choice.get(chosen.color),
        facet: choice.get(chosen.facet),
        group: choice.get(chosen.group),
        p: choice.get(chosen.p),
        horizontal,
        unused: unused.collect(),
    }
}

impl Roles {
    pub fn rows(&self) -> usize {
        length(&self.x)
    }

    /// The first two rows that are alike in all columns.
    fn twice(&self, columns: &[&Column]) -> Option<(usize, usize)> {
        let mut seen: HashMap<Vec<String>, usize> = HashMap::new();
        for row in 0..self.rows() {
            // A line has no place for a row without x: it is not drawn.
            if self.plot == Plot::Line && self.x.is_number() && self.x.finite(row).is_none() {
                continue;
            }
            let key: Vec<String> = columns.iter().map(|column| exact(column, row)).collect();
            if let Some(first) = seen.insert(key, row) {
                return Some((first, row));
            }
        }
        None
    }

    /// # Errors
    /// Two rows for one mark: which of them is drawn would be chance.
    pub fn check_unique(&self) -> Result<()> {
        if self.plot == Plot::Scatter {
            return Ok(());
        }
        let mut parts: Vec<&Column> = vec![&self.x];
        if self.plot == Plot::Heatmap {
            parts.push(&self.y);
        }
        parts.extend([&self.color, &self.facet, &self.group].into_iter().flatten());
        let Some((first, second)) = self.twice(&parts) else { return Ok(()) };
        let at: Vec<String> = parts
            .iter()
            .filter(|column| !column.name.is_empty())
            .map(|column| format!("{} = {}", column.name, column.label(first)))
            .collect();
        let error = Error::query(format!("rows {} and {} both stand for {}", first + 1, second + 1, at.join(", ")));
        let telling = self.unused.iter().find(|column| {
            !matches!(column.values, Values::Other(_))
                && self.twice(&parts.iter().copied().chain([*column]).collect::<Vec<_>>()).is_none()
        });
        let free = match (&self.color, &self.facet, self.plot) {
            (None, _, Plot::Forest | Plot::Bar | Plot::StackedBar | Plot::Line) => Some("color"),
            (_, None, _) => Some("facet"),
            _ => None,
        };
        Err(match (telling, free) {
            (Some(column), Some(option)) => error
                .with_hint(format!("OPTIONS ({option} '{}') tells them apart; or GROUP BY and aggregate", column.name)),
            _ => error.with_hint("GROUP BY and aggregate first, or tell them apart with color or facet"),
        })
    }
}

fn exact(column: &Column, row: usize) -> String {
    match &column.values {
        Values::Numbers(_) => column.number(row).map_or_else(|| "NULL".to_owned(), |number| number.to_string()),
        _ => column.label(row),
    }
}
