//! A cloud of points; a colour column of numbers is a scale, one of texts tells series apart.

use super::chart::Chart;
use super::frame::Column;
use super::line::{place, plate};
use super::number;
use super::palette::{Color, FRAME, Ramp};
use super::plate::{Key, Legend};
use super::scene::{Scene, Shape, Sign};

/// The scale of a colour column of numbers.
pub(super) fn ramp(chart: &Chart) -> Option<(&Column, Ramp)> {
    let color = chart.roles.color.as_ref().filter(|column| column.is_number())?;
    let values = (0..chart.rows).filter_map(|row| color.finite(row));
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let (low, high) = match (low, high) {
        (low, high) if low < high => (low, high),
        (low, high) if low == high => (low - low.abs().max(1.0) * 0.5, low + low.abs().max(1.0) * 0.5),
        _ => (0.0, 1.0),
    };
    Some((color, Ramp { low, high, diverging: false }))
}

pub(super) fn draw(chart: &Chart) -> Scene {
    let ramp = ramp(chart);
    let mut plate = plate(chart, |at| Key::Point(chart.color(at).on_paper(), Sign::of(at), false));
    if let Some((column, ramp)) = ramp {
        let (_, form) = number::ticks(ramp.low, ramp.high, 5);
        let lacks = (0..chart.rows).any(|row| column.finite(row).is_none());
        let entries =
            if lacks { vec![("no value".to_owned(), Key::Point(FRAME, Sign::Circle, true))] } else { Vec::new() };
        plate.legend = Legend { title: column.name.clone(), entries, ramp: Some((ramp, form)) };
    }
    let (radius, opacity) = match chart.rows {
        0..=80 => (4.2, 0.9),
        81..=600 => (3.2, 0.7),
        _ => (2.0, 0.5),
    };
    plate.draw(|scene, panel, facet| {
        scene.clip_to(Some(panel.at));
        for row in chart.in_facet(facet) {
            let Some((x, y)) = chart.roles.y.finite(row).and_then(|value| place(chart, panel, row, value)) else {
                continue;
            };
            let (fill, sign, hollow) = look(chart, ramp, row);
            if let Some((low, high)) = chart.interval(row)
                && let (Some(low), Some(high)) = (place(chart, panel, row, low), place(chart, panel, row, high))
            {
                scene.line("interval", low, high, fill, 1.0);
            }
            scene.mark(chart.tip(row), Shape::Point { x, y, radius, sign, fill, hollow, opacity });
        }
    })
}

fn look(chart: &Chart, ramp: Option<(&Column, Ramp)>, row: usize) -> (Color, Sign, bool) {
    match ramp {
        Some((column, ramp)) => match column.finite(row) {
            Some(value) => (ramp.color(value), Sign::Circle, false),
            None => (FRAME, Sign::Circle, true),
        },
        None => {
            let series = chart.series.of[row];
            (chart.color(series).on_paper(), Sign::of(series), false)
        }
    }
}
