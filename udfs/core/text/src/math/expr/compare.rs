//! Whether two answers are the same answer.

use std::cmp::Ordering;

use super::algebra::Term;
use super::parse::is_order;
use super::value::{Relation, Value};

/// Whether `answer` is the same as `gold`: the same number or function, set, tuple, interval or union of intervals,
/// matrix, or relation. `x = 5` is 5, an inequality in one variable is the interval that solves it, a set does not know
/// the order of its elements, and a list without brackets is a set or a tuple as the other side needs.
pub(crate) fn same(gold: &Value, answer: &Value) -> bool {
    same_within(gold, answer, 0)
}

fn same_within(gold: &Value, answer: &Value, depth: u32) -> bool {
    if depth > 20 {
        return false;
    }
    let (gold, answer) = (solved(gold), solved(answer));
    match (&gold, &answer) {
        (Value::Number(a), Value::Number(b)) => a.same(b),
        (Value::Infinity(a), Value::Infinity(b)) => a == b,
        (Value::Reals, Value::Reals) => true,
        (Value::List(a) | Value::Set(a), Value::List(b) | Value::Set(b)) if !orders(a) && !orders(b) => {
            unordered(a, b, depth)
        }
        (Value::Bracketed(open, a, close), Value::Bracketed(opens, b, closes)) => {
            // Two numbers in brackets are an interval as much as a pair; the brackets count either way.
            open == opens && close == closes && ordered(a, b, depth)
        }
        (Value::Bracketed('(', a, ')'), Value::List(b)) | (Value::List(a), Value::Bracketed('(', b, ')')) => {
            ordered(a, b, depth)
        }
        (Value::Matrix(a), Value::Matrix(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| ordered(a, b, depth))
        }
        (Value::Matrix(rows), Value::Bracketed(_, items, _)) | (Value::Bracketed(_, items, _), Value::Matrix(rows)) => {
            // A row or a column is a vector.
            (rows.len() == 1 || rows.iter().all(|row| row.len() == 1))
                && rows.iter().map(Vec::len).sum::<usize>() == items.len()
                && rows.iter().flatten().zip(items).all(|(a, b)| same_within(a, b, depth + 1))
        }
        (Value::Chain(a, r), Value::Chain(b, s)) if !r.iter().chain(s).any(|&x| is_order(x)) => equations(a, r, b, s),
        (Value::Set(items), other) | (other, Value::Set(items))
            if items.len() == 1 && matches!(other, Value::Number(_)) =>
        {
            same_within(&items[0], other, depth + 1)
        }
        // An equation against its right-hand side: y = 2x + 3 against 2x + 3.
        _ => match (region(&gold, 0), region(&answer, 0)) {
            (Some(a), Some(b)) => same_region(a, b),
            _ => false,
        },
    }
}

fn orders(items: &[Value]) -> bool {
    items.iter().any(|item| matches!(item, Value::Chain(_, relations) if relations.iter().any(|&r| is_order(r))))
}

fn ordered(a: &[Value], b: &[Value], depth: u32) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_within(a, b, depth + 1))
}

/// Set equality: each has a counterpart in the other.
fn unordered(a: &[Value], b: &[Value], depth: u32) -> bool {
    // Beyond this size nobody writes a set, and the comparison is quadratic.
    if a.len() > 200 || b.len() > 200 {
        return false;
    }
    let within = |x: &Value, set: &[Value]| set.iter().any(|y| same_within(x, y, depth + 1));
    a.iter().all(|x| within(x, b)) && b.iter().all(|y| within(y, a))
}

/// `x = 5` to 5, `5 = x` to 5, `2 + 3 = 5` to 5, `x = 1, y = 2` to its values in the order of the names.
fn solved(value: &Value) -> Value {
    match value {
        Value::Chain(items, relations) if relations.iter().all(|r| *r == Relation::Equal) => {
            // The last side that is not only a name.
            let named = |v: &Value| v.as_term().is_some_and(|t| t.as_variable().is_some());
            let (first, last) = (&items[0], &items[items.len() - 1]);
            let numeric = items.iter().all(|item| !item.has_variables());
            if named(first) || numeric || is_call(first) {
                last.clone()
            } else if named(last) && items.len() == 2 {
                first.clone()
            } else if items.len() > 2 && !last.has_variables() {
                last.clone()
            } else {
                value.clone()
            }
        }
        Value::Chain(items, relations) if matches!(relations.as_slice(), [Relation::Element]) => items[1].clone(),
        Value::List(items) | Value::Set(items) => {
            let mut names: Vec<Option<String>> = Vec::new();
            for item in items {
                names.push(match item {
                    Value::Chain(sides, relations) if matches!(relations.as_slice(), [Relation::Equal]) => {
                        sides[0].as_term().and_then(Term::as_variable).map(str::to_owned)
                    }
                    _ => None,
                });
            }
            let mut order: Vec<usize> = (0..items.len()).collect();
            let distinct = names.iter().all(Option::is_some)
                && (0..names.len()).all(|i| (0..i).all(|j| names[i] != names[j]))
                && names.len() > 1
                && names.len() < 30;
            if distinct {
                order.sort_by(|&i, &j| names[i].cmp(&names[j]));
            }
            let values: Vec<Value> = order.into_iter().map(|i| solved(&items[i])).collect();
            match value {
                _ if distinct => Value::Bracketed('(', values, ')'),
                Value::Set(_) => Value::Set(values),
                _ => Value::List(values),
            }
        }
        other => other.clone(),
    }
}

/// Whether this looks like f(x), which is read as a product of two letters.
fn is_call(value: &Value) -> bool {
    let Some(term) = value.as_term() else { return false };
    // f·x with f, g, h, P … in front.
    ["f", "g", "h", "p", "P", "y"]
        .iter()
        .any(|f| term.div(&Term::variable(f)).is_some_and(|rest| rest.as_variable().is_some_and(|x| x != *f)))
}

/// Equations are the same where their differences are in a fixed ratio.
fn equations(a: &[Value], r: &[Relation], b: &[Value], s: &[Relation]) -> bool {
    let difference = |sides: &[Value]| match sides {
        [left, right] => left.as_term()?.add(&right.as_term()?.neg()),
        _ => None,
    };
    if r != s || r.len() != 1 {
        return false;
    }
    let (Some(a), Some(b)) = (difference(a), difference(b)) else { return false };
    a.same_zeros(&b)
}

/// An end of an interval.
#[derive(Debug, Clone)]
struct End {
    /// `None` is infinity, in the direction of the end.
    at: Option<Term>,
    closed: bool,
}

/// A stretch of the real line.
#[derive(Debug, Clone)]
struct Stretch {
    low: End,
    high: End,
}

const OPEN: End = End { at: None, closed: false };

/// The part of the real line that a value stands for, in order and without overlaps.
fn region(value: &Value, depth: u32) -> Option<Vec<Stretch>> {
    if depth > 20 {
        return None;
    }
    let parts = match value {
        Value::Reals => vec![Stretch { low: OPEN, high: OPEN }],
        Value::Number(term) => vec![point(term.clone())],
        Value::Set(items) | Value::Union(items) => regions(items, depth)?.concat(),
        // "x < 1 or x > 3"; commas between inequalities mean the same here unless they bound one interval.
        Value::List(items) if orders(items) => {
            let parts = regions(items, depth)?;
            match parts.as_slice() {
                [a, b] => {
                    let meet = intersect(a, b)?;
                    if meet.is_empty() { parts.concat() } else { meet }
                }
                _ => parts.concat(),
            }
        }
        Value::Bracketed(open, items, close) => match items.as_slice() {
            [low, high] => vec![Stretch { low: end(low, *open == '[', true)?, high: end(high, *close == ']', false)? }],
            _ => return None,
        },
        Value::Intersection(a, b) => intersect(&region(a, depth + 1)?, &region(b, depth + 1)?)?,
        Value::Difference(a, b) => intersect(&region(a, depth + 1)?, &complement(&region(b, depth + 1)?))?,
        Value::Chain(items, relations) => inequality(items, relations, depth)?,
        _ => return None,
    };
    tidy(parts)
}

/// The part of the line of each item.
fn regions(items: &[Value], depth: u32) -> Option<Vec<Vec<Stretch>>> {
    items.iter().map(|item| region(item, depth + 1)).collect()
}

fn point(term: Term) -> Stretch {
    let end = End { at: Some(term), closed: true };
    Stretch { low: end.clone(), high: end }
}

fn end(value: &Value, closed: bool, low: bool) -> Option<End> {
    match value {
        Value::Infinity(below) => (*below == low).then_some(OPEN),
        Value::Number(term) => term.constant().map(|_| End { at: Some(term.clone()), closed }),
        _ => None,
    }
}

/// The solutions of `a < x ≤ b`, `x ≥ a`, `x ≠ a`, `x ∈ A`.
fn inequality(items: &[Value], relations: &[Relation], depth: u32) -> Option<Vec<Stretch>> {
    let is_name = |v: &Value| v.as_term().is_some_and(|t| t.as_variable().is_some());
    let mut result = vec![Stretch { low: OPEN, high: OPEN }];
    for (sides, relation) in items.windows(2).zip(relations) {
        let (left, right) = (&sides[0], &sides[1]);
        let (other, relation) = if is_name(left) && !right.has_variables() {
            (right, *relation)
        } else if is_name(right) && !left.has_variables() {
            (
                left,
                match relation {
                    Relation::Less => Relation::Greater,
                    Relation::LessEqual => Relation::GreaterEqual,
                    Relation::Greater => Relation::Less,
                    Relation::GreaterEqual => Relation::LessEqual,
                    same => *same,
                },
            )
        } else {
            return None;
        };
        let whole = |low, high| Some(vec![Stretch { low, high }]);
        let part = match relation {
            Relation::Less => whole(OPEN, end(other, false, false)?),
            Relation::LessEqual => whole(OPEN, end(other, true, false)?),
            Relation::Greater => whole(end(other, false, true)?, OPEN),
            Relation::GreaterEqual => whole(end(other, true, true)?, OPEN),
            Relation::Equal | Relation::Element => region(other, depth + 1),
            Relation::NotEqual => Some(complement(&region(other, depth + 1)?)),
        }?;
        result = intersect(&result, &part)?;
    }
    Some(result)
}

fn order(a: &Term, b: &Term) -> Option<Ordering> {
    if a.same(b) {
        return Some(Ordering::Equal);
    }
    if let (Some(a), Some(b)) = (a.as_number(), b.as_number()) {
        return Some(a.cmp(&b));
    }
    a.constant()?.partial_cmp(&b.constant()?)
}

/// Orders lower ends: −∞ first, a closed end before an open one at the same place.
fn order_low(a: &End, b: &End) -> Option<Ordering> {
    Some(match (&a.at, &b.at) {
        (None, None) => Ordering::Equal,
        (None, _) => Ordering::Less,
        (_, None) => Ordering::Greater,
        (Some(x), Some(y)) => order(x, y)?.then(b.closed.cmp(&a.closed)),
    })
}

/// Orders upper ends: ∞ last, a closed end after an open one at the same place.
fn order_high(a: &End, b: &End) -> Option<Ordering> {
    Some(match (&a.at, &b.at) {
        (None, None) => Ordering::Equal,
        (None, _) => Ordering::Greater,
        (_, None) => Ordering::Less,
        (Some(x), Some(y)) => order(x, y)?.then(a.closed.cmp(&b.closed)),
    })
}

fn is_empty(stretch: &Stretch) -> Option<bool> {
    Some(match (&stretch.low.at, &stretch.high.at) {
        (Some(low), Some(high)) => match order(low, high)? {
            Ordering::Less => false,
            Ordering::Equal => !(stretch.low.closed && stretch.high.closed),
            Ordering::Greater => true,
        },
        _ => false,
    })
}

/// Sorts, drops what is empty, joins what touches.
fn tidy(mut parts: Vec<Stretch>) -> Option<Vec<Stretch>> {
    if parts.len() > 100 {
        return None;
    }
    let mut failed = false;
    parts.retain(|part| {
        is_empty(part).map(|empty| !empty).unwrap_or_else(|| {
            failed = true;
            true
        })
    });
    parts.sort_by(|a, b| {
        order_low(&a.low, &b.low).unwrap_or_else(|| {
            failed = true;
            Ordering::Equal
        })
    });
    if failed {
        return None;
    }
    let mut result: Vec<Stretch> = Vec::new();
    for part in parts {
        if let Some(last) = result.last_mut() {
            let touches = match (&last.high.at, &part.low.at) {
                (Some(high), Some(low)) => match order(low, high)? {
                    Ordering::Less => true,
                    Ordering::Equal => last.high.closed || part.low.closed,
                    Ordering::Greater => false,
                },
                _ => true,
            };
            if touches {
                if order_high(&part.high, &last.high)? == Ordering::Greater {
                    last.high = part.high;
                }
                continue;
            }
        }
        result.push(part);
    }
    Some(result)
}

fn intersect(a: &[Stretch], b: &[Stretch]) -> Option<Vec<Stretch>> {
    if a.len() * b.len() > 1_000 {
        return None;
    }
    let mut result = Vec::new();
    for x in a {
        for y in b {
            let low = if order_low(&x.low, &y.low)? == Ordering::Less { &y.low } else { &x.low };
            let high = if order_high(&x.high, &y.high)? == Ordering::Greater { &y.high } else { &x.high };
            result.push(Stretch { low: low.clone(), high: high.clone() });
        }
    }
    tidy(result)
}

/// Of an ordered region without overlaps.
fn complement(region: &[Stretch]) -> Vec<Stretch> {
    let mut result = Vec::new();
    let mut low = Some(OPEN);
    for part in region {
        if let (Some(low), Some(at)) = (low.take(), part.low.at.clone()) {
            result.push(Stretch { low, high: End { at: Some(at), closed: !part.low.closed } });
        }
        low = part.high.at.clone().map(|at| End { at: Some(at), closed: !part.high.closed });
    }
    if let Some(low) = low {
        result.push(Stretch { low, high: OPEN });
    }
    result
}

fn same_region(a: Vec<Stretch>, b: Vec<Stretch>) -> bool {
    let same_end = |x: &End, y: &End| match (&x.at, &y.at) {
        (None, None) => true,
        (Some(p), Some(q)) => x.closed == y.closed && p.same(q),
        _ => false,
    };
    a.len() == b.len() && a.iter().zip(&b).all(|(x, y)| same_end(&x.low, &y.low) && same_end(&x.high, &y.high))
}
