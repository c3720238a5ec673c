//! Small dense symmetric systems, row after row in one slice.

/// The lower triangle L of `a = L Lᵀ` for a symmetric positive definite matrix of `n` rows; `None` where a pivot is below
/// `tolerance` of its diagonal element: to working precision the matrix is singular.
pub fn cholesky(a: &[f64], n: usize, tolerance: f64) -> Option<Vec<f64>> {
    let mut l = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| l[i * n + k] * l[j * n + k]).sum();
            let rest = a[i * n + j] - dot;
            if i == j {
                if !rest.is_finite() || rest <= tolerance * a[i * n + i] || rest <= 0.0 {
                    return None;
                }
                l[i * n + i] = rest.sqrt();
            } else {
                l[i * n + j] = rest / l[j * n + j];
            }
        }
    }
    Some(l)
}

/// `b` becomes `L⁻¹ b`.
pub fn solve_lower(l: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in 0..n {
        let dot: f64 = l[i * n..i * n + i].iter().zip(&b[..i]).map(|(x, y)| x * y).sum();
        b[i] = (b[i] - dot) / l[i * n + i];
    }
}

/// `b` becomes `L⁻ᵀ b`.
pub fn solve_upper(l: &[f64], b: &mut [f64]) {
    let n = b.len();
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| l[k * n + i] * b[k]).sum();
        b[i] = (b[i] - dot) / l[i * n + i];
    }
}

/// The inverse of `L Lᵀ`.
pub fn inverse(l: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for column in 0..n {
        let mut unit = vec![0.0; n];
        unit[column] = 1.0;
        solve_lower(l, &mut unit);
        solve_upper(l, &mut unit);
        for (row, value) in unit.into_iter().enumerate() {
            inverse[row * n + column] = value;
        }
    }
    inverse
}

/// `a b aᵀ` for `a` of `rows` by `n` and `b` of `n` by `n`.
pub fn sandwich(a: &[f64], b: &[f64], rows: usize, n: usize) -> Vec<f64> {
    let mut half = vec![0.0; rows * n];
    for i in 0..rows {
        for j in 0..n {
            half[i * n + j] = (0..n).map(|k| a[i * n + k] * b[k * n + j]).sum();
        }
    }
    let mut product = vec![0.0; rows * rows];
    for i in 0..rows {
        for j in 0..rows {
            product[i * rows + j] = (0..n).map(|k| half[i * n + k] * a[j * n + k]).sum();
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_times_its_inverse_is_one() {
        let a = [4.0, 2.0, 0.4, 2.0, 5.0, 1.0, 0.4, 1.0, 3.0];
        let inverse = inverse(&cholesky(&a, 3, 1e-14).unwrap(), 3);
        for i in 0..3 {
            for j in 0..3 {
                let dot: f64 = (0..3).map(|k| a[i * 3 + k] * inverse[k * 3 + j]).sum();
                assert!((dot - f64::from(u8::from(i == j))).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn a_singular_matrix_has_no_triangle() {
        assert_eq!(cholesky(&[1.0, 1.0, 1.0, 1.0], 2, 1e-14), None);
        assert_eq!(cholesky(&[f64::NAN], 1, 1e-14), None);
    }
}
