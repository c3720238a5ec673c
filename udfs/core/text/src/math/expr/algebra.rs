//! Exact arithmetic on terms: rational numbers, radicals, π, e, i, variables and functions of them.
//!
//! A [`Term`] is a fraction of two polynomials with rational coefficients in [`Atom`]s with rational exponents. Roots of
//! positive integers are kept as roots of primes, which are linearly independent over the rationals (Besicovitch 1940),
//! so two terms without opaque atoms are equal exactly when their cross products have the same coefficients. Opaque
//! atoms (functions, roots of sums, powers too large to write out) are compared by their own terms, and failing that by
//! value at fixed points.

use std::collections::BTreeMap;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// Numbers beyond this many bits are not written out.
const MAX_BITS: u64 = 200_000;
/// Sums beyond this many summands are not expanded.
const MAX_SUMMANDS: usize = 300;

/// What a polynomial is made of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Atom {
    /// A positive integer without small factors, under a root.
    Prime(BigInt),
    Pi,
    Euler,
    Imaginary,
    Variable(String),
    /// A sum under a root; its exponent is between 0 and 1.
    Sum(Box<Sum>),
    /// A function that is not computed further.
    Call(String, Vec<Term>),
}

type Product = BTreeMap<Atom, BigRational>;

/// A sum of products with rational coefficients; no coefficient is zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Sum(BTreeMap<Product, BigRational>);

/// A fraction of two sums; the denominator is not zero.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Term {
    above: Sum,
    below: Sum,
}

fn bits(q: &BigRational) -> u64 {
    q.numer().bits().max(q.denom().bits())
}

impl Sum {
    fn zero() -> Self {
        Self(BTreeMap::new())
    }

    fn number(q: BigRational) -> Self {
        Self::single(Product::new(), q)
    }

    fn single(product: Product, q: BigRational) -> Self {
        let mut sum = Self::zero();
        if !q.is_zero() {
            sum.0.insert(product, q);
        }
        sum
    }

    fn is_one(&self) -> bool {
        self.as_number().is_some_and(|q| q.is_one())
    }

    fn as_number(&self) -> Option<BigRational> {
        match self.0.len() {
            0 => Some(BigRational::zero()),
            1 => self.0.first_key_value().filter(|(product, _)| product.is_empty()).map(|(_, q)| q.clone()),
            _ => None,
        }
    }

    fn add(mut self, other: &Self) -> Option<Self> {
        for (product, q) in &other.0 {
            let entry = self.0.entry(product.clone()).or_insert_with(BigRational::zero);
            *entry += q;
            if entry.is_zero() {
                self.0.remove(product);
            }
        }
        (self.0.len() <= MAX_SUMMANDS).then_some(self)
    }

    fn scale(mut self, by: &BigRational) -> Self {
        if by.is_zero() {
            return Self::zero();
        }
        for q in self.0.values_mut() {
            *q *= by;
        }
        self
    }

    fn mul(&self, other: &Self, depth: u32) -> Option<Self> {
        if depth > 8 || self.0.len() * other.0.len() > MAX_SUMMANDS * 20 {
            return None;
        }
        let mut result = Self::zero();
        for (a, p) in &self.0 {
            for (b, q) in &other.0 {
                if bits(p) + bits(q) > MAX_BITS {
                    return None;
                }
                result = result.add(&product(a, b, p * q, depth)?)?;
            }
        }
        Some(result)
    }

    /// The one product of a sum of one.
    fn as_single(&self) -> Option<(&Product, &BigRational)> {
        (self.0.len() == 1).then(|| self.0.first_key_value()).flatten()
    }

    fn is_opaque(&self) -> bool {
        self.0.keys().flat_map(|p| p.keys()).any(|atom| match atom {
            Atom::Sum(_) | Atom::Call(..) => true,
            // A large leftover may hide a factor that a smaller one shows.
            Atom::Prime(p) => p.bits() > 20,
            _ => false,
        })
    }

    fn variables(&self, into: &mut Vec<String>, depth: u32) {
        if depth > 30 {
            return;
        }
        for atom in self.0.keys().flat_map(|p| p.keys()) {
            match atom {
                Atom::Variable(name) if !into.contains(name) => into.push(name.clone()),
                Atom::Sum(sum) => sum.variables(into, depth + 1),
                Atom::Call(_, arguments) => {
                    for term in arguments {
                        term.above.variables(into, depth + 1);
                        term.below.variables(into, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn at(&self, point: &BTreeMap<String, f64>, depth: u32) -> f64 {
        if depth > 30 {
            return f64::NAN;
        }
        let mut total = 0.0;
        for (product, q) in &self.0 {
            let mut value = q.to_f64().unwrap_or(f64::NAN);
            for (atom, exponent) in product {
                let exponent = exponent.to_f64().unwrap_or(f64::NAN);
                let base = match atom {
                    Atom::Prime(p) => p.to_f64().unwrap_or(f64::NAN),
                    Atom::Pi => std::f64::consts::PI,
                    Atom::Euler => std::f64::consts::E,
                    Atom::Imaginary => f64::NAN,
                    Atom::Variable(name) => point.get(name).copied().unwrap_or(f64::NAN),
                    Atom::Sum(sum) => sum.at(point, depth + 1),
                    Atom::Call(name, arguments) => {
                        let values: Vec<f64> = arguments.iter().map(|t| t.at(point, depth + 1)).collect();
                        call(name, &values)
                    }
                };
                value *= base.powf(exponent);
            }
            total += value;
        }
        total
    }
}

/// Multiplies two products; powers that became whole numbers are multiplied out.
fn product(a: &Product, b: &Product, mut q: BigRational, depth: u32) -> Option<Sum> {
    let mut merged = a.clone();
    for (atom, exponent) in b {
        *merged.entry(atom.clone()).or_insert_with(BigRational::zero) += exponent;
    }
    let mut plain = Product::new();
    let mut sums = Vec::new();
    for (atom, exponent) in merged {
        if exponent.is_zero() {
            continue;
        }
        match &atom {
            Atom::Prime(p) => {
                let whole = exponent.floor();
                q *= power_of(&BigRational::from(p.clone()), whole.numer())?;
                let rest = exponent - whole;
                if !rest.is_zero() {
                    plain.insert(atom, rest);
                }
            }
            Atom::Imaginary => {
                let turns = (exponent.floor().numer() % BigInt::from(4) + BigInt::from(4)) % BigInt::from(4);
                match turns.to_u32()? {
                    0 => {}
                    1 => {
                        plain.insert(atom, BigRational::one());
                    }
                    2 => q = -q,
                    _ => {
                        q = -q;
                        plain.insert(atom, BigRational::one());
                    }
                }
            }
            Atom::Sum(sum) => {
                let whole = exponent.floor().numer().to_i32().filter(|w| (0..8).contains(w))?;
                let rest = exponent - BigRational::from(BigInt::from(whole));
                for _ in 0..whole {
                    sums.push((**sum).clone());
                }
                if !rest.is_zero() {
                    plain.insert(atom, rest);
                }
            }
            _ => {
                plain.insert(atom, exponent);
            }
        }
    }
    let mut result = Sum::single(plain, q);
    for sum in sums {
        result = result.mul(&sum, depth + 1)?;
    }
    Some(result)
}

/// `base` to a whole power, or `None` where the result would be too large to write.
fn power_of(base: &BigRational, exponent: &BigInt) -> Option<BigRational> {
    if base.is_one() || exponent.is_zero() {
        return Some(BigRational::one());
    }
    if base.is_zero() {
        return (!exponent.is_negative()).then(BigRational::zero);
    }
    let n = exponent.magnitude().to_u32()?;
    if bits(base).checked_mul(u64::from(n))? > MAX_BITS && !(-base).is_one() {
        return None;
    }
    if (-base).is_one() {
        return Some(if n.is_multiple_of(2) { BigRational::one() } else { -BigRational::one() });
    }
    let (above, below) = (base.numer().pow(n), base.denom().pow(n));
    Some(if exponent.is_negative() { BigRational::new(below, above) } else { BigRational::new_raw(above, below) })
}

/// A function at real arguments; NaN where it has no real value or is not known.
fn call(name: &str, x: &[f64]) -> f64 {
    let first = x.first().copied().unwrap_or(f64::NAN);
    match (name, x.len()) {
        ("sin", 1) => first.sin(),
        ("cos", 1) => first.cos(),
        ("tan", 1) => first.tan(),
        ("cot", 1) => first.tan().recip(),
        ("sec", 1) => first.cos().recip(),
        ("csc", 1) => first.sin().recip(),
        ("arcsin" | "asin", 1) => first.asin(),
        ("arccos" | "acos", 1) => first.acos(),
        ("arctan" | "atan", 1) => first.atan(),
        ("sinh", 1) => first.sinh(),
        ("cosh", 1) => first.cosh(),
        ("tanh", 1) => first.tanh(),
        ("ln", 1) => first.ln(),
        ("abs", 1) => first.abs(),
        ("floor", 1) => first.floor(),
        ("ceil", 1) => first.ceil(),
        ("pow", 2) => first.powf(x[1]),
        _ => f64::NAN,
    }
}

impl Term {
    pub fn number(q: BigRational) -> Self {
        Self { above: Sum::number(q), below: Sum::number(BigRational::one()) }
    }

    pub fn integer(n: i64) -> Self {
        Self::number(BigRational::from(BigInt::from(n)))
    }

    pub fn atom(atom: Atom) -> Self {
        let product = Product::from([(atom, BigRational::one())]);
        Self { above: Sum::single(product, BigRational::one()), below: Sum::number(BigRational::one()) }
    }

    pub fn variable(name: &str) -> Self {
        Self::atom(Atom::Variable(name.to_owned()))
    }

    /// The rational number that this is, if it is one.
    pub fn as_number(&self) -> Option<BigRational> {
        if self.below.is_one() { self.above.as_number() } else { None }
    }

    /// The name, if this is one variable and nothing else.
    pub fn as_variable(&self) -> Option<&str> {
        let (product, q) = self.above.as_single()?;
        let (atom, exponent) = product.first_key_value()?;
        match atom {
            Atom::Variable(name) if q.is_one() && exponent.is_one() && product.len() == 1 && self.below.is_one() => {
                Some(name)
            }
            _ => None,
        }
    }

    pub fn has_variables(&self) -> bool {
        let mut names = Vec::new();
        self.above.variables(&mut names, 0);
        self.below.variables(&mut names, 0);
        !names.is_empty()
    }

    pub fn add(&self, other: &Self) -> Option<Self> {
        if self.below == other.below {
            return Self { above: self.above.clone().add(&other.above)?, below: self.below.clone() }.tidy();
        }
        let above = self.above.mul(&other.below, 0)?.add(&other.above.mul(&self.below, 0)?)?;
        Self { above, below: self.below.mul(&other.below, 0)? }.tidy()
    }

    pub fn neg(&self) -> Self {
        Self { above: self.above.clone().scale(&-BigRational::one()), below: self.below.clone() }
    }

    pub fn mul(&self, other: &Self) -> Option<Self> {
        Self { above: self.above.mul(&other.above, 0)?, below: self.below.mul(&other.below, 0)? }.tidy()
    }

    pub fn div(&self, other: &Self) -> Option<Self> {
        if other.above.0.is_empty() {
            return None;
        }
        Self { above: self.above.mul(&other.below, 0)?, below: self.below.mul(&other.above, 0)? }.tidy()
    }

    /// Moves a denominator of one product into the numerator.
    fn tidy(self) -> Option<Self> {
        let Some((product, q)) = self.below.as_single() else {
            return (!self.below.0.is_empty()).then_some(self);
        };
        if product.keys().any(|atom| matches!(atom, Atom::Sum(_) | Atom::Call(..))) {
            return Some(self);
        }
        if product.is_empty() && q.is_one() {
            return Some(self);
        }
        let inverse: Product = product.iter().map(|(atom, exponent)| (atom.clone(), -exponent)).collect();
        let inverse = self::product(&inverse, &Product::new(), q.recip(), 0)?;
        Some(Self { above: self.above.mul(&inverse, 0)?, below: Sum::number(BigRational::one()) })
    }

    /// `self` to the power of `exponent`.
    pub fn pow(&self, exponent: &Self) -> Option<Self> {
        let opaque = || Some(Self::atom(Atom::Call("pow".into(), vec![self.clone(), exponent.clone()])));
        let Some(q) = exponent.as_number() else {
            return if self.as_number().is_some_and(|base| base.is_one()) { Some(self.clone()) } else { opaque() };
        };
        if q.is_integer() {
            return match self.whole_power(q.numer()) {
                Some(result) => Some(result),
                // Zero to a negative power has no value; a power that is only too large keeps its name.
                None if self.above.0.is_empty() => None,
                None => opaque(),
            };
        }
        if let Some((product, c)) = self.above.as_single()
            && self.below.is_one()
            && c.is_one()
            && product.len() == 1
            && product.keys().all(|atom| matches!(atom, Atom::Euler | Atom::Pi))
        {
            let raised: Product = product.iter().map(|(atom, e)| (atom.clone(), e * &q)).collect();
            return Some(Self { above: Sum::single(raised, BigRational::one()), below: self.below.clone() });
        }
        let degree = q.denom().to_u32().filter(|&d| d <= 1_000)?;
        self.root(degree)?.whole_power(q.numer()).or_else(opaque)
    }

    fn whole_power(&self, n: &BigInt) -> Option<Self> {
        if n.is_negative() {
            return Self::integer(1).div(&self.whole_power(&-n)?);
        }
        if let Some(base) = self.as_number() {
            return power_of(&base, n).map(Self::number);
        }
        if let (Some((p, q)), true) = (self.above.as_single(), self.below.is_one())
            && !p.keys().any(|atom| matches!(atom, Atom::Sum(_)))
        {
            let exponent = BigRational::from(n.clone());
            let raised: Product = p.iter().map(|(atom, e)| (atom.clone(), e * &exponent)).collect();
            let above = product(&raised, &Product::new(), power_of(q, n)?, 0)?;
            return Some(Self { above, below: self.below.clone() });
        }
        let n = n.to_u32().filter(|&n| n <= 64)?;
        let mut result = Self::integer(1);
        for _ in 0..n {
            result = result.mul(self)?;
        }
        Some(result)
    }

    /// The principal root of degree `degree`; for an odd degree the real one.
    pub fn root(&self, degree: u32) -> Option<Self> {
        if degree == 0 {
            return None;
        }
        if degree == 1 {
            return Some(self.clone());
        }
        let above = root_of_sum(&self.above, degree)?;
        if self.below.is_one() { Some(above) } else { above.div(&root_of_sum(&self.below, degree)?) }
    }

    /// The absolute value.
    pub fn abs(&self) -> Self {
        match self.constant() {
            Some(value) if value < 0.0 => self.neg(),
            Some(_) => self.clone(),
            None => Self::atom(Atom::Call("abs".into(), vec![self.clone()])),
        }
    }

    /// The natural logarithm.
    pub fn ln(&self) -> Option<Self> {
        if let Some((product, q)) = self.above.as_single()
            && self.below.is_one()
            && q.is_positive()
        {
            // ln(q · p^a · e^b) = ln q + a ln p + b, so that log₂ 8 = 3 comes out exactly.
            let mut total = ln_of_integer(q.numer())?.add(&ln_of_integer(q.denom())?.neg())?;
            for (atom, exponent) in product {
                let part = match atom {
                    Atom::Euler => Self::integer(1),
                    Atom::Prime(p) => ln_of_integer(p)?,
                    _ => Self::atom(Atom::Call("ln".into(), vec![Self::atom(atom.clone())])),
                };
                total = total.add(&part.mul(&Self::number(exponent.clone()))?)?;
            }
            return Some(total);
        }
        if self.above.0.is_empty() {
            return None;
        }
        Some(Self::atom(Atom::Call("ln".into(), vec![self.clone()])))
    }

    /// A function by its name; an unknown one stays as it is.
    pub fn function(name: &str, argument: &Self) -> Option<Self> {
        Some(match name {
            "ln" => argument.ln()?,
            "log" | "lg" => argument.ln()?.div(&Self::integer(10).ln()?)?,
            "exp" => Self::atom(Atom::Euler).pow(argument)?,
            "abs" => argument.abs(),
            "sqrt" => argument.root(2)?,
            "floor" | "ceil" => match (argument.as_number(), argument.constant()) {
                (Some(q), _) => Self::number(if name == "floor" { q.floor() } else { q.ceil() }),
                // Close to a whole number the double does not say on which side.
                (None, Some(x)) if (x - x.round()).abs() > 1e-9 && x.abs() < 1e15 => {
                    Self::integer(if name == "floor" { x.floor() } else { x.ceil() } as i64)
                }
                _ => Self::atom(Atom::Call(name.into(), vec![argument.clone()])),
            },
            _ if argument.above.0.is_empty()
                && matches!(name, "sin" | "tan" | "arcsin" | "arctan" | "sinh" | "tanh") =>
            {
                Self::integer(0)
            }
            _ => Self::atom(Atom::Call(name.to_owned(), vec![argument.clone()])),
        })
    }

    /// n!, for whole numbers from 0 to 2,000.
    pub fn factorial(&self) -> Option<Self> {
        let Some(q) = self.as_number() else {
            return self.has_variables().then(|| Self::atom(Atom::Call("factorial".into(), vec![self.clone()])));
        };
        let n = q.is_integer().then(|| q.numer().to_u32()).flatten()?;
        if n > 2_000 {
            return Some(Self::atom(Atom::Call("factorial".into(), vec![self.clone()])));
        }
        let value = (2..=n).fold(BigInt::one(), |value, k| value * k);
        Some(Self::number(BigRational::from(value)))
    }

    /// The binomial coefficient, for whole numbers up to 2,000.
    pub fn binomial(&self, k: &Self) -> Option<Self> {
        let whole = |t: &Self| t.as_number().filter(BigRational::is_integer)?.numer().to_u32().filter(|&n| n <= 2_000);
        let (Some(n), Some(k)) = (whole(self), whole(k)) else {
            return Some(Self::atom(Atom::Call("binomial".into(), vec![self.clone(), k.clone()])));
        };
        if k > n {
            return Some(Self::integer(0));
        }
        let value = (0..k.min(n - k)).fold(BigInt::one(), |value, i| value * (n - i) / (i + 1));
        Some(Self::number(BigRational::from(value)))
    }

    /// The value as a double, if no variable is in it and the value is real and finite.
    pub fn constant(&self) -> Option<f64> {
        if self.has_variables() {
            return None;
        }
        Some(self.at(&BTreeMap::new(), 0)).filter(|value| value.is_finite())
    }

    fn at(&self, point: &BTreeMap<String, f64>, depth: u32) -> f64 {
        if let (true, Some(q)) = (self.below.is_one(), self.above.as_number()) {
            return q.to_f64().unwrap_or(f64::NAN);
        }
        self.above.at(point, depth) / self.below.at(point, depth)
    }

    /// Whether both are the same number or the same function of the same variables.
    pub fn same(&self, other: &Self) -> bool {
        if let (Some(a), Some(b)) = (self.as_number(), other.as_number()) {
            return a == b;
        }
        if self == other {
            return true;
        }
        if let (Some(a), Some(b)) = (self.above.mul(&other.below, 0), other.above.mul(&self.below, 0)) {
            if a == b {
                return true;
            }
            if ![&self.above, &self.below, &other.above, &other.below].into_iter().any(Sum::is_opaque) {
                return false;
            }
        }
        self.same_at_points(other)
    }

    /// Whether both are zero at the same places because one is a multiple of the other.
    pub fn same_zeros(&self, other: &Self) -> bool {
        let monic = |sum: &Sum| {
            let lead = sum.0.first_key_value().map(|(_, q)| q.recip())?;
            Some(Self { above: sum.clone().scale(&lead), below: Sum::number(BigRational::one()) })
        };
        match (monic(&self.above), monic(&other.above)) {
            (Some(a), Some(b)) => a.same(&b),
            (None, None) => true,
            _ => false,
        }
    }

    /// Compares at fixed points, some negative; equal where at least one point has a value on both sides and all agree
    /// to ten digits.
    fn same_at_points(&self, other: &Self) -> bool {
        let mut names = Vec::new();
        for sum in [&self.above, &self.below, &other.above, &other.below] {
            sum.variables(&mut names, 0);
        }
        names.sort();
        let mut compared = 0;
        for round in 0..8u32 {
            let point: BTreeMap<String, f64> = names
                .iter()
                .zip(1u32..)
                .map(|(name, k)| {
                    // Multiples of the golden ratio are spread evenly and satisfy no small identity by accident.
                    let spread = (f64::from(round * 31 + k * 7 + 3) * 0.618_033_988_749_895).fract();
                    (name.clone(), if round < 4 { 0.3 + 2.1 * spread } else { 1.7 - 3.9 * spread })
                })
                .collect();
            let (a, b) = (self.at(&point, 0), other.at(&point, 0));
            // Where one side has no value nothing is said: √x·√x is x although only one of them has a value at −1.
            if a.is_finite() && b.is_finite() {
                if (a - b).abs() > 1e-10 * a.abs().max(b.abs()).max(1e-3) {
                    return false;
                }
                compared += 1;
            }
            if names.is_empty() {
                break;
            }
        }
        compared > 0
    }
}

/// Splits a positive integer into small primes and what is left; a left-over power of `degree` is taken apart too.
fn factors(n: &BigInt, degree: u32) -> Vec<(BigInt, u32)> {
    let mut left = n.clone();
    let mut found = Vec::new();
    for p in (2u32..1_100).filter(|p| p % 2 == 1 || *p == 2) {
        if left.bits() <= 1 {
            break;
        }
        let mut count = 0;
        while (&left % p).is_zero() {
            left /= p;
            count += 1;
        }
        if count > 0 {
            found.push((BigInt::from(p), count));
        }
    }
    if !left.is_one() {
        let root = left.nth_root(degree);
        if degree > 1 && root.pow(degree) == left { found.push((root, degree)) } else { found.push((left, 1)) }
    }
    found
}

fn ln_of_integer(n: &BigInt) -> Option<Term> {
    if n.bits() > 4_000 {
        return Some(Term::atom(Atom::Call("ln".into(), vec![Term::number(BigRational::from(n.clone()))])));
    }
    let mut total = Term::integer(0);
    for (p, count) in factors(n, 2) {
        let ln = Term::atom(Atom::Call("ln".into(), vec![Term::number(BigRational::from(p))]));
        total = total.add(&ln.mul(&Term::integer(i64::from(count)))?)?;
    }
    Some(total)
}

fn root_of_integer(n: &BigInt, degree: u32) -> Option<Term> {
    if n.bits() > 40_000 {
        return None;
    }
    let mut result = Sum::number(BigRational::one());
    for (p, count) in factors(n, degree) {
        let exponent = BigRational::new(BigInt::from(count), BigInt::from(degree));
        let power = product(&Product::from([(Atom::Prime(p), exponent)]), &Product::new(), BigRational::one(), 0)?;
        result = result.mul(&power, 0)?;
    }
    Some(Term { above: result, below: Sum::number(BigRational::one()) })
}

fn root_of_sum(sum: &Sum, degree: u32) -> Option<Term> {
    if sum.0.is_empty() {
        return Some(Term::integer(0));
    }
    let one = BigRational::from(BigInt::one());
    let share = BigRational::new(BigInt::one(), BigInt::from(degree));
    let opaque = || {
        Term::atom(Atom::Call(
            "pow".into(),
            vec![Term { above: sum.clone(), below: Sum::number(one.clone()) }, Term::number(share.clone())],
        ))
    };
    let Some((product, q)) = sum.as_single() else {
        let power = Product::from([(Atom::Sum(Box::new(sum.clone())), share.clone())]);
        return Some(Term { above: Sum::single(power, one.clone()), below: Sum::number(one) });
    };
    // Of a variable's power the root may be an absolute value, and a function may be negative: those keep their root.
    let plain = |atom: &Atom| matches!(atom, Atom::Prime(_) | Atom::Pi | Atom::Euler);
    if !product.keys().all(plain) {
        return Some(opaque());
    }
    let mut result = root_of_integer(&q.numer().abs(), degree)?.div(&root_of_integer(q.denom(), degree)?)?;
    if q.is_negative() {
        result = if degree % 2 == 1 {
            result.neg()
        } else if degree == 2 {
            result.mul(&Term::atom(Atom::Imaginary))?
        } else {
            return Some(opaque());
        };
    }
    let powers: Product = product.iter().map(|(atom, e)| (atom.clone(), e * &share)).collect();
    let powers = self::product(&powers, &Product::new(), one.clone(), 0)?;
    result.mul(&Term { above: powers, below: Sum::number(one) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radicals_are_exact() {
        let root = |n| Term::integer(n).root(2).unwrap();
        assert!(root(252).same(&Term::integer(6).mul(&root(7)).unwrap()));
        assert!(!root(253).same(&Term::integer(6).mul(&root(7)).unwrap()));
        assert!(root(144).same(&Term::integer(12)));
        // 1 / (1 + √2) = √2 − 1
        let left = Term::integer(1).div(&Term::integer(1).add(&root(2)).unwrap()).unwrap();
        assert!(left.same(&root(2).add(&Term::integer(-1)).unwrap()));
    }

    #[test]
    fn polynomials_are_compared_expanded() {
        let x = Term::variable("x");
        let plus = |n| x.add(&Term::integer(n)).unwrap();
        let square = plus(6).pow(&Term::integer(2)).unwrap();
        let expanded = x.mul(&x).unwrap().add(&x.mul(&Term::integer(12)).unwrap()).unwrap().add(&Term::integer(36));
        assert!(square.same(&expanded.unwrap()));
        assert!(!square.same(&plus(7).pow(&Term::integer(2)).unwrap()));
    }

    #[test]
    fn powers_too_large_to_write_keep_their_name() {
        let tower = |n| Term::integer(10).pow(&Term::integer(n)).unwrap();
        assert!(tower(10_000_000_000).same(&tower(10_000_000_000)));
        assert!(!tower(10_000_000_000).same(&tower(10_000_000_001)));
    }

    #[test]
    fn logarithms_of_powers_are_exact() {
        let three = Term::integer(8).ln().unwrap().div(&Term::integer(2).ln().unwrap()).unwrap();
        assert!(three.same(&Term::integer(3)));
    }
}
