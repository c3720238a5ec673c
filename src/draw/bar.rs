//! Bars from zero, series side by side, with intervals.

use super::axis::{Axis, ends};
use super::chart::Chart;
use super::palette::{FRAME, INK};
use super::plate::{Key, Panel, Plate};
use super::scene::{Rect, Scene, Shape};

pub(super) fn draw(chart: &Chart) -> Scene {
    let many = chart.series_count();
    let bands = chart.x.len().max(1) as f64;
    let least = many as f64 * 9.0 + 8.0;
    let step = if chart.roles.horizontal { least.max(22.0) } else { (520.0 / bands).clamp(18.0, 64.0).max(least) };
    let (low, high) = ends(chart.values().into_iter(), true, chart.min, chart.max);
    let plate = plate(chart, step, low, high, |at| Key::Swatch(chart.color(at)), "marked ×");
    plate.draw(|scene, panel, facet| {
        let air = if many == 1 { 0.2 } else { 0.12 };
        let wide = panel.across_bands().step() * (1.0 - 2.0 * air) / many as f64;
        for row in chart.in_facet(facet) {
            let band = panel.across_bands();
            let series = chart.series.of[row];
            let start = band.middle(chart.x.of[row]) + (series as f64 - many as f64 / 2.0) * wide;
            let (middle, base) = (start + wide / 2.0, panel.along_values().at(0.0).clamp(0.0, 1.0));
            let Some(value) = chart.roles.y.finite(row) else {
                panel.cross(scene, middle, base);
                continue;
            };
            scene.clip_to(Some(panel.at));
            let end = panel.along_values().at(value).clamp(-0.5, 1.5);
            let at = panel.span(start, start + wide, base, end);
            scene.mark(chart.tip(row), Shape::Rect { at, fill: Some(chart.color(series)), stroke: None });
            if let Some((low, high)) = chart.interval(row) {
                let values = panel.along_values();
                let (l, h) = (values.at(low).clamp(-0.5, 1.5), values.at(high).clamp(-0.5, 1.5));
                whisker(scene, panel, middle, l, h);
            }
            scene.clip_to(None);
        }
    })
}

/// A page whose one axis has categories and whose other one has numbers, standing or lying.
pub(super) fn plate(chart: &Chart, step: f64, low: f64, high: f64, key: impl Fn(usize) -> Key, missing: &str) -> Plate {
    let along = step * chart.x.len().max(1) as f64;
    let length = if chart.roles.horizontal { 340.0 } else { 240.0 };
    let bands = Axis::bands(&chart.x.labels);
    let (bands_name, values_name) = (chart.roles.x.name.clone(), chart.roles.y.name.clone());
    let lies = chart.roles.horizontal;
    let (width, height) = if lies { (length, along) } else { (along, length) };
    let numbers = if lies { Axis::across(low, high, length) } else { Axis::up(low, high, length) };
    let (x, y) = if lies { (numbers, bands) } else { (bands, numbers) };
    let (x_name, y_name) = if lies { (values_name, bands_name) } else { (bands_name, values_name) };
    Plate {
        title: chart.title.clone(),
        facets: chart.facet_names(),
        width,
        height,
        x,
        y,
        x_name,
        y_name,
        rules_x: lies,
        rules_y: !lies,
        zero_x: lies,
        zero_y: !lies,
        right: 0.0,
        legend: chart.legend(key),
        notes: chart.note_of_missing(missing).into_iter().collect(),
    }
}

fn whisker(scene: &mut Scene, panel: &Panel<'_>, middle: f64, low: f64, high: f64) {
    let (from, to) = (panel.place(middle, low), panel.place(middle, high));
    scene.line("interval", from, to, INK, 1.2);
    for (x, y) in [from, to] {
        let ends = if panel.lies() { ((x, y - 2.5), (x, y + 2.5)) } else { ((x - 2.5, y), (x + 2.5, y)) };
        scene.line("interval", ends.0, ends.1, INK, 1.2);
    }
}

impl Panel<'_> {
    pub fn lies(&self) -> bool {
        matches!(self.y, Axis::Bands { .. })
    }

    /// The axis of categories.
    pub fn across_bands(&self) -> &Axis {
        if self.lies() { self.y } else { self.x }
    }

    /// The axis of values.
    pub fn along_values(&self) -> &Axis {
        if self.lies() { self.x } else { self.y }
    }

    /// Pixels of a share across the bands and a share along the values.
    pub fn place(&self, across: f64, along: f64) -> (f64, f64) {
        if self.lies() { (self.px(along), self.py(across)) } else { (self.px(across), self.py(along)) }
    }

    /// The bar between two shares across and two along.
    pub fn span(&self, from: f64, to: f64, base: f64, end: f64) -> Rect {
        let (a, b) = (self.place(from, base), self.place(to, end));
        Rect { x: a.0.min(b.0), y: a.1.min(b.1), w: (a.0 - b.0).abs(), h: (a.1 - b.1).abs() }
    }

    /// A sign for a value that lacks, where its bar would begin.
    pub fn cross(&self, scene: &mut Scene, across: f64, base: f64) {
        let (x, y) = self.place(across, base);
        // Beside the axis and not on it, on the side where there is room.
        let inwards = if base > 0.9 { -9.0 } else { 9.0 };
        let (x, y) = if self.lies() { (x + inwards, y) } else { (x, y - inwards) };
        for (dx, dy) in [(3.5, 3.5), (3.5, -3.5)] {
            scene.line("missing", (x - dx, y - dy), (x + dx, y + dy), FRAME, 1.5);
        }
    }
}
