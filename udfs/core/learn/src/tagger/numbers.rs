//! The numbers and symbols of a step, and what the step does with them.

use super::fold::{digit, in_word};

/// A number or a symbol, comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Value {
    /// The bits of a number without its sign.
    Number(u64),
    /// A letter that stands for a number.
    Symbol(char),
}

impl Value {
    pub(super) fn number(value: f64) -> Self {
        Self::Number(value.abs().to_bits())
    }
}

/// What a step does with numbers and symbols, each in the order of the text.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Mentions {
    /// What it works with: numbers that do not stand alone behind an equals sign with a calculation before it, and symbols.
    pub taken: Vec<Value>,
    /// What it arrives at: numbers that stand alone behind an equals sign, or the only number; symbols before an equals sign.
    pub results: Vec<Value>,
    /// All numbers and symbols.
    pub all: Vec<Value>,
    /// The last number in a box, else the last number.
    pub answer: Option<Value>,
}

/// A piece of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Number(f64),
    Symbol(char),
    Equals,
    Operator,
    Box,
    /// A word, or a sign that stands between two parts of a sentence.
    Word,
    Break,
}

/// Reads a step. `lang` says how its numbers are written.
pub(super) fn mentions(text: &str, lang: Option<&str>) -> Mentions {
    let chars: Vec<char> = text.chars().collect();
    let tokens = Scanner { chars: &chars, at: 0, tokens: Vec::new(), commas: Commas::of(lang), line_start: true }.run();
    let mut mentions = Mentions::default();
    let mut boxed = None;
    for (i, &token) in tokens.iter().enumerate() {
        match token {
            Token::Number(number) => {
                let value = Value::number(number);
                mentions.all.push(value);
                let before = i.checked_sub(1).map(|i| tokens[i]);
                if before == Some(Token::Box) {
                    boxed = Some(value);
                }
                let (equals, at) = match (before, i.checked_sub(2).map(|i| tokens[i])) {
                    (Some(Token::Equals), _) => (true, i - 1),
                    (Some(Token::Box), Some(Token::Equals)) => (true, i - 2),
                    _ => (false, i),
                };
                let alone = equals && !matches!(tokens.get(i + 1), Some(Token::Operator | Token::Symbol(_)));
                let made_here = mentions.results.contains(&value) || (alone && calculates(&tokens[..at]));
                if !made_here {
                    mentions.taken.push(value);
                }
                if alone {
                    mentions.results.push(value);
                }
            }
            Token::Symbol(symbol) => {
                let value = Value::Symbol(symbol);
                mentions.all.push(value);
                if tokens.get(i + 1) == Some(&Token::Equals) {
                    mentions.results.push(value);
                }
                mentions.taken.push(value);
            }
            _ => {}
        }
    }
    let numbers = || mentions.all.iter().copied().filter(|v| matches!(v, Value::Number(_)));
    mentions.answer = boxed.or_else(|| numbers().next_back());
    if let Some(only) = numbers().next()
        && numbers().all(|v| v == only)
        && !mentions.results.contains(&only)
    {
        mentions.results.push(only);
    }
    mentions
}

/// Whether what stands right before an equals sign is a calculation and not a name.
fn calculates(before: &[Token]) -> bool {
    before
        .iter()
        .rev()
        .take_while(|token| !matches!(token, Token::Break | Token::Equals))
        .any(|token| matches!(token, Token::Number(_) | Token::Operator))
}

/// What a comma between digits means.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Commas {
    Decimal,
    Grouping,
    Either,
}

impl Commas {
    fn of(lang: Option<&str>) -> Self {
        match lang {
            Some("de" | "es" | "fr" | "ru") => Self::Decimal,
            Some("bn" | "en" | "ja" | "ko" | "sw" | "te" | "th" | "zh") => Self::Grouping,
            _ => Self::Either,
        }
    }
}

struct Scanner<'a> {
    chars: &'a [char],
    at: usize,
    tokens: Vec<Token>,
    commas: Commas,
    /// Nothing but signs of lists and headings has stood in the line so far.
    line_start: bool,
}

impl Scanner<'_> {
    fn run(mut self) -> Vec<Token> {
        while let Some(c) = self.peek(0) {
            let start = self.line_start;
            self.line_start &= matches!(c, ' ' | '#' | '*' | '-' | '>');
            match c {
                _ if digit(c).is_some() => self.number(start),
                '\\' => self.command(),
                '\n' => {
                    self.line_start = true;
                    self.sign(Token::Break);
                }
                '.' | ',' | ';' | '!' | '?' | '。' | '，' | '、' | '；' | '！' | '？' | '।' | '：' => {
                    self.sign(Token::Break)
                }
                ':' if self.before() == Some(' ') && self.peek(1) == Some(' ') => self.sign(Token::Operator),
                ':' => self.sign(Token::Break),
                '=' | '＝' | '≈' | '→' => self.sign(Token::Equals),
                '+' | '×' | '÷' | '·' | '⋅' | '＋' | '√' => self.sign(Token::Operator),
                '^' | '_' => self.script(),
                '*' | '/' | '-' | '−' | '–' => self.ambiguous(start),
                _ if in_word(c) => self.word(),
                _ => self.at += 1,
            }
        }
        self.tokens
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn before(&self) -> Option<char> {
        self.at.checked_sub(1).map(|i| self.chars[i])
    }

    fn sign(&mut self, token: Token) {
        self.tokens.push(token);
        self.at += 1;
    }

    /// `*`, `/` and dashes calculate between numbers and symbols; else they are emphasis, units, bullets and hyphens.
    fn ambiguous(&mut self, start: bool) {
        let c = self.peek(0);
        let doubled = c == Some('*') && (self.before() == c || self.peek(1) == c);
        let operand = |c: char| c.is_alphanumeric() || matches!(c, '(' | ')' | '\\' | '{' | '}' | '$' | '|');
        let next = self.chars[self.at + 1..].iter().copied().find(|c| *c != ' ');
        // `20-minute`, `km/h`: a word goes on.
        let glued = self.before().is_some_and(in_word) && self.peek(1).is_some_and(char::is_alphabetic);
        let last = self.tokens.last();
        let in_words = glued && (last == Some(&Token::Word) || self.peek(2).is_some_and(char::is_alphabetic));
        let calculates = !start
            && !doubled
            && !in_words
            && next.is_some_and(operand)
            && matches!(last, Some(Token::Number(_) | Token::Symbol(_) | Token::Word));
        if calculates {
            self.tokens.push(Token::Operator);
        }
        self.at += 1;
    }

    /// An exponent or an index is no number of the problem.
    fn script(&mut self) {
        self.at += 1;
        if self.peek(0) == Some('{') {
            while self.peek(0).is_some_and(|c| c != '}') {
                self.at += 1;
            }
        } else {
            while self.peek(0).is_some_and(|c| digit(c).is_some()) {
                self.at += 1;
            }
        }
        self.tokens.push(Token::Operator);
    }

    /// A command of LaTeX, or `\\`, which ends a line.
    fn command(&mut self) {
        let from = self.at + 1;
        let letters = self.chars[from..].iter().take_while(|c| c.is_ascii_alphabetic()).count();
        let name: String = self.chars[from..from + letters].iter().collect();
        self.at = from + letters.max(1);
        match name.as_str() {
            "frac" | "dfrac" | "tfrac" => self.fraction(),
            "times" | "cdot" | "div" | "sqrt" | "pm" | "binom" => self.tokens.push(Token::Operator),
            "approx" | "implies" | "Rightarrow" | "rightarrow" => self.tokens.push(Token::Equals),
            "boxed" | "fbox" => self.tokens.push(Token::Box),
            "" if self.chars.get(from) == Some(&'\\') => self.tokens.push(Token::Break),
            _ => {}
        }
    }

    /// Two braces behind `\frac`: a number where both hold one, else a calculation.
    fn fraction(&mut self) {
        let from = self.at;
        if let Some(above) = self.braced()
            && let Some(below) = self.braced()
        {
            self.quotient(above, below);
        } else {
            self.at = from;
            self.tokens.push(Token::Operator);
        }
    }

    fn braced(&mut self) -> Option<f64> {
        (self.peek(0)? == '{').then_some(())?;
        self.at += 1;
        digit(self.peek(0)?)?;
        let number = self.literal();
        (self.peek(0)? == '}').then_some(())?;
        self.at += 1;
        Some(number)
    }

    /// A proper fraction is one number, an improper one is a division.
    fn quotient(&mut self, above: f64, below: f64) {
        if above < below {
            self.tokens.push(Token::Number(above / below));
        } else {
            self.tokens.extend([Token::Number(above), Token::Operator, Token::Number(below)]);
        }
    }

    fn number(&mut self, start: bool) {
        let number = self.literal();
        if start && self.counts_items(number) {
            return;
        }
        if self.peek(0) == Some('/') && self.peek(1).is_some_and(|c| digit(c).is_some()) {
            self.at += 1;
            let below = self.literal();
            self.quotient(number, below);
        } else {
            self.tokens.push(Token::Number(number));
        }
    }

    /// Whether a number at the start of a line only numbers the lines: `1. `, `2) `.
    fn counts_items(&self, number: f64) -> bool {
        number < 50.0
            && matches!(self.peek(0), Some('.' | ')' | '）' | '．' | ':' | '：'))
            && self.peek(1).is_none_or(|c| !c.is_ascii_digit())
    }

    /// The number that starts here, with its separators.
    fn literal(&mut self) -> f64 {
        let mut text = String::new();
        self.digits(&mut text);
        let mut separators: Vec<(char, usize, usize)> = Vec::new();
        while let Some((separator, width)) = self.separator() {
            let from = self.at;
            self.at += width;
            let mark = text.len();
            self.digits(&mut text);
            separators.push((separator, mark, from));
        }
        let grouped = |i: usize| {
            let end = separators.get(i + 1).map_or(text.len(), |next| next.1);
            let digits = end - separators[i].1;
            // Indian grouping has pairs before the last three.
            (digits == 3 || (digits == 2 && i + 1 < separators.len())) && separators[0].1 <= 3
        };
        let mut point = None;
        let mut cut = None;
        for (i, &(separator, mark, from)) in separators.iter().enumerate() {
            let last = i + 1 == separators.len();
            let others = separators.iter().any(|s| s.0 != separator && matches!(s.0, '.' | ','));
            let repeated = separators.iter().filter(|s| s.0 == separator).count() > 1;
            let decimal = match (separator, self.commas) {
                ('d', _) => true,
                ('g', _) => false,
                _ if repeated => false,
                _ if others => last,
                (',', Commas::Decimal) | ('.', Commas::Grouping | Commas::Either) => true,
                ('.', Commas::Decimal) | (',', Commas::Either) => !grouped(i),
                _ => false,
            };
            if decimal {
                point = Some(mark);
            } else if !(separator == 'g' || grouped(i) || others) {
                // A list: the number ends here.
                cut = Some((mark, from));
                break;
            }
            if decimal && !last {
                cut = Some((separators[i + 1].1, separators[i + 1].2));
                break;
            }
        }
        if let Some((mark, from)) = cut {
            text.truncate(mark);
            self.at = from;
        }
        if let Some(mark) = point {
            text.insert(mark, '.');
        }
        // Only digits and at most one point: always a number.
        text.parse().unwrap_or(f64::INFINITY)
    }

    fn digits(&mut self, text: &mut String) {
        while let Some(value) = self.peek(0).and_then(digit) {
            text.push(char::from(b'0' + value));
            self.at += 1;
        }
    }

    /// A separator before another digit, and its width: `.` or `,` as such, `g` groups, `d` is decimal.
    fn separator(&self) -> Option<(char, usize)> {
        let digit_at = |ahead: usize| self.peek(ahead).is_some_and(|c| digit(c).is_some());
        let group_at = |ahead: usize| (0..3).all(|i| digit_at(ahead + i)) && !digit_at(ahead + 3);
        match self.peek(0)? {
            c @ ('.' | ',') if digit_at(1) => Some((c, 1)),
            '，' | '．' if digit_at(1) => Some((',', 1)),
            '{' if self.peek(1) == Some(',') && self.peek(2) == Some('}') && digit_at(3) => {
                Some((if self.commas == Commas::Grouping { 'g' } else { 'd' }, 3))
            }
            '\\' if matches!(self.peek(1), Some(',' | ' ')) && group_at(2) => Some(('g', 2)),
            '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '’' if group_at(1) => Some(('g', 1)),
            ' ' if self.commas == Commas::Decimal && group_at(1) => Some(('g', 1)),
            _ => None,
        }
    }

    /// A run of letters: a symbol where it is a single one in a formula, else a word.
    fn word(&mut self) {
        let from = self.at;
        let c = self.chars[from];
        let letters = |c: char| in_word(c) && digit(c).is_none();
        if c.is_ascii_alphabetic() && !self.before().is_some_and(is_latin) && !self.peek(1).is_some_and(is_latin) {
            self.at += 1;
            let token = if matches!(c, 'x' | 'X') && self.multiplies() {
                Token::Operator
            } else if self.is_symbol(from) {
                Token::Symbol(c)
            } else {
                Token::Word
            };
            self.tokens.push(token);
            return;
        }
        self.at += 1;
        while self.peek(0).is_some_and(|c| letters(c) && c.is_ascii() == self.chars[from].is_ascii()) {
            self.at += 1;
        }
        if self.tokens.last() != Some(&Token::Word) {
            self.tokens.push(Token::Word);
        }
    }

    /// `3 x 4`: a letter between two numbers.
    fn multiplies(&self) -> bool {
        let next = self.chars[self.at..].iter().copied().find(|c| *c != ' ');
        matches!(self.tokens.last(), Some(Token::Number(_)))
            && self.peek(0) == Some(' ')
            && next.is_some_and(|c| digit(c).is_some())
    }

    /// Whether the letter at `from` stands beside an operator or an equals sign, or between dollars.
    fn is_symbol(&self, from: usize) -> bool {
        let skipped = |c: &char| matches!(c, ' ' | '{' | '}' | '(' | ')' | '$');
        let before = self.chars[..from].iter().rev().copied().find(|c| !skipped(c));
        let after = self.chars[from + 1..].iter().copied().find(|c| !skipped(c));
        let sign = |c: char| matches!(c, '=' | '+' | '−' | '×' | '÷' | '·' | '^' | '<' | '>' | '≤' | '≥');
        let hyphen = |c: char| matches!(c, '-' | '*' | '/' | '\\');
        let enclosed = from > 0 && self.chars[from - 1] == '$' && self.chars.get(from + 1) == Some(&'$');
        enclosed
            || before.is_some_and(sign)
            || after.is_some_and(sign)
            || (after.is_some_and(hyphen) && self.chars.get(from + 1) == Some(&' '))
            || (before.is_some_and(hyphen)
                && from > 1
                && self.chars[from - 1] == ' '
                && self.tokens.last() == Some(&Token::Operator))
    }
}

/// A letter or apostrophe that makes a word with its neighbour, as Latin letters do.
fn is_latin(c: char) -> bool {
    (c.is_alphabetic() && (c as u32) < 0x250) || matches!(c, '\'' | '’')
}

#[cfg(test)]
mod tests {
    use super::{Mentions, Value, mentions};

    fn numbers(values: &[Value]) -> Vec<f64> {
        values
            .iter()
            .filter_map(|v| if let Value::Number(bits) = v { Some(f64::from_bits(*bits)) } else { None })
            .collect()
    }

    fn symbols(values: &[Value]) -> String {
        values.iter().filter_map(|v| if let Value::Symbol(c) = v { Some(*c) } else { None }).collect()
    }

    fn all(text: &str, lang: &str) -> Vec<f64> {
        numbers(&mentions(text, Some(lang)).all)
    }

    #[test]
    fn a_number_is_read_as_its_language_writes_it() {
        assert_eq!(all("1.250,5 € und 2,5 l", "de"), [1250.5, 2.5]);
        assert_eq!(all("66 000 рублей, 1 250", "ru"), [66000.0, 1250.0]);
        assert_eq!(all("1,250.5 and 12,34,567", "en"), [1250.5, 1234567.0]);
        assert_eq!(all("(3,6), (4,5)", "en"), [3.0, 6.0, 4.0, 5.0]);
        assert_eq!(all("১২,৩৪৫ টাকা ও ๑๕ บาท", "bn"), [12345.0, 15.0]);
        assert_eq!(all("$17{,}10$ et 1{,}5", "fr"), [17.1, 1.5]);
        assert_eq!(numbers(&mentions("1,250 2,5 1.5", None).all), [1250.0, 2.5, 1.5]);
    }

    #[test]
    fn what_counts_lines_or_powers_is_no_number_of_the_problem() {
        assert_eq!(all("1. 5 pens\n2) 7 books\n### 3. x^2 + 8", "en"), [5.0, 7.0, 8.0]);
        assert_eq!(all("a_{12} + b_1 = 3", "en"), [3.0]);
    }

    #[test]
    fn a_proper_fraction_is_one_number() {
        assert_eq!(all("\\frac{1}{4} \\times 320 = 80", "en"), [0.25, 320.0, 80.0]);
        assert_eq!(all("1/6 and 360/4", "en"), [1.0 / 6.0, 360.0, 4.0]);
    }

    #[test]
    fn results_stand_alone_behind_an_equals_sign() {
        let Mentions { taken, results, answer, .. } = mentions("Total = 5 * 12 = 60 dollars", Some("en"));
        assert_eq!((numbers(&taken), numbers(&results)), (vec![5.0, 12.0], vec![60.0]));
        assert_eq!(answer, Some(Value::number(60.0)));
        assert_eq!(numbers(&mentions("8-3=5, 5*2=10", None).taken), [8.0, 3.0, 2.0], "5 was made here");
        assert_eq!(numbers(&mentions("合計は165円です", Some("ja")).results), [165.0], "the only number");
        assert_eq!(numbers(&mentions("answer = \\boxed{42} of 7", None).taken), [42.0, 7.0], "42 was not made here");
        assert_eq!(mentions("It is $\\boxed{42}$, not 7", None).answer, Some(Value::number(42.0)));
    }

    #[test]
    fn single_letters_are_symbols_in_formulas_only() {
        let Mentions { taken, results, .. } = mentions("Let x be a number. I say 3x + 4 = y and b = 5.", Some("en"));
        assert_eq!(symbols(&taken), "xyb");
        assert_eq!(symbols(&results), "b");
        assert_eq!(symbols(&mentions("设梨树有 $x$ 棵, 3 x 4, l'a + d'un", Some("zh")).all), "x");
    }

    #[test]
    fn hyphens_bullets_and_units_do_not_calculate() {
        for text in ["- 16 eggs = 3", "**Eggs** = 3", "a 20-minute km/h stop. eggs = 3"] {
            let mentions = mentions(text, None);
            assert!(numbers(&mentions.results).contains(&3.0), "{text}");
        }
    }
}
