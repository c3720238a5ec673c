//! The page around the data: title, panels with their axes, legend, notes.
//!
//! The size of a panel comes from its content; the page is as large as panels and labels need. So nothing has to be squeezed,
//! and labels cannot run into each other.

use super::axis::{Axis, LABEL};
use super::number::Form;
use super::palette::{Color, FRAME, INK, MISSING, RULE, Ramp, SOFT};
use super::scene::{Anchor, Rect, Scene, Shape, Sign, Text};
use super::text;

const EDGE: f64 = 14.0;
const TITLE: f64 = 15.0;
const NAME: f64 = 12.0;
const NOTE: f64 = 10.0;
/// Panels beside each other take about this much.
const PAGE: f64 = 1040.0;
const LEGEND_LABEL: f64 = 170.0;

/// What a legend's entry looks like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Key {
    Swatch(Color),
    Point(Color, Sign, bool),
    Line(Color, Sign, Option<&'static str>),
    Missing,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Legend {
    pub title: String,
    pub entries: Vec<(String, Key)>,
    pub ramp: Option<(Ramp, Form)>,
}

#[derive(Debug, Clone)]
pub(super) struct Plate {
    pub title: Option<String>,
    /// The name of each panel; one without a name where there are no facets.
    pub facets: Vec<Option<String>>,
    pub width: f64,
    pub height: f64,
    pub x: Axis,
    pub y: Axis,
    pub x_name: String,
    pub y_name: String,
    /// Rules behind the data.
    pub rules_x: bool,
    pub rules_y: bool,
    /// The axis' zero is drawn.
    pub zero_x: bool,
    pub zero_y: bool,
    /// Room to the right of each panel.
    pub right: f64,
    pub legend: Legend,
    pub notes: Vec<String>,
}

/// One panel's place on the page.
pub(super) struct Panel<'a> {
    pub at: Rect,
    pub x: &'a Axis,
    pub y: &'a Axis,
    upwards: bool,
}

impl Panel<'_> {
    /// Pixels of a share of the x axis.
    pub fn px(&self, share: f64) -> f64 {
        self.at.x + share * self.at.w
    }

    /// Pixels of a share of the y axis: numbers grow upwards, bands are read downwards.
    pub fn py(&self, share: f64) -> f64 {
        if self.upwards { self.at.bottom() - share * self.at.h } else { self.at.y + share * self.at.h }
    }
}

impl Plate {
    pub fn draw(&self, mut content: impl FnMut(&mut Scene, &Panel<'_>, usize)) -> Scene {
        let mut scene = Scene::default();
        let x_ticks = self.x.ticks(self.width);
        let y_ticks = self.y.ticks(self.height);
        let wide = |label: &str, bold: bool| text::width(label, LABEL, bold);
        let named = |tick: &super::axis::Tick| wide(&tick.label, tick.heading);
        let y_label = y_ticks.iter().map(named).fold(0.0, f64::max);
        let upright = self.x.labels_fit_across(self.width);
        let x_label = x_ticks.iter().map(named).fold(0.0, f64::max);
        let slope = std::f64::consts::FRAC_1_SQRT_2;
        // Names beside the axes.
        let x_name = named_with(&self.x_name, &self.x.factor());
        let y_name = named_with(&self.y_name, &self.y.factor());
        let y_name_room = if y_name.is_empty() { 0.0 } else { NAME + 10.0 };
        // How far labels of the x axis reach over the panel's sides.
        let (over_left, over_right) = if upright {
            let reach = |tick: &super::axis::Tick, at: f64| wide(&tick.label, false) / 2.0 - at * self.width;
            let left = x_ticks.iter().map(|t| reach(t, t.at)).fold(0.0, f64::max);
            (left, x_ticks.iter().map(|t| reach(t, 1.0 - t.at)).fold(0.0, f64::max))
        } else {
            let left = x_ticks.iter().map(|t| wide(&t.label, false) * slope + 6.0 - t.at * self.width);
            (left.fold(0.0, f64::max), 4.0)
        };
        let count = self.facets.len().max(1);
        let across = self.columns(count, self.width + self.right);
        let down = count.div_ceil(across);
        let facet_names: Vec<Option<String>> = {
            let texts: Vec<String> = self.facets.iter().map(|f| f.clone().unwrap_or_default()).collect();
            let short = text::fitting(&texts, NAME, (self.width + self.right - 8.0) / 1.13);
            self.facets.iter().zip(short).map(|(facet, short)| facet.as_ref().map(|_| short)).collect()
        };
        let header = if facet_names.iter().any(Option::is_some) { NAME + 10.0 } else { 0.0 };
        let gap_x = (over_right - self.right).max(0.0) + over_left + 18.0;
        let gap_y = 16.0;
        let left = EDGE + y_name_room + (y_label + 9.0).max(over_left);
        let panels_w = across as f64 * (self.width + self.right) + (across - 1) as f64 * gap_x;
        let legend_w = self.legend.width();
        let right = (over_right - self.right).max(0.0) + EDGE;
        let legend_x = left + panels_w + (over_right - self.right).max(0.0) + 22.0;
        let mut width = if legend_w > 0.0 { legend_x + legend_w + EDGE } else { left + panels_w + right };
        width = width.max(220.0).max(EDGE * 2.0 + text::width(&x_name, NAME, false));
        // Title.
        let mut y = EDGE;
        if let Some(title) = &self.title {
            for line in text::wrapped(title, TITLE, true, width - 2.0 * EDGE) {
                scene.text("title", Text::new(EDGE, y + TITLE / 2.0, line).size(TITLE).bold());
                y += TITLE + 5.0;
            }
            y += 6.0;
        }
        let top = y + header;
        let under = if upright { LABEL + 9.0 } else { (x_label + LABEL) * slope + 10.0 };
        let tops: Vec<f64> = (0..down).map(|row| top + row as f64 * (self.height + gap_y + header)).collect();
        let mut lowest: f64 = top;
        for at in 0..count {
            let (column, row) = (at % across, at / across);
            let panel = Panel {
                at: Rect {
                    x: left + column as f64 * (self.width + self.right + gap_x),
                    y: tops.get(row).copied().unwrap_or(top),
                    w: self.width,
                    h: self.height,
                },
                x: &self.x,
                y: &self.y,
                upwards: matches!(self.y, Axis::Numbers { .. }),
            };
            if let Some(Some(name)) = facet_names.get(at) {
                scene.text(
                    "facet",
                    Text::new(panel.at.x, panel.at.y - NAME / 2.0 - 5.0, name.clone()).size(NAME).bold(),
                );
            }
            self.behind(&mut scene, &panel);
            content(&mut scene, &panel, at);
            scene.clip_to(None);
            self.frame(&mut scene, &panel);
            if column == 0 {
                for tick in &y_ticks {
                    let y = panel.py(tick.at);
                    let label = Text::new(panel.at.x - 7.0, y, tick.label.clone()).size(LABEL).anchor(Anchor::End);
                    scene.text("tick", if tick.heading { label.bold() } else { label });
                }
            }
            // The lowest panel of a column has the labels.
            if at + across >= count {
                for tick in &x_ticks {
                    let x = panel.px(tick.at);
                    let label = Text::new(x, panel.at.bottom() + 6.0 + LABEL / 2.0, tick.label.clone()).size(LABEL);
                    scene.text(
                        "tick",
                        if upright { label.anchor(Anchor::Middle) } else { label.anchor(Anchor::End).turn(-45.0) },
                    );
                }
                lowest = lowest.max(panel.at.bottom() + under);
            }
        }
        let panels_bottom = tops.last().copied().unwrap_or(top) + self.height;
        if !x_name.is_empty() {
            let middle = left + (panels_w - self.right) / 2.0;
            let half = text::width(&x_name, NAME, false) / 2.0;
            let middle = middle.clamp(EDGE + half, (width - EDGE - half).max(EDGE + half));
            lowest += 4.0 + NAME / 2.0;
            scene.text("name", Text::new(middle, lowest, x_name).size(NAME).anchor(Anchor::Middle));
            lowest += NAME / 2.0 + 2.0;
        }
        if !y_name.is_empty() {
            let room = panels_bottom - top;
            let name = text::cut(&y_name, NAME, (lowest - EDGE).max(room));
            let half = text::width(&name, NAME, false) / 2.0;
            let middle = ((top + panels_bottom) / 2.0).max(y + half);
            lowest = lowest.max(middle + half);
            let name = Text::new(EDGE + NAME / 2.0, middle, name).size(NAME);
            scene.text("name", name.anchor(Anchor::Middle).turn(-90.0));
        }
        if legend_w > 0.0 {
            lowest = lowest.max(self.legend.draw(&mut scene, legend_x, top));
        }
        for note in &self.notes {
            for line in text::wrapped(note, NOTE, false, width - 2.0 * EDGE) {
                lowest += 6.0 + NOTE / 2.0;
                scene.text("note", Text::new(EDGE, lowest, line).size(NOTE).color(SOFT));
                lowest += NOTE / 2.0;
            }
        }
        scene.width = width.ceil();
        scene.height = (lowest + EDGE).ceil();
        scene
    }

    /// Panels in a row: as many as the page holds, and no row much shorter than the others.
    fn columns(&self, count: usize, each: f64) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small count")]
        let room = ((PAGE / (each + 18.0)).floor() as usize).max(1).min(count);
        count.div_ceil(count.div_ceil(room))
    }

    fn behind(&self, scene: &mut Scene, panel: &Panel<'_>) {
        let at = panel.at;
        if self.rules_x {
            for tick in self.x.ticks(self.width) {
                let x = panel.px(tick.at);
                scene.line("rule", (x, at.y), (x, at.bottom()), RULE, 1.0);
            }
        }
        if self.rules_y {
            for tick in self.y.ticks(self.height).iter().filter(|tick| !tick.heading) {
                let y = panel.py(tick.at);
                scene.line("rule", (at.x, y), (at.right(), y), RULE, 1.0);
            }
        }
    }

    fn frame(&self, scene: &mut Scene, panel: &Panel<'_>) {
        let at = panel.at;
        scene.rect("frame", at, None, Some(FRAME));
        let inside = |share: f64| (-1e-9..=1.0 + 1e-9).contains(&share);
        if self.zero_x && inside(self.x.at(0.0)) {
            let x = panel.px(self.x.at(0.0));
            scene.line("zero", (x, at.y), (x, at.bottom()), INK, 1.0);
        }
        if self.zero_y && inside(self.y.at(0.0)) {
            let y = panel.py(self.y.at(0.0));
            scene.line("zero", (at.x, y), (at.right(), y), INK, 1.0);
        }
    }
}

fn named_with(name: &str, factor: &str) -> String {
    let name = text::cut(&text::clean(name), NAME, 420.0);
    match (name.is_empty(), factor.is_empty()) {
        (_, true) => name,
        (true, false) => factor.to_owned(),
        (false, false) => format!("{name} ({factor})"),
    }
}

impl Legend {
    fn labels(&self) -> Vec<String> {
        let texts: Vec<String> = self.entries.iter().map(|(label, _)| label.clone()).collect();
        text::fitting(&texts, LABEL, LEGEND_LABEL)
    }

    fn title_lines(&self) -> Vec<String> {
        let factor = self.ramp.map_or_else(String::new, |(_, form)| form.factor());
        text::wrapped(&named_with(&self.title, &factor), LABEL, true, LEGEND_LABEL)
    }

    fn width(&self) -> f64 {
        if self.entries.is_empty() && self.ramp.is_none() {
            return 0.0;
        }
        let title = self.title_lines().iter().map(|line| text::width(line, LABEL, true)).fold(0.0, f64::max);
        let labels = self.labels().iter().map(|label| text::width(label, LABEL, false) + 28.0).fold(0.0, f64::max);
        let ramp = self.ramp.map_or(0.0, |(ramp, form)| {
            [ramp.low, ramp.high].iter().map(|v| text::width(&form.text(*v), LABEL, false)).fold(0.0, f64::max) + 40.0
        });
        title.max(labels).max(ramp)
    }

    /// Draws from `top` down and gives the end.
    fn draw(&self, scene: &mut Scene, x: f64, top: f64) -> f64 {
        let mut y = top;
        for line in self.title_lines() {
            scene.text("legend", Text::new(x, y + LABEL / 2.0, line).size(LABEL).bold());
            y += LABEL + 4.0;
        }
        y += 3.0;
        if let Some((ramp, form)) = self.ramp {
            y = self.draw_ramp(scene, x, y, ramp, form);
        }
        for ((_, key), label) in self.entries.iter().zip(self.labels()) {
            let middle = y + LABEL / 2.0 + 1.0;
            key.draw(scene, x, middle);
            scene.text("legend", Text::new(x + 26.0, middle, label).size(LABEL));
            y += LABEL + 7.0;
        }
        y
    }

    fn draw_ramp(&self, scene: &mut Scene, x: f64, top: f64, ramp: Ramp, form: Form) -> f64 {
        const HEIGHT: f64 = 130.0;
        const STEPS: u32 = 65;
        let top = top + 4.0;
        for step in 0..STEPS {
            let share = (f64::from(step) + 0.5) / f64::from(STEPS);
            let h = HEIGHT / f64::from(STEPS);
            let y = top + HEIGHT - f64::from(step + 1) * h;
            // A hair of overlap, lest the paper shine through.
            let at = Rect { x, y, w: 16.0, h: h + 0.4 };
            scene.rect("ramp", at, Some(ramp.color(ramp.low + share * (ramp.high - ramp.low))), None);
        }
        scene.rect("ramp", Rect { x, y: top, w: 16.0, h: HEIGHT }, None, Some(FRAME));
        let (ticks, _) = super::number::ticks(ramp.low, ramp.high, 5);
        for tick in ticks {
            let y = top + HEIGHT * (1.0 - (tick - ramp.low) / (ramp.high - ramp.low));
            scene.line("ramp", (x + 16.0, y), (x + 20.0, y), FRAME, 1.0);
            scene.text("legend", Text::new(x + 24.0, y, form.text(tick)).size(LABEL));
        }
        top + HEIGHT + 12.0
    }
}

impl Key {
    fn draw(self, scene: &mut Scene, x: f64, y: f64) {
        match self {
            Key::Swatch(color) => {
                scene.rect("key", Rect { x, y: y - 6.0, w: 18.0, h: 12.0 }, Some(color), Some(FRAME));
            }
            Key::Point(fill, sign, hollow) => {
                let point = Shape::Point { x: x + 9.0, y, radius: 4.0, sign, fill, hollow, opacity: 1.0 };
                scene.add("key", point);
            }
            Key::Line(color, sign, dash) => {
                scene.add("key", Shape::Line { points: vec![(x, y), (x + 20.0, y)], color, width: 2.0, dash });
                scene.add(
                    "key",
                    Shape::Point { x: x + 10.0, y, radius: 3.4, sign, fill: color, hollow: false, opacity: 1.0 },
                );
            }
            Key::Missing => missing_cell(scene, "key", Rect { x, y: y - 6.0, w: 18.0, h: 12.0 }),
        }
    }
}

/// A cell without a value: grey and crossed, in black and white too.
pub(super) fn missing_cell(scene: &mut Scene, class: &'static str, at: Rect) {
    scene.rect(class, at, Some(MISSING), None);
    let inset = 0.28;
    let (l, r) = (at.x + at.w * inset, at.right() - at.w * inset);
    let (t, b) = (at.y + at.h * inset, at.bottom() - at.h * inset);
    scene.line(class, (l, t), (r, b), FRAME, 1.0);
    scene.line(class, (l, b), (r, t), FRAME, 1.0);
}
