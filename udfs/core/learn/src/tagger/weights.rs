//! The weights of a fitted tagger, in memory and as bytes.

use super::features::{Features, NAMED, NAMED_VALUE, ROWS};
use super::{Error, Tag};

/// The first bytes of a file of weights: what it is, and the version of its form.
const MAGIC: &[u8; 8] = b"GTTAGGER";
/// The version changes with the features too: weights of other features are worth nothing.
const VERSION: u32 = 1;
const HEAD: usize = MAGIC.len() + 3 * 4;

/// One signed byte for each row of features and each tag, and what a byte is worth.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights {
    named_scale: f32,
    hashed_scale: f32,
    rows: Vec<[i8; Tag::COUNT]>,
}

impl Weights {
    /// Rounds fitted weights to bytes. Named properties and n-grams have scales of their own, since there are few of
    /// the former and they carry much.
    pub(super) fn quantise(fitted: &[[f64; Tag::COUNT]]) -> Self {
        debug_assert_eq!(fitted.len(), ROWS);
        let named_scale = scale(&fitted[..NAMED]);
        let hashed_scale = scale(&fitted[NAMED..]);
        let row = |(i, row): (usize, &[f64; Tag::COUNT])| {
            let scale = if i < NAMED { named_scale } else { hashed_scale };
            // Within -127 to 127 by the choice of the scale, so the cast only drops the fraction that round left zero.
            row.map(|w| (w / f64::from(scale)).round() as i8)
        };
        Self { named_scale, hashed_scale, rows: fitted.iter().enumerate().map(row).collect() }
    }

    /// The sums of weights, before the softmax, for the features that were read last.
    pub(super) fn scores(&self, features: &Features) -> [f64; Tag::COUNT] {
        let named = self.sum(&features.named);
        let hashed = self.sum(&features.hashed);
        let named_value = NAMED_VALUE * f64::from(self.named_scale);
        let hashed_value = features.hashed_value() * f64::from(self.hashed_scale);
        std::array::from_fn(|tag| f64::from(named[tag]) * named_value + f64::from(hashed[tag]) * hashed_value)
    }

    fn sum(&self, rows: &[u32]) -> [i32; Tag::COUNT] {
        let mut sum = [0; Tag::COUNT];
        for &row in rows {
            for (sum, &w) in sum.iter_mut().zip(&self.rows[row as usize]) {
                *sum += i32::from(w);
            }
        }
        sum
    }

    /// Magic, version, rows (u32), tags (u32), the scales of named properties and of n-grams (f32), then the bytes, tag by
    /// tag within a row; all little-endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + 8 + ROWS * Tag::COUNT);
        bytes.extend_from_slice(MAGIC);
        for word in [VERSION, ROWS as u32, Tag::COUNT as u32] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&self.named_scale.to_le_bytes());
        bytes.extend_from_slice(&self.hashed_scale.to_le_bytes());
        bytes.extend(self.rows.iter().flatten().map(|w| w.to_le_bytes()[0]));
        bytes
    }

    /// Reads what [`Weights::to_bytes`] wrote.
    pub(super) fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let body = bytes.strip_prefix(MAGIC).ok_or(Error::NoWeights)?;
        let (words, body) = body.split_first_chunk::<20>().ok_or(Error::NoWeights)?;
        let word = |i: usize| [words[i * 4], words[i * 4 + 1], words[i * 4 + 2], words[i * 4 + 3]];
        let shape = [0, 1, 2].map(|i| u32::from_le_bytes(word(i)));
        if shape != [VERSION, ROWS as u32, Tag::COUNT as u32] || body.len() != ROWS * Tag::COUNT {
            return Err(Error::OtherWeights);
        }
        let [named_scale, hashed_scale] = [3, 4].map(|i| f32::from_le_bytes(word(i)));
        if !named_scale.is_finite() || !hashed_scale.is_finite() {
            return Err(Error::OtherWeights);
        }
        let (rows, _) = body.as_chunks::<{ Tag::COUNT }>();
        Ok(Self {
            named_scale,
            hashed_scale,
            rows: rows.iter().map(|row| row.map(|w| i8::from_le_bytes([w]))).collect(),
        })
    }
}

/// What 1 is worth where the largest weight is 127.
fn scale(rows: &[[f64; Tag::COUNT]]) -> f32 {
    let largest = rows.iter().flatten().fold(0.0_f64, |largest, w| largest.max(w.abs()));
    // Rounded up a little by the factor, so that no quotient exceeds 127.
    if largest > 0.0 { (largest / 127.0 * (1.0 + 1e-6)) as f32 } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::super::Error;
    use super::{ROWS, Tag, Weights};

    fn some() -> Weights {
        let fitted: Vec<[f64; Tag::COUNT]> =
            (0..ROWS).map(|i| std::array::from_fn(|tag| ((i * 31 + tag * 7) % 401) as f64 / 100.0 - 2.0)).collect();
        Weights::quantise(&fitted)
    }

    #[test]
    fn weights_come_back_from_their_bytes() {
        let weights = some();
        assert_eq!(Weights::from_bytes(&weights.to_bytes()), Ok(weights));
    }

    #[test]
    fn other_bytes_are_refused() {
        let bytes = some().to_bytes();
        assert_eq!(Weights::from_bytes(b""), Err(Error::NoWeights));
        assert_eq!(Weights::from_bytes(b"GTTAGGER"), Err(Error::NoWeights));
        assert_eq!(Weights::from_bytes(&bytes[..bytes.len() - 1]), Err(Error::OtherWeights));
        let mut newer = bytes;
        newer[8] = 2;
        assert_eq!(Weights::from_bytes(&newer), Err(Error::OtherWeights));
    }

    #[test]
    fn weights_of_nothing_are_nothing() {
        let weights = Weights::quantise(&vec![[0.0; Tag::COUNT]; ROWS]);
        assert_eq!(weights.sum(&[0, 200]), [0; Tag::COUNT]);
    }
}
