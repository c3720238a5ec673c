//! Tokens to a value, by recursive descent.
//!
//! ```text
//! list     = chain { ("," | "and") chain }
//! chain    = union { relation union }
//! union    = sum { ("∪" | "∩" | "\") sum }
//! sum      = product { ("+" | "-" | "±") product }
//! product  = signed { ("*" | "/" | nothing) signed }
//! signed   = { "-" | "+" | "±" } power
//! power    = postfix [ "^" signed ]
//! postfix  = primary { "!" | "%" | "°" | unit }
//! ```

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::One;

use crate::math::numeral::Convention;

use super::algebra::{Atom, Term};
use super::lex::{Kind, Token, tokens};
use super::value::{Relation, Value};

/// How deep brackets may nest; each level is a dozen stack frames.
const MAX_DEPTH: u32 = 40;
/// More tokens than this are prose.
const MAX_TOKENS: usize = 4_000;

/// How to read what may be read in two ways.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mode {
    pub convention: Convention,
    /// Whether letters that could be units (`5 m`, `5 men`) are units and not variables.
    pub units: Units,
    /// Whether 50% is a half; otherwise the sign is ignored.
    pub percent: bool,
}

/// Which letters are units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Units {
    /// None: every letter is a variable.
    None,
    /// Those with a blank before them.
    Spaced,
    /// All that can be.
    All,
}

/// Reads `text` as a value; `None` where it is not mathematics or exceeds a limit.
pub(crate) fn read(text: &str, mode: Mode) -> Option<Value> {
    let tokens = tokens(text, mode.convention)?;
    if tokens.is_empty() || tokens.len() > MAX_TOKENS {
        return None;
    }
    let with_sign = |upper: bool| {
        let mut parser = Parser { tokens: &tokens, at: 0, mode, depth: 0, bars: 0, upper, signs: false, operations: 0 };
        let value = parser.list()?;
        parser.words();
        (parser.at == tokens.len()).then_some((value, parser.signs))
    };
    let (value, signs) = with_sign(true)?;
    if !signs {
        return Some(value);
    }
    // ± stands for two answers.
    let (other, _) = with_sign(false)?;
    Some(Value::Set(vec![value, other]))
}

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    mode: Mode,
    depth: u32,
    /// Open bars: within |…| the next bar closes.
    bars: u32,
    /// The sign that ± has in this pass.
    upper: bool,
    signs: bool,
    operations: u32,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Kind> {
        self.tokens.get(self.at).map(|token| &token.kind)
    }

    fn take(&mut self, kind: &Kind) -> bool {
        let found = self.peek() == Some(kind);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, kind: &Kind) -> Option<()> {
        self.take(kind).then_some(())
    }

    /// Skips words where a value is expected or done.
    fn words(&mut self) {
        while self.is_word(self.at) {
            self.at += 1;
        }
    }

    fn is_word(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at) else { return false };
        match &token.kind {
            Kind::Word(_) => true,
            Kind::Letters(_) => match self.mode.units {
                Units::None => false,
                Units::Spaced => token.spaced || at == 0,
                Units::All => true,
            },
            _ => false,
        }
    }

    fn list(&mut self) -> Option<Value> {
        let mut items = vec![self.chain()?];
        loop {
            self.words();
            if !matches!(self.peek(), Some(Kind::Comma | Kind::And)) {
                break;
            }
            while matches!(self.peek(), Some(Kind::Comma | Kind::And)) {
                self.at += 1;
            }
            self.words();
            if self.at == self.tokens.len() || matches!(self.peek(), Some(Kind::Close(_))) {
                break;
            }
            items.push(self.chain()?);
        }
        Some(if items.len() == 1 { items.remove(0) } else { Value::List(items) })
    }

    fn chain(&mut self) -> Option<Value> {
        let mut items = vec![self.union()?];
        let mut relations = Vec::new();
        loop {
            self.words();
            let Some(Kind::Relation(relation)) = self.peek() else { break };
            relations.push(*relation);
            self.at += 1;
            items.push(self.union()?);
        }
        Some(if relations.is_empty() { items.remove(0) } else { Value::Chain(items, relations) })
    }

    fn union(&mut self) -> Option<Value> {
        let mut value = self.sum()?;
        loop {
            self.words();
            value = match self.peek() {
                Some(Kind::Union) => {
                    self.at += 1;
                    let next = self.sum()?;
                    match value {
                        Value::Union(mut parts) => {
                            parts.push(next);
                            Value::Union(parts)
                        }
                        first => Value::Union(vec![first, next]),
                    }
                }
                Some(Kind::Intersection) => {
                    self.at += 1;
                    Value::Intersection(Box::new(value), Box::new(self.sum()?))
                }
                Some(Kind::Difference) => {
                    self.at += 1;
                    Value::Difference(Box::new(value), Box::new(self.sum()?))
                }
                _ => return Some(value),
            };
        }
    }

    fn sum(&mut self) -> Option<Value> {
        // Each level of brackets comes through here.
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut value = self.product()?;
        loop {
            self.words();
            let negative = match self.peek() {
                Some(Kind::Plus) => false,
                Some(Kind::Minus) => true,
                Some(Kind::PlusMinus) => {
                    self.signs = true;
                    !self.upper
                }
                Some(Kind::MinusPlus) => {
                    self.signs = true;
                    self.upper
                }
                _ => break,
            };
            self.at += 1;
            let next = self.product()?;
            let (a, b) = (value.as_term()?, next.as_term()?);
            value = Value::Number(if negative { a.add(&b.neg())? } else { a.add(b)? });
            self.spend()?;
        }
        self.depth -= 1;
        Some(value)
    }

    /// Counts operations on terms, each of which is bounded, so that their number bounds the whole.
    fn spend(&mut self) -> Option<()> {
        self.operations += 1;
        (self.operations < 3_000).then_some(())
    }

    fn product(&mut self) -> Option<Value> {
        let mut value = self.signed()?;
        loop {
            let before = self.at;
            self.words();
            let worded = self.at > before;
            let divide = match self.peek() {
                Some(Kind::Times) => {
                    self.at += 1;
                    false
                }
                Some(Kind::Over) => {
                    self.at += 1;
                    // km/h: a unit over a unit.
                    if worded && self.is_word(self.at) {
                        continue;
                    }
                    true
                }
                Some(_) if self.starts_factor() && !worded => false,
                _ => break,
            };
            let next = self.signed()?;
            let (a, b) = (value.as_term()?, next.as_term()?);
            value = Value::Number(if divide { a.div(b)? } else { a.mul(b)? });
            self.spend()?;
        }
        Some(value)
    }

    /// Whether what comes multiplies what came, without a sign between them. Two numbers side by side do not.
    fn starts_factor(&self) -> bool {
        // "5 boxes (of 3)" is not a product.
        if self.at > 0 && self.is_word(self.at - 1) {
            return false;
        }
        let number_before = self.at > 0 && matches!(self.tokens[self.at - 1].kind, Kind::Number(_) | Kind::Vulgar(_));
        match self.peek() {
            Some(Kind::Number(_) | Kind::Vulgar(_)) => {
                !number_before && self.at > 0 && matches!(self.tokens[self.at - 1].kind, Kind::Close(_))
            }
            Some(
                Kind::Letter(_)
                | Kind::Letters(_)
                | Kind::Function(_)
                | Kind::Frac
                | Kind::Sqrt
                | Kind::Binomial
                | Kind::Open('(' | '{' | 'f' | 'c'),
            ) => true,
            Some(Kind::Bar) => self.bars == 0,
            _ => false,
        }
    }

    fn signed(&mut self) -> Option<Value> {
        let mut negative = false;
        loop {
            self.words();
            match self.peek() {
                Some(Kind::Minus) => negative = !negative,
                Some(Kind::Plus) => {}
                Some(Kind::PlusMinus) => {
                    self.signs = true;
                    negative ^= !self.upper;
                }
                Some(Kind::MinusPlus) => {
                    self.signs = true;
                    negative ^= self.upper;
                }
                // %62
                Some(Kind::Percent) => {}
                _ => break,
            }
            self.at += 1;
        }
        let value = self.power()?;
        if !negative {
            return Some(value);
        }
        match value {
            Value::Number(term) => Some(Value::Number(term.neg())),
            Value::Infinity(below) => Some(Value::Infinity(!below)),
            _ => None,
        }
    }

    fn power(&mut self) -> Option<Value> {
        let base = self.postfix()?;
        if !self.take(&Kind::Power) {
            return Some(base);
        }
        // A right-associative tower of powers recurses.
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let exponent = self.signed()?;
        self.depth -= 1;
        self.spend()?;
        Some(Value::Number(base.as_term()?.pow(exponent.as_term()?)?))
    }

    fn postfix(&mut self) -> Option<Value> {
        let mut value = self.primary()?;
        loop {
            match self.peek() {
                Some(Kind::Factorial) => {
                    self.at += 1;
                    value = Value::Number(value.as_term()?.factorial()?);
                    self.spend()?;
                }
                Some(Kind::Percent) => {
                    self.at += 1;
                    if self.mode.percent
                        && let Value::Number(term) = &value
                    {
                        value = Value::Number(term.div(&Term::integer(100))?);
                    }
                }
                Some(Kind::Degree) => self.at += 1,
                Some(Kind::Word(_) | Kind::Letters(_)) if self.is_word(self.at) => {
                    if let Some(scale) = self.scale_word() {
                        value = Value::Number(value.as_term()?.mul(&Term::number(scale))?);
                    }
                    self.unit();
                }
                Some(Kind::Letter(_)) if self.is_unit_letter() => self.unit(),
                _ => return Some(value),
            }
        }
    }

    /// A unit, what it is per (km/h), and its power.
    fn unit(&mut self) {
        self.at += 1;
        self.unit_power();
        let next = self.tokens.get(self.at + 1).map(|t| &t.kind);
        if self.peek() == Some(&Kind::Over) && matches!(next, Some(Kind::Letter(_) | Kind::Word(_) | Kind::Letters(_)))
        {
            self.at += 2;
            self.unit_power();
        }
    }

    /// The square of a unit: cm², `m^2`, `m2`.
    fn unit_power(&mut self) {
        let spaced = self.tokens.get(self.at).is_some_and(|t| t.spaced);
        match self.peek() {
            Some(Kind::Number(_)) if !spaced => self.at += 1,
            Some(Kind::Power) => {
                let number = |at: usize| matches!(self.tokens.get(at).map(|t| &t.kind), Some(Kind::Number(_)));
                let kind = |at: usize| self.tokens.get(at).map(|t| &t.kind);
                if number(self.at + 1) {
                    self.at += 2;
                } else if kind(self.at + 1) == Some(&Kind::Open('{'))
                    && number(self.at + 2)
                    && kind(self.at + 3) == Some(&Kind::Close('{'))
                {
                    self.at += 4;
                }
            }
            _ => {}
        }
    }

    /// "3 million" is a number and not three of something.
    fn scale_word(&self) -> Option<BigRational> {
        let Some(Kind::Word(word)) = self.peek() else { return None };
        let power = match word.to_lowercase().as_str() {
            "thousand" | "тысяча" | "тысячи" | "тысяч" => 3,
            "million" | "millions" | "millionen" | "millones" | "millón" | "миллион" | "миллиона" | "миллионов" => {
                6
            }
            "billion" | "billions" | "milliarde" | "milliarden" | "milliard" | "milliards" | "миллиард" => 9,
            "trillion" | "trillions" => 12,
            _ => return None,
        };
        Some(BigRational::from(BigInt::from(10).pow(power)))
    }

    fn is_unit_letter(&self) -> bool {
        let Some(Token { kind: Kind::Letter(letter), spaced }) = self.tokens.get(self.at) else { return false };
        let unit = matches!(
            letter.as_str(),
            "m" | "g" | "s" | "h" | "l" | "L" | "t" | "d" | "c" | "N" | "J" | "W" | "V" | "A" | "K" | "C" | "F" | "B"
        );
        unit && match self.mode.units {
            Units::None => false,
            Units::Spaced => *spaced,
            Units::All => true,
        }
    }

    fn primary(&mut self) -> Option<Value> {
        self.words();
        let token = self.tokens.get(self.at)?;
        self.at += 1;
        match &token.kind {
            Kind::Number(q) => Some(Value::Number(Term::number(self.mixed(q.clone())?))),
            Kind::Vulgar(q) => Some(Value::Number(Term::number(q.clone()))),
            Kind::Letter(name) => Some(Value::Number(self.letter(name)?)),
            Kind::Letters(word) => {
                let mut product = Term::integer(1);
                for c in word.chars() {
                    product = product.mul(&constant_or_variable(&c.to_string()))?;
                }
                Some(Value::Number(product))
            }
            Kind::Function(name) => self.function(name),
            Kind::Frac => {
                let above = self.group()?;
                let below = self.group()?;
                Some(Value::Number(above.as_term()?.div(below.as_term()?)?))
            }
            Kind::Binomial => {
                let n = self.group()?;
                let k = self.group()?;
                Some(Value::Number(n.as_term()?.binomial(k.as_term()?)?))
            }
            Kind::Sqrt => self.square_root(),
            Kind::Infinity => Some(Value::Infinity(false)),
            Kind::EmptySet => Some(Value::Set(Vec::new())),
            Kind::Reals => Some(Value::Reals),
            Kind::MatrixBegin => self.matrix(),
            Kind::Bar => {
                self.bars += 1;
                let value = self.sum()?;
                self.expect(&Kind::Bar)?;
                self.bars -= 1;
                Some(Value::Number(value.as_term()?.abs()))
            }
            Kind::Open('{') => {
                let value = self.inside(|parser| parser.list())?;
                self.expect(&Kind::Close('{'))?;
                Some(value)
            }
            Kind::Open('s') => {
                if self.take(&Kind::Close('s')) {
                    return Some(Value::Set(Vec::new()));
                }
                let value = self.inside(|parser| parser.list())?;
                self.expect(&Kind::Close('s'))?;
                Some(Value::Set(match value {
                    Value::List(items) => items,
                    single => vec![single],
                }))
            }
            Kind::Open(which @ ('f' | 'c')) => {
                let value = self.inside(|parser| parser.sum())?;
                self.expect(&Kind::Close(*which))?;
                Some(Value::Number(Term::function(if *which == 'f' { "floor" } else { "ceil" }, value.as_term()?)?))
            }
            Kind::Open('<') => {
                let value = self.inside(|parser| parser.list())?;
                self.expect(&Kind::Close('>'))?;
                Some(bracketed('(', value, ')'))
            }
            // ]a, b[ is French for an open interval.
            Kind::Close(']') => {
                let value = self.inside(|parser| parser.list())?;
                let close = self.interval_end()?;
                matches!(value, Value::List(_)).then(|| bracketed('(', value, close))
            }
            Kind::Open(open @ ('(' | '[')) => {
                let value = self.inside(|parser| parser.list())?;
                let close = self.interval_end()?;
                match value {
                    Value::List(_) => Some(bracketed(*open, value, close)),
                    // Brackets around one value only group.
                    value => Some(value),
                }
            }
            _ => None,
        }
    }

    /// Reads within brackets, where bars start afresh.
    fn inside<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let bars = std::mem::take(&mut self.bars);
        let value = read(self)?;
        self.bars = bars;
        Some(value)
    }

    fn interval_end(&mut self) -> Option<char> {
        let close = match self.peek()? {
            Kind::Close(')') | Kind::Open('[') => ')',
            Kind::Close(']') => ']',
            _ => return None,
        };
        self.at += 1;
        Some(close)
    }

    /// A whole number with a fraction right behind it is a mixed number: 2½, `2\frac{1}{2}`, "2 1/2".
    fn mixed(&mut self, whole: BigRational) -> Option<BigRational> {
        if !whole.is_integer() {
            return Some(whole);
        }
        let kind = |at: usize| self.tokens.get(at).map(|t| &t.kind);
        let integer = |at: usize| match kind(at) {
            Some(Kind::Number(q)) if q.is_integer() => Some(q),
            _ => None,
        };
        let at = self.at;
        if let Some(Kind::Vulgar(q)) = kind(at) {
            self.at += 1;
            return Some(whole + q);
        }
        let (above, below, width) = if kind(at) == Some(&Kind::Frac) {
            let shape = [1, 4].iter().all(|&o| kind(at + o) == Some(&Kind::Open('{')))
                && [3, 6].iter().all(|&o| kind(at + o) == Some(&Kind::Close('{')));
            match (integer(at + 2), integer(at + 5)) {
                (Some(above), Some(below)) if shape => (above, below, 7),
                _ => return Some(whole),
            }
        } else {
            match (integer(at), kind(at + 1) == Some(&Kind::Over), integer(at + 2)) {
                (Some(above), true, Some(below)) => (above, below, 3),
                _ => return Some(whole),
            }
        };
        if *below == BigRational::from(BigInt::from(0)) {
            return None;
        }
        let value = whole + above / below;
        self.at += width;
        Some(value)
    }

    fn letter(&mut self, name: &str) -> Option<Term> {
        let mut name = name.to_owned();
        // The subscript belongs to the name.
        if self.take(&Kind::Under) {
            name.push('_');
            let braced = self.take(&Kind::Open('{'));
            loop {
                let token = self.tokens.get(self.at)?;
                match &token.kind {
                    Kind::Close('{') if braced => {
                        self.at += 1;
                        break;
                    }
                    Kind::Number(q) => name.push_str(&q.to_string()),
                    Kind::Letter(word) | Kind::Word(word) | Kind::Letters(word) => name.push_str(word),
                    _ => return None,
                }
                self.at += 1;
                if !braced {
                    break;
                }
            }
        }
        Some(constant_or_variable(&name))
    }

    /// A braced argument, or one value.
    fn group(&mut self) -> Option<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let value = if self.take(&Kind::Open('{')) {
            let value = self.inside(|parser| parser.sum())?;
            self.words();
            self.expect(&Kind::Close('{'))?;
            value
        } else {
            self.primary()?
        };
        self.depth -= 1;
        Some(value)
    }

    fn square_root(&mut self) -> Option<Value> {
        let mut degree = 2;
        if self.take(&Kind::Open('[')) {
            let value = self.inside(|parser| parser.sum())?;
            self.expect(&Kind::Close(']'))?;
            let q = value.as_term()?.as_number()?;
            degree =
                u32::try_from(q.is_integer().then(|| q.numer().clone())?).ok().filter(|d| (1..=1_000).contains(d))?;
        }
        let argument = self.group()?;
        self.spend()?;
        Some(Value::Number(argument.as_term()?.root(degree)?))
    }

    fn function(&mut self, name: &str) -> Option<Value> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let mut base = None;
        if self.take(&Kind::Under) {
            base = Some(self.group()?.as_term()?.clone());
        }
        let mut exponent = None;
        if self.take(&Kind::Power) {
            exponent = Some(self.group()?.as_term()?.clone());
        }
        let bracketed = matches!(self.peek(), Some(Kind::Open('(' | '{' | '[')));
        let argument = if bracketed {
            self.primary()?
        } else {
            // sin 2x is the sine of 2x: take in the factors that are written together.
            let mut value = self.signed()?;
            while matches!(self.peek(), Some(Kind::Letter(_) | Kind::Frac | Kind::Sqrt)) {
                let next = self.power()?;
                value = Value::Number(value.as_term()?.mul(next.as_term()?)?);
                self.spend()?;
            }
            value
        };
        self.depth -= 1;
        self.spend()?;
        let result = match (name, base, &argument) {
            ("max" | "min" | "gcd" | "lcm", _, Value::Bracketed(_, items, _)) => many(name, items)?,
            (_, Some(base), argument) if name == "log" => argument.as_term()?.ln()?.div(&base.ln()?)?,
            (_, None, argument) => Term::function(name, argument.as_term()?)?,
            _ => return None,
        };
        Some(Value::Number(match exponent {
            Some(exponent) => result.pow(&exponent)?,
            None => result,
        }))
    }

    fn matrix(&mut self) -> Option<Value> {
        let mut rows = vec![Vec::new()];
        loop {
            match self.peek()? {
                Kind::MatrixEnd => {
                    self.at += 1;
                    break;
                }
                Kind::Row => {
                    self.at += 1;
                    rows.push(Vec::new());
                }
                Kind::Column => self.at += 1,
                _ => {
                    let value = self.inside(|parser| parser.sum())?;
                    rows.last_mut()?.push(value);
                }
            }
        }
        rows.retain(|row| !row.is_empty());
        (!rows.is_empty()).then_some(Value::Matrix(rows))
    }
}

fn bracketed(open: char, value: Value, close: char) -> Value {
    Value::Bracketed(
        open,
        match value {
            Value::List(items) => items,
            single => vec![single],
        },
        close,
    )
}

fn constant_or_variable(name: &str) -> Term {
    match name {
        "pi" => Term::atom(Atom::Pi),
        "e" => Term::atom(Atom::Euler),
        "i" => Term::atom(Atom::Imaginary),
        name => Term::variable(name),
    }
}

/// A function of several numbers.
fn many(name: &str, items: &[Value]) -> Option<Term> {
    let numbers: Vec<BigRational> = items.iter().map(|item| item.as_term()?.as_number()).collect::<Option<_>>()?;
    let result = match name {
        "max" => numbers.into_iter().max()?,
        "min" => numbers.into_iter().min()?,
        _ => {
            let mut whole = numbers.iter().map(|q| q.is_integer().then(|| q.numer().clone()));
            let first = whole.next()??;
            BigRational::from(whole.try_fold(first, |a, b| {
                let b = b?;
                let gcd = gcd(a.clone(), b.clone());
                if name == "gcd" { Some(gcd) } else { (gcd != BigInt::from(0)).then(|| a * b / gcd) }
            })?)
        }
    };
    Some(Term::number(result))
}

fn gcd(mut a: BigInt, mut b: BigInt) -> BigInt {
    while b != BigInt::from(0) {
        (a, b) = (b.clone(), a % b);
    }
    if a < BigInt::from(0) { a * -BigInt::one() } else { a }
}

/// Whether the relation is an inequality.
pub(crate) fn is_order(relation: Relation) -> bool {
    matches!(relation, Relation::Less | Relation::LessEqual | Relation::Greater | Relation::GreaterEqual)
}
