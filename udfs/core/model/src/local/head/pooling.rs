//! The states of a text's tokens → one vector.

/// What becomes of the states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::local) enum Pooling {
    /// The first token's.
    First,
    /// The mean over all tokens, those around the text included.
    Mean,
    /// The largest of each dimension.
    Max,
    /// The sum over the square root of the number of tokens.
    MeanSqrt,
}

impl Pooling {
    /// `states` is `[tokens, width]`, with one token at least.
    pub(in crate::local) fn pool(self, states: &[f32], width: usize) -> Vec<f32> {
        let rows = states.chunks_exact(width);
        let n = rows.len() as f64;
        let sum = || -> Vec<f64> {
            let mut sums = vec![0.0; width];
            rows.clone().for_each(|row| sums.iter_mut().zip(row).for_each(|(sum, &x)| *sum += f64::from(x)));
            sums
        };
        match self {
            Self::First => states[..width].to_vec(),
            Self::Mean => sum().into_iter().map(|sum| (sum / n) as f32).collect(),
            Self::MeanSqrt => sum().into_iter().map(|sum| (sum / n.sqrt()) as f32).collect(),
            Self::Max => rows.clone().fold(vec![f32::NEG_INFINITY; width], |mut max, row| {
                max.iter_mut().zip(row).for_each(|(max, &x)| *max = max.max(x));
                max
            }),
        }
    }

    /// How it is called.
    pub(in crate::local) fn as_str(self) -> &'static str {
        match self {
            Self::First => "first token",
            Self::Mean => "mean",
            Self::Max => "maximum",
            Self::MeanSqrt => "sum over the square root of the length",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_pooling_is_what_its_name_says() {
        let states = [1.0, 5.0, 2.0, 4.0, 6.0, -3.0, 7.0, 2.0]; // four tokens of two dimensions
        assert_eq!(Pooling::First.pool(&states, 2), [1.0, 5.0]);
        assert_eq!(Pooling::Mean.pool(&states, 2), [4.0, 2.0]);
        assert_eq!(Pooling::MeanSqrt.pool(&states, 2), [8.0, 4.0]);
        assert_eq!(Pooling::Max.pool(&states, 2), [7.0, 5.0]);
    }
}
