//! Sums that do not depend on the order of their terms.

/// The sum of finite `terms`, rounded once (Shewchuk 1997, as Python's `math.fsum`): the same bits in every order.
pub fn sum(terms: impl IntoIterator<Item = f64>) -> f64 {
    // Non-overlapping, ascending in magnitude; their exact sum is the exact sum of the terms so far.
    let mut parts: Vec<f64> = Vec::with_capacity(8);
    for term in terms {
        let mut x = term;
        let mut kept = 0;
        for i in 0..parts.len() {
            let mut y = parts[i];
            if x.abs() < y.abs() {
                std::mem::swap(&mut x, &mut y);
            }
            let high = x + y;
            let low = y - (high - x);
            if low != 0.0 {
                parts[kept] = low;
                kept += 1;
            }
            x = high;
        }
        parts.truncate(kept);
        parts.push(x);
    }
    rounded(&parts)
}

/// The parts, largest last, as one number, ties to even.
fn rounded(parts: &[f64]) -> f64 {
    let Some((&last, rest)) = parts.split_last() else { return 0.0 };
    let mut high = last;
    let mut low = 0.0;
    let mut left = rest.len();
    while left > 0 {
        left -= 1;
        let x = high;
        let y = rest[left];
        high = x + y;
        low = y - (high - x);
        if low != 0.0 {
            break;
        }
    }
    // Half a unit in the last place: the part below decides to which side.
    if left > 0 && ((low < 0.0 && rest[left - 1] < 0.0) || (low > 0.0 && rest[left - 1] > 0.0)) {
        let twice = low * 2.0;
        let up = high + twice;
        if twice == up - high {
            high = up;
        }
    }
    high
}

/// The mean of finite `values`; `None` of none.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| sum(values.iter().copied()) / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn nothing_is_lost_and_order_does_not_matter() {
        assert_eq!(sum([1e100, 1.0, -1e100]), 1.0);
        assert_eq!(sum([0.1; 10]), 1.0);
        assert_eq!(sum([1e-16, 1.0, 1e16]), 10_000_000_000_000_002.0);
        assert_eq!(sum([]), 0.0);
        let values: Vec<f64> = (1..500).map(|i| (f64::from(i) * 0.7).sin() * 10f64.powi(i % 30)).collect();
        let backwards: Vec<f64> = values.iter().rev().copied().collect();
        assert_eq!(sum(values).to_bits(), sum(backwards).to_bits());
    }
}
