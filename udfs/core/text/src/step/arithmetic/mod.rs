//! Whether the equations that a step states are right: a verifier of steps that needs no model.

mod equation;
mod expression;
mod lex;

use super::Verdict;
use crate::math::Convention;
use equation::{Finding, findings};

/// What calculating says of `step`: entailment where every equation found in it holds, contradiction where one is wrong, neutral
/// where there is none.
///
/// An equation is a calculation (`16 − 3`, `\frac{1}{2} \times 18`, `৩ × ৬`), an equals sign, and what it gives; both sides must
/// be numbers throughout. Numbers are read in any script and under the convention of grouping and decimal mark under which most
/// of the step is right. Units are passed over where a number has one: `16 eggs - 3 eggs = 13 eggs`. A result that is rounded or
/// cut off at the decimals it shows is right (`10 / 3 = 3.33`), and after ≈ one that is right to its last digit. What can be
/// read in two ways (percent, `:`, letters, units that differ) holds where one of them does and is never held against the step.
///
/// ```
/// use glotrace_text::step::{Verdict, arithmetic};
/// assert_eq!(arithmetic("She sells 16 - 3 - 4 = 9 eggs, and 9 * 2 = $18."), Verdict::Entailment);
/// assert_eq!(arithmetic("ดังนั้น ๓ × ๖ = ๑๙"), Verdict::Contradiction);
/// assert_eq!(arithmetic("Let x = 3."), Verdict::Neutral);
/// ```
pub fn arithmetic(step: &str) -> Verdict {
    // Most steps state none, and a search for one character is fast.
    if !step.contains(['=', '≈', '≃', '≅', '＝', '\\']) {
        return Verdict::Neutral;
    }
    let of_text = Convention::of_text(step);
    let conventions = [of_text, Convention::Comma, Convention::Dot, Convention::Blank, Convention::Unknown];
    let mut best: Option<(usize, Verdict)> = None;
    for (i, &convention) in conventions.iter().enumerate() {
        if i > 0 && convention == of_text {
            continue;
        }
        let found = findings(step, convention);
        let count = |finding| found.iter().filter(|&&found| found == finding).count();
        let (wrong, right) = (count(Finding::Wrong), count(Finding::Holds));
        let verdict = match (wrong, right) {
            (0, 0) => Verdict::Neutral,
            (0, _) => Verdict::Entailment,
            _ => Verdict::Contradiction,
        };
        if best.is_none_or(|(fewest, _)| wrong < fewest) {
            best = Some((wrong, verdict));
        }
        if wrong == 0 {
            break;
        }
    }
    best.map_or(Verdict::Neutral, |(_, verdict)| verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(verdict: Verdict, steps: &[&str]) {
        for step in steps {
            assert_eq!(arithmetic(step), verdict, "{step}");
        }
    }

    #[test]
    fn right_equations_hold_however_they_are_written() {
        all(
            Verdict::Entailment,
            &[
                "3 + 4 = 7",
                "So 16-3-4=9 eggs are left. Then 9 × 2 = $18 per day.",
                r"Thus $3 \times 6 = 18$ and \( \frac{1}{2} \cdot 18 = 9 \).",
                r"\[\dfrac{3}{4} + \frac14 = 1\]",
                r"$$18 \div 2 = \boxed{9}$$",
                "2^10 = 1024, 2**3 = 8 and 5² = 25",
                "17 % 5 = 2, 17 mod 5 = 2",
                "20% * 50 = 10; 5/20*100 = 25%; 100 - 20% = 80",
                "10 / 3 = 3.33 and 2/3 = 0.66",
                "10/3 ≈ 3.3, 1234 * 2 ≈ 2500",
                "1,000 + 500 = 1,500",
                "12 ÷ 4 = 3 = 1 + 2",
                "x = 3 * 4 = 12",
                "2(3+4) = 14, (2)(3) = 6",
                "16 eggs - 3 eggs = 13 eggs",
                "5 apples + 3 = 8 apples",
                "3 x 6 = 18 and 3x6=18",
                "6 : 2 = 3",
                "Step 2: 3+4=7",
                "- 3 + 4 = 7\n* 5 + 5 = 10\n1. 2 + 2 = 4",
                "3 + 4\n= 7",
                "**3 + 4 = 7**, that is 3 + 4 = **7**.",
                "2½ + ½ = 3",
                "5! = 120!",
                "√16 + 1 = 5, \\sqrt{2} = 1.414",
                "-3 + 8 = 5",
                "1.5e3 * 2 = 3000",
                "0.1 + 0.2 = 0.3",
                "60 km / 2 = 30 km/h",
                "\\text{Total} = 3 \\times 5 = 15",
                "80 / 3 = 26.666..., 56 + 43.076… = 99.076\\ldots",
                "2 + 6 = 8 letters a week, 30 + 60 = 90 L",
                "9 * 2 = 18 (since there are 9 eggs)",
                "5 × 6 × 4 = 120 cm³ and 3 × 120 = 360 \\text{ in}^3",
                "4 feet = 4 × 12 = 48 inches",
            ],
        );
    }

    #[test]
    fn digits_and_marks_of_any_script_are_numbers() {
        all(
            Verdict::Entailment,
            &[
                "১৬ − ৩ = ১৩টি ডিম",
                "所以3个×6=18个。",
                "１６－３＝１３",
                "ดังนั้น ๓ × ๖ = ๑๘ บาท",
                "కాబట్టి ౯ * ౨ = ౧౮",
                "Insgesamt 1.500 + 500 = 2.000 Euro und 2,5 · 2 = 5",
                "Итого 1 500 + 500 = 2 000 рублей",
                "Au total 12,5 × 2 = 25 euros",
                "3万 + 2万 = 5万",
                "3万 × 2 = 60000",
            ],
        );
    }

    #[test]
    fn one_wrong_equation_is_a_contradiction() {
        all(
            Verdict::Contradiction,
            &[
                "3 + 4 = 8",
                "3 + 4 = 7, so 7 * 2 = 15.",
                r"$\frac{1}{2} \times 18 = 8$",
                "১৬ − ৩ = ১৪টি ডিম",
                "所以3个×6=19个。",
                "2.5 * 3 = 7.6",
                "10 / 3 = 3",
                "10 / 3 ≈ 5",
                "16 eggs - 3 eggs = 12 eggs",
                "1,000 + 500 = 2,500",
                "3 * 4 = 12 + 5 = 17",
                "20% * 50 = 12",
                "5/20*100 = 30%",
                "2^10 = 1000",
                "7 = 3 + 5",
            ],
        );
    }

    #[test]
    fn what_is_no_calculation_is_neutral() {
        all(
            Verdict::Neutral,
            &[
                "",
                "Let me think.",
                "x = 5",
                "2x + 3 = 7",
                "y - 3 = 5 and f(3) = 9",
                "x2 + 3 = 5, a_1 = 3 + 4",
                "1 hour = 60 minutes",
                "1 hour + 30 minutes = 90 minutes",
                "3 + 4 = ?",
                "3 + 4 ≠ 8, 3 + 4 != 8, 3 + 4 >= 8",
                "half of 10 + 2 = 7",
                "1 1/2 + 1/2 = 3",
                "1/0 = 5",
                "sin(30) * 2 = 1",
                "1 + 2 + ... + 9 = 50",
                "3 + 4 = 5 + x",
                "cost - 3 = 8",
                "2ab + 3 = 7",
                "= = =",
                "\\",
                "n! / 2 = 5",
                "1.5 minutes = 1.5 * 60 seconds",
                "10% of 1300 = 0.1 * 1300; 25% more = 80 + 20; 20% + 5% = 3.2 + 0.8",
                "the price of 6 plates = 6 * 20",
                r"\frac{80}{3} = 26.\overline{6}",
            ],
        );
    }

    #[test]
    fn extremes_end() {
        for step in [
            "9^9^9^9 = 1".to_owned(),
            "200000! = 1".to_owned(),
            format!("1{} = 1", " + 1".repeat(20_000)),
            format!("{}1{} = 1", "(".repeat(5_000), ")".repeat(5_000)),
            "= ".repeat(20_000),
            "1 + 1 = 2. ".repeat(5_000),
        ] {
            let _ = arithmetic(&step);
        }
        assert_eq!(arithmetic(&"1 + 1 = 2. ".repeat(5_000)), Verdict::Entailment);
    }
}
