//! All numbers of a text, under each convention that its writer may have followed.

use std::collections::BTreeSet;

use num_bigint::BigInt;
use num_rational::BigRational;

use super::chinese::section_unit;
use super::fold::fold;
use super::last_number::sign_before;
use super::numeral::{Convention, scan};

/// What a text may say in numbers: one sorted list for each convention, equal lists once.
///
/// A convention is what comma, point and blank mean between digits; beside it, `3万` is thirty thousand or a three before
/// a character. A text follows one convention from beginning to end, so that lists and not single numbers are compared.
pub(crate) fn readings(text: &str) -> BTreeSet<Vec<BigRational>> {
    let chars: Vec<char> = text.chars().map(fold).collect();
    let conventions = [Convention::Comma, Convention::Dot, Convention::Blank, Convention::Unknown, Convention::List];
    conventions
        .into_iter()
        .flat_map(|convention| [numbers(&chars, convention, false), numbers(&chars, convention, true)])
        .collect()
}

/// The numbers of folded text in ascending order; with `units`, 万 and its like multiply the number before them.
fn numbers(chars: &[char], convention: Convention, units: bool) -> Vec<BigRational> {
    let mut found = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let Some(numeral) = scan(chars, i, convention) else {
            i += 1;
            continue;
        };
        let negative = sign_before(chars, i);
        i = numeral.end;
        // A number too large to write out is kept by its digits.
        let mut value = numeral.exact().unwrap_or_else(|| BigRational::from(BigInt::from(numeral.exponent)));
        if units && let Some(power) = chars.get(i).copied().and_then(section_unit) {
            value *= BigRational::from(BigInt::from(10).pow(power));
        }
        found.push(if negative { -value } else { value });
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::readings;

    fn share_a_reading(a: &str, b: &str) -> bool {
        !readings(a).is_disjoint(&readings(b))
    }

    #[test]
    fn a_number_is_the_same_in_every_convention_and_script() {
        for same in ["1.234,5", "1 234,5", "1\u{202F}234,5", "১,২৩৪.৫", "1'234.5", "１，２３４．５", "๑,๒๓๔.๕"]
        {
            assert!(share_a_reading("1,234.5", same), "{same}");
        }
        assert!(share_a_reading("30,000", "3万"));
        assert!(share_a_reading("3万", "3万"));
        assert!(share_a_reading("12,34,567", "1,234,567"));
        assert!(share_a_reading("(1,2,3)", "(1, 2, 3)"));
    }

    #[test]
    fn other_numbers_are_other_numbers() {
        for (a, b) in [("1,234", "1,235"), ("5", "-5"), ("2 and 2", "2"), ("1.5", "15"), ("", "0")] {
            assert!(!share_a_reading(a, b), "{a} {b}");
        }
    }
}
