//! Shapes on paper: what all figures are made of, in pixels from the upper left corner.

use super::palette::Color;
use super::text;

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub x: f64,
    pub y: f64,
    pub w: f64,
    pub h: f64,
}

impl Rect {
    pub fn right(&self) -> f64 {
        self.x + self.w
    }

    pub fn bottom(&self) -> f64 {
        self.y + self.h
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

#[derive(Debug, Clone)]
pub(super) struct Text {
    /// Where the anchor is: the middle of the line's height.
    pub x: f64,
    pub y: f64,
    pub text: String,
    pub size: f64,
    pub bold: bool,
    pub color: Color,
    pub anchor: Anchor,
    /// Degrees clockwise about the anchor.
    pub turn: f64,
}

impl Text {
    pub fn new(x: f64, y: f64, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { x, y, text, size: 11.0, bold: false, color: super::palette::INK, anchor: Anchor::Start, turn: 0.0 }
    }

    pub fn size(self, size: f64) -> Self {
        Self { size, ..self }
    }

    pub fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub fn color(self, color: Color) -> Self {
        Self { color, ..self }
    }

    pub fn anchor(self, anchor: Anchor) -> Self {
        Self { anchor, ..self }
    }

    pub fn turn(self, turn: f64) -> Self {
        Self { turn, ..self }
    }

    pub fn width(&self) -> f64 {
        text::width(&self.text, self.size, self.bold)
    }
}

/// A sign for a point. In black and white series are told apart by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Circle,
    Square,
    Triangle,
    Diamond,
    Down,
}

impl Sign {
    pub fn of(at: usize) -> Self {
        [Self::Circle, Self::Square, Self::Triangle, Self::Diamond, Self::Down][at % 5]
    }
}

#[derive(Debug, Clone)]
pub(super) enum Shape {
    Rect { at: Rect, fill: Option<Color>, stroke: Option<Color> },
    Line { points: Vec<(f64, f64)>, color: Color, width: f64, dash: Option<&'static str> },
    Area { points: Vec<(f64, f64)>, fill: Color, opacity: f64 },
    Point { x: f64, y: f64, radius: f64, sign: Sign, fill: Color, hollow: bool, opacity: f64 },
    Text(Text),
}

#[derive(Debug, Clone)]
pub(super) struct Item {
    pub shape: Shape,
    /// What it is, for styles and tests: `mark` stands for a value of the data.
    pub class: &'static str,
    /// Told when the pointer rests on it.
    pub tip: Option<String>,
    /// Nothing of it shows outside.
    pub clip: Option<Rect>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Scene {
    pub width: f64,
    pub height: f64,
    pub items: Vec<Item>,
    clip: Option<Rect>,
}

impl Scene {
    /// Until the next call, shapes show only inside of `clip`.
    pub fn clip_to(&mut self, clip: Option<Rect>) {
        self.clip = clip;
    }

    pub fn add(&mut self, class: &'static str, shape: Shape) {
        self.items.push(Item { shape, class, tip: None, clip: self.clip });
    }

    /// A value of the data, with what it is.
    pub fn mark(&mut self, tip: String, shape: Shape) {
        self.items.push(Item { shape, class: "mark", tip: Some(tip), clip: self.clip });
    }

    pub fn text(&mut self, class: &'static str, text: Text) {
        // A text is never cut in two.
        self.items.push(Item { shape: Shape::Text(text), class, tip: None, clip: None });
    }

    pub fn line(&mut self, class: &'static str, from: (f64, f64), to: (f64, f64), color: Color, width: f64) {
        self.add(class, Shape::Line { points: vec![from, to], color, width, dash: None });
    }

    pub fn rect(&mut self, class: &'static str, at: Rect, fill: Option<Color>, stroke: Option<Color>) {
        self.add(class, Shape::Rect { at, fill, stroke });
    }
}

/// The corners of a point's sign around `(x, y)`; empty for a circle.
pub(super) fn corners(sign: Sign, x: f64, y: f64, radius: f64) -> Vec<(f64, f64)> {
    let r = radius;
    match sign {
        Sign::Circle => Vec::new(),
        Sign::Square => {
            let r = r * 0.89;
            vec![(x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)]
        }
        Sign::Triangle => vec![(x, y - r * 1.2), (x + r * 1.1, y + r * 0.8), (x - r * 1.1, y + r * 0.8)],
        Sign::Diamond => vec![(x, y - r * 1.25), (x + r * 1.25, y), (x, y + r * 1.25), (x - r * 1.25, y)],
        Sign::Down => vec![(x, y + r * 1.2), (x + r * 1.1, y - r * 0.8), (x - r * 1.1, y - r * 0.8)],
    }
}
