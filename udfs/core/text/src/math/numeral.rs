//! Numbers as people write them: grouped in threes or the Indian way, with a decimal point or comma, with an exponent.
//!
//! `1.234` is one thousand in German and one and a bit in English, so a number is read under a [`Convention`]. Where
//! the shape leaves no choice (`1.234.567,89`, `36,4`) the shape wins over the convention.

use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::{One, Zero};

/// What comma, point and blank mean between digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Convention {
    /// English, Chinese, Japanese, Korean, Thai, Swahili, and Bengali and Telugu with Indian grouping:
    /// `1,234.5`, `12,34,567`.
    Comma,
    /// German, Spanish, Portuguese, Italian …: `1.234,5`, `1 234,5`.
    Dot,
    /// French, Russian …: `1 234,5`.
    Blank,
    /// Nothing is known: a well-formed comma group is a group, every other comma is a decimal comma, a point is a
    /// decimal point.
    Unknown,
    /// A comma always separates the items of a list.
    List,
    /// English grouping in threes and nothing else: no exponents, no Indian groups, no firm blanks. What Math-Verify reads.
    Western,
}

/// A number as written: decimal digits, not yet a machine number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numeral {
    /// Digits before the decimal mark, ASCII, may be empty.
    pub whole: String,
    /// Digits after it, ASCII, may be empty.
    pub fraction: String,
    /// Power of ten of an attached `e5`.
    pub exponent: i32,
    /// First position after the number.
    pub end: usize,
}

impl Numeral {
    /// The exact value, or `None` for an exponent beyond ±10,000 (a number of that size is never an answer, and
    /// writing it out would take megabytes).
    pub fn exact(&self) -> Option<BigRational> {
        if self.exponent.abs() > 10_000 {
            return None;
        }
        let digits: Vec<u8> = self.whole.bytes().chain(self.fraction.bytes()).map(|b| b - b'0').collect();
        let value = BigInt::from_radix_be(Sign::Plus, &digits, 10).unwrap_or_else(BigInt::zero);
        let places = i32::try_from(self.fraction.len()).ok()? - self.exponent;
        let scale = BigInt::from(10).pow(places.unsigned_abs());
        Some(if places > 0 { BigRational::new(value, scale) } else { BigRational::new(value * scale, BigInt::one()) })
    }

    /// The nearest double.
    pub fn double(&self) -> f64 {
        format!("{}.{}e{}", if self.whole.is_empty() { "0" } else { &self.whole }, self.fraction, self.exponent)
            .parse()
            .unwrap_or(f64::NAN)
    }
}

/// What stands between two runs of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Comma,
    Point,
    Blank,
    /// A blank that does not break, or LaTeX's `~`, `\,`, `\ `.
    Firm,
    Apostrophe,
}

/// One way to read marks: which group and which one is decimal.
type Reading = (&'static [Mark], Option<Mark>);

const ENGLISH: Reading = (&[Mark::Comma], Some(Mark::Point));
const DOTTED: Reading = (&[Mark::Point], Some(Mark::Comma));
const BLANK_COMMA: Reading = (&[Mark::Blank, Mark::Firm], Some(Mark::Comma));
const BLANK_POINT: Reading = (&[Mark::Blank, Mark::Firm], Some(Mark::Point));
const FIRM_POINT: Reading = (&[Mark::Firm], Some(Mark::Point));
const SWISS_POINT: Reading = (&[Mark::Apostrophe], Some(Mark::Point));
const SWISS_COMMA: Reading = (&[Mark::Apostrophe], Some(Mark::Comma));

impl Convention {
    /// The readings that this convention allows, the most natural first: the first among those that take in the most
    /// digits is chosen.
    fn readings(self) -> &'static [Reading] {
        match self {
            Self::Comma => &[ENGLISH, FIRM_POINT, SWISS_POINT, DOTTED],
            Self::Dot => &[DOTTED, BLANK_COMMA, BLANK_POINT, ENGLISH, SWISS_COMMA, SWISS_POINT],
            Self::Blank => &[BLANK_COMMA, BLANK_POINT, ENGLISH, DOTTED, SWISS_COMMA, SWISS_POINT],
            Self::Unknown => &[ENGLISH, BLANK_POINT, BLANK_COMMA, DOTTED, SWISS_POINT, SWISS_COMMA],
            Self::List => &[FIRM_POINT, SWISS_POINT],
            Self::Western => &[ENGLISH, SWISS_POINT],
        }
    }
}

/// Reads the number that starts at `start` in `text` (folded characters), without its sign.
///
/// A number starts at a digit, or at a decimal mark with a digit behind it (`.5`).
pub(crate) fn scan(text: &[char], start: usize, convention: Convention) -> Option<Numeral> {
    let at = |i: usize| text.get(i).copied();
    let is_digit = |i: usize| at(i).is_some_and(|c| c.is_ascii_digit());
    if at(start) == Some('.') && is_digit(start + 1) && (start == 0 || !is_digit(start - 1)) {
        let end = digits_end(text, start + 1);
        return Some(with_exponent(text, String::new(), text[start + 1..end].iter().collect(), end));
    }
    if !is_digit(start) {
        return None;
    }
    // Runs of digits with the mark in front of each.
    let mut runs: Vec<(Option<Mark>, usize, usize)> = vec![(None, start, digits_end(text, start))];
    loop {
        let end = runs[runs.len() - 1].2;
        let Some((mark, width)) = mark_at(text, end) else { break };
        if !is_digit(end + width) {
            break;
        }
        // A chain of groups longer than this is a list or a pasted table.
        if runs.len() > 2_000 {
            break;
        }
        runs.push((Some(mark), end + width, digits_end(text, end + width)));
    }
    let readings = convention.readings();
    let mut best: (usize, usize, bool) = (0, 1, false);
    for (index, reading) in readings.iter().enumerate() {
        let (used, decimal) = consumed(text, &runs, *reading, convention != Convention::Western);
        // Under the comma convention one point before three digits is a decimal point, one comma before two is a list.
        if convention == Convention::Comma && *reading == DOTTED && used < 3 {
            continue;
        }
        if used > best.1 || index == 0 {
            best = (index, used, decimal);
        }
    }
    let (_, used, decimal) = best;
    let finish = if convention == Convention::Western { without_exponent } else { with_exponent };
    let mut whole = String::new();
    let mut fraction = String::new();
    for (i, &(_, from, to)) in runs[..used].iter().enumerate() {
        let target = if decimal && i + 1 == used { &mut fraction } else { &mut whole };
        target.extend(&text[from..to]);
    }
    let end = runs[used - 1].2;
    Some(finish(text, whole, fraction, end))
}

fn without_exponent(_: &[char], whole: String, fraction: String, end: usize) -> Numeral {
    Numeral { whole, fraction, exponent: 0, end }
}

fn digits_end(text: &[char], from: usize) -> usize {
    from + text[from..].iter().take_while(|c| c.is_ascii_digit()).count()
}

/// The mark at `i` and its width in characters.
fn mark_at(text: &[char], i: usize) -> Option<(Mark, usize)> {
    let next = text.get(i + 1).copied();
    Some(match *text.get(i)? {
        ',' => (Mark::Comma, 1),
        '.' => (Mark::Point, 1),
        ' ' => (Mark::Blank, 1),
        '\u{A0}' | '~' => (Mark::Firm, 1),
        '\'' => (Mark::Apostrophe, 1),
        '\\' if matches!(next, Some(',' | ' ' | ';' | ':')) => (Mark::Firm, 2),
        '{' if text.get(i + 2) == Some(&'}') => match next? {
            ',' => (Mark::Comma, 3),
            '.' => (Mark::Point, 3),
            _ => return None,
        },
        _ => return None,
    })
}

/// How many runs a reading takes in, and whether the last of them is the fraction.
fn consumed(
    text: &[char],
    runs: &[(Option<Mark>, usize, usize)],
    (group, decimal): Reading,
    indian: bool,
) -> (usize, bool) {
    let width = |i: usize| runs[i].2 - runs[i].1;
    let groups_by = |i: usize, mark: Option<Mark>| {
        runs.get(i).is_some_and(|run| run.0.is_some_and(|m| group.contains(&m)) && (mark.is_none() || run.0 == mark))
    };
    let leads = width(0) <= 3 && text[runs[0].1] != '0';
    let mut used = 1;
    if leads && groups_by(1, None) {
        let mark = runs[1].0;
        let chain = 1 + (1..runs.len()).take_while(|&i| groups_by(i, mark)).count();
        let threes = 1 + (1..chain).take_while(|&i| width(i) == 3).count();
        let twos = 1 + (1..chain).take_while(|&i| width(i) == 2).count();
        if threes == chain {
            used = chain;
        } else if indian && mark == Some(Mark::Comma) && width(0) <= 2 && twos > 1 && twos < chain && width(twos) == 3 {
            // Indian: twos, and three digits at the end.
            used = twos + 1;
        } else {
            used = threes;
        }
    }
    if let Some(run) = runs.get(used)
        && run.0.is_some()
        && run.0 == decimal
        // A second mark of the same kind right after makes it a list or a version number, not a decimal.
        && (runs.get(used + 1).is_none_or(|next| next.0 != decimal))
    {
        return (used + 1, true);
    }
    (used, false)
}

fn with_exponent(text: &[char], whole: String, fraction: String, end: usize) -> Numeral {
    let plain = Numeral { whole, fraction, exponent: 0, end };
    if !matches!(text.get(end), Some('e' | 'E')) {
        return plain;
    }
    let negative = text.get(end + 1) == Some(&'-');
    let from = end + 1 + usize::from(negative || text.get(end + 1) == Some(&'+'));
    if !text.get(from).is_some_and(char::is_ascii_digit) {
        return plain;
    }
    let to = digits_end(text, from);
    // `2e5x` is not a number with an exponent.
    if text.get(to).is_some_and(|c| c.is_ascii_alphabetic()) {
        return plain;
    }
    let magnitude = text[from..to].iter().collect::<String>().parse::<i32>().unwrap_or(i32::MAX);
    Numeral { exponent: if negative { -magnitude } else { magnitude }, end: to, ..plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, convention: Convention) -> (String, usize) {
        let chars: Vec<char> = text.chars().map(crate::math::fold::fold).collect();
        let n = scan(&chars, 0, convention).unwrap();
        (format!("{}.{}e{}", n.whole, n.fraction, n.exponent), n.end)
    }

    #[test]
    fn each_convention_reads_its_own_marks() {
        assert_eq!(read("1,234.5", Convention::Comma), ("1234.5e0".into(), 7));
        assert_eq!(read("1.234,5", Convention::Dot), ("1234.5e0".into(), 7));
        assert_eq!(read("1 234,5", Convention::Blank), ("1234.5e0".into(), 7));
        assert_eq!(read("1.234", Convention::Dot), ("1234.e0".into(), 5));
        assert_eq!(read("1.234", Convention::Comma), ("1.234e0".into(), 5));
        assert_eq!(read("1.234", Convention::Blank), ("1.234e0".into(), 5));
        assert_eq!(read("12,34,567", Convention::Comma), ("1234567.e0".into(), 9));
    }

    #[test]
    fn an_unambiguous_shape_beats_the_convention() {
        assert_eq!(read("1.234.567,89", Convention::Comma), ("1234567.89e0".into(), 12));
        assert_eq!(read("62,351.25", Convention::Dot), ("62351.25e0".into(), 9));
        assert_eq!(read("36,4", Convention::Unknown), ("36.4e0".into(), 4));
        assert_eq!(read("96.75", Convention::Dot), ("96.75e0".into(), 5));
        assert_eq!(read("232’470", Convention::Dot), ("232470.e0".into(), 7));
        assert_eq!(read("131{,}982", Convention::Comma), ("131982.e0".into(), 9));
    }

    #[test]
    fn a_list_is_not_a_number() {
        assert_eq!(read("8, 3, 8", Convention::Comma), ("8.e0".into(), 1));
        assert_eq!(read("1,2", Convention::Comma), ("1.e0".into(), 1));
        assert_eq!(read("1,234", Convention::List), ("1.e0".into(), 1));
    }

    #[test]
    fn exponents_are_read_and_bounded() {
        assert_eq!(read("3.25e4", Convention::Comma), ("3.25e4".into(), 6));
        assert_eq!(read("2e5x", Convention::Comma), ("2.e0".into(), 1));
        let huge: Vec<char> = "1e999999999999".chars().collect();
        assert_eq!(scan(&huge, 0, Convention::Comma).unwrap().exact(), None);
    }
}
