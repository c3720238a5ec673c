//! Correctness as the first study decided it (Ki, Duh, Carpuat), with Math-Verify 0.9.0.
//!
//! The study asked Math-Verify whether the response, or the first box of the trace, verifies against the gold answer.
//! What Math-Verify extracts matters more for the verdict than how it compares: it looks for formulas between
//! delimiters, for boxes, and for plain numbers that stand after a blank, an equals sign or at the start, and the English
//! word "answer" raises their rank. So `所以她每天赚908美元` has no number for it, `%62` neither, and of two boxes close
//! to each other it makes a set. This module follows its documented order of extraction; the comparison is this crate's
//! own where Math-Verify calls SymPy.

use num_bigint::BigInt;
use num_rational::BigRational;

use super::boxed_first::boxed_first;
use super::expr::parse::Units;
use super::expr::{Mode, Value, read, same};
use super::fold::digit;
use super::numeral::Convention;

/// Whether the published code counts the output as correct: the response or the first box of the trace verifies.
///
/// The trace is searched without `<think>\n` and `\n</think>`, and taken whole where it holds no box. As in the study any
/// failure (a number of more than 4,300 digits, native digits where a number is expected) makes the output wrong.
///
/// ```
/// use glotrace_text::math::correct_ki2026;
/// assert!(correct_ki2026("18", Some(r"\boxed{18}"), Some(r"\boxed{17}")));
/// assert!(!correct_ki2026("1/2", Some(r"\boxed{\frac{1}{2}}"), None));
/// ```
pub fn correct_ki2026(gold: &str, trace: Option<&str>, response: Option<&str>) -> bool {
    let trace = trace.unwrap_or_default().replace("<think>\n", "").replace("\n</think>", "");
    let boxed = boxed_first(&trace).unwrap_or(trace.trim());
    let verdict = || -> Result<bool, Raised> {
        let gold = extract(gold)?;
        let response = extract(response.unwrap_or_default())?;
        let boxed = extract(boxed)?;
        Ok(verifies(&gold, &response) || verifies(&gold, &boxed))
    };
    verdict().unwrap_or(false)
}

/// Where Python raises an exception.
struct Raised;

/// What was extracted from a text.
#[derive(Debug)]
enum Extract {
    Value {
        value: Value,
        /// SymPy holds it as a binary float, which is compared to six decimals.
        float: bool,
    },
    /// Parsed, but as something that equals no answer.
    Other,
    /// The text of the first match, which equals only itself.
    Text(String),
}

/// A match of one of the extraction patterns.
#[derive(Debug)]
struct Match<'a> {
    start: usize,
    end: usize,
    what: What<'a>,
}

#[derive(Debug)]
enum What<'a> {
    /// Contents of neighbouring formulas.
    Formulas(Vec<&'a str>),
    /// From a box to the last brace of the text.
    Box(&'a str),
    Expression(&'a str),
    Number {
        whole: &'a str,
        fraction: &'a str,
    },
}

fn extract(text: &str) -> Result<Vec<Extract>, Raised> {
    let scanner = Scanner { text };
    let mut fallback = None;
    for rank in 0..RANKS {
        let mut found = scanner.ranked(rank);
        // The rightmost end first, then the leftmost start.
        found.sort_by(|a, b| b.end.cmp(&a.end).then(a.start.cmp(&b.start)));
        for candidate in found {
            let (value, content) = parsed(&candidate)?;
            if fallback.is_none() && !content.is_empty() {
                fallback = Some(content);
            }
            if let Some(value) = value {
                return Ok(std::iter::once(value).chain(fallback.map(Extract::Text)).collect());
            }
        }
    }
    Ok(fallback.map(Extract::Text).into_iter().collect())
}

fn parsed(found: &Match<'_>) -> Result<(Option<Extract>, String), Raised> {
    match &found.what {
        What::Number { whole, fraction } => {
            let digits: String = whole.chars().filter(|c| !matches!(c, ' ' | ',')).collect();
            let content = format!("{digits}{}", fraction.replace(',', "."));
            // Python refuses to convert both.
            if content.len() > 4_300 || !content.is_ascii() {
                return Err(Raised);
            }
            Ok((formula_value(&content), content))
        }
        What::Expression(expression) => {
            if !expression.is_ascii() {
                return Ok((None, (*expression).to_owned()));
            }
            let value = read(expression, MODE).map(|value| Extract::Value { value, float: expression.contains('.') });
            Ok((value, (*expression).to_owned()))
        }
        What::Box(from) => {
            let content = normalised(from, Boxes::Last);
            Ok((formula_value(&content), content))
        }
        What::Formulas(formulas) => {
            let contents: Vec<String> = formulas.iter().map(|formula| normalised(formula, Boxes::All)).collect();
            let mut values = Vec::new();
            for content in &contents {
                match formula_value(content) {
                    Some(Extract::Value { value, .. }) => values.push(value),
                    Some(other) if contents.len() == 1 => return Ok((Some(other), content.clone())),
                    _ => return Ok((None, contents[0].clone())),
                }
            }
            let float = contents.iter().any(|content| content.contains('.'));
            let value = if values.len() == 1 { values.remove(0) } else { Value::Set(values) };
            Ok((Some(Extract::Value { value, float }), contents.join(" and ")))
        }
    }
}

const MODE: Mode = Mode { convention: Convention::Western, units: Units::None, percent: false };

/// The value of normalised LaTeX. `None` where the LaTeX parser gives up, which it does on any letter it does not know.
fn formula_value(content: &str) -> Option<Extract> {
    if content.is_empty() {
        return None;
    }
    if !content.is_ascii() && !content.contains(r"\text") {
        return None;
    }
    // Upright text is a symbol for SymPy, and so are the letters of a word.
    let words = content.contains(r"\text")
        || (!content.contains('\\') && content.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word.len() > 4));
    match read(content, MODE) {
        Some(value) if !words => Some(Extract::Value { value, float: content.contains('.') }),
        _ => Some(Extract::Other),
    }
}

/// How boxes within a formula are taken out.
#[derive(Clone, Copy, PartialEq)]
enum Boxes {
    All,
    /// Only those that end the answer.
    Last,
}

fn normalised(formula: &str, boxes: Boxes) -> String {
    let mut content = unboxed(formula, boxes).trim().to_owned();
    for removed in [r"\!", r"\$", "$", "'", "\"", r"\displaystyle", r"\left", r"\right"] {
        content = content.replace(removed, "");
    }
    for name in ["rm", "it", "bf"] {
        content = content.replace(&format!(r"\math{name}"), r"\text").replace(&format!(r"\text{name}"), r"\text");
    }
    content = content.replace("{,}", ",").replace("\\ ", " ");
    // Upright text at the end is a unit, also with its power, and so is a known word.
    for power in ["}^2", "}^3", "}^{2}", "}^{3}"] {
        if content.ends_with(power) && content.contains(r"\text") {
            content.truncate(content.len() - power.len() + 1);
        }
    }
    while content.ends_with('}')
        && let Some(at) = content.rfind(r"\text")
        && content[at..].find('}') == Some(content.len() - at - 1)
        && !content[..at].trim().is_empty()
    {
        content.truncate(at);
        content.truncate(content.trim_end().len());
    }
    if let Some(inner) = content.strip_prefix(r"\text{").and_then(|rest| rest.strip_suffix('}'))
        && !inner.is_empty()
        && inner.bytes().all(|b| b.is_ascii_digit())
    {
        content = inner.to_owned();
    }
    let stem = content.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = content[stem.len()..].trim_end_matches('s');
    if !stem.trim().is_empty() && stem.ends_with(|c: char| c.is_ascii_digit() || c == '}' || c == ' ') && is_unit(unit)
    {
        content.truncate(stem.trim_end().len());
    }
    content.trim().trim_end_matches('.').to_owned()
}

/// The words that Math-Verify drops behind a number, those of them that occur in answers.
fn is_unit(word: &str) -> bool {
    matches!(
        word,
        "feet"
            | "ft"
            | "mile"
            | "mi"
            | "mph"
            | "degree"
            | "deg"
            | "km"
            | "m"
            | "cm"
            | "mm"
            | "dm"
            | "kg"
            | "g"
            | "gm"
            | "lb"
            | "pound"
            | "hour"
            | "hr"
            | "h"
            | "minute"
            | "min"
            | "second"
            | "sec"
            | "day"
            | "month"
            | "year"
            | "yr"
            | "apple"
            | "student"
            | "men"
            | "women"
            | "man"
            | "woman"
            | "unit"
            | "inch"
            | "inche"
            | "yard"
            | "meter"
            | "metre"
            | "liter"
            | "litre"
            | "l"
            | "gallon"
            | "gal"
            | "cent"
            | "coin"
            | "toy"
            | "meal"
            | "edge"
            | "digit"
            | "monkey"
            | "soldier"
            | "rupee"
            | "rs"
            | "acre"
            | "square"
            | "cubic"
            | "ohm"
            | "number"
            | "mark"
            | "c"
            | "t"
            | "d"
            | "am"
            | "pm"
            | "tile"
            | "point"
    )
}

/// Boxed contents joined with commas, from right to left; text without a box is itself.
fn unboxed(text: &str, boxes: Boxes) -> String {
    let mut results: Vec<String> = Vec::new();
    let mut limit = text.len();
    let mut following: Option<usize> = None;
    // Beyond this many boxes the joined list equals nothing anyway, and each is a search.
    while results.len() < 200 {
        let Some(start) = text[..limit].rfind(r"\boxed").max(text[..limit].rfind(r"\fbox")) else { break };
        let after = start + if text[start..].starts_with(r"\boxed") { 6 } else { 5 };
        let rest = text[after..limit].trim_start();
        let open = limit - rest.len();
        if !rest.starts_with('{') {
            if results.is_empty() && !rest.is_empty() {
                results.push(rest.to_owned());
            }
            break;
        }
        let mut depth = 0usize;
        let close = rest.bytes().position(|b| {
            match b {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            depth == 0
        });
        let Some(close) = close else {
            if results.is_empty() {
                results.push(rest.to_owned());
            }
            break;
        };
        let content = rest[1..close].trim();
        if let (Boxes::Last, Some(next)) = (boxes, following) {
            let between = &text[open + close + 1..next];
            let separates = between.contains([',', ';'])
                || between.split(|c: char| !c.is_alphanumeric()).any(|word| word == "and" || word == "or");
            let count = between.chars().count();
            let differs = results.last().is_none_or(|last| last != content);
            if count >= 10 && !(differs && count < 70 && separates) {
                break;
            }
        }
        if results.last().is_none_or(|last| last != content) {
            results.push(content.to_owned());
        }
        following = Some(start);
        limit = start;
    }
    if results.is_empty() {
        return text.to_owned();
    }
    results.reverse();
    results.join(",")
}

/// What has to follow the words of an anchor.
#[derive(Clone, Copy, PartialEq)]
enum Tail {
    /// The match, then "I hope".
    Hope,
    /// At most a hundred characters, " is", the match.
    Is,
    /// At most fifty characters, the match.
    Any,
}

/// How many ranks of patterns there are; a lower rank is only asked where no higher one gave a value.
const RANKS: usize = 5;

struct Scanner<'a> {
    text: &'a str,
}

impl<'a> Scanner<'a> {
    /// The matches of one rank, first those of formulas.
    fn ranked(&self, rank: usize) -> Vec<Match<'a>> {
        match rank {
            0 => self.anchored("final answer is", Tail::Hope),
            1 => {
                let mut found = self.anchored("final answer", Tail::Is);
                found.extend(self.boxes());
                found
            }
            2 => self.anchored("answer:", Tail::Any),
            3 => self.anchored("answer", Tail::Any),
            _ => {
                let mut found = self.all(Self::formulas_at);
                found.extend(self.all(Self::expression_at));
                found.extend(self.all(Self::number_at));
                found
            }
        }
    }

    fn byte(&self, i: usize) -> Option<u8> {
        self.text.as_bytes().get(i).copied()
    }

    fn char_at(&self, i: usize) -> Option<char> {
        self.text.get(i..)?.chars().next()
    }

    /// All matches from left to right, without overlaps.
    fn all(&self, matches: impl Fn(&Self, usize) -> Option<Match<'a>>) -> Vec<Match<'a>> {
        let mut found = Vec::new();
        let mut at = 0;
        while at <= self.text.len() {
            match matches(self, at) {
                Some(one) => {
                    at = one.end.max(at + 1);
                    found.push(one);
                }
                None => at += 1,
            }
            while !self.text.is_char_boundary(at) && at < self.text.len() {
                at += 1;
            }
        }
        found
    }

    /// Matches behind the words of an anchor, in any case.
    fn anchored(&self, words: &str, tail: Tail) -> Vec<Match<'a>> {
        let mut found = Vec::new();
        for formulas in [true, false] {
            let mut from = 0;
            while let Some(at) = find_ignoring_case(self.text, from, words) {
                let after = at + words.len();
                match self.behind(after, tail, formulas) {
                    Some(one) => {
                        from = one.end.max(after);
                        found.push(Match { start: at, ..one });
                    }
                    None => from = after,
                }
            }
        }
        found
    }

    fn behind(&self, after: usize, tail: Tail, formulas: bool) -> Option<Match<'a>> {
        let one_at = |at: usize| {
            if formulas {
                let at = at + self.text[at..].len() - self.text[at..].trim_start().len();
                self.formulas_at(at)
            } else {
                self.expression_at(at).or_else(|| self.number_at(at))
            }
        };
        match tail {
            Tail::Hope => {
                let at = after + usize::from(self.byte(after) == Some(b':'));
                let blanks = self.text[at..].len() - self.text[at..].trim_start().len();
                let one = one_at(at).or_else(|| if blanks > 1 { one_at(at + blanks - 1) } else { None })?;
                let rest = &self.text[one.end..];
                let rest = rest.strip_prefix('.').unwrap_or(rest);
                rest.strip_prefix(char::is_whitespace).unwrap_or(rest).starts_with("I hope").then_some(one)
            }
            Tail::Is => self.gap(after, 100, formulas).into_iter().find_map(|at| {
                let rest = self.text[at..].trim_start();
                let blank = rest.len() < self.text[at..].len();
                let rest = rest.strip_prefix("is").filter(|_| blank)?;
                let rest = rest.strip_prefix(':').unwrap_or(rest);
                one_at(self.text.len() - rest.len())
            }),
            Tail::Any => {
                let not_equated = |one: &Match<'_>| formulas || !self.text[one.end..].trim_start().starts_with('=');
                if !formulas {
                    // The last equals sign within reach wins over the nearest number.
                    let behind_equals = self.gap(after, 100, false).into_iter().rev().find_map(|at| {
                        let rest = self.text[at..].strip_prefix('=')?;
                        let blanks = rest.len() - rest.trim_start().len();
                        (blanks > 0).then(|| one_at(at + blanks)).flatten().filter(not_equated)
                    });
                    if behind_equals.is_some() {
                        return behind_equals;
                    }
                }
                self.gap(after, 50, formulas).into_iter().find_map(|at| one_at(at).filter(not_equated))
            }
        }
    }

    /// Positions up to `most` characters behind `from`, on its line unless `lines` may be crossed.
    fn gap(&self, from: usize, most: usize, lines: bool) -> Vec<usize> {
        let mut positions = vec![from];
        let mut at = from;
        for c in self.text[from..].chars().take(most) {
            if c == '\n' && !lines {
                break;
            }
            at += c.len_utf8();
            positions.push(at);
        }
        positions
    }

    /// Boxes: within formulas, and from the first one to the last brace.
    fn boxes(&self) -> Vec<Match<'a>> {
        let holds_box = |content: &str| {
            content.find(r"\boxed{").is_some_and(|at| content[at + 7..].find('}').is_some_and(|close| close > 0))
        };
        let mut found = self.all(|scanner, at| {
            scanner.formulas_at(at).filter(
                |one| matches!(&one.what, What::Formulas(contents) if contents.iter().all(|content| holds_box(content))),
            )
        });
        if let Some(start) = self.text.find(r"\boxed{")
            && let Some(close) = self.text[start + 7..].rfind('}')
            && close > 0
        {
            let end = start + 7 + close + 1;
            found.push(Match { start, end, what: What::Box(&self.text[start..end]) });
        }
        found
    }

    /// One formula, or up to six joined by commas, "and" or "or".
    fn formulas_at(&self, at: usize) -> Option<Match<'a>> {
        let (mut end, first) = self.formula_at(at)?;
        let mut contents = vec![first];
        while contents.len() < 6 {
            let rest = self.text[end..].trim_start();
            let Some(joined) = [",and", ",or", "and", "or", ","].into_iter().find_map(|word| rest.strip_prefix(word))
            else {
                break;
            };
            let Some((next, content)) = self.formula_at(self.text.len() - joined.trim_start().len()) else { break };
            contents.push(content);
            end = next;
        }
        Some(Match { start: at, end, what: What::Formulas(contents) })
    }

    /// A formula between delimiters, or a bare fraction of numbers: its end and content.
    fn formula_at(&self, at: usize) -> Option<(usize, &'a str)> {
        let rest = self.text.get(at..)?;
        let before = self.text[..at].chars().next_back();
        let escaped = before == Some('\\');
        let delimited = |open: &str, close: &str, one_line: bool| {
            let mut inner = rest.strip_prefix(open)?;
            if one_line {
                inner = &inner[..inner.find('\n').unwrap_or(inner.len())];
            }
            // The first close that is not escaped, and not right behind the opening.
            let mut from = 0;
            loop {
                let i = from + inner[from..].find(close)?;
                if i > 0 && !inner[..i].ends_with('\\') {
                    return Some((at + open.len() + i + close.len(), &inner[..i]));
                }
                from = i + close.len();
            }
        };
        let found = match rest.as_bytes() {
            [b'$', b'$', ..] if !escaped => delimited("$$", "$$", false),
            [b'$', ..] if !escaped && before.is_none_or(|c| digit(c).is_none()) => delimited("$", "$", true),
            [b'\\', b'[', ..] if !escaped => delimited(r"\[", r"\]", false),
            [b'\\', b'(', ..] if !escaped => delimited(r"\(", r"\)", true),
            _ => None,
        };
        let (end, content) = found.or_else(|| self.bare_fraction(at))?;
        let percent = self.text[end..].trim_start();
        let end = match [r"\%", "%", "percentage", "percent", "pct"].into_iter().find(|sign| percent.starts_with(sign))
        {
            Some(sign) => self.text.len() - percent.len() + sign.len(),
            None => end,
        };
        Some((end, content))
    }

    fn bare_fraction(&self, at: usize) -> Option<(usize, &'a str)> {
        let mut rest = self.text[at..].strip_prefix('-').unwrap_or(&self.text[at..]).strip_prefix(r"\frac")?;
        for _ in 0..2 {
            let close = rest.find('}')?;
            let inner = rest[..close].strip_prefix('{')?;
            let number = inner.strip_prefix('-').unwrap_or(inner);
            if number.is_empty() || !number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',')) {
                return None;
            }
            rest = &rest[close + 1..];
        }
        let end = self.text.len() - rest.len();
        Some((end, &self.text[at..end]))
    }

    /// Where a plain number or expression may start: behind a blank, an equals sign or the start of the text.
    fn prefixed(&self, at: usize) -> Vec<usize> {
        let mut starts = Vec::new();
        if let Some(c) = self.char_at(at).filter(|c| c.is_whitespace() || *c == '=') {
            starts.push(at + c.len_utf8());
        }
        if at == 0 {
            starts.push(0);
        }
        let bold = starts.iter().filter(|&&s| self.text[s..].starts_with("**")).map(|s| s + 2).collect::<Vec<_>>();
        bold.into_iter().chain(starts).collect()
    }

    /// `48 + 12`: starts with a digit, holds an operator, and ends at a blank, a punctuation mark or the end.
    fn expression_at(&self, at: usize) -> Option<Match<'a>> {
        self.prefixed(at).into_iter().find_map(|start| {
            let rest = &self.text[start..];
            let lead = rest.strip_prefix('-').unwrap_or(rest);
            let lead = lead.strip_prefix('(').unwrap_or(lead);
            let lead = lead.strip_prefix('-').unwrap_or(lead);
            let first = lead.chars().next().filter(|&c| digit(c).is_some())?;
            let body = self.text.len() - lead.len() + first.len_utf8();
            let operator = |c: char| matches!(c, '+' | '-' | '*' | '×' | '/' | '^' | '(' | ')' | '÷');
            let run: Vec<(usize, char)> = self.text[body..]
                .char_indices()
                .take(4_000)
                .take_while(|&(_, c)| digit(c).is_some() || c == '.' || c.is_whitespace() || operator(c))
                .collect();
            let first_operator = run.iter().position(|&(_, c)| operator(c))?;
            (first_operator + 1..run.len()).rev().find_map(|last| {
                let end = body + run[last].0 + run[last].1.len_utf8();
                let rest = &self.text[end..];
                let rest = rest.strip_prefix("**").unwrap_or(rest);
                let close = match rest.chars().next() {
                    None => 0,
                    Some(c) if matches!(c, '.' | ',' | ':' | ')' | '$') || c.is_whitespace() => c.len_utf8(),
                    Some(_) => return None,
                };
                let what = What::Expression(&self.text[start..end]);
                Some(Match { start: at, end: self.text.len() - rest.len() + close, what })
            })
        })
    }

    /// `1,234.5`, `12,5`, `.5`, `12`, after a currency sign perhaps.
    fn number_at(&self, at: usize) -> Option<Match<'a>> {
        self.prefixed(at).into_iter().find_map(|start| {
            let start = match self.char_at(start) {
                Some(c) if matches!(c, '$' | '€' | '£' | '¥' | '\u{20A0}'..='\u{20BF}' | '฿') => {
                    start + c.len_utf8()
                }
                _ => start,
            };
            let run =
                |from: usize| from + self.text[from..].find(|c| digit(c).is_none()).unwrap_or(self.text.len() - from);
            let signed = start + usize::from(self.byte(start) == Some(b'-'));
            let whole = run(signed);
            let decimals = |from: usize, marks: &[u8]| {
                (self.byte(from).is_some_and(|b| marks.contains(&b)) && run(from + 1) > from + 1).then(|| run(from + 1))
            };
            let width = self.text[signed..whole].chars().count();
            let mut grouped = whole;
            if (1..=3).contains(&width) && self.byte(signed) != Some(b'0') {
                while matches!(self.byte(grouped), Some(b' ' | b','))
                    && let Some((third, c)) =
                        self.text[grouped + 1..].char_indices().take_while(|&(_, c)| digit(c).is_some()).nth(2)
                {
                    grouped += 1 + third + c.len_utf8();
                }
            }
            let (whole_end, end) = if grouped > whole {
                (grouped, decimals(grouped, b".").unwrap_or(grouped))
            } else if whole > signed {
                (whole, decimals(whole, b".,").unwrap_or(whole))
            } else {
                (start, decimals(start, b".")?)
            };
            let what = What::Number { whole: &self.text[start..whole_end], fraction: &self.text[whole_end..end] };
            let rest = self.text[end..].trim_start();
            let sign = ["%", "percentage", "Percentage", "percent", "Percent", "pct"]
                .into_iter()
                .find(|s| rest.starts_with(s));
            let end = sign.map_or(end, |sign| self.text.len() - rest.len() + sign.len());
            Some(Match { start: at, end, what })
        })
    }
}

/// The next place of an ASCII `word` in any case.
fn find_ignoring_case(text: &str, from: usize, word: &str) -> Option<usize> {
    let (bytes, word) = (text.as_bytes(), word.as_bytes());
    (from..(bytes.len() + 1).saturating_sub(word.len())).find(|&i| bytes[i..i + word.len()].eq_ignore_ascii_case(word))
}

fn verifies(gold: &[Extract], answer: &[Extract]) -> bool {
    gold.iter().any(|gold| answer.iter().any(|answer| verified(gold, answer)))
}

fn verified(gold: &Extract, answer: &Extract) -> bool {
    match (gold, answer) {
        (Extract::Text(gold), Extract::Text(answer)) => !gold.trim().is_empty() && gold.trim() == answer.trim(),
        (Extract::Value { value: gold, float: a }, Extract::Value { value: answer, float: b }) => {
            let right = |value: &Value| match value {
                // Of an equation the right-hand side is compared.
                Value::Chain(items, relations)
                    if relations.iter().all(|r| *r == super::expr::value::Relation::Equal) =>
                {
                    items[items.len() - 1].clone()
                }
                other => other.clone(),
            };
            // An inequality is no interval for Math-Verify.
            if matches!(gold, Value::Bracketed(..) | Value::Union(_) | Value::Set(_))
                && matches!(answer, Value::Chain(..))
            {
                return false;
            }
            let (gold, answer) = (right(gold), right(answer));
            if (*a || *b)
                && let (Some(x), Some(y)) = (rounded(&gold), rounded(&answer))
            {
                return x == y;
            }
            same(&gold, &answer)
        }
        _ => false,
    }
}

/// The number in millionths.
fn rounded(value: &Value) -> Option<BigRational> {
    let number = value.as_term()?.as_number()?;
    Some((number * BigRational::from(BigInt::from(1_000_000))).round())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_the_response_or_the_trace_may_be_right() {
        assert!(correct_ki2026("761", Some(r"\boxed{761}"), Some(r"$\boxed{758}$")));
        assert!(correct_ki2026("761", Some(r"\boxed{758}"), Some(r"$\boxed{761}$")));
        assert!(!correct_ki2026("761", None, None));
    }

    #[test]
    fn numbers_count_only_behind_a_blank() {
        assert!(correct_ki2026("776", None, Some("El total es 776.")));
        assert!(!correct_ki2026("908", None, Some("所以她每天赚908美元。")));
        assert!(!correct_ki2026("62", None, Some("%62")));
    }

    #[test]
    fn failures_are_wrong() {
        let long = "7".repeat(4_400);
        assert!(!correct_ki2026("366", Some(&format!("The digits are {long} in total.")), Some(r"\boxed{366}")));
        assert!(!correct_ki2026("59185", None, Some("Answer: ۵۹۱۸۵")));
    }

    #[test]
    fn boxes_next_to_each_other_are_one_set() {
        assert!(!correct_ki2026("780", None, Some(r"\boxed{87} , \boxed{780}")));
        assert!(correct_ki2026("789", None, Some(r"\boxed{889} so after some more work \boxed{789}")));
    }
}
