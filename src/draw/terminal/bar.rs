//! Lying bars with eighths of a cell, their values beside.

use crate::draw::axis::ends;
use crate::draw::chart::Chart;
use crate::draw::number::{Form, plain};
use crate::write::width::{pad, width};

use super::{Page, label};

const EIGHTHS: [char; 7] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

pub(super) fn draw(chart: &Chart, page: Page, lines: &mut Vec<String>) -> Vec<String> {
    let numbers: Vec<f64> = (0..chart.rows).filter_map(|row| chart.roles.y.finite(row)).collect();
    let (low, high) = ends(numbers.iter().copied(), true, chart.min, chart.max);
    // Ends without air: in a terminal each cell counts.
    let low = chart.min.unwrap_or_else(|| numbers.iter().copied().fold(0.0, f64::min)).max(low);
    let high =
        chart.max.unwrap_or_else(|| numbers.iter().copied().fold(0.0, f64::max)).min(high).max(low + f64::MIN_POSITIVE);
    let form = Form::of_values(numbers.iter().fold(0.0f64, |largest, v| largest.max(v.abs())));
    let whole = numbers.iter().all(|v| v.fract() == 0.0 && v.abs() < 1e9);
    let told = |row: usize| match chart.roles.y.finite(row) {
        Some(value) if whole => plain(value),
        Some(value) => form.text(value),
        None => "no value".to_owned(),
    };
    let several = chart.roles.color.is_some() && chart.series.len() > 1;
    let room = page.label_room(chart.x.labels.iter().map(String::as_str), 30);
    let series_room = if several { page.label_room(chart.series.labels.iter().map(String::as_str), 20) + 1 } else { 0 };
    let told_room = (0..chart.rows).map(|row| width(&told(row))).max().unwrap_or(0);
    let cells = page.wide.saturating_sub(room + series_room + told_room + 2).max(4);
    page.each_facet(chart, lines, |facet, lines| {
        for band in 0..chart.x.len() {
            let mut rows: Vec<usize> = chart.in_facet(facet).filter(|row| chart.x.of[*row] == band).collect();
            rows.sort_by_key(|row| chart.series.of[*row]);
            for (at, row) in rows.into_iter().enumerate() {
                let name = if at == 0 { label(&chart.x.labels[band], room) } else { " ".repeat(room) };
                let series = chart.series.of[row];
                let second = if several {
                    format!(" {}", label(&chart.series.labels[series], series_room - 1))
                } else {
                    String::new()
                };
                let bar = chart.roles.y.finite(row).map_or_else(|| " ".repeat(cells), |v| bar(v, low, high, cells));
                let bar = page.paint(&bar, chart.color(series));
                lines.push(format!("{name}{second} {bar} {}", pad(&told(row), told_room, true)));
            }
        }
    });
    let mut notes = Vec::new();
    if form.power != 0 && !whole {
        notes.push(format!("{} {}", chart.roles.y.name, form.factor()));
    }
    notes.extend(chart.note_of_missing("written as “no value”"));
    notes
}

/// From zero to the value, `cells` wide in all. A bar to the left ends at whole cells: there are no such eighths.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the cells")]
fn bar(value: f64, low: f64, high: f64, cells: usize) -> String {
    let place = |v: f64| ((v - low) / (high - low)).clamp(0.0, 1.0) * cells as f64;
    let (zero, end) = (place(0.0), place(value));
    let mut line = vec![' '; cells];
    if value >= 0.0 {
        let zero = zero.round();
        let eighths = ((end - zero).max(0.0) * 8.0).round() as usize;
        let (start, full) = (zero as usize, eighths / 8);
        for cell in line.iter_mut().skip(start).take(full) {
            *cell = '█';
        }
        if let (Some(cell), 1..) = (line.get_mut(start + full), eighths % 8) {
            *cell = EIGHTHS[eighths % 8 - 1];
        }
    } else {
        let (start, zero) = (end.round() as usize, zero.round() as usize);
        for cell in line.iter_mut().take(zero).skip(start.min(zero.saturating_sub(1))) {
            *cell = '█';
        }
    }
    line.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bars_are_as_long_as_their_values() {
        assert_eq!(bar(0.5, 0.0, 1.0, 8), "████    ");
        assert_eq!(bar(0.0, 0.0, 1.0, 4), "    ");
        assert_eq!(bar(1.0 / 16.0, 0.0, 1.0, 8), "▌       ");
        assert_eq!(bar(-1.0, -1.0, 1.0, 8), "████    ");
        assert_eq!(bar(1.0, -1.0, 1.0, 8), "    ████");
    }
}
