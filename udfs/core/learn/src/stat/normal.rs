//! Tails of the normal and the χ² distribution.

use libm::erfc;
use statrs::function::erf::erfc_inv;
use statrs::function::gamma::checked_gamma_ur;
use std::f64::consts::{PI, SQRT_2};

/// P(|Z| ≥ |z|).
pub fn two_sided(z: f64) -> f64 {
    erfc(z.abs() / SQRT_2)
}

/// P(Z ≥ z).
pub fn upper(z: f64) -> f64 {
    0.5 * erfc(z / SQRT_2)
}

/// The z of an interval of `level`: 1.96 for 0.95.
pub fn critical(level: f64) -> f64 {
    let tail = 1.0 - level;
    let mut z = SQRT_2 * erfc_inv(tail);
    // Newton's method, since the inverse is good to ten digits.
    for _ in 0..2 {
        z += (two_sided(z) - tail) / ((2.0 / PI).sqrt() * (-z * z / 2.0).exp());
    }
    z
}

/// P(X ≥ x) of χ² with `df` degrees of freedom; 1 of none.
pub fn chi_squared_upper(x: f64, df: usize) -> Option<f64> {
    if df == 0 || x <= 0.0 {
        return Some(1.0);
    }
    checked_gamma_ur(df as f64 / 2.0, x / 2.0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() <= 1e-12 * b.abs()
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        // scipy.stats: 2 norm.sf, norm.sf, norm.isf, chi2.sf
        for (ours, theirs) in [
            (two_sided(1.959_963_984_540_054), 0.05),
            (upper(8.0), 6.220_960_574_271_74e-16),
            (critical(0.95), 1.959_963_984_540_054),
            (critical(0.999), 3.290_526_731_491_894_5),
            (chi_squared_upper(30.0, 17).unwrap(), 0.026_345_078_283_536_126),
            (chi_squared_upper(200.0, 1).unwrap(), 2.088_487_583_762_568_8e-45),
            (chi_squared_upper(3.0, 2).unwrap(), 0.223_130_160_148_429_82),
        ] {
            assert!(close(ours, theirs), "{ours} {theirs}");
        }
        assert_eq!(chi_squared_upper(0.0, 3), Some(1.0));
    }
}
