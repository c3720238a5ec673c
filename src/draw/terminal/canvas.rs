//! Lines in dots of braille, points as signs.

use crate::draw::Plot;
use crate::draw::axis::{Axis, ends};
use crate::draw::chart::Chart;
use crate::draw::line::{along, runs};
use crate::draw::number;
use crate::draw::palette::Color;
use crate::draw::scatter;
use crate::draw::text::clean;
use crate::write::width::{cut, pad, width};

use super::{Page, below, cell_of, legend_of_signs, sign};

const HIGH: usize = 16;

/// A cell holds two dots across and four down, and perhaps a sign above them.
#[derive(Clone, Copy, Default)]
struct Cell {
    dots: u32,
    sign: Option<char>,
    color: Option<Color>,
}

pub(super) fn draw(chart: &Chart, page: Page, lines: &mut Vec<String>) -> Vec<String> {
    let numbers = (0..chart.rows).filter_map(|row| chart.roles.y.finite(row));
    let (low, high) = ends(numbers, false, chart.min, chart.max);
    let (ticks, form) = number::ticks(low, high, 5);
    let labels: Vec<(usize, String)> =
        ticks.iter().map(|tick| (HIGH - 1 - cell_of((tick - low) / (high - low), HIGH), form.text(*tick))).collect();
    let room = labels.iter().map(|(_, label)| width(label)).max().unwrap_or(1);
    let cells = page.wide.saturating_sub(room + 2).max(10);
    let numeric = chart.x.labels.is_empty();
    let (from, to) = ends((0..chart.rows).filter_map(|row| chart.roles.x.finite(row)), false, None, None);
    let x = if numeric { Axis::across(from, to, 100.0) } else { Axis::bands(&chart.x.labels) };
    let y = Axis::up(low, high, 100.0);
    let factor = form.factor();
    let name = format!("{}{}{factor}", clean(&chart.roles.y.name), if factor.is_empty() { "" } else { " " });
    page.each_facet(chart, lines, |facet, lines| {
        let mut grid = vec![vec![Cell::default(); cells]; HIGH];
        let place = |row: usize| {
            let value = chart.roles.y.finite(row)?;
            let share = y.at(value);
            // What lies beyond the ends that were asked for does not show.
            (-1e-9..=1.0 + 1e-9).contains(&share).then_some((along(chart, &x, row)?, share))
        };
        for series in 0..chart.series_count() {
            if chart.roles.plot == Plot::Line {
                for run in runs(chart, facet, series) {
                    for pair in run.windows(2) {
                        if let (Some(a), Some(b)) = (place(pair[0]), place(pair[1])) {
                            segment(&mut grid, a, b, chart.color(series));
                        }
                    }
                }
            }
        }
        let ramp = if chart.roles.plot == Plot::Scatter { scatter::ramp(chart) } else { None };
        for row in chart.in_facet(facet) {
            let Some((across, up)) = place(row) else { continue };
            let color = match ramp {
                Some((column, ramp)) => column.finite(row).map(|value| ramp.color(value)),
                None => Some(chart.color(chart.series.of[row])),
            };
            let cell = &mut grid[HIGH - 1 - cell_of(up, HIGH)][cell_of(across, cells)];
            *cell = Cell { dots: 0, sign: Some(sign(chart.series.of[row])), color };
        }
        lines.push(cut(&name, page.wide));
        for (at, row) in grid.iter().enumerate() {
            let label = labels.iter().find(|(line, _)| *line == at).map_or("", |(_, label)| label.as_str());
            let edge = if label.is_empty() { '│' } else { '┤' };
            let drawn: String = row.iter().map(|cell| shown(*cell, page)).collect();
            lines.push(format!("{} {edge}{drawn}", pad(label, room, true)));
        }
        lines.push(format!("{} └{}", " ".repeat(room), "─".repeat(cells)));
    });
    let under = if numeric { below(cells, from, to, &chart.roles.x.name) } else { names(chart, &x, cells) };
    lines.extend(under.into_iter().map(|line| " ".repeat(room + 2) + &line));
    let mut notes = legend_of_signs(chart, page);
    notes.extend(chart.note_of_missing("not drawn"));
    notes
}

/// Names of categories under their places, those that have room.
fn names(chart: &Chart, x: &Axis, cells: usize) -> Vec<String> {
    let mut line = String::new();
    for (at, name) in chart.x.labels.iter().enumerate() {
        let name = cut(&clean(name), cells / 2);
        let start = cell_of(x.middle(at), cells).saturating_sub(width(&name) / 2);
        let taken = width(&line);
        if (taken == 0 || start > taken) && start + width(&name) <= cells {
            line += &" ".repeat(start - taken);
            line += &name;
        }
    }
    let name = cut(&clean(&chart.roles.x.name), cells);
    let left = (cells - width(&name)) / 2;
    vec![line, " ".repeat(left) + &name]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
fn segment(grid: &mut [Vec<Cell>], a: (f64, f64), b: (f64, f64), color: Color) {
    let cells = grid.first().map_or(1, Vec::len);
    let (wide, high) = (cells * 2, grid.len() * 4);
    let steps = ((b.0 - a.0).abs() * wide as f64).max((b.1 - a.1).abs() * high as f64).ceil().max(1.0);
    for step in 0..=steps as usize {
        let share = step as f64 / steps;
        let dot_x = cell_of(a.0 + (b.0 - a.0) * share, wide);
        let dot_y = high - 1 - cell_of(a.1 + (b.1 - a.1) * share, high);
        let cell = &mut grid[dot_y / 4][dot_x / 2];
        // Unicode numbers the dots of braille column by column, the fourth row last.
        cell.dots |= match (dot_x % 2, dot_y % 4) {
            (0, 3) => 0x40,
            (_, 3) => 0x80,
            (column, row) => 1 << (row + 3 * column),
        };
        cell.color = Some(color);
    }
}

fn shown(cell: Cell, page: Page) -> String {
    let letter = match cell.sign {
        Some(sign) => sign,
        None if cell.dots == 0 => return " ".to_owned(),
        None => char::from_u32(0x2800 + cell.dots).unwrap_or(' '),
    };
    match cell.color {
        Some(color) => page.paint(&letter.to_string(), color),
        None => letter.to_string(),
    }
}
