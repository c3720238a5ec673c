//! The value of a calculation.

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::lex::{Kind, Token};

/// How what has several meanings is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub percent: Percent,
    /// Whether `:` divides.
    pub colon_divides: bool,
}

/// What `20%` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Percent {
    /// 0.2.
    Hundredth,
    /// 20, as a unit.
    Unit,
    /// 0.2, and in a sum a share of what stands before it: 100 − 20% is 80.
    Share,
}

/// A side of an equation.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub value: BigRational,
    /// The decimals that it shows, where it is a number and no calculation.
    pub shown: Option<u32>,
    /// The words behind its numbers.
    pub units: Vec<String>,
    /// Whether it is a number or a fraction of two, and no calculation else.
    pub is_quantity: bool,
    /// Whether it is a percentage or a sum of these.
    pub is_percentage: bool,
    /// Whether it can be read otherwise.
    pub is_doubtful: bool,
    /// Whether a root was not exact.
    pub is_inexact: bool,
    /// By how much it may be off, relatively, if its numbers with two or more decimals are rounded ones.
    pub slack: f64,
}

/// The value of `tokens`, all of them; `None` where they are no calculation with numbers, or too large a one.
pub(super) fn evaluate(tokens: &[Token], reading: Reading) -> Option<Side> {
    let mut parser = Parser {
        tokens,
        at: 0,
        reading,
        depth: 0,
        operators: 0,
        divisions: 0,
        decimals: 0,
        units: Vec::new(),
        is_doubtful: false,
        is_inexact: false,
        slack: 0.0,
    };
    let Term { value, is_percent } = parser.sum()?;
    if parser.at < tokens.len() {
        return None;
    }
    Some(Side {
        value,
        shown: (parser.operators == 0).then_some(parser.decimals),
        units: parser.units,
        is_quantity: parser.operators == parser.divisions && parser.divisions <= 1,
        is_percentage: is_percent,
        is_doubtful: parser.is_doubtful,
        is_inexact: parser.is_inexact,
        slack: parser.slack,
    })
}

/// No number of a larger size in bits is calculated, and nothing nested deeper is read.
const BITS: u64 = 1 << 14;
const DEPTH: usize = 40;

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    reading: Reading,
    depth: usize,
    operators: usize,
    divisions: usize,
    /// Of the number read last.
    decimals: u32,
    units: Vec<String>,
    is_doubtful: bool,
    is_inexact: bool,
    slack: f64,
}

struct Term {
    value: BigRational,
    is_percent: bool,
}

impl Term {
    fn plain(value: BigRational) -> Self {
        Self { value, is_percent: false }
    }
}

impl<'a> Parser<'a> {
    fn kind(&self, ahead: usize) -> Option<&'a Kind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    fn is_spaced(&self, ahead: usize) -> bool {
        self.tokens.get(self.at + ahead).is_some_and(|token| token.spaced)
    }

    fn take(&mut self, kind: &Kind) -> Option<()> {
        if self.kind(0) != Some(kind) {
            return None;
        }
        self.at += 1;
        Some(())
    }

    fn sum(&mut self) -> Option<Term> {
        let mut left = self.product()?;
        while let Some(&Kind::Operator(sign @ ('+' | '-'))) = self.kind(0) {
            self.at += 1;
            self.operators += 1;
            let right = self.product()?;
            let is_share = self.reading.percent == Percent::Share && right.is_percent && !left.is_percent;
            let change = if is_share { &left.value * &right.value } else { right.value };
            let value = if sign == '+' { left.value + change } else { left.value - change };
            left = Term { value: within(value)?, is_percent: left.is_percent && right.is_percent };
        }
        Some(left)
    }

    fn product(&mut self) -> Option<Term> {
        let mut left = self.signed()?;
        loop {
            let operator = match self.kind(0) {
                Some(&Kind::Operator(operator @ ('*' | '/'))) => operator,
                Some(Kind::Percent | Kind::Modulo) => '%',
                Some(Kind::Colon) if self.colon_divides() => {
                    self.is_doubtful = true;
                    '/'
                }
                Some(Kind::Open) => {
                    self.is_doubtful |= self.is_spaced(0);
                    self.operators += 1;
                    let right = self.postfix()?;
                    left = Term::plain(within(left.value * right.value)?);
                    continue;
                }
                _ => return Some(left),
            };
            self.at += 1;
            self.operators += 1;
            self.divisions += usize::from(operator == '/');
            let right = self.signed()?;
            left = Term::plain(within(match operator {
                '*' => left.value * right.value,
                _ if right.value.is_zero() => return None,
                '/' => left.value / right.value,
                _ => remainder(&left.value, &right.value)?,
            })?);
        }
    }

    /// Both blanks or none: in `Step 2: 3 + 4` it divides nothing.
    fn colon_divides(&self) -> bool {
        self.reading.colon_divides && self.is_spaced(0) == self.is_spaced(1)
    }

    fn signed(&mut self) -> Option<Term> {
        if self.kind(0) == Some(&Kind::Operator('-')) {
            self.at += 1;
            self.depth += 1;
            let term = (self.depth <= DEPTH).then(|| self.signed())??;
            self.depth -= 1;
            return Some(Term { value: -term.value, ..term });
        }
        let base = self.postfix()?;
        if self.kind(0) != Some(&Kind::Operator('^')) {
            return Some(base);
        }
        self.at += 1;
        self.operators += 1;
        self.depth += 1;
        // From the right: 2^3^2 is 2^9.
        let exponent = (self.depth <= DEPTH).then(|| self.signed())??;
        self.depth -= 1;
        Some(Term::plain(self.power(&base.value, &exponent.value)?))
    }

    fn power(&mut self, base: &BigRational, exponent: &BigRational) -> Option<BigRational> {
        if *exponent == BigRational::new(1.into(), 2.into()) {
            return self.root(base);
        }
        let exponent = exponent.is_integer().then(|| exponent.to_integer().to_i32())??;
        if base.is_zero() && exponent < 0 || bits(base) * u64::from(exponent.unsigned_abs()) > BITS {
            return None;
        }
        Some(num_traits::Pow::pow(base, exponent))
    }

    fn root(&mut self, square: &BigRational) -> Option<BigRational> {
        if square.is_negative() {
            return None;
        }
        let root = BigRational::new(square.numer().sqrt(), square.denom().sqrt());
        if &root * &root == *square {
            return Some(root);
        }
        self.is_inexact = true;
        BigRational::from_float(square.to_f64()?.sqrt())
    }

    /// A number or group with what stands behind it: `!`, `%`, a unit.
    fn postfix(&mut self) -> Option<Term> {
        let mut term = Term::plain(self.primary()?);
        loop {
            match self.kind(0) {
                Some(Kind::Factorial) => {
                    self.operators += 1;
                    term.value = factorial(&term.value)?;
                }
                Some(Kind::Percent) if !self.starts_operand(1) => {
                    term.is_percent = true;
                    if self.reading.percent != Percent::Unit {
                        term.value /= BigRational::from(BigInt::from(100));
                    }
                }
                Some(Kind::Word(word)) if !word.calculates => {
                    self.is_doubtful |= word.is_doubtful;
                    self.units.push(word.text.clone());
                    let is_rate = self.kind(1) == Some(&Kind::Operator('/'))
                        && matches!(self.kind(2), Some(Kind::Word(_) | Kind::Variable));
                    self.at += if is_rate { 3 } else { 1 };
                    self.unit_power();
                    return Some(term);
                }
                // 18/day.
                Some(Kind::Operator('/')) if matches!(self.kind(1), Some(Kind::Word(_))) => {
                    self.at += 2;
                    return Some(term);
                }
                _ => return Some(term),
            }
            self.at += 1;
        }
    }

    /// In 5 cm³ the unit has the exponent and not the number.
    fn unit_power(&mut self) {
        if self.kind(0) != Some(&Kind::Operator('^')) {
            return;
        }
        if matches!(self.kind(1), Some(Kind::Number(..))) {
            self.at += 2;
        } else if let (Some(Kind::Open), Some(Kind::Number(..)), Some(Kind::Close)) =
            (self.kind(1), self.kind(2), self.kind(3))
        {
            self.at += 4;
        }
    }

    fn starts_operand(&self, ahead: usize) -> bool {
        matches!(self.kind(ahead), Some(Kind::Number(..) | Kind::Open | Kind::Fraction | Kind::Root))
    }

    fn primary(&mut self) -> Option<BigRational> {
        match self.kind(0)? {
            Kind::Number(value, decimals) => {
                let (value, decimals) = (value.clone(), *decimals);
                self.decimals = decimals;
                if decimals >= 2 && !value.is_zero() {
                    self.slack += 0.5 * 0.1f64.powf(decimals.into()) / value.abs().to_f64()?;
                }
                self.at += 1;
                Some(value)
            }
            Kind::Open => self.group(),
            Kind::Fraction => {
                self.at += 1;
                self.operators += 1;
                self.divisions += 1;
                let (numerator, denominator) = (self.group()?, self.group()?);
                (!denominator.is_zero()).then(|| numerator / denominator)
            }
            Kind::Root => {
                self.at += 1;
                self.operators += 1;
                let square = self.primary()?;
                self.root(&square)
            }
            _ => None,
        }
    }

    fn group(&mut self) -> Option<BigRational> {
        self.take(&Kind::Open)?;
        self.depth += 1;
        if self.depth > DEPTH {
            return None;
        }
        let value = self.sum()?.value;
        self.depth -= 1;
        self.take(&Kind::Close)?;
        Some(value)
    }
}

fn bits(value: &BigRational) -> u64 {
    value.numer().bits().max(value.denom().bits())
}

fn within(value: BigRational) -> Option<BigRational> {
    (bits(&value) <= 2 * BITS).then_some(value)
}

/// The remainder of whole numbers, with the sign of the divisor.
fn remainder(value: &BigRational, divisor: &BigRational) -> Option<BigRational> {
    let are_whole = value.is_integer() && divisor.is_integer() && !divisor.is_zero();
    are_whole.then(|| value - divisor * (value / divisor).floor())
}

fn factorial(value: &BigRational) -> Option<BigRational> {
    let n = value.is_integer().then(|| value.to_integer().to_u32())??;
    (n <= 100).then(|| BigRational::from((2..=n).fold(BigInt::one(), |product, k| product * k)))
}
