//! Tables for the screen, in ASCII or with box-drawing lines.
//!
//! Numbers stand to the right. Columns that are wider than the screen lets them are cut with `…`; where even that does not
//! help, columns of the middle are left out. The last line says how many rows there are and how many are not shown.

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use nu_ansi_term::Style;

use crate::error::{Error, Result};

use super::cell::{Cells, is_number};
use super::escape::for_terminal;
use super::width::{cut, pad, width};
use super::{Out, RowWriter, WriteOptions, write_error};

/// What lines are made of.
pub(super) struct Lines {
    across: &'static str,
    down: &'static str,
    top: [&'static str; 3],
    middle: [&'static str; 3],
    bottom: [&'static str; 3],
}

pub(super) const ASCII: Lines =
    Lines { across: "-", down: "|", top: ["+", "+", "+"], middle: ["+", "+", "+"], bottom: ["+", "+", "+"] };
pub(super) const BOX: Lines =
    Lines {
        across: "─", down: "│", top: ["┌", "┬", "┐"], middle: ["├", "┼", "┤"], bottom: ["└", "┴", "┘"]
    };

/// A column is not cut below this; rather, columns are left out.
const NARROWEST: usize = 8;

struct Cell {
    text: String,
    null: bool,
}

pub(super) struct TableWriter {
    out: Out,
    options: WriteOptions,
    lines: &'static Lines,
    names: Vec<String>,
    right: Vec<bool>,
    rows: Vec<Vec<Cell>>,
    total: u64,
}

/// How many there are, and how many of them can be seen.
pub(super) struct Shown {
    pub of: u64,
    pub shown: u64,
}

/// `(1 row)`, `(240 rows)`, `(240 rows: 40 shown, 200 not shown)`
pub(super) fn rows_line(rows: Shown) -> String {
    let Shown { of, shown } = rows;
    let s = if of == 1 { "" } else { "s" };
    if shown == of {
        format!("({of} row{s})")
    } else {
        format!("({of} row{s}: {shown} shown, {} not shown)", of - shown)
    }
}

impl TableWriter {
    pub fn new(out: Out, options: WriteOptions, lines: &'static Lines) -> Self {
        Self { out, options, lines, names: Vec::new(), right: Vec::new(), rows: Vec::new(), total: 0 }
    }

    fn keep(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let columns: Vec<Cells<'_>> =
            batch.columns().iter().map(|column| Cells::new(column.as_ref())).collect::<Result<_, _>>()?;
        let null = self.options.null_text("NULL");
        self.total += batch.num_rows() as u64;
        let most = self.options.max_rows.unwrap_or(usize::MAX);
        for row in 0..batch.num_rows().min(most.saturating_sub(self.rows.len())) {
            let cells: Result<Vec<Cell>, ArrowError> = columns
                .iter()
                .map(|cells| {
                    let text = for_terminal(&cells.shown(row, null, self.options.decimals)?, false);
                    // What no screen shows is not kept: a trace can have a megabyte.
                    let text = self.options.max_width.map_or_else(|| text.clone(), |most| cut(&text, most));
                    Ok(Cell { text, null: cells.is_null(row) })
                })
                .collect();
            self.rows.push(cells?);
        }
        Ok(())
    }

    /// The columns to be shown with their widths; `None` stands for those left out.
    fn layout(&self) -> Vec<Option<(usize, usize)>> {
        let natural: Vec<usize> = (0..self.names.len())
            .map(|at| self.rows.iter().map(|row| width(&row[at].text)).max().unwrap_or(0).max(width(&self.names[at])))
            .collect();
        let all: Vec<usize> = (0..natural.len()).collect();
        let Some(most) = self.options.max_width else {
            return all.into_iter().map(|at| Some((at, natural[at]))).collect();
        };
        for left_out in 0..natural.len().max(1) {
            let (before, after) = ((natural.len() - left_out).div_ceil(2), (natural.len() - left_out) / 2);
            let kept: Vec<usize> = all[..before].iter().chain(&all[natural.len() - after..]).copied().collect();
            // `| ` before and ` ` after each column, `|` at the end, and `| … ` for what is left out.
            let lines = 3 * kept.len() + 1 + if left_out > 0 { 4 } else { 0 };
            let Some(room) = most.checked_sub(lines) else { continue };
            let widths: Vec<usize> = kept.iter().map(|at| natural[*at]).collect();
            let fitted = fit(&widths, room);
            let good = fitted.iter().zip(&widths).all(|(given, wanted)| given == wanted || *given >= NARROWEST);
            if good || kept.len() <= 2 {
                let mut layout: Vec<Option<(usize, usize)>> = kept.into_iter().zip(fitted).map(Some).collect();
                if left_out > 0 {
                    layout.insert(before, None);
                }
                return layout;
            }
        }
        // A screen of a few characters: better too wide than nothing.
        all.into_iter().map(|at| Some((at, natural[at].min(NARROWEST)))).collect()
    }

    fn rule(&self, layout: &[Option<(usize, usize)>], [left, cross, right]: [&str; 3]) -> String {
        let pieces: Vec<String> =
            layout.iter().map(|column| self.lines.across.repeat(column.map_or(1, |(_, wide)| wide) + 2)).collect();
        format!("{left}{}{right}\n", pieces.join(cross))
    }

    fn draw(&self) -> String {
        let layout = self.layout();
        let mut text = String::new();
        if !self.names.is_empty() {
            let style =
                |style: Style, text: String| if self.options.color { style.paint(text).to_string() } else { text };
            let line = |cell: &dyn Fn(usize, usize) -> String| {
                let cells: Vec<String> =
                    layout.iter().map(|column| column.map_or("…".to_owned(), |(at, wide)| cell(at, wide))).collect();
                format!("{0} {1} {0}\n", self.lines.down, cells.join(&format!(" {} ", self.lines.down)))
            };
            text.push_str(&self.rule(&layout, self.lines.top));
            text.push_str(&line(&|at, wide| {
                style(Style::new().bold(), pad(&cut(&self.names[at], wide), wide, self.right[at]))
            }));
            text.push_str(&self.rule(&layout, self.lines.middle));
            for row in &self.rows {
                text.push_str(&line(&|at, wide| {
                    let shown = pad(&cut(&row[at].text, wide), wide, self.right[at]);
                    if row[at].null { style(Style::new().dimmed(), shown) } else { shown }
                }));
            }
            text.push_str(&self.rule(&layout, self.lines.bottom));
        }
        text.push_str(&rows_line(Shown { of: self.total, shown: self.rows.len() as u64 }));
        let shown = layout.iter().flatten().count();
        if shown < self.names.len() {
            text.push_str(&format!(" ({} columns: {shown} shown)", self.names.len()));
        }
        text.push('\n');
        text
    }
}

/// Widths that add up to `room` or less: the wide ones are cut to one width, the narrow ones stay.
fn fit(wanted: &[usize], room: usize) -> Vec<usize> {
    if wanted.iter().sum::<usize>() <= room {
        return wanted.to_vec();
    }
    let taken = |cap: usize| wanted.iter().map(|wide| (*wide).min(cap)).sum::<usize>();
    let cap = (1..=room).rev().find(|cap| taken(*cap) <= room).unwrap_or(1);
    let mut spare = room.saturating_sub(taken(cap));
    wanted
        .iter()
        .map(|wide| {
            let more = usize::from(*wide > cap && spare > 0);
            spare -= more;
            (*wide).min(cap) + more
        })
        .collect()
}

impl RowWriter for TableWriter {
    fn begin(&mut self, schema: &SchemaRef) -> Result<()> {
        self.names = schema.fields().iter().map(|field| for_terminal(field.name(), false)).collect();
        self.right = schema.fields().iter().map(|field| is_number(field.data_type())).collect();
        Ok(())
    }

    fn batch(&mut self, batch: &RecordBatch) -> Result<()> {
        self.keep(batch).map_err(|e| Error::data(format!("a value cannot be written as text: {e}")))
    }

    fn finish(&mut self) -> Result<()> {
        let text = self.draw();
        self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()).map_err(|e| write_error(&e))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_columns_stay_and_wide_ones_share_what_is_left() {
        assert_eq!(fit(&[3, 50, 4, 50], 40), [3, 17, 4, 16]);
        assert_eq!(fit(&[3, 5], 10), [3, 5]);
        assert_eq!(fit(&[100], 10), [10]);
    }

    #[test]
    fn the_last_line_says_what_is_not_shown() {
        assert_eq!(rows_line(Shown { of: 1, shown: 1 }), "(1 row)");
        assert_eq!(rows_line(Shown { of: 0, shown: 0 }), "(0 rows)");
        assert_eq!(rows_line(Shown { of: 240, shown: 40 }), "(240 rows: 40 shown, 200 not shown)");
    }
}
