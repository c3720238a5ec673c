//! A table of values on coloured ground; without colour the values alone.

use crate::draw::chart::Chart;
use crate::draw::heatmap::{cell_text, form, ramp};
use crate::draw::text::clean;
use crate::write::width::{cut, pad, width};

use super::{Page, label};

pub(super) fn draw(chart: &Chart, page: Page, lines: &mut Vec<String>) -> Vec<String> {
    let (ramp, form) = (ramp(chart), form(chart));
    let room = page.label_room(chart.y.labels.iter().map(String::as_str), 35);
    let values = (0..chart.rows).filter_map(|row| cell_text(chart, row, form)).map(|text| width(&text)).max();
    let heads = chart.x.labels.iter().map(|head| width(&clean(head))).max().unwrap_or(1);
    let cell = values.unwrap_or(1).max(heads.min(10)) + 2;
    let across = ((page.wide.saturating_sub(room + 1)) / cell).max(1);
    page.each_facet(chart, lines, |facet, lines| {
        let mut at = vec![None; chart.x.len() * chart.y.len()];
        for row in chart.in_facet(facet) {
            at[chart.y.of[row] * chart.x.len() + chart.x.of[row]] = Some(row);
        }
        // Columns that do not fit beside each other follow below.
        for (block, start) in (0..chart.x.len()).step_by(across).enumerate() {
            if block > 0 {
                lines.push(String::new());
            }
            let columns = start..(start + across).min(chart.x.len());
            let heads: String = columns
                .clone()
                .map(|x| format!(" {} ", pad(&cut(&clean(&chart.x.labels[x]), cell - 2), cell - 2, true)))
                .collect();
            lines.push(format!("{} {heads}", " ".repeat(room)));
            for y in 0..chart.y.len() {
                let cells: String = columns
                    .clone()
                    .map(|x| {
                        let row = at[y * chart.x.len() + x];
                        let value = row.and_then(|row| chart.roles.cell.as_ref()?.finite(row));
                        match row.zip(value) {
                            Some((row, value)) => {
                                let text = cut(&cell_text(chart, row, form).unwrap_or_default(), cell - 2);
                                page.on(&format!(" {} ", pad(&text, cell - 2, true)), ramp.color(value))
                            }
                            None => format!(" {} ", pad("×", cell - 2, true)),
                        }
                    })
                    .collect();
                lines.push(format!("{} {cells}", label(&chart.y.labels[y], room)));
            }
        }
    });
    let mut notes = Vec::new();
    let name = chart.roles.cell.as_ref().map(|cell| clean(&cell.name)).unwrap_or_default();
    let factor = form.factor();
    notes.push(format!("{name}{}{factor}; ×: no value", if factor.is_empty() { "" } else { " " }));
    notes.extend(chart.note_of_stars());
    notes
}
