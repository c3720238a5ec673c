//! Estimates with intervals, a row a category; headings above groups; p-values beside.

use super::axis::{Axis, ends};
use super::chart::Chart;
use super::palette::SOFT;
use super::plate::{Key, Panel, Plate};
use super::scene::{Anchor, Scene, Shape, Sign, Text};
use super::text;

const LANE: f64 = 13.0;
const P_SIZE: f64 = 10.0;

/// A line of the figure: a heading, or a category within its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    Heading(usize),
    Row { group: usize, category: usize },
}

/// All lines from top to bottom.
pub(super) fn lines(chart: &Chart) -> Vec<Line> {
    let mut lines = Vec::new();
    for group in 0..chart.groups.len() {
        if chart.roles.group.is_some() {
            lines.push(Line::Heading(group));
        }
        for row in (0..chart.rows).filter(|row| chart.groups.of[*row] == group) {
            let line = Line::Row { group, category: chart.x.of[row] };
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
    }
    lines
}

/// Ends of the axis. One interval that is many times longer than all estimates together must not make them a dot: it is cut,
/// and an arrow says so.
pub(super) fn domain(chart: &Chart) -> (f64, f64) {
    let estimates: Vec<f64> = (0..chart.rows).filter_map(|row| chart.roles.y.finite(row)).collect();
    let (low, high) = estimates.iter().fold((0.0f64, 0.0f64), |(l, h), v| (l.min(*v), h.max(*v)));
    let room = (high - low) * 3.0;
    let held = chart.values().into_iter().map(|v| if room > 0.0 { v.clamp(low - room, high + room) } else { v });
    ends(held.chain([0.0]), false, chart.min, chart.max)
}

pub(super) fn draw(chart: &Chart) -> Scene {
    let lines = lines(chart);
    let many = chart.series_count() as f64;
    let step = (LANE * many + 9.0).max(22.0);
    let single = chart.facet_names().len() == 1;
    let width = if single { 380.0 } else { 240.0 };
    let (low, high) = domain(chart);
    let labels: Vec<String> = lines
        .iter()
        .map(|line| match line {
            Line::Heading(group) => chart.groups.labels[*group].clone(),
            Line::Row { category, .. } => chart.x.labels[*category].clone(),
        })
        .collect();
    let heading = lines.iter().map(|line| matches!(line, Line::Heading(_))).collect();
    let p_room = (0..chart.rows)
        .filter_map(|row| chart.p_text(row))
        .map(|p| text::width(&text::cut(&p, P_SIZE, 120.0), P_SIZE, false) + 8.0)
        .fold(0.0, f64::max);
    let plate = Plate {
        title: chart.title.clone(),
        facets: chart.facet_names(),
        width,
        height: step * lines.len().max(1) as f64,
        x: Axis::across(low, high, width),
        y: Axis::bands_with_headings(&labels, heading),
        x_name: chart.roles.y.name.clone(),
        y_name: String::new(),
        rules_x: true,
        rules_y: false,
        zero_x: true,
        zero_y: false,
        right: p_room,
        legend: chart.legend(|at| Key::Point(chart.color(at).on_paper(), Sign::of(at), false)),
        notes: chart
            .note_of_missing("written as “no value”")
            .into_iter()
            .chain(chart.note_of_stars())
            .chain(beyond(chart, low, high).then(|| "an arrow: the interval goes on".to_owned()))
            .collect(),
    };
    plate.draw(|scene, panel, facet| {
        for row in chart.in_facet(facet) {
            let wanted = Line::Row { group: chart.groups.of[row], category: chart.x.of[row] };
            let Some(line) = lines.iter().position(|line| *line == wanted) else { continue };
            let lane = chart.series.of[row] as f64 - (many - 1.0) / 2.0;
            let y = panel.py(panel.y.middle(line)) + lane * LANE;
            estimate(chart, scene, panel, row, y);
        }
    })
}

/// Whether an interval reaches over an end of the axis.
fn beyond(chart: &Chart, low: f64, high: f64) -> bool {
    (0..chart.rows)
        .any(|row| chart.roles.y.finite(row).is_some() && chart.interval(row).is_some_and(|(l, h)| l < low || h > high))
}

fn estimate(chart: &Chart, scene: &mut Scene, panel: &Panel<'_>, row: usize, y: f64) {
    let series = chart.series.of[row];
    let color = chart.color(series).on_paper();
    let at = panel.at;
    if let Some(p) = chart.p_text(row) {
        let p = Text::new(at.right() + 6.0, y, text::cut(&p, P_SIZE, 120.0)).size(P_SIZE);
        scene.text("p", if chart.series_count() > 1 { p.color(color) } else { p });
    }
    let Some(value) = chart.roles.y.finite(row) else {
        let zero = panel.px(panel.x.at(0.0).clamp(0.0, 1.0));
        let label = Text::new(0.0, y, "no value").size(9.0).color(SOFT);
        // On the side of zero that has room for it.
        let fits = at.right() - zero > label.width() + 8.0;
        let (x, anchor) = if fits { (zero + 5.0, Anchor::Start) } else { (zero - 5.0, Anchor::End) };
        scene.text("missing", Text { x, ..label }.anchor(anchor));
        return;
    };
    if let Some((low, high)) = chart.interval(row) {
        let (left, right) = (panel.x.at(low), panel.x.at(high));
        let (l, r) = (panel.px(left.clamp(0.0, 1.0)), panel.px(right.clamp(0.0, 1.0)));
        scene.line("interval", (l, y), (r, y), color, 1.8);
        let mut arrow = |tip: f64, back: f64| {
            let points = vec![(tip, y), (tip + back, y - 4.0), (tip + back, y + 4.0)];
            scene.add("arrow", Shape::Area { points, fill: color, opacity: 1.0 });
        };
        if left < 0.0 {
            arrow(at.x, 7.0);
        }
        if right > 1.0 {
            arrow(at.right(), -7.0);
        }
    }
    scene.clip_to(Some(at));
    let x = panel.px(panel.x.at(value).clamp(-0.5, 1.5));
    let sign = Sign::of(series);
    let point = Shape::Point { x, y, radius: 4.2, sign, fill: color, hollow: false, opacity: 1.0 };
    scene.mark(chart.tip(row), point);
    scene.clip_to(None);
}
