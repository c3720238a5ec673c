//! The columns that can be estimated, and coordinates in which that is well conditioned.

use super::Table;
use super::design::Design;
use crate::stat::matrix::solve_upper;
use crate::stat::moments::moments;

/// Of its variance, the least share of a column that earlier columns may leave unexplained: its residual is a millionth of its deviation.
const LEAST_RESIDUAL: f64 = 1e-12;

/// A column that has no estimate of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Excluded {
    /// One value in every row.
    Constant(f64),
    /// A combination of the columns before it.
    Collinear,
}

/// Columns centred, scaled and, where there is a triangle, made orthonormal over the rows.
#[derive(Debug)]
pub struct Basis {
    /// Places of the columns that are estimated.
    pub kept: Vec<usize>,
    /// Of every column of the table: why it is not among them.
    pub excluded: Vec<Option<Excluded>>,
    center: Vec<f64>,
    scale: Vec<f64>,
    /// L of the correlations; `None` stands for one.
    triangle: Option<Vec<f64>>,
}

impl Basis {
    /// The basis, and the rows in it. `independent`: leave out columns that others determine, and make the rest orthonormal. A
    /// penalty settles that otherwise.
    pub fn new(table: &Table, independent: bool) -> (Self, Design) {
        let mut kept = Vec::new();
        let (mut center, mut scale) = (Vec::new(), Vec::new());
        let mut excluded = vec![None; table.width()];
        for (column, excluded) in excluded.iter_mut().enumerate() {
            match spread(table.column(column)) {
                Ok((mean, sd)) => {
                    kept.push(column);
                    center.push(mean);
                    scale.push(sd);
                }
                Err(value) => *excluded = Some(Excluded::Constant(value)),
            }
        }
        let mut basis = Self { kept, excluded, center, scale, triangle: None };
        let mut design = basis.standardised_rows(table);
        if independent {
            let all = basis.kept.len();
            let triangle = basis.make_independent(&design.correlations());
            if basis.kept.len() < all {
                design = basis.standardised_rows(table);
            }
            design.make_orthonormal(&triangle);
            basis.triangle = Some(triangle);
        }
        design.measure();
        (basis, design)
    }

    fn standardised_rows(&self, table: &Table) -> Design {
        let columns = self.kept.iter().map(|column| table.column(*column));
        Design::new(table.y(), columns.zip(self.units()))
    }

    /// Mean and deviation of each kept column.
    pub fn units(&self) -> impl ExactSizeIterator<Item = (f64, f64)> {
        self.center.iter().copied().zip(self.scale.iter().copied())
    }

    /// The number of coordinates, the intercept's included.
    pub fn size(&self) -> usize {
        self.kept.len() + 1
    }

    /// Slopes by kept column in units of its deviation.
    pub fn standardised(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut slopes = coefficients[1..].to_vec();
        if let Some(l) = &self.triangle {
            solve_upper(l, &mut slopes);
        }
        slopes
    }

    /// Intercept and slopes in the units of the table, from coefficients in these coordinates.
    pub fn raw(&self, coefficients: &[f64]) -> Vec<f64> {
        let slopes = self.standardised(coefficients);
        let mut raw = vec![coefficients[0]];
        for (slope, (center, scale)) in slopes.iter().zip(self.center.iter().zip(&self.scale)) {
            let slope = slope / scale;
            raw[0] -= slope * center;
            raw.push(slope);
        }
        raw
    }

    /// The matrix of [`Self::raw`].
    pub fn to_raw(&self) -> Vec<f64> {
        let n = self.size();
        let mut matrix = vec![0.0; n * n];
        for column in 0..n {
            let mut unit = vec![0.0; n];
            unit[column] = 1.0;
            for (row, value) in self.raw(&unit).into_iter().enumerate() {
                matrix[row * n + column] = value;
            }
        }
        matrix
    }

    /// Cholesky's decomposition of the correlations, column by column, without the columns that leave nothing to decompose.
    fn make_independent(&mut self, gram: &[f64]) -> Vec<f64> {
        let m = self.kept.len();
        let mut rows: Vec<Vec<f64>> = Vec::new();
        let mut independent: Vec<usize> = Vec::new();
        for j in 0..m {
            let mut row = Vec::with_capacity(rows.len() + 1);
            for (i, earlier) in independent.iter().zip(&rows) {
                let dot: f64 = row.iter().zip(earlier).map(|(x, y): (&f64, &f64)| x * y).sum();
                row.push((gram[j * m + i] - dot) / earlier[row.len()]);
            }
            let rest = gram[j * m + j] - row.iter().map(|x| x * x).sum::<f64>();
            if rest > LEAST_RESIDUAL * gram[j * m + j] {
                row.push(rest.sqrt());
                rows.push(row);
                independent.push(j);
            } else {
                self.excluded[self.kept[j]] = Some(Excluded::Collinear);
            }
        }
        let size = rows.len();
        let mut triangle = vec![0.0; size * size];
        for (i, row) in rows.iter().enumerate() {
            triangle[i * size..i * size + row.len()].copy_from_slice(row);
        }
        self.kept = independent.iter().map(|&j| self.kept[j]).collect();
        self.center = independent.iter().map(|&j| self.center[j]).collect();
        self.scale = independent.iter().map(|&j| self.scale[j]).collect();
        triangle
    }
}

/// Mean and population deviation of a column; its value where it has but one, to twelve digits.
fn spread(column: &[f64]) -> Result<(f64, f64), f64> {
    match moments(column) {
        Some(found) if found.high / 2.0 - found.low / 2.0 > 1e-12 * found.low.abs().max(found.high.abs()) => {
            Ok((found.mean, found.deviation))
        }
        found => Err(found.map_or(0.0, |found| found.low)),
    }
}
