//! Whether an answer is mathematically equal to the gold answer.

use unicode_normalization::UnicodeNormalization;

use super::expr::parse::Units;
use super::expr::{Mode, Value, read, same};
use super::fold::{digit, fold};
use super::numeral::Convention;

/// Whether `answer` equals `gold` as mathematics.
///
/// Numbers are equal when their exact values are, in any script, grouping and form: `1,234.50`, `1.234,5`, `٤٩`,
/// 三百二十一, `\frac{1}{2}`, `0.5`, `2\frac12`, `1.2 \times 10^3`, `3!`, `\sqrt{12}`. Arithmetic is exact, so no rounding
/// is forgiven (`0.333` is not a third) and no large integer loses digits. Units, currencies and labels are ignored;
/// 50% is 50 and also one half. Terms with variables are equal as functions; sets in any order; tuples, intervals and
/// matrices in order; an inequality equals the interval that it describes, and `x = 5` equals 5. Other texts are equal
/// when they differ in case, blanks, punctuation and LaTeX wrapping only. An empty text and NaN equal nothing.
///
/// The gold answer is read with decimal points (`4.125`, `11,312`), as datasets write it. The answer is read in the
/// convention of its own words ([`equal_in`] takes the language). Where it has none (`9.464` alone in a box) a point is
/// a decimal point, because that is what LaTeX and English have and what models write in most languages; a comma with
/// three digits behind it groups, but is accepted as a decimal comma where only that reading equals the gold answer:
/// both uses are common, and that all digits agree by accident is unlikely. In German or Spanish words `4.125` is
/// accepted in both readings for the same reason. A last group that ends in zero is always a group (`20.000` is never
/// 20).
///
/// The cost is bounded: texts over 20,000 bytes, deep nesting and numbers with more than 200,000 bits are not read as
/// mathematics and are equal only as text.
///
/// ```
/// use glotrace_text::math::equal;
/// assert!(equal("1/2", r"\dfrac{2}{4}"));
/// assert!(equal("1,234.5", "1.234,5"));
/// assert!(equal(r"\{1, 2\}", r"\{2, 1\}"));
/// assert!(!equal("0.1", "0.1000001"));
/// ```
pub fn equal(gold: &str, answer: &str) -> bool {
    equal_by(gold, answer, Convention::of_text(answer))
}

/// [`equal`], the answer's numbers being read in the convention of `lang`, an ISO 639-1 code.
///
/// ```
/// use glotrace_text::math::equal_in;
/// assert!(equal_in("9464", "9.464", "de"));
/// assert!(!equal_in("9464", "9.464", "en"));
/// ```
pub fn equal_in(gold: &str, answer: &str, lang: &str) -> bool {
    equal_by(gold, answer, Convention::of_language(lang))
}

/// [`equal`] under a known convention.
pub(crate) fn equal_by(gold: &str, answer: &str, convention: Convention) -> bool {
    let (gold, answer) = (clean(gold), clean(answer));
    if gold.is_empty() || answer.is_empty() || is_nan(gold) || is_nan(answer) {
        return false;
    }
    if gold == answer {
        return true;
    }
    equal_as_mathematics(gold, answer, convention) || equal_as_text(gold, answer)
}

fn is_nan(text: &str) -> bool {
    text.eq_ignore_ascii_case("nan")
}

/// Takes off what surrounds an answer in prose: blanks, math delimiters, Markdown emphasis, quotes, a full stop.
pub(crate) fn clean(text: &str) -> &str {
    let mut text = text.trim();
    loop {
        let before = text;
        text = text
            .trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '`' | '"' | '“' | '”' | '$' | '。' | '।'));
        for (open, close) in [(r"\(", r"\)"), (r"\[", r"\]")] {
            if let Some(inner) = text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)) {
                text = inner;
            }
        }
        text = text.trim_end_matches(['.', ',', ';', ':']);
        // The backslash of an escaped dollar or blank at the end.
        if text.ends_with('\\') && !text.ends_with(r"\\") {
            text = &text[..text.len() - 1];
        }
        if text == before {
            return text;
        }
    }
}

fn equal_as_mathematics(gold: &str, answer: &str, convention: Convention) -> bool {
    let (golds, answers) = (conventions(gold, Convention::Comma), conventions(answer, convention));
    let percents: &[(bool, bool)] = match (has_percent(gold), has_percent(answer)) {
        (false, false) => &[(false, false)],
        (false, true) => &[(false, false), (false, true)],
        (true, false) => &[(false, false), (true, false)],
        // On both sides the sign means the same.
        (true, true) => &[(false, false)],
    };
    for &gold_convention in &golds {
        for &(gold_percent, answer_percent) in percents {
            for gold_units in [Units::None, Units::Spaced] {
                let mode = Mode { convention: gold_convention, units: gold_units, percent: gold_percent };
                let Some(gold_value) = read(gold, mode) else { continue };
                let constant = !gold_value.has_variables();
                if gold_units == Units::Spaced && !constant {
                    // Reading letters as units changed nothing, or left variables anyway.
                    continue;
                }
                for &answer_convention in &answers {
                    let mode = Mode { convention: answer_convention, units: Units::None, percent: answer_percent };
                    let plain = read(answer, mode);
                    if plain.as_ref().is_some_and(|value| same(&gold_value, value)) {
                        return true;
                    }
                    // Where the gold answer has no variables the letters of the answer may be units.
                    if constant
                        && plain.as_ref().is_none_or(Value::has_variables)
                        && read(answer, Mode { units: Units::All, ..mode })
                            .is_some_and(|value| same(&gold_value, &value))
                    {
                        return true;
                    }
                }
                if constant && !gold.contains(|c: char| c.is_alphabetic()) {
                    break;
                }
            }
        }
    }
    false
}

fn has_percent(text: &str) -> bool {
    text.contains(['%', '％', '٪']) || text.to_lowercase().contains("percent")
}

/// The conventions to try for `text` when `convention` is the likely one; only one where no number has a mark in it.
fn conventions(text: &str, convention: Convention) -> Vec<Convention> {
    let mut marks = (false, false);
    let mut after_mark = None;
    let mut zero_group = false;
    let chars: Vec<char> = text.chars().map(fold).collect();
    for (i, &c) in chars.iter().enumerate() {
        if matches!(c, ',' | '.') {
            marks = (marks.0 || c == ',', marks.1 || c == '.');
            after_mark = Some(i);
        }
        if c == '0' && after_mark == Some(i.wrapping_sub(3)) && !chars.get(i + 1).is_some_and(char::is_ascii_digit) {
            zero_group = true;
        }
    }
    let (comma, point) = marks;
    let mut tried = vec![convention];
    let mut also = |other| {
        if !tried.contains(&other) {
            tried.push(other);
        }
    };
    if comma || point {
        match convention {
            Convention::Dot | Convention::Unknown if !zero_group => also(Convention::Blank),
            _ => {}
        }
    }
    if comma {
        also(Convention::List);
    }
    tried
}

/// Words compared without LaTeX wrapping, case, blanks and the punctuation around them. Where digits are in the text
/// every mark may matter, so that only case and the width of blanks are ignored.
fn equal_as_text(gold: &str, answer: &str) -> bool {
    let plain = if gold.contains(|c| digit(c).is_some()) { plain_line } else { plain_words };
    let (gold, answer) = (plain(gold), plain(answer));
    !gold.is_empty() && gold == answer
}

fn plain_line(text: &str) -> String {
    let folded: String = text.nfkc().map(fold).flat_map(char::to_lowercase).collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn plain_words(text: &str) -> String {
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    // Names of commands that only set type are dropped.
    while let Some(at) = rest.find('\\') {
        words.push_str(&rest[..at]);
        let name = &rest[at + 1..];
        let width = name.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(name.len());
        if !matches!(
            &name[..width],
            "text"
                | "textbf"
                | "textit"
                | "textrm"
                | "mathrm"
                | "mathbf"
                | "mathit"
                | "mbox"
                | "left"
                | "right"
                | "displaystyle"
        ) {
            words.push('\\');
            words.push_str(&name[..width]);
        }
        rest = &name[width..];
    }
    words.push_str(rest);
    words
        .nfkc()
        .map(fold)
        .flat_map(char::to_lowercase)
        .filter(|c| !c.is_whitespace() && !matches!(c, '{' | '}' | '$' | '"'))
        .collect::<String>()
        .trim_matches(['(', ')', ',', ';', ':', '.'])
        .to_owned()
}

/// Whether `text` can be read as mathematics at all.
pub(crate) fn is_readable(text: &str, convention: Convention) -> bool {
    read(clean(text), Mode { convention, units: Units::All, percent: false }).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_equal_in_every_form() {
        for (gold, answer) in [
            ("18", "18"),
            ("18", "018"),
            ("1234", "1,234"),
            ("1234", "1 234"),
            ("1234", r"1\,234"),
            ("1234", "1{,}234"),
            ("1234567.89", "1.234.567,89"),
            ("1234567", "12,34,567"),
            ("49", "٤٩"),
            ("49", "४९"),
            ("49", "４９"),
            ("321", "三百二十一"),
            ("35000", "3万5千"),
            ("1/2", "0.5"),
            ("1/2", r"\frac12"),
            ("0.5", r"\dfrac{1}{2}"),
            ("5/2", r"2\frac{1}{2}"),
            ("5/2", "2½"),
            ("5/2", "2 1/2"),
            ("50", r"50\%"),
            ("0.5", "50%"),
            ("644", r"\$644"),
            ("644", "€ 644"),
            ("374", "374 km"),
            ("374", r"374\text{ km}^2"),
            ("374", "374 km/h"),
            ("90", r"90^\circ"),
            ("90", r"90^{\circ}"),
            ("-62", "−62"),
            ("-62", "－62"),
            ("1200", r"1.2 \times 10^3"),
            ("1200", "1.2e3"),
            ("725000", r"7.25\mathrm{e}5"),
            ("8", "2^3"),
            ("8", "2**3"),
            ("6", "3!"),
            ("10", r"\binom{5}{2}"),
            ("3", "|-3|"),
            ("3", r"\sqrt{9}"),
            ("3", r"\sqrt[3]{27}"),
            ("3", r"\log_2 8"),
            ("2", r"\lfloor 2.7 \rfloor"),
            ("0.5", r"\sin\frac{\pi}{6}"),
            ("5", "x = 5"),
            ("5", "5 = x"),
            ("5", "2 + 3 = 5"),
            ("5", r"\boxed{5}"),
            ("5", r"\mathbf{5}"),
            ("5", r"$5$."),
            ("5", "**5**"),
        ] {
            assert!(equal(gold, answer), "{gold} = {answer}");
        }
    }

    #[test]
    fn different_numbers_are_not_equal() {
        for (gold, answer) in [
            ("0.1", "0.1000001"),
            ("1/3", "0.333333"),
            ("35.782588533", "35.782588534"),
            ("2932476877977378295267884", "2932476877977378295267883"),
            ("20", "20,000"),
            ("20", "20.000 Euro"),
            ("9,464", "9.464"),
            ("15", "1.5"),
            ("6", "2 3"),
            ("18", ""),
            ("", ""),
            ("NaN", "NaN"),
            ("5", "5 hours 30 minutes"),
            ("100", "10^10"),
            ("0.5", "0.5%%%5"),
            ("12", r"\frac{1}{2}"),
        ] {
            assert!(!equal(gold, answer), "{gold} = {answer}");
        }
    }

    #[test]
    fn terms_are_equal_as_functions() {
        assert!(equal("x^2-25", "(x-5)(x+5)"));
        assert!(!equal("x^2-25", "(x-6)(x+6)"));
        assert!(equal("(x+6)^2", "x^2+12x+36"));
        assert!(equal("2xy", "2yx"));
        assert!(!equal("2xy", "2"));
        assert!(equal(r"\frac{\pi}{10}", r"\frac{1}{10}\pi"));
        assert!(equal("e^{6}", r"\exp(6)"));
        assert!(equal(r"5\sqrt{2}", r"\sqrt{50}"));
        assert!(equal(r"\frac{1}{\sqrt{2}}", r"\frac{\sqrt2}{2}"));
        assert!(equal(r"\sin^2 x + \cos^2 x", "1"));
        assert!(equal("y = 2x + 3", "2x+3"));
        assert!(equal("x + y = 3", "2y = 6 - 2x"));
        assert!(equal("5x", "5 x"));
        assert!(!equal("5x", "5"));
        assert!(equal(r"\frac{x^2-1}{x-1}", "x+1"));
        assert!(equal(r"3+2i", "2i + 3"));
        assert!(equal(r"\sqrt{-4}", "2i"));
    }

    #[test]
    fn sets_intervals_tuples_and_matrices_compare_by_their_parts() {
        for (gold, answer) in [
            (r"$\{-1,1,4\}$", "4, -1, 1"),
            (r"\{1, 2\}", r"x = 1 \text{ or } x = 2"),
            ("-2, 2", r"\pm 2"),
            (r"$(-\infty,0]$", r"(-\infty, 0]"),
            ("[0,9)", r"0 \le x < 9"),
            ("[0,9)", r"x \in [0, 9)"),
            ("[0,9)", "[0;9["),
            (r"(-\infty,2)\cup(11,\infty)", "x < 2 or x > 11"),
            (r"(-\infty,2)\cup(2,\infty)", r"x \neq 2"),
            (r"\mathbb{R} \setminus \{2\}", r"(-\infty,2)\cup(2,\infty)"),
            (r"\left(-3,\frac{2}{7}\right)", "(-3, 2/7)"),
            ("(1,2)", "x = 1, y = 2"),
            ("(1,100)", "(1, 100)"),
            (r"\emptyset", r"\{\}"),
            (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", r"\begin{bmatrix}1&2\\3&\frac{8}{2}\end{bmatrix}"),
            (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "(1, 2)"),
        ] {
            assert!(equal(gold, answer), "{gold} = {answer}");
        }
        for (gold, answer) in [
            ("(1,2)", "(2,1)"),
            ("(1,2)", "[1,2)"),
            (r"\{-1,6\}", r"\{-1, 10\}"),
            (r"(-\infty,-5)\cup(3,\infty)", r"(-\infty,-5) \cup (4,\infty)"),
            ("[0,9)", r"0 < x < 9"),
            (r"\{1,2\}", "1"),
        ] {
            assert!(!equal(gold, answer), "{gold} = {answer}");
        }
    }

    #[test]
    fn words_are_compared_without_case_and_wrapping() {
        assert!(equal("Monday", r"\text{ monday }"));
        assert!(equal("(B)", r"\textbf{B}"));
        assert!(!equal("Monday", "Tuesday"));
        assert!(!equal("listen", "silent"));
        assert!(equal("понедельник", "Понедельник."));
    }

    #[test]
    fn the_language_decides_what_a_mark_means() {
        assert!(equal_in("9464", "9.464", "de"));
        assert!(!equal_in("9464", "9.464", "en"));
        assert!(equal_in("9.464", "9,464", "fr"));
        assert!(!equal_in("9.464", "9,464", "en"));
        assert!(equal("796637", r"796.637\text{ euros}"));
        assert!(equal("4.125", "4,125"));
        // A German may have kept the decimal point of the question.
        assert!(equal_in("4.125", "4.125", "de"));
    }

    #[test]
    fn huge_and_deep_input_ends_soon() {
        let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(5_000), close.repeat(5_000));
        let sevens = "7".repeat(5_000);
        for text in [
            "10^{10^{10}}".to_owned(),
            "9^9^9^9".into(),
            "9^{9^{9^9}}".into(),
            "1e999999999".into(),
            "(x+y+z+1)^{1000}".into(),
            "(x+y+z+w+1)^{60}(x+y+z+w+2)^{60}".into(),
            "100000!".into(),
            "1000!!!!!!!".into(),
            "((((2^99999)^99999)^99999)^99999)".into(),
            deep("(", ")"),
            deep("{", "}"),
            deep(r"\frac{", "}{2}"),
            deep(r"\sqrt{", "}"),
            deep("|", "|"),
            "-".repeat(20_000),
            "2^".repeat(5_000),
            "1+".repeat(5_000),
            "x*".repeat(5_000),
            "(x+1)".repeat(1_000),
            r"\sqrt{2}+".repeat(500),
            format!(r"\sqrt{{{sevens}}}"),
            format!(r"\frac{{{sevens}}}{{{sevens}1}}"),
            sevens.clone(),
        ] {
            assert!(!equal("18", &text), "{}", &text[..text.len().min(40)]);
            assert!(!equal(&text, "18"), "{}", &text[..text.len().min(40)]);
        }
        assert!(equal("10^{10^{10}}", r"10^{10^{10}}"));
        assert!(equal(&sevens, &format!("0{sevens}")));
    }
}
