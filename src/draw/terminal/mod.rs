//! Figures in letters, within the columns of a terminal.

mod bar;
mod canvas;
mod forest;
mod heatmap;
mod stacked_bar;

use crate::write::width::{cut, pad, width};

use super::chart::Chart;
use super::palette::Color;
use super::text::clean;
use super::{Plot, number};

/// Signs of series, told apart without colour.
const SIGNS: [char; 8] = ['●', '■', '▲', '◆', '▼', '○', '□', '△'];
/// Narrower terminals get lines of this many columns: labels, figure and values need some each.
const NARROWEST: usize = 32;

pub(super) fn text(chart: &Chart, wide: usize, color: bool) -> String {
    let page = Page { wide: wide.max(NARROWEST), color };
    let mut lines: Vec<String> = Vec::new();
    if let Some(title) = &chart.title {
        lines.push(page.bold(&cut(&clean(title), page.wide)));
    }
    let notes = match chart.roles.plot {
        Plot::Forest => forest::draw(chart, page, &mut lines),
        Plot::Heatmap => heatmap::draw(chart, page, &mut lines),
        Plot::Bar => bar::draw(chart, page, &mut lines),
        Plot::StackedBar => stacked_bar::draw(chart, page, &mut lines),
        Plot::Line | Plot::Scatter => canvas::draw(chart, page, &mut lines),
    };
    lines.extend(notes.iter().map(|note| cut(note, page.wide)));
    let mut out = lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n");
    out.push('\n');
    out
}

#[derive(Debug, Clone, Copy)]
struct Page {
    wide: usize,
    color: bool,
}

impl Page {
    fn bold(self, text: &str) -> String {
        if self.color { nu_ansi_term::Style::new().bold().paint(text).to_string() } else { text.to_owned() }
    }

    fn paint(self, text: &str, color: Color) -> String {
        if !self.color || text.trim().is_empty() {
            return text.to_owned();
        }
        nu_ansi_term::Color::Rgb(color.0, color.1, color.2).paint(text).to_string()
    }

    fn on(self, text: &str, back: Color) -> String {
        if !self.color {
            return text.to_owned();
        }
        let ink = back.ink_on();
        let style = nu_ansi_term::Color::Rgb(ink.0, ink.1, ink.2).on(nu_ansi_term::Color::Rgb(back.0, back.1, back.2));
        style.paint(text).to_string()
    }

    /// Cells for labels: what the longest needs, at most a part of the page.
    fn label_room<'a>(self, labels: impl Iterator<Item = &'a str>, share: usize) -> usize {
        labels.map(|label| width(&clean(label))).max().unwrap_or(0).min(self.wide * share / 100).max(1)
    }

    /// Each facet's name above what `draw` makes of it.
    fn each_facet(self, chart: &Chart, lines: &mut Vec<String>, mut draw: impl FnMut(usize, &mut Vec<String>)) {
        for (at, name) in chart.facet_names().iter().enumerate() {
            if let Some(name) = name {
                if at > 0 {
                    lines.push(String::new());
                }
                lines.push(self.bold(&cut(&clean(name), self.wide)));
            }
            draw(at, lines);
        }
    }

    /// Entries beside each other, in as many lines as they need.
    fn legend(self, title: &str, entries: &[(String, String, Color)]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        let mut taken = 0;
        if !title.is_empty() {
            line = cut(&clean(title), self.wide / 3) + ":";
            taken = width(&line);
        }
        for (sign, label, color) in entries {
            let label = cut(&clean(label), self.wide / 2);
            let needs = width(sign) + width(&label) + 3;
            if taken + needs > self.wide && taken > 0 {
                lines.push(std::mem::take(&mut line));
                taken = 0;
            }
            line += &format!("  {} {label}", self.paint(sign, *color));
            taken += needs;
        }
        if taken > 0 {
            lines.push(line);
        }
        lines
    }
}

fn sign(series: usize) -> char {
    SIGNS[series % SIGNS.len()]
}

fn legend_of_signs(chart: &Chart, page: Page) -> Vec<String> {
    let Some(color) = chart.roles.color.as_ref().filter(|_| chart.series.len() > 1) else { return Vec::new() };
    let entries: Vec<(String, String, Color)> = chart
        .series
        .labels
        .iter()
        .enumerate()
        .map(|(at, label)| (sign(at).to_string(), label.clone(), chart.color(at)))
        .collect();
    page.legend(&color.name, &entries)
}

/// Labels of an axis below `cells` cells, each under its place, without running into each other.
fn below(cells: usize, low: f64, high: f64, name: &str) -> Vec<String> {
    let mut row = vec![' '; cells];
    let (ticks, form) = number::ticks(low, high, (cells / 12).clamp(2, 7));
    let mut free = 0;
    for tick in ticks {
        let label: Vec<char> = form.text(tick).chars().collect();
        let middle = cell_of((tick - low) / (high - low), cells);
        let start = middle.saturating_sub(label.len() / 2).min(cells.saturating_sub(label.len()));
        if start < free || start + label.len() > cells {
            continue;
        }
        free = start + label.len() + 1;
        row.splice(start..start + label.len(), label);
    }
    let factor = form.factor();
    let name = match (name.is_empty(), factor.is_empty()) {
        (_, true) => clean(name),
        (true, false) => factor,
        (false, false) => format!("{} ({factor})", clean(name)),
    };
    let name = cut(&name, cells);
    let left = (cells - width(&name)) / 2;
    vec![row.into_iter().collect(), " ".repeat(left) + &name]
}

/// The cell of a share of an axis.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the cells")]
fn cell_of(share: f64, cells: usize) -> usize {
    ((share.clamp(0.0, 1.0) * cells as f64) as usize).min(cells.saturating_sub(1))
}

fn label(text: &str, room: usize) -> String {
    pad(&cut(&clean(text), room), room, false)
}
