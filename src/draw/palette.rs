//! Colours that readers with any kind of colour vision tell apart, on screen and in print.
//!
//! Categories: Okabe and Ito (2008), ordered so that neighbours differ in lightness too; from ten on, Krzywinski's twelve.
//! Diverging: RdBu of ColorBrewer, negative red, positive blue. Sequential: viridis.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Color(pub u8, pub u8, pub u8);

pub(super) const WHITE: Color = Color(255, 255, 255);
pub(super) const INK: Color = Color(0x1f, 0x1f, 0x1f);
pub(super) const SOFT: Color = Color(0x55, 0x55, 0x55);
pub(super) const RULE: Color = Color(0xe3, 0xe3, 0xe3);
pub(super) const FRAME: Color = Color(0x8a, 0x8a, 0x8a);
pub(super) const MISSING: Color = Color(0xee, 0xee, 0xee);

/// Their eight, and a grey.
const OKABE_ITO: [Color; 9] = [
    Color(0x00, 0x72, 0xb2),
    Color(0xd5, 0x5e, 0x00),
    Color(0x00, 0x9e, 0x73),
    Color(0xcc, 0x79, 0xa7),
    Color(0xe6, 0x9f, 0x00),
    Color(0x56, 0xb4, 0xe9),
    Color(0x00, 0x00, 0x00),
    Color(0xf0, 0xe4, 0x42),
    Color(0xa6, 0xa6, 0xa6),
];

const TWELVE: [Color; 12] = [
    Color(0x00, 0x8d, 0xf9),
    Color(0xa4, 0x01, 0x22),
    Color(0x00, 0x9f, 0x81),
    Color(0xff, 0x6e, 0x3a),
    Color(0x84, 0x00, 0xcd),
    Color(0xff, 0xc3, 0x3b),
    Color(0x9f, 0x01, 0x62),
    Color(0x00, 0xc2, 0xf9),
    Color(0xff, 0x5a, 0xaf),
    Color(0x00, 0xfc, 0xcf),
    Color(0xe2, 0x01, 0x34),
    Color(0xff, 0xb2, 0xfd),
];

const RD_BU: [Color; 11] = [
    Color(0x67, 0x00, 0x1f),
    Color(0xb2, 0x18, 0x2b),
    Color(0xd6, 0x60, 0x4d),
    Color(0xf4, 0xa5, 0x82),
    Color(0xfd, 0xdb, 0xc7),
    Color(0xf7, 0xf7, 0xf7),
    Color(0xd1, 0xe5, 0xf0),
    Color(0x92, 0xc5, 0xde),
    Color(0x43, 0x93, 0xc3),
    Color(0x21, 0x66, 0xac),
    Color(0x05, 0x30, 0x61),
];

const VIRIDIS: [Color; 9] = [
    Color(0x44, 0x01, 0x54),
    Color(0x47, 0x2d, 0x7b),
    Color(0x3b, 0x52, 0x8b),
    Color(0x2c, 0x72, 0x8e),
    Color(0x21, 0x91, 0x8c),
    Color(0x28, 0xae, 0x80),
    Color(0x5e, 0xc9, 0x62),
    Color(0xad, 0xdc, 0x30),
    Color(0xfd, 0xe7, 0x25),
];

impl Color {
    pub fn hex(self) -> String {
        format!("#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }

    /// WCAG's relative luminance, 0 black to 1 white.
    pub fn luminance(self) -> f64 {
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.0) + 0.7152 * linear(self.1) + 0.0722 * linear(self.2)
    }

    /// Black or white, whichever is read better on this.
    pub fn ink_on(self) -> Color {
        let light = self.luminance();
        if 1.05 / (light + 0.05) > (light + 0.05) / 0.05 { WHITE } else { Color(0, 0, 0) }
    }

    /// Darker, where it is too light to be a line or a text on white paper.
    pub fn on_paper(self) -> Color {
        let mut color = self;
        while 1.05 / (color.luminance() + 0.05) < 2.0 {
            let darker = |c: u8| u8::try_from(u32::from(c) * 9 / 10).unwrap_or(c);
            color = Color(darker(color.0), darker(color.1), darker(color.2));
        }
        color
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between two bytes")]
    fn towards(self, other: Color, share: f64) -> Color {
        let mix = |a: u8, b: u8| (f64::from(a) + (f64::from(b) - f64::from(a)) * share).round() as u8;
        Color(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }
}

/// The colour of category `at` of `of`.
pub(super) fn category(at: usize, of: usize) -> Color {
    if of <= OKABE_ITO.len() { OKABE_ITO[at % OKABE_ITO.len()] } else { TWELVE[at % TWELVE.len()] }
}

/// From values to colours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ramp {
    pub low: f64,
    pub high: f64,
    pub diverging: bool,
}

impl Ramp {
    pub fn color(&self, value: f64) -> Color {
        let stops: &[Color] = if self.diverging { &RD_BU } else { &VIRIDIS };
        let span = self.high - self.low;
        let share = if span > 0.0 { ((value - self.low) / span).clamp(0.0, 1.0) } else { 0.5 };
        let at = share * (stops.len() - 1) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let left = (at.floor() as usize).min(stops.len() - 2);
        stops[left].towards(stops[left + 1], at - left as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_the_middle_of_a_diverging_scale() {
        let ramp = Ramp { low: -0.4, high: 0.4, diverging: true };
        assert_eq!(ramp.color(0.0), RD_BU[5]);
        assert_eq!(ramp.color(-0.4), RD_BU[0]);
        assert_eq!(ramp.color(9.0), RD_BU[10]);
    }

    #[test]
    fn printed_values_are_legible_on_every_cell() {
        for diverging in [true, false] {
            let ramp = Ramp { low: 0.0, high: 1.0, diverging };
            for step in 0..=100 {
                let cell = ramp.color(f64::from(step) / 100.0);
                let (a, b) = (cell.luminance(), cell.ink_on().luminance());
                let contrast = (a.max(b) + 0.05) / (a.min(b) + 0.05);
                assert!(contrast >= 4.5, "{cell:?} {contrast}");
            }
        }
    }

    #[test]
    fn twelve_categories_have_twelve_colours_that_show_on_paper() {
        for of in 1..=12 {
            for a in 0..of {
                assert!(1.05 / (category(a, of).on_paper().luminance() + 0.05) >= 2.0);
                assert!((0..a).all(|b| category(a, of) != category(b, of)), "{a} of {of}");
            }
        }
    }
}
