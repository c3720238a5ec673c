//! The rows in the coordinates of a basis, in blocks that fit the first cache.
//!
//! What is summed over the rows is summed by `pass`, in vectors as wide as the processor has them, and exactly, so that neither
//! the order of the rows nor the width of vectors shows in the bits of a sum.

use super::pass;
use crate::stat::exact::Units;

/// Rows of a block.
pub const ROWS: usize = 128;

/// A row's outcome and coordinates; those of the intercept, which are 1, are left out.
#[derive(Debug)]
pub struct Design {
    rows: usize,
    width: usize,
    /// Block after block, in each column after column. Rows that fill up the last block are 0.
    blocks: Vec<f64>,
    /// 1 or −1 by outcome, and 0 beyond the last row.
    sides: Vec<f64>,
    longest: f64,
    /// For sums over the rows of products of coordinates, whose squares add up to their number.
    pub units: Units,
}

/// Consecutive rows.
#[derive(Clone, Copy)]
pub struct Block<'a> {
    /// Column after column, [`ROWS`] each.
    pub columns: &'a [f64],
    /// 1 or −1 by outcome, and 0 beyond the last row.
    pub sides: &'a [f64; ROWS],
    /// How many rows there are.
    pub rows: usize,
}

impl Design {
    /// `columns` with their means and deviations.
    pub fn new<'a>(y: &[bool], columns: impl ExactSizeIterator<Item = (&'a [f64], (f64, f64))>) -> Self {
        let (rows, width) = (y.len(), columns.len());
        let count = rows.div_ceil(ROWS);
        let mut blocks = vec![0.0; count * width * ROWS];
        for (j, (column, (center, scale))) in columns.enumerate() {
            for (b, values) in column.chunks(ROWS).enumerate() {
                let start = (b * width + j) * ROWS;
                for (place, x) in blocks[start..start + values.len()].iter_mut().zip(values) {
                    *place = (x - center) / scale;
                }
            }
        }
        let mut sides = vec![0.0; count * ROWS];
        for (side, y) in sides.iter_mut().zip(y) {
            *side = if *y { 1.0 } else { -1.0 };
        }
        Self { rows, width, blocks, sides, longest: 0.0, units: Units::of(rows) }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of coordinates, the intercept's included.
    pub fn size(&self) -> usize {
        self.width + 1
    }

    /// The length of the longest row.
    pub fn longest(&self) -> f64 {
        self.longest
    }

    /// The rows, in the order in which they came.
    pub fn blocks(&self) -> impl Iterator<Item = Block<'_>> {
        let (sides, _) = self.sides.as_chunks::<ROWS>();
        let each = self.width * ROWS;
        sides.iter().enumerate().map(move |(b, sides)| Block {
            columns: &self.blocks[b * each..(b + 1) * each],
            sides,
            rows: ROWS.min(self.rows - b * ROWS),
        })
    }

    /// Means of the products of standardised columns, row after row; below the diagonal and on it.
    pub fn correlations(&self) -> Vec<f64> {
        pass::correlations(self)
    }

    /// Standardised columns become L⁻¹ of themselves.
    pub fn make_orthonormal(&mut self, triangle: &[f64]) {
        let (width, each) = (self.width, self.width * ROWS);
        if width > 0 {
            self.blocks.chunks_exact_mut(each).for_each(|block| pass::solve(triangle, width, block));
        }
    }

    /// Measures the rows.
    pub fn measure(&mut self) {
        self.longest = pass::longest(self);
    }
}
