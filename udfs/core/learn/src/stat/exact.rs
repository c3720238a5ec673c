//! Sums whose bits do not depend on the order of their terms, at about the speed of plain ones.
//!
//! A term is cut into a multiple of a unit and a rest, and the rest into a multiple of a smaller unit. Multiples of one unit
//! add up without rounding while they stay within 53 bits of it, so that every order gives the same (Demmel and Nguyen 2013, with
//! two bins). What is lost of a term lies more than 2⁻⁶⁰ below the largest.

/// How many sums run side by side.
pub const LANES: usize = 8;

/// What terms are cut at: for sums of so many terms whose sizes add up to no more than twice their number.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    /// One and a half times 2⁵² units: added and taken off again, it leaves a multiple of the unit.
    high: f64,
    low: f64,
}

impl Units {
    /// For `count` terms.
    pub fn of(count: usize) -> Self {
        let power = count.max(1).next_power_of_two() as f64;
        Self { high: 6.0 * power, low: 1.5 * power * power * (-50f64).exp2() }
    }

    /// A term as multiples of the two units.
    #[inline(always)]
    pub fn cut(self, term: f64) -> (f64, f64) {
        let high = (term + self.high) - self.high;
        let rest = term - high;
        (high, (rest + self.low) - self.low)
    }
}

/// A sum in the making.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sum {
    high: [f64; LANES],
    low: [f64; LANES],
}

impl Sum {
    /// Adds terms.
    #[inline(always)]
    pub fn add(&mut self, units: Units, terms: &[f64; LANES]) {
        for (lane, term) in terms.iter().enumerate() {
            let (high, low) = units.cut(*term);
            self.high[lane] += high;
            self.low[lane] += low;
        }
    }

    /// The sum so far.
    pub fn value(&self) -> f64 {
        self.high.iter().sum::<f64>() + self.low.iter().sum::<f64>()
    }
}

/// The sum of `term` of each value; the sizes of terms add up to no more than twice their number.
#[inline(always)]
pub fn sum(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let units = Units::of(values.len());
    let mut sum = Sum::default();
    let (wholes, rest) = values.as_chunks::<LANES>();
    for values in wholes {
        sum.add(units, &values.map(&term));
    }
    let mut last = [0.0; LANES];
    last.iter_mut().zip(rest).for_each(|(place, value)| *place = term(*value));
    sum.add(units, &last);
    sum.value()
}

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn order_does_not_matter_and_small_terms_count() {
        for n in [1usize, 7, 250, 4096, 100_003] {
            let values: Vec<f64> = (0..n).map(|i| (i as f64 * 0.7).sin() * 10f64.powi(-((i % 13) as i32))).collect();
            let forwards = sum(&values, |x| x);
            let mut mixed = values.clone();
            mixed.sort_by(|a, b| (a * 1e7).sin().total_cmp(&(b * 1e7).sin()));
            assert_eq!(forwards.to_bits(), sum(&mixed, |x| x).to_bits(), "{n}");
            let exact = crate::stat::sum::sum(values.iter().copied());
            assert!((forwards - exact).abs() <= 1e-15 * exact.abs().max(1.0), "{n}: {forwards} {exact}");
        }
        // As many small ones as would be lost to a large one, all rounded alike.
        let terms = std::iter::once(1e5).chain(std::iter::repeat_n(1e-11, 100_000)).collect::<Vec<_>>();
        assert!((sum(&terms, |x| x) - (1e5 + 1e-6)).abs() < 2e-11);
    }
}
