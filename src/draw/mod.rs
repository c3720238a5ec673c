//! Tables → figures, one kind a file: record batches in; SVG, PNG, HTML, Vega-Lite or a terminal's text out.
//!
//! | plot | x | y | color |
//! |---|---|---|---|
//! | forest | estimate | category (either way round) | series |
//! | heatmap | columns | rows | value of a cell |
//! | bar, stacked_bar | category | value (the other way round: bars lie) | series or parts |
//! | line, scatter | number or category | number | series; scatter: a column of numbers is a scale |
//!
//! What is not said is chosen: texts are categories, then colours, then facets; numbers are values; `low` and `high`,
//! `p_value`, `group` are known by their names. Rows divide as they come, so ORDER BY orders the figure. A missing value is
//! marked or left out and counted in a note, and never drawn as zero.
//!
//! The figures are our own, on a small scene of shapes (`scene`, `plate`), because labels must not overlap, cells may lack
//! and letters of all scripts must show; resvg sets the text and rasterises.

mod axis;
mod bar;
mod chart;
mod forest;
mod frame;
mod heatmap;
mod html;
mod line;
mod number;
mod options;
mod palette;
mod plate;
mod png;
mod roles;
mod scatter;
mod scene;
mod stacked_bar;
mod svg;
mod terminal;
mod text;
mod vega_lite;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::record_batch::RecordBatch;

use crate::error::{Error, Result};

use chart::Chart;

pub use options::{Options, Picture, Plot};

/// More rows are no figure: neither does a reader see them nor an SVG hold them.
pub const MOST_ROWS: usize = 50_000;

/// A query's rows, ready to be drawn.
#[derive(Debug, Clone)]
pub struct Figure {
    chart: Chart,
    scale: f64,
}

/// A picture's bytes, and what its reader should know: letters that no font at hand has.
#[derive(Debug, Clone)]
pub struct Drawn {
    pub bytes: Vec<u8>,
    pub warning: Option<String>,
}

impl Figure {
    /// Chooses what is drawn and checks that it can be.
    ///
    /// # Errors
    /// Options that do not fit the columns; no column of numbers; two rows for one mark; more than [`MOST_ROWS`] rows.
    pub fn new(schema: &SchemaRef, batches: &[RecordBatch], options: &Options) -> Result<Self> {
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        if rows > MOST_ROWS {
            return Err(Error::query(format!("a figure holds {MOST_ROWS} rows, and the query gives more"))
                .with_hint("GROUP BY and aggregate, or ORDER BY random() LIMIT 5000"));
        }
        let roles = roles::roles(frame::columns(schema, batches)?, options)?;
        Ok(Self { chart: Chart::new(roles, options)?, scale: options.scale.unwrap_or(2.0) })
    }

    /// What kind of figure it is.
    pub fn plot(&self) -> Plot {
        self.chart.roles.plot
    }

    fn scene(&self) -> scene::Scene {
        match self.plot() {
            Plot::Forest => forest::draw(&self.chart),
            Plot::Heatmap => heatmap::draw(&self.chart),
            Plot::Bar => bar::draw(&self.chart),
            Plot::StackedBar => stacked_bar::draw(&self.chart),
            Plot::Line => line::draw(&self.chart),
            Plot::Scatter => scatter::draw(&self.chart),
        }
    }

    /// The title, or what is drawn.
    fn name(&self) -> String {
        self.chart.title.clone().unwrap_or_else(|| {
            let roles = &self.chart.roles;
            match &roles.cell {
                Some(cell) => format!("{} by {} and {}", cell.name, roles.y.name, roles.x.name),
                None => format!("{} by {}", roles.y.name, roles.x.name),
            }
        })
    }

    pub fn svg(&self) -> String {
        let roles = &self.chart.roles;
        let by = [("colour", &roles.color), ("panel", &roles.facet), ("heading", &roles.group)];
        let by: String =
            by.iter().filter_map(|(what, c)| c.as_ref().map(|c| format!(", {what}: {}", c.name))).collect();
        let about =
            format!("{} of {} rows; x: {}, y: {}{by}", self.plot(), self.chart.rows, roles.x.name, roles.y.name);
        svg::svg(&self.scene(), &self.name(), &about)
    }

    /// # Errors
    /// Where the picture would be too large.
    pub fn png(&self) -> Result<Drawn> {
        png::png(&self.svg(), self.scale)
    }

    pub fn html(&self) -> String {
        html::html(&self.svg(), &self.name())
    }

    pub fn vega_lite(&self) -> String {
        vega_lite::vega_lite(&self.chart)
    }

    /// For a terminal of `width` columns; `color`: with escape codes.
    pub fn text(&self, width: usize, color: bool) -> String {
        terminal::text(&self.chart, width, color)
    }

    /// # Errors
    /// As [`Figure::png`].
    pub fn draw(&self, picture: Picture) -> Result<Drawn> {
        let text = |text: String| Drawn { bytes: text.into_bytes(), warning: None };
        Ok(match picture {
            Picture::Svg => text(self.svg()),
            Picture::Html => text(self.html()),
            Picture::VegaLite => text(self.vega_lite()),
            Picture::Png => self.png()?,
        })
    }
}

#[cfg(test)]
pub(crate) mod tester;
#[cfg(test)]
mod tests;
