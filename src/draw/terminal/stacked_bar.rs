//! A line a category, a letter or a colour a part.

use crate::draw::chart::Chart;
use crate::draw::palette::Color;
use crate::draw::stacked_bar::parts;

use super::{Page, below, label};

const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn";

fn letter(series: usize, page: Page) -> char {
    if page.color { '█' } else { LETTERS.chars().nth(series).unwrap_or('#') }
}

pub(super) fn draw(chart: &Chart, page: Page, lines: &mut Vec<String>) -> Vec<String> {
    let parts = parts(chart);
    let all = parts.iter().flatten().flat_map(|(from, to)| [*from, *to]);
    let (low, high) = all.fold((0.0f64, 0.0f64), |(l, h), v| (l.min(v), h.max(v)));
    let (low, high) = (chart.min.unwrap_or(low), chart.max.unwrap_or(high));
    let high = if high > low { high } else { low + 1.0 };
    let room = page.label_room(chart.x.labels.iter().map(String::as_str), 30);
    let cells = page.wide.saturating_sub(room + 1).max(8);
    page.each_facet(chart, lines, |facet, lines| {
        for band in 0..chart.x.len() {
            let rows: Vec<usize> = chart.in_facet(facet).filter(|row| chart.x.of[*row] == band).collect();
            if rows.is_empty() {
                continue;
            }
            if rows.iter().all(|row| parts[*row].is_none()) {
                lines.push(format!("{} no value", label(&chart.x.labels[band], room)));
                continue;
            }
            let mut line: Vec<Option<usize>> = vec![None; cells];
            for row in rows {
                let Some((from, to)) = parts[row] else { continue };
                let place = |v: f64| ((v - low) / (high - low)).clamp(0.0, 1.0) * cells as f64;
                let (from, to) = (place(from.min(to)).round(), place(from.max(to)).round());
                for (at, cell) in line.iter_mut().enumerate() {
                    if (at as f64) >= from && (at as f64) < to {
                        *cell = Some(chart.series.of[row]);
                    }
                }
            }
            let drawn: String = line
                .chunk_by(|a, b| a == b)
                .map(|run| match run.first().copied().flatten() {
                    Some(series) => {
                        page.paint(&letter(series, page).to_string().repeat(run.len()), chart.color(series))
                    }
                    None => " ".repeat(run.len()),
                })
                .collect();
            lines.push(format!("{} {drawn}", label(&chart.x.labels[band], room)));
        }
    });
    lines.extend(below(cells, low, high, &chart.roles.y.name).into_iter().map(|l| " ".repeat(room + 1) + &l));
    let entries: Vec<(String, String, Color)> = chart
        .series
        .labels
        .iter()
        .enumerate()
        .map(|(at, label)| (letter(at, page).to_string(), label.clone(), chart.color(at)))
        .collect();
    let mut notes = match &chart.roles.color {
        Some(color) => page.legend(&color.name, &entries),
        None => Vec::new(),
    };
    notes.extend(chart.note_of_missing("such a part is left out"));
    notes
}
