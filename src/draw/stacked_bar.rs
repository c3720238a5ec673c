//! Parts on top of each other: positive ones away from zero upwards, negative ones downwards.

use super::axis::ends;
use super::bar;
use super::chart::Chart;
use super::palette::WHITE;
use super::plate::Key;
use super::scene::{Scene, Shape};

/// Where each row's part begins and ends.
pub(super) fn parts(chart: &Chart) -> Vec<Option<(f64, f64)>> {
    let mut parts = vec![None; chart.rows];
    for facet in 0..chart.facets.len() {
        for band in 0..chart.x.len() {
            let mut rows: Vec<usize> = chart.in_facet(facet).filter(|row| chart.x.of[*row] == band).collect();
            rows.sort_by_key(|row| chart.series.of[*row]);
            let (mut above, mut below) = (0.0, 0.0);
            for row in rows {
                if let Some(value) = chart.roles.y.finite(row) {
                    let from: &mut f64 = if value < 0.0 { &mut below } else { &mut above };
                    parts[row] = Some((*from, *from + value));
                    *from += value;
                }
            }
        }
    }
    parts
}

pub(super) fn draw(chart: &Chart) -> Scene {
    let parts = parts(chart);
    let bands = chart.x.len().max(1) as f64;
    let step = if chart.roles.horizontal { 26.0 } else { (520.0 / bands).clamp(22.0, 64.0) };
    let all = parts.iter().flatten().flat_map(|(from, to)| [*from, *to]);
    let (low, high) = ends(all, true, chart.min, chart.max);
    // Shares that add up to one fill the panel to its end.
    let high = if chart.max.is_none() && fills(&parts, 1.0) {
        1.0
    } else if chart.max.is_none() && fills(&parts, 100.0) {
        100.0
    } else {
        high
    };
    let mut plate = bar::plate(chart, step, low, high, |at| Key::Swatch(chart.color(at)), "such a part is left out");
    if !chart.roles.horizontal {
        // As the parts lie.
        plate.legend.entries.reverse();
    }
    plate.draw(|scene, panel, facet| {
        for row in chart.in_facet(facet) {
            let middle = panel.across_bands().middle(chart.x.of[row]);
            let half = panel.across_bands().step() * 0.39;
            let Some((from, to)) = parts[row] else { continue };
            scene.clip_to(Some(panel.at));
            let values = panel.along_values();
            let ends = (values.at(from).clamp(-0.5, 1.5), values.at(to).clamp(-0.5, 1.5));
            let at = panel.span(middle - half, middle + half, ends.0, ends.1);
            let fill = Some(chart.color(chart.series.of[row]));
            scene.mark(chart.tip(row), Shape::Rect { at, fill, stroke: Some(WHITE) });
            scene.clip_to(None);
        }
        for band in 0..chart.x.len() {
            let mut rows = chart.in_facet(facet).filter(|row| chart.x.of[*row] == band).peekable();
            if rows.peek().is_some() && rows.all(|row| parts[row].is_none()) {
                let base = panel.along_values().at(0.0).clamp(0.0, 1.0);
                panel.cross(scene, panel.across_bands().middle(band), base);
            }
        }
    })
}

/// Whether the highest stack ends at `whole`, but for rounding.
fn fills(parts: &[Option<(f64, f64)>], whole: f64) -> bool {
    let highest = parts.iter().flatten().map(|(_, to)| *to).fold(0.0, f64::max);
    (highest - whole).abs() < whole * 1e-3
}
