//! Courses: values along numbers or categories, with bands around them; a gap where a value lacks.

use super::axis::{Axis, ends};
use super::chart::Chart;
use super::palette::Color;
use super::plate::{Key, Panel, Plate};
use super::scene::{Scene, Shape, Sign};

const DASHES: [Option<&str>; 4] = [None, Some("7 3"), Some("2 3"), Some("9 3 2 3")];

/// Where a row lies along x, 0 to 1.
pub(super) fn along(chart: &Chart, x: &Axis, row: usize) -> Option<f64> {
    if chart.x.labels.is_empty() { Some(x.at(chart.roles.x.finite(row)?)) } else { Some(x.middle(chart.x.of[row])) }
}

/// The page of lines and clouds.
pub(super) fn plate(chart: &Chart, key: impl Fn(usize) -> Key) -> Plate {
    let single = chart.facet_names().len() == 1;
    let width = if single { 460.0 } else { 300.0 };
    let height = if single { 290.0 } else { 210.0 };
    let numeric = chart.x.labels.is_empty();
    let width = if numeric { width } else { (chart.x.len() as f64 * 18.0).max(width) };
    let x = if numeric {
        let values = (0..chart.rows).filter(|row| chart.roles.y.finite(*row).is_some());
        let (low, high) = ends(values.filter_map(|row| chart.roles.x.finite(row)), false, None, None);
        Axis::across(low, high, width)
    } else {
        Axis::bands(&chart.x.labels)
    };
    let (low, high) = ends(chart.values().into_iter(), false, chart.min, chart.max);
    Plate {
        title: chart.title.clone(),
        facets: chart.facet_names(),
        width,
        height,
        x,
        y: Axis::up(low, high, height),
        x_name: chart.roles.x.name.clone(),
        y_name: chart.roles.y.name.clone(),
        rules_x: numeric,
        rules_y: true,
        zero_x: false,
        zero_y: low < 0.0 && high > 0.0,
        right: 0.0,
        legend: chart.legend(key),
        notes: chart.note_of_missing("not drawn").into_iter().collect(),
    }
}

/// A line's places with values, in runs without a gap, sorted along x.
pub(super) fn runs(chart: &Chart, facet: usize, series: usize) -> Vec<Vec<usize>> {
    let mut rows: Vec<usize> = chart
        .in_facet(facet)
        .filter(|row| chart.series.of[*row] == series)
        .filter(|row| !chart.x.labels.is_empty() || chart.roles.x.finite(*row).is_some())
        .collect();
    let place = |row: &usize| match chart.x.of.get(*row) {
        Some(band) => *band as f64,
        None => chart.roles.x.finite(*row).unwrap_or(0.0),
    };
    rows.sort_by(|a, b| place(a).total_cmp(&place(b)));
    rows.split(|row| chart.roles.y.finite(*row).is_none())
        .filter(|run| !run.is_empty())
        .map(<[usize]>::to_vec)
        .collect()
}

fn style(chart: &Chart, series: usize) -> (Color, Sign, Option<&'static str>) {
    let dash = if chart.series_count() == 1 { None } else { DASHES[series % DASHES.len()] };
    (chart.color(series).on_paper(), Sign::of(series), dash)
}

pub(super) fn draw(chart: &Chart) -> Scene {
    let plate = plate(chart, |at| {
        let (color, sign, dash) = style(chart, at);
        Key::Line(color, sign, dash)
    });
    plate.draw(|scene, panel, facet| {
        scene.clip_to(Some(panel.at));
        let all: Vec<(usize, Vec<Vec<usize>>)> =
            (0..chart.series_count()).map(|series| (series, runs(chart, facet, series))).collect();
        for (series, runs) in &all {
            runs.iter().for_each(|run| band(chart, scene, panel, run, style(chart, *series).0));
        }
        for (series, runs) in &all {
            let (color, sign, dash) = style(chart, *series);
            let crowded = runs.iter().map(Vec::len).sum::<usize>() > 60;
            for run in runs {
                let places: Vec<(usize, (f64, f64))> = run
                    .iter()
                    .filter_map(|row| Some((*row, place(chart, panel, *row, chart.roles.y.finite(*row)?)?)))
                    .collect();
                if places.len() > 1 {
                    let points = places.iter().map(|(_, place)| *place).collect();
                    scene.add("line", Shape::Line { points, color, width: 2.0, dash });
                }
                for (row, (x, y)) in places {
                    let radius = if crowded { 1.6 } else { 3.6 };
                    let point = Shape::Point { x, y, radius, sign, fill: color, hollow: false, opacity: 1.0 };
                    scene.mark(chart.tip(row), point);
                }
            }
        }
    })
}

pub(super) fn place(chart: &Chart, panel: &Panel<'_>, row: usize, value: f64) -> Option<(f64, f64)> {
    // Far outside of the panel is as good as outside, and SVG readers keep coordinates in single precision.
    let y = panel.y.at(value).clamp(-20.0, 21.0);
    Some((panel.px(along(chart, panel.x, row)?), panel.py(y)))
}

fn band(chart: &Chart, scene: &mut Scene, panel: &Panel<'_>, run: &[usize], color: Color) {
    let ends: Vec<((f64, f64), (f64, f64))> = run
        .iter()
        .filter_map(|row| {
            let (low, high) = chart.interval(*row)?;
            Some((place(chart, panel, *row, low)?, place(chart, panel, *row, high)?))
        })
        .collect();
    if let [(low, high)] = ends.as_slice() {
        scene.line("interval", *low, *high, color, 1.2);
    } else if ends.len() > 1 {
        let points = ends.iter().map(|(low, _)| *low).chain(ends.iter().rev().map(|(_, high)| *high)).collect();
        scene.add("band", Shape::Area { points, fill: color, opacity: 0.18 });
    }
}
