//! Vectors.

/// The cosine of the angle between `a` and `b`, which are equally long, from -1 to 1; `None` where one has length 0, or
/// is no vector of finite numbers.
pub fn cosine(a: &[f64], b: &[f64]) -> Option<f64> {
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    let (aa, bb) = (dot(a, a), dot(b, b));
    // One root of the product is exact where both are equal; two roots reach further.
    let product = aa * bb;
    let length = if product.is_normal() { product.sqrt() } else { aa.sqrt() * bb.sqrt() };
    let cosine = dot(a, b) / length;
    // Rounding must not make two equal directions more than equal.
    (length > 0.0 && cosine.is_finite()).then(|| cosine.clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::cosine;

    #[test]
    fn equal_directions_are_one_and_never_more() {
        let a = [0.1, 0.2, 0.3];
        assert_eq!(cosine(&a, &a.map(|x| x * 4.0)), Some(1.0));
        assert_eq!(cosine(&[1.0, 0.0], &[0.0, 2.0]), Some(0.0));
        assert_eq!(cosine(&[1.0], &[0.0]), None);
        assert_eq!(cosine(&[1e120], &[1e120]), Some(1.0));
        assert_eq!(cosine(&[], &[]), None);
        assert_eq!(cosine(&[f64::NAN], &[1.0]), None);
    }
}
