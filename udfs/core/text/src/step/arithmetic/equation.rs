//! The equations of a step and whether they hold.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed, ToPrimitive, Zero};

use super::expression::{Percent, Reading, Side, evaluate};
use super::lex::{Kind, Token, tokens};
use crate::math::Convention;

/// What is found of an equation. One that cannot be read, or whose readings disagree, is not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Holds,
    Wrong,
}

/// A side has at most this many tokens; a longer one is not read.
const LONGEST: usize = 80;

/// What is found in `step`, numbers read under `convention`, in the order of its signs of equality.
pub(super) fn findings(step: &str, convention: Convention) -> Vec<Finding> {
    let tokens = tokens(step, convention);
    let is_sign = |&at: &usize| matches!(tokens[at].kind, Kind::Equal | Kind::Approximate);
    (0..tokens.len()).filter(is_sign).filter_map(|at| finding(&tokens, at)).collect()
}

fn finding(tokens: &[Token], at: usize) -> Option<Finding> {
    let from = tokens[..at].iter().rposition(ends).map_or(0, |end| end + 1).max(at.saturating_sub(LONGEST));
    let to = tokens[at + 1..].iter().position(ends).map_or(tokens.len(), |end| at + 1 + end).min(at + 1 + LONGEST);
    let holds_any = |kind: &Kind| tokens[from..to].iter().any(|token| token.kind == *kind);
    let percents: &[Percent] = if holds_any(&Kind::Percent) {
        &[Percent::Hundredth, Percent::Unit, Percent::Share]
    } else {
        &[Percent::Hundredth]
    };
    let colons: &[bool] = if holds_any(&Kind::Colon) { &[true, false] } else { &[false] };
    let mut found = None;
    for &colon_divides in colons {
        for &percent in percents {
            let reading = Reading { percent, colon_divides };
            let sides = left(tokens, from, at, reading).zip(right(tokens, at + 1, to, reading));
            match sides.and_then(|(left, right)| compare(&left, &right, tokens[at].kind == Kind::Approximate)) {
                Some(Finding::Holds) => return Some(Finding::Holds),
                Some(Finding::Wrong) => found = Some(Finding::Wrong),
                None => {}
            }
        }
    }
    found
}

fn ends(token: &Token) -> bool {
    matches!(token.kind, Kind::Break | Kind::Equal | Kind::Approximate)
}

/// The longest calculation that ends at `to`.
fn left(tokens: &[Token], from: usize, to: usize, reading: Reading) -> Option<Side> {
    let (start, mut side) = (from..to).find_map(|start| Some((start, evaluate(&tokens[start..to], reading)?)))?;
    // `4 feet = 4 × 12` and `20% + 5% = 3 + 1` say what a quantity is worth.
    side.is_doubtful |= side.is_percentage || side.is_quantity && !side.units.is_empty();
    let Some(before) = start.checked_sub(1).map(|before| &tokens[before]) else { return Some(side) };
    let is_tight = !tokens[start].spaced;
    if tokens[start].kind == Kind::Operator('-') && !matches!(before.kind, Kind::Open | Kind::Colon) && !ends(before) {
        // Behind a word `-3` is a number and `- 3` takes 3 from what the word means.
        let is_sign = matches!(before.kind, Kind::Word(_)) && tokens[start].spaced && !tokens[start + 1].spaced;
        return is_sign.then_some(side);
    }
    match &before.kind {
        Kind::Operator(_) | Kind::Percent | Kind::Modulo | Kind::Factorial | Kind::Fraction | Kind::Root => {
            return None;
        }
        Kind::Variable if is_tight => return None,
        Kind::Variable | Kind::Number(..) | Kind::Close => side.is_doubtful = true,
        // `the price of 6 plates = 6 × 20`: the words are what is equal.
        Kind::Word(word) => side.is_doubtful |= word.calculates || side.shown.is_some(),
        _ => {}
    }
    Some(side)
}

/// The longest calculation that begins at `from`.
fn right(tokens: &[Token], from: usize, to: usize, reading: Reading) -> Option<Side> {
    let is_number = |at: usize| {
        matches!(
            tokens.get(at).map(|token| &token.kind),
            Some(Kind::Number(..) | Kind::Open | Kind::Fraction | Kind::Root)
        )
    };
    let (end, mut side) = (from + 1..=to)
        .rev()
        // A word between two numbers is no unit of the first: 7 and 5 + 6.
        .filter(|&end| !(matches!(tokens[end - 1].kind, Kind::Word(_)) && is_number(end)))
        .find_map(|end| Some((end, evaluate(&tokens[from..end], reading)?)))?;
    let Some(behind) = tokens.get(end) else { return Some(side) };
    match &behind.kind {
        // Closing emphasis.
        Kind::Operator('*')
            if !behind.spaced
                && tokens.get(end + 1).is_none_or(|token| ends(token) || matches!(token.kind, Kind::Word(_))) => {}
        // A letter may be a unit: 90 L, 8 letters a week.
        Kind::Variable if behind.spaced => side.is_doubtful = true,
        Kind::Operator(_) | Kind::Percent | Kind::Modulo | Kind::Factorial | Kind::Variable => return None,
        Kind::Open if behind.spaced => {}
        Kind::Number(..) | Kind::Open | Kind::Fraction | Kind::Root => side.is_doubtful = true,
        Kind::Word(word) => side.is_doubtful |= word.calculates,
        _ => {}
    }
    Some(side)
}

/// Whether two sides are equal; `None` where neither calculates, or where they are unequal as read and may be read otherwise.
fn compare(left: &Side, right: &Side, is_approximate: bool) -> Option<Finding> {
    let shown = match (left.shown, right.shown) {
        (Some(_), Some(_)) => return None,
        (Some(decimals), None) => Some((&left.value, &right.value, decimals)),
        (None, Some(decimals)) => Some((&right.value, &left.value, decimals)),
        (None, None) => None,
    };
    let difference = (&left.value - &right.value).abs();
    let is_inexact = left.is_inexact || right.is_inexact;
    let holds = difference.is_zero()
        || shown.is_some_and(|(shown, value, decimals)| {
            rounds(shown, value, decimals, is_approximate) && (decimals > 0 || is_approximate)
        })
        || is_inexact && share(&difference, left, right) < 1e-9;
    if holds {
        return Some(Finding::Holds);
    }
    let share = share(&difference, left, right);
    let may_be_rounded = share <= left.slack + right.slack || is_approximate && share < 0.1;
    let is_clear = !(left.is_doubtful || right.is_doubtful || may_be_rounded || units_differ(left, right));
    is_clear.then_some(Finding::Wrong)
}

/// The difference relative to the larger side.
fn share(difference: &BigRational, left: &Side, right: &Side) -> f64 {
    let larger = left.value.abs().max(right.value.abs());
    if larger.is_zero() { 0.0 } else { (difference / larger).to_f64().unwrap_or(f64::INFINITY) }
}

/// Whether `shown` is `value` rounded or cut off at the decimals it shows; where it is called approximate, at its last digit
/// that is not 0.
fn rounds(shown: &BigRational, value: &BigRational, decimals: u32, is_approximate: bool) -> bool {
    let ten = BigInt::from(10);
    let scale = BigRational::from(ten.pow(decimals.min(1_000)));
    let mut unit = BigRational::from(BigInt::from(1)) / &scale;
    if is_approximate && !shown.is_zero() {
        while (shown / &unit / BigRational::from(ten.clone())).is_integer() {
            unit *= BigRational::from(ten.clone());
        }
        return (shown - value).abs() <= unit;
    }
    // What the decimals can show exactly must be exact.
    !(value * scale).is_integer() && (shown - value).abs() < unit
}

/// Whether numbers stand for different things: 1 hour and 60 minutes. A plural is the same as its singular.
fn units_differ(left: &Side, right: &Side) -> bool {
    let mut units = left.units.iter().chain(&right.units);
    let Some(first) = units.next() else { return false };
    units.any(|unit| {
        let common = first.chars().zip(unit.chars()).take_while(|(a, b)| a == b).count();
        let longer = first.chars().count().max(unit.chars().count());
        common < longer.min(3) || common + 2 < longer
    })
}
