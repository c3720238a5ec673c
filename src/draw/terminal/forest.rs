//! `├──●──┤`, a line a series and category.

use crate::draw::chart::Chart;
use crate::draw::forest::{Line, domain, lines as forest_lines};
use crate::draw::number::Form;
use crate::write::width::{pad, width};

use super::{Page, below, cell_of, label, legend_of_signs, sign};

pub(super) fn draw(chart: &Chart, page: Page, lines: &mut Vec<String>) -> Vec<String> {
    let (low, high) = domain(chart);
    let form = Form::of_values(low.abs().max(high.abs()));
    let rows = forest_lines(chart);
    let indent = if chart.roles.group.is_some() { "  " } else { "" };
    let room = page.label_room(chart.x.labels.iter().map(String::as_str), 30) + indent.len();
    let told = |row: usize| {
        let value = chart.roles.y.finite(row).map_or_else(|| "no value".to_owned(), |v| form.text(v));
        match chart.p_text(row) {
            Some(p) => format!("{value}  {}", crate::draw::text::clean(&p)),
            None => value,
        }
    };
    let told_room = (0..chart.rows).map(|row| width(&told(row))).max().unwrap_or(0).min(page.wide / 3);
    let cells = page.wide.saturating_sub(room + told_room + 2).max(8);
    let zero = ((0.0 - low) / (high - low) * cells as f64).floor();
    page.each_facet(chart, lines, |facet, lines| {
        for line in &rows {
            let Line::Row { group, category } = line else {
                if let Line::Heading(group) = line {
                    lines.push(page.bold(label(&chart.groups.labels[*group], page.wide).trim_end()));
                }
                continue;
            };
            let mut first = true;
            for row in chart.in_facet(facet).filter(|r| chart.groups.of[*r] == *group && chart.x.of[*r] == *category) {
                let name = if first { format!("{indent}{}", chart.x.labels[*category]) } else { String::new() };
                first = false;
                let name = if name.is_empty() { " ".repeat(room) } else { named(&name, indent, room) };
                let drawn: String = interval(chart, row, low, high, cells, zero).into_iter().collect();
                let drawn = page.paint(&drawn, chart.color(chart.series.of[row]));
                let told = crate::write::width::cut(&told(row), told_room);
                lines.push(format!("{name} {drawn} {}", pad(&told, told_room, false)));
            }
        }
    });
    lines.extend(below(cells, low, high, &chart.roles.y.name).into_iter().map(|l| " ".repeat(room + 1) + &l));
    let mut notes = legend_of_signs(chart, page);
    notes.extend(chart.note_of_missing("written as “no value”"));
    notes.extend(chart.note_of_stars());
    if form.power != 0 {
        notes.push(format!("values {}", form.factor()));
    }
    notes
}

fn named(name: &str, indent: &str, room: usize) -> String {
    format!("{indent}{}", label(name, room - indent.len()))
}

fn interval(chart: &Chart, row: usize, low: f64, high: f64, cells: usize, zero: f64) -> Vec<char> {
    let mut line = vec![' '; cells];
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked")]
    if zero >= 0.0 && (zero as usize) < cells {
        line[zero as usize] = '│';
    }
    let share = |value: f64| (value - low) / (high - low);
    let Some(value) = chart.roles.y.finite(row) else { return line };
    if let Some((from, to)) = chart.interval(row) {
        let (a, b) = (cell_of(share(from), cells), cell_of(share(to), cells));
        for cell in &mut line[a..=b.max(a)] {
            *cell = '─';
        }
        line[a] = if share(from) < 0.0 { '◄' } else { '├' };
        line[b] = if share(to) > 1.0 { '►' } else { '┤' };
    }
    line[cell_of(share(value), cells)] = sign(chart.series.of[row]);
    line
}
