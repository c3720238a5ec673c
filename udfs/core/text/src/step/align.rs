//! Local alignment of two sequences (Smith & Waterman 1981, with linear gaps).
//!
//! The matrix is filled by anti-diagonals, whose cells do not depend on each other, in lanes as narrow as the scores allow, so
//! that the compiler makes vector instructions of the inner loop. Memory is linear in the shorter sequence.

use std::collections::HashMap;
use std::hash::Hash;

use num_traits::PrimInt;

/// What a pair of elements, and an element without a partner, add to the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scoring {
    /// Of two equal elements.
    pub matched: i32,
    /// Of two different ones, usually below 0.
    pub mismatch: i32,
    /// Of one without a partner, usually below 0.
    pub gap: i32,
}

impl Default for Scoring {
    /// 2, −1, −1, as Ki et al. (2026) score tags.
    fn default() -> Self {
        Self { matched: 2, mismatch: -1, gap: -1 }
    }
}

/// How well the best matching stretches of two sequences match.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Alignment {
    /// The highest score of any alignment of any two stretches; 0 where nothing matches.
    pub score: i64,
    /// `score` / (`matched` · length of the shorter): 0 to 1 where mismatch and gap are not above 0. `None` where a sequence is
    /// empty, or where a match scores nothing.
    pub ratio: Option<f64>,
}

/// Aligns two sequences. `None` among the elements is unknown, and equal to no other.
///
/// ```
/// use glotrace_text::step::{Scoring, align};
/// let [a, b] = ["kitten", "sitting"].map(|word| word.chars().map(Some).collect::<Vec<_>>());
/// assert_eq!(align(&a, &b, Scoring::default()).score, 7);
/// ```
pub fn align<T: Eq + Hash>(a: &[Option<T>], b: &[Option<T>], scoring: Scoring) -> Alignment {
    let (shorter, longer) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    if shorter.is_empty() {
        return Alignment { score: 0, ratio: None };
    }
    let codes = Codes::of(shorter, longer);
    let best = Bounds::of(shorter.len(), longer.len(), scoring);
    let score = if let (Some([matched, mismatch, gap]), Some((a, b))) = (best.narrow::<i16>(), codes.narrow::<i16>()) {
        highest(&a, b, matched, mismatch, gap).into()
    } else if let (Some([matched, mismatch, gap]), Some((a, b))) = (best.narrow::<i32>(), codes.narrow::<i32>()) {
        highest(&a, b, matched, mismatch, gap).into()
    } else {
        let [matched, mismatch, gap] = best.scores;
        codes.narrow::<i64>().map_or(0, |(a, b)| highest(&a, b, matched, mismatch, gap))
    };
    let most = i64::from(scoring.matched) * shorter.len() as i64;
    Alignment { score, ratio: (scoring.matched > 0).then(|| score as f64 / most as f64) }
}

/// Elements as small numbers: equal elements, equal numbers.
struct Codes {
    a: Vec<u32>,
    b: Vec<u32>,
    largest: u32,
}

impl Codes {
    fn of<T: Eq + Hash>(a: &[Option<T>], b: &[Option<T>]) -> Self {
        // What is unknown in one sequence is equal neither to what is unknown in the other nor to anything else.
        const UNKNOWN: [u32; 2] = [0, 1];
        let mut known: HashMap<&T, u32> = HashMap::new();
        let [a, b] = [(a, UNKNOWN[0]), (b, UNKNOWN[1])].map(|(sequence, unknown)| {
            let mut codes = Vec::with_capacity(sequence.len());
            for element in sequence {
                let next = known.len() as u32 + 2;
                codes.push(element.as_ref().map_or(unknown, |element| *known.entry(element).or_insert(next)));
            }
            codes
        });
        Self { a, b, largest: known.len() as u32 + 2 }
    }

    /// The numbers in lanes of `T`, where they fit.
    fn narrow<T: PrimInt>(&self) -> Option<(Vec<T>, Vec<T>)> {
        T::from(self.largest)?;
        let lanes = |codes: &[u32]| codes.iter().map(|&code| T::from(code)).collect::<Option<Vec<T>>>();
        Some((lanes(&self.a)?, lanes(&self.b)?))
    }
}

/// Scores that give the same alignment, and what no cell exceeds.
struct Bounds {
    scores: [i64; 3],
    highest: i64,
}

impl Bounds {
    fn of(shorter: usize, longer: usize, scoring: Scoring) -> Self {
        let scores = [scoring.matched, scoring.mismatch, scoring.gap].map(i64::from);
        let pairs = shorter as i64;
        let steps = if scores[2] > 0 { (shorter + longer) as i64 } else { pairs };
        let highest = steps * scores.into_iter().max().unwrap_or(0).max(0);
        // A penalty that takes any score below 0 is as good as any larger one, and no cell leaves its lane.
        Self { scores: scores.map(|score| score.max(-1 - highest)), highest }
    }

    /// The scores in lanes of `T`, where no sum in the matrix overflows them.
    fn narrow<T: PrimInt>(&self) -> Option<[T; 3]> {
        // The highest cell plus the highest score, and the lowest penalty.
        T::from(self.highest.checked_mul(2)? + 1)?;
        let [matched, mismatch, gap] = self.scores;
        Some([T::from(matched)?, T::from(mismatch)?, T::from(gap)?])
    }
}

/// The highest cell. `a` is the shorter sequence; nothing overflows `T`.
fn highest<T: PrimInt>(a: &[T], mut b: Vec<T>, matched: T, mismatch: T, gap: T) -> T {
    // Along an anti-diagonal `a` goes up while `b` goes down.
    b.reverse();
    let (n, m) = (a.len(), b.len());
    // Anti-diagonals d − 2, d − 1 and d: cell (i, d − i) is at i + 1, and 0 stands for the edges.
    let [mut before, mut last, mut current] = [(); 3].map(|()| vec![T::zero(); n + 1]);
    let mut highest = T::zero();
    for d in 0..n + m - 1 {
        let (from, to) = (d.saturating_sub(m - 1), n.min(d + 1));
        let partners = &b[m - 1 + from - d..][..to - from];
        let pairs = a[from..to].iter().zip(partners);
        let gaps = last[from..to].iter().zip(&last[from + 1..=to]);
        let cells = current[from + 1..=to].iter_mut().zip(&before[from..to]);
        for ((cell, &diagonal), ((&x, &y), (&up, &left))) in cells.zip(pairs.zip(gaps)) {
            let paired = diagonal + if x == y { matched } else { mismatch };
            let single = up.max(left) + gap;
            *cell = paired.max(single).max(T::zero());
            highest = highest.max(*cell);
        }
        (before, last, current) = (last, current, before);
    }
    highest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix as it is defined, in wide numbers.
    fn plain(a: &[Option<u32>], b: &[Option<u32>], scoring: Scoring) -> i64 {
        let [matched, mismatch, gap] = [scoring.matched, scoring.mismatch, scoring.gap].map(i64::from);
        let mut matrix = vec![vec![0i64; b.len() + 1]; a.len() + 1];
        let mut best = 0;
        for i in 1..=a.len() {
            for j in 1..=b.len() {
                let equal = a[i - 1].is_some() && a[i - 1] == b[j - 1];
                let paired = matrix[i - 1][j - 1] + if equal { matched } else { mismatch };
                let single = matrix[i - 1][j].max(matrix[i][j - 1]) + gap;
                matrix[i][j] = paired.max(single).max(0);
                best = best.max(matrix[i][j]);
            }
        }
        best
    }

    /// Numbers that look random, the same in every run (xorshift).
    struct Chance(u64);

    impl Chance {
        fn below(&mut self, end: u64) -> u64 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            self.0 % end
        }

        fn sequence(&mut self, longest: u64, alphabet: u64) -> Vec<Option<u32>> {
            let length = self.below(longest + 1);
            (0..length).map(|_| Some(self.below(alphabet + 1) as u32).filter(|&element| element > 0)).collect()
        }
    }

    #[test]
    fn it_is_the_highest_cell_of_the_matrix() {
        let mut chance = Chance(20_260_406);
        for round in 0..3_000 {
            let alphabet = [1, 2, 8, 500][round % 4];
            let (a, b) = (chance.sequence(40, alphabet), chance.sequence(70, alphabet));
            let mut score =
                || [2, 1, 0, -1, -3, 7, -40_000, 40_000, i32::MAX, i32::MIN, 300][chance.below(11) as usize];
            let odd = Scoring { matched: score(), mismatch: score(), gap: score() };
            for scoring in [Scoring::default(), odd] {
                let expected = plain(&a, &b, scoring);
                assert_eq!(align(&a, &b, scoring).score, expected, "{scoring:?} {a:?} {b:?}");
                assert_eq!(align(&b, &a, scoring).score, expected, "{scoring:?} {b:?} {a:?}");
            }
        }
    }

    #[test]
    fn scores_beyond_a_narrow_lane_are_exact() {
        let same = vec![Some(1); 20_000];
        assert_eq!(align(&same, &same, Scoring::default()), Alignment { score: 40_000, ratio: Some(1.0) });
        let dear = Scoring { matched: i32::MAX, ..Scoring::default() };
        assert_eq!(align(&same[..3], &same, dear).score, 3 * i64::from(i32::MAX));
        let distinct: Vec<_> = (0..40_000).map(Some).collect();
        assert_eq!(align(&distinct, &distinct[10..20], Scoring::default()).score, 20);
    }

    #[test]
    fn what_is_unknown_matches_nothing() {
        assert_eq!(align::<u8>(&[None], &[None], Scoring::default()), Alignment { score: 0, ratio: Some(0.0) });
    }

    #[test]
    fn an_empty_sequence_has_no_ratio() {
        assert_eq!(align(&[], &[Some("a")], Scoring::default()), Alignment { score: 0, ratio: None });
        let free = Scoring { matched: 0, ..Scoring::default() };
        assert_eq!(align(&[Some("a")], &[Some("a")], free).ratio, None);
    }

    #[test]
    fn the_longer_of_two_sequences_may_stand_anywhere() {
        let text = |text: &'static str| text.chars().map(Some).collect::<Vec<_>>();
        let (a, b) = (text("ขคงจ"), text("กขคจงจฉ"));
        assert_eq!(align(&a, &b, Scoring::default()).score, 7);
        assert_eq!(align(&b, &a, Scoring::default()).score, 7);
    }
}
