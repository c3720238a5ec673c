//! What can be said about a figure: names and values of `OPTIONS (…)` and of `.plot`.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::error::{Error, Result};
use crate::suggest::closest;

/// What is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Plot {
    /// Estimates with intervals, a row a category.
    Forest,
    /// A table of coloured cells.
    Heatmap,
    Bar,
    StackedBar,
    Line,
    Scatter,
}

const PLOTS: [(&str, Plot); 6] = [
    ("forest", Plot::Forest),
    ("heatmap", Plot::Heatmap),
    ("bar", Plot::Bar),
    ("stacked_bar", Plot::StackedBar),
    ("line", Plot::Line),
    ("scatter", Plot::Scatter),
];

impl Plot {
    pub fn names() -> impl Iterator<Item = &'static str> {
        PLOTS.iter().map(|(name, _)| *name)
    }
}

impl fmt::Display for Plot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PLOTS.iter().find(|(_, plot)| plot == self).map_or("", |(name, _)| *name))
    }
}

impl FromStr for Plot {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let asked = text.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        if let Some((_, plot)) = PLOTS.iter().find(|(name, _)| *name == asked || name.replace('_', "") == asked) {
            return Ok(*plot);
        }
        let error = Error::query(format!("plot: no kind of figure is named `{text}`"));
        Err(match closest(&asked, Plot::names()) {
            Some(near) => error.with_hint(format!("did you mean '{near}'?")),
            None => error.with_hint(format!("known are {}", Plot::names().collect::<Vec<_>>().join(", "))),
        })
    }
}

/// What a figure is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Picture {
    Svg,
    Png,
    /// A page with the SVG inside.
    Html,
    /// A specification with the data inside.
    VegaLite,
}

impl Picture {
    /// By the extension: `.svg`, `.png`, `.html`, `.vl.json`.
    pub fn from_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?.to_ascii_lowercase();
        let ends = |end: &str| name.len() > end.len() && name.ends_with(end);
        Some(match () {
            () if ends(".svg") => Self::Svg,
            () if ends(".png") => Self::Png,
            () if ends(".html") || ends(".htm") => Self::Html,
            () if ends(".vl.json") || ends(".vl") => Self::VegaLite,
            () => return None,
        })
    }

    /// As `OPTIONS (format '…')` names it.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.trim().to_ascii_lowercase().as_str() {
            "svg" => Self::Svg,
            "png" => Self::Png,
            "html" => Self::Html,
            "vl" | "vl.json" | "vega" | "vega-lite" | "vegalite" => Self::VegaLite,
            _ => return None,
        })
    }
}

/// All that was said; what was not is chosen from the columns.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub plot: Option<Plot>,
    /// Columns by name. `y` may be several, divided by commas, in place of a colour column.
    pub x: Option<String>,
    pub y: Option<String>,
    pub low: Option<String>,
    pub high: Option<String>,
    /// In a heat map the value of a cell, elsewhere what tells series apart.
    pub color: Option<String>,
    pub facet: Option<String>,
    /// Forest: the heading above rows.
    pub group: Option<String>,
    /// Forest and heat map: p-values, printed with stars; or texts, printed as they are.
    pub p: Option<String>,
    pub title: Option<String>,
    /// Ends of the axis of values, or of the colour scale.
    pub min: Option<f64>,
    pub max: Option<f64>,
    /// PNG: pixels for each of the SVG's.
    pub scale: Option<f64>,
}

const KNOWN: [&str; 13] =
    ["plot", "x", "y", "low", "high", "color", "facet", "group", "p", "title", "min", "max", "scale"];

impl Options {
    /// The names of all options, for help and completion.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KNOWN.into_iter()
    }

    /// One option. A `format` is left to the caller; a leading `format.` is passed over, as DataFusion writes names so.
    ///
    /// # Errors
    /// An unknown option, or a value that does not fit it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let lower = name.trim().to_ascii_lowercase();
        let short = lower.strip_prefix("format.").unwrap_or(&lower);
        let column = || {
            let name = value.trim();
            if name.is_empty() {
                Err(Error::query(format!("{short}: the name of a column is needed, got an empty text")))
            } else {
                Ok(Some(name.to_owned()))
            }
        };
        let number = |needed: &str, fits: fn(f64) -> bool| match value.trim().parse::<f64>() {
            Ok(number) if number.is_finite() && fits(number) => Ok(Some(number)),
            _ => Err(Error::query(format!("{short}: {needed} is needed, got `{value}`"))),
        };
        match short {
            "format" => {}
            "plot" | "kind" | "type" => self.plot = Some(value.parse()?),
            "x" => self.x = column()?,
            "y" => self.y = column()?,
            "low" | "lower" | "ymin" => self.low = column()?,
            "high" | "upper" | "ymax" => self.high = column()?,
            "color" | "colour" | "fill" | "value" => self.color = column()?,
            "facet" => self.facet = column()?,
            "group" => self.group = column()?,
            "p" | "p_value" | "stars" => self.p = column()?,
            "title" => self.title = Some(value.to_owned()),
            "min" => self.min = number("a number", |n| n.abs() < 1e300)?,
            "max" => self.max = number("a number", |n| n.abs() < 1e300)?,
            "scale" => self.scale = number("a number from 0.5 to 8", |n| (0.5..=8.0).contains(&n))?,
            _ => {
                let error = Error::query(format!("no option named `{name}` for figures"));
                return Err(match closest(short, KNOWN.into_iter()) {
                    Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                    None => error.with_hint(format!("known are {}", KNOWN.join(", "))),
                });
            }
        }
        Ok(())
    }

    /// What only holds for all options together.
    pub(super) fn check(&self) -> Result<()> {
        match (self.min, self.max) {
            (Some(min), Some(max)) if min >= max => {
                Err(Error::query(format!("min: {min} is not below max, which is {max}")))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_option_is_named_with_the_way_out() {
        let mut options = Options::default();
        let hint = |options: &mut Options, name: &str, value: &str| options.set(name, value).unwrap_err().hint.unwrap();
        assert_eq!(hint(&mut options, "colr", "a"), "did you mean `color`?");
        assert_eq!(hint(&mut options, "plot", "heat_map"), "did you mean 'heatmap'?");
        assert!(hint(&mut options, "plot", "sunburst").contains("stacked_bar"));
        assert!(hint(&mut options, "compression", "zstd").contains("facet"));
        for (name, value) in [("min", "low"), ("max", "inf"), ("scale", "0"), ("x", " ")] {
            let error = options.set(name, value).unwrap_err();
            assert!(error.message.starts_with(name), "{error}");
        }
        options.set("min", "1").unwrap();
        options.set("max", "1").unwrap();
        assert!(options.check().is_err());
    }

    #[test]
    fn names_are_read_generously() {
        let mut options = Options::default();
        options.set("FORMAT.Plot", "Stacked-Bar").unwrap();
        options.set("colour", " lang ").unwrap();
        assert_eq!((options.plot, options.color.as_deref()), (Some(Plot::StackedBar), Some("lang")));
        for plot in Plot::names() {
            assert_eq!(plot.parse::<Plot>().unwrap().to_string(), plot);
        }
    }

    #[test]
    fn pictures_are_known_by_their_ends() {
        let of = |name: &str| Picture::from_path(Path::new(name));
        assert_eq!(of("results/a.SVG"), Some(Picture::Svg));
        assert_eq!(of("a.vl.json"), Some(Picture::VegaLite));
        assert_eq!([of("a.json"), of("a.csv"), of(".svg")], [None, None, None]);
    }
}
