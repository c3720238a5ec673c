//! A table of coloured cells with their values; a cell without one is crossed.

use super::axis::Axis;
use super::chart::{Chart, stars};
use super::number::Form;
use super::palette::Ramp;
use super::plate::{Key, Legend, Plate, missing_cell};
use super::scene::{Anchor, Rect, Scene, Shape, Text};
use super::text;

const SIZE: f64 = 10.0;
/// Beyond this many cells in a panel values are not printed.
const PRINTED: usize = 1_500;

/// The scale of colours: centred at zero where there are negative values.
pub(super) fn ramp(chart: &Chart) -> Ramp {
    let values = (0..chart.rows).filter_map(|row| chart.roles.cell.as_ref()?.finite(row));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let (low, high) = if low > high { (0.0, 1.0) } else { (low, high) };
    if low < 0.0 || chart.min.is_some_and(|min| min < 0.0) {
        let asked = [chart.min, chart.max].into_iter().flatten().map(f64::abs).reduce(f64::max);
        let end = asked.unwrap_or_else(|| rounded_up(low.abs().max(high.abs()))).max(f64::MIN_POSITIVE);
        return Ramp { low: -end, high: end, diverging: true };
    }
    let (low, high) = (chart.min.unwrap_or(low), chart.max.unwrap_or(high));
    let air = if low < high { 0.0 } else { low.abs().max(1.0) * 0.5 };
    Ramp { low: low - air, high: high.max(low) + air, diverging: false }
}

/// To two digits, so that the ends of the scale can be named.
fn rounded_up(value: f64) -> f64 {
    let digit = 10f64.powf(value.log10().floor() - 1.0);
    let up = (value / digit - 1e-9).ceil() * digit;
    if up.is_finite() && up >= value { up } else { value }
}

/// What a cell says: the value, and stars where there is a p-value.
pub(super) fn cell_text(chart: &Chart, row: usize, form: Form) -> Option<String> {
    let value = form.text(chart.roles.cell.as_ref()?.finite(row)?);
    Some(match chart.roles.p.as_ref() {
        Some(p) if p.is_number() => format!("{value}{}", p.number(row).map_or("", stars)),
        Some(p) if p.label(row) != "NULL" => format!("{value}{}", p.label(row)),
        _ => value,
    })
}

pub(super) fn form(chart: &Chart) -> Form {
    let cell = chart.roles.cell.as_ref();
    let largest = (0..chart.rows).filter_map(|row| cell?.finite(row)).fold(0.0f64, |largest, v| largest.max(v.abs()));
    let whole = (0..chart.rows).filter_map(|row| cell?.finite(row)).all(|v| v.fract() == 0.0);
    let form = Form::of_values(largest);
    if whole && form.power == 0 { Form { decimals: 0, ..form } } else { form }
}

pub(super) fn draw(chart: &Chart) -> Scene {
    let (columns, rows) = (chart.x.len().max(1), chart.y.len().max(1));
    let printed = columns * rows <= PRINTED;
    let (ramp, form) = (ramp(chart), form(chart));
    let widest = (0..chart.rows)
        .filter_map(|row| cell_text(chart, row, form))
        .map(|cell| text::width(&cell, SIZE, false))
        .fold(0.0, f64::max);
    let cell_w = if printed { (widest + 9.0).max(34.0) } else { (900.0 / columns as f64).clamp(3.0, 18.0) };
    let cell_h = if printed { 24.0 } else { (900.0 / rows as f64).clamp(3.0, 18.0) };
    let filled = chart.rows - missing_rows(chart);
    let facets = chart.facet_names();
    let missing = filled < columns * rows * facets.len();
    let plate = Plate {
        title: chart.title.clone(),
        width: cell_w * columns as f64,
        height: cell_h * rows as f64,
        x: Axis::bands(&chart.x.labels),
        y: Axis::bands(&chart.y.labels),
        x_name: chart.roles.x.name.clone(),
        y_name: chart.roles.y.name.clone(),
        rules_x: false,
        rules_y: false,
        zero_x: false,
        zero_y: false,
        right: 0.0,
        legend: Legend {
            title: chart.roles.cell.as_ref().map(|cell| cell.name.clone()).unwrap_or_default(),
            entries: if missing { vec![("no value".to_owned(), Key::Missing)] } else { Vec::new() },
            ramp: Some((ramp, legend_form(ramp, form))),
        },
        notes: if chart.rows == 0 { vec!["no rows".to_owned()] } else { chart.note_of_stars().into_iter().collect() },
        facets,
    };
    plate.draw(|scene, panel, facet| {
        let place = |x: usize, y: usize| Rect {
            x: panel.at.x + x as f64 * cell_w,
            y: panel.at.y + y as f64 * cell_h,
            w: cell_w,
            h: cell_h,
        };
        let mut seen = vec![false; columns * rows];
        for row in chart.in_facet(facet) {
            let (x, y) = (chart.x.of[row], chart.y.of[row]);
            let Some(value) = chart.roles.cell.as_ref().and_then(|cell| cell.finite(row)) else { continue };
            seen[y * columns + x] = true;
            let (at, color) = (place(x, y), ramp.color(value));
            let border = printed.then_some(super::palette::WHITE);
            scene.mark(chart.tip(row), Shape::Rect { at, fill: Some(color), stroke: border });
            if let Some(label) = cell_text(chart, row, form).filter(|_| printed) {
                let label = Text::new(at.x + at.w / 2.0, at.y + at.h / 2.0, label).size(SIZE);
                scene.text("value", label.anchor(Anchor::Middle).color(color.ink_on()));
            }
        }
        for (at, _) in seen.iter().enumerate().filter(|(_, seen)| !**seen) {
            if chart.rows > 0 {
                missing_cell(scene, "missing", place(at % columns, at / columns));
            }
        }
    })
}

fn missing_rows(chart: &Chart) -> usize {
    (0..chart.rows).filter(|row| chart.roles.cell.as_ref().and_then(|cell| cell.finite(*row)).is_none()).count()
}

/// The legend's numbers: the cells' factor, and digits for its own steps.
fn legend_form(ramp: Ramp, cells: Form) -> Form {
    let (_, steps) = super::number::ticks(ramp.low / 10f64.powi(cells.power), ramp.high / 10f64.powi(cells.power), 5);
    Form { power: cells.power, decimals: steps.decimals }
}
