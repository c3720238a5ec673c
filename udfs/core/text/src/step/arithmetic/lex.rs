//! The tokens of a step, as far as arithmetic is concerned.

use num_bigint::BigInt;
use num_rational::BigRational;

use crate::math::{Convention, fold, scan_numeral, section_unit};

/// A part of a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    /// A number and how many decimals it shows.
    Number(BigRational, u32),
    /// `+ - * / ^`.
    Operator(char),
    /// `%`: percent, or the remainder where a number follows.
    Percent,
    /// The remainder, said in letters.
    Modulo,
    /// `!` behind a number inside a calculation.
    Factorial,
    /// `:`, a division in some countries.
    Colon,
    /// `\frac`, which two groups follow.
    Fraction,
    /// `√`.
    Root,
    Open,
    Close,
    /// `=`.
    Equal,
    /// `≈`.
    Approximate,
    /// A word: a unit, where a number stands before it.
    Word(Word),
    /// What makes a term that is no number: a variable, a function, dots.
    Variable,
    /// The end of what belongs together: punctuation, a new line, another relation.
    Break,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Word {
    pub text: String,
    /// Whether it stands right behind a digit and may be a product of variables: `2ab`.
    pub is_doubtful: bool,
    /// Whether it is a calculation in words, as `half of` and `plus`.
    pub calculates: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub kind: Kind,
    /// Whether a blank stands before it.
    pub spaced: bool,
}

/// Words that change the number behind or before them.
#[rustfmt::skip]
const CALCULATING: &[&str] = &[
    "of", "half", "twice", "double", "triple", "thrice", "times", "plus", "minus", "less", "than", "percent", "per", "over",
    "root", "square", "squared", "by",
    "von", "hälfte", "mal", "doppelt", "geteilt", "durch", "prozent",
    "de", "du", "fois", "moitié", "moins", "mitad", "veces", "por", "más", "menos", "doble",
    "половина", "от", "раз", "раза", "плюс", "минус",
    "mara", "nusu", "ya",
    "গুণ", "গুন", "ভাগ", "অংশ", "যোগ", "বিয়োগ", "শতাংশ", "অর্ধেক", "এর",
    "రెట్లు", "సగం", "శాతం", "లో",
    "คูณ", "หาร", "บวก", "ลบ", "เท่า", "ของ", "ครึ่ง",
    "倍", "の", "的", "割", "分", "加", "减", "乘", "除以", "一半", "半分",
    "배", "의", "절반", "더하기", "빼기", "곱하기", "나누기",
];

/// Units that often stand right behind a number and are no products.
const UNITS: &[&str] = &[
    "kg", "mg", "km", "cm", "mm", "ml", "min", "hr", "hrs", "sec", "lb", "lbs", "oz", "ft", "in", "mph", "usd", "eur",
    "st", "nd", "rd", "th",
];

/// The tokens of `text`, numbers read under `convention`.
pub(super) fn tokens(text: &str, convention: Convention) -> Vec<Token> {
    let chars: Vec<char> = text.chars().map(fold).collect();
    let mut lexer = Lexer { chars: &chars, at: 0, convention, tokens: Vec::new(), spaced: true };
    while lexer.at < chars.len() {
        lexer.step();
    }
    lexer.tokens
}

struct Lexer<'a> {
    /// Folded.
    chars: &'a [char],
    at: usize,
    convention: Convention,
    tokens: Vec<Token>,
    spaced: bool,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn previous(&self) -> Option<char> {
        self.chars.get(self.at.checked_sub(1)?).copied()
    }

    /// The first character behind the current one and the blanks after it.
    fn next_visible(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead..)?.iter().copied().find(|c| !c.is_whitespace())
    }

    fn push(&mut self, kind: Kind, width: usize) {
        self.tokens.push(Token { kind, spaced: self.spaced });
        self.spaced = false;
        self.at += width;
    }

    fn blank(&mut self, width: usize) {
        self.spaced = true;
        self.at += width;
    }

    /// Whether what came last can be the left side of an operator.
    fn after_operand(&self) -> bool {
        let last = self.tokens.last().map(|token| &token.kind);
        matches!(
            last,
            Some(Kind::Number(..) | Kind::Close | Kind::Percent | Kind::Factorial | Kind::Word(_) | Kind::Variable)
        )
    }

    fn after_number(&self) -> bool {
        matches!(self.tokens.last().map(|token| &token.kind), Some(Kind::Number(..) | Kind::Close))
    }

    fn at_line_start(&self) -> bool {
        self.chars[..self.at].iter().rev().find(|&&c| c == '\n' || !c.is_whitespace()).is_none_or(|&c| c == '\n')
    }

    fn step(&mut self) {
        let c = self.chars[self.at];
        if self.number() {
            return;
        }
        match c {
            '\n' => self.line_break(1),
            '=' => match self.peek(1) {
                Some('>') => self.push(Kind::Break, 2),
                Some('=') => self.push(Kind::Equal, 2),
                _ => self.push(Kind::Equal, 1),
            },
            '<' | '>' | '!' if self.peek(1) == Some('=') => self.push(Kind::Break, 2),
            '-' if self.peek(1) == Some('>') => self.push(Kind::Break, 2),
            '≈' | '≃' | '≅' => self.push(Kind::Approximate, 1),
            '+' | '-' | '*' | '•' | '·' if self.at_line_start() && self.peek(1).is_none_or(char::is_whitespace) => {
                self.push(Kind::Break, 1);
            }
            '*' if self.peek(1) == Some('*') => self.stars(),
            // Emphasis: an operator has something before it.
            '*' if !self.after_operand() => self.blank(1),
            '+' | '-' | '*' | '/' | '^' => self.push(Kind::Operator(c), 1),
            '×' | '·' | '⋅' | '∙' | '•' | '∗' | '✕' | '✖' => self.push(Kind::Operator('*'), 1),
            '÷' => self.push(Kind::Operator('/'), 1),
            '%' => self.push(Kind::Percent, 1),
            '!' => self.exclamation(),
            ':' => self.push(Kind::Colon, 1),
            '(' | '[' | '{' => self.push(Kind::Open, 1),
            ')' | ']' | '}' => self.push(Kind::Close, 1),
            '√' => self.push(Kind::Root, 1),
            '\\' => self.command(),
            '$' | '€' | '£' | '¥' | '₹' | '₩' | '฿' | '৳' | '₽' | '¢' | '₺' | '&' | '~' => {
                self.blank(1)
            }
            '…' => self.dots(1),
            '|' | '_' | '∞' => self.push(Kind::Variable, 1),
            // The digits behind the point go on for ever: 26.\overline{6}.
            '.' if self.peek(1) == Some('\\') && self.peek(2).is_some_and(|c| c.is_ascii_alphabetic()) => {
                self.push(Kind::Variable, 1);
            }
            '.' if self.peek(1) == Some('.') => {
                let dots = self.chars[self.at..].iter().take_while(|&&c| c == '.').count();
                self.dots(dots);
            }
            _ if c.is_whitespace() => self.blank(1),
            _ if superscript(c).is_some() => self.superscript(),
            _ if is_letter(c) => self.word(),
            _ => self.push(Kind::Break, 1),
        }
    }

    /// A new line goes on with the calculation where an operator or a sign of equality stands at its seam.
    fn line_break(&mut self, width: usize) {
        let goes_on = matches!(self.next_visible(width), Some('=' | '≈' | '&'))
            || matches!(self.tokens.last().map(|token| &token.kind), Some(Kind::Operator(_) | Kind::Equal));
        if goes_on {
            self.blank(width)
        } else {
            self.push(Kind::Break, width)
        }
        self.spaced = true;
    }

    fn number(&mut self) -> bool {
        if let Some((whole, fraction)) = vulgar(self.chars[self.at]) {
            let mut value = BigRational::new(whole.into(), fraction.into());
            // 2½ is two and a half.
            if !self.spaced
                && let Some(Token { kind: Kind::Number(before, 0), .. }) = self.tokens.last()
            {
                value += before;
                self.tokens.pop();
            }
            self.push(Kind::Number(value, 0), 1);
            return true;
        }
        let Some(numeral) = scan_numeral(self.chars, self.at, self.convention) else { return false };
        let width = numeral.end - self.at;
        let decimals = u32::try_from(numeral.fraction.len()).unwrap_or(u32::MAX);
        let shown = if numeral.exponent == 0 { decimals } else { 0 };
        let Some(mut value) = numeral.exact() else {
            self.push(Kind::Variable, width);
            return true;
        };
        self.at += width;
        let unit = self.peek(0).and_then(section_unit);
        if let Some(power) = unit {
            value *= BigRational::from(BigInt::from(10).pow(power));
        }
        self.push(Kind::Number(value, if unit.is_some() { 0 } else { shown }), usize::from(unit.is_some()));
        true
    }

    /// `**` is a power between numbers and emphasis elsewhere.
    fn stars(&mut self) {
        let behind = self.peek(2);
        let is_even = self.spaced == behind.is_some_and(char::is_whitespace);
        let number_follows = self.next_visible(2).is_some_and(|c| c.is_ascii_digit() || "(-".contains(c));
        if self.after_number() && is_even && number_follows {
            self.push(Kind::Operator('^'), 2);
        } else {
            self.blank(2);
        }
    }

    /// `!` is a factorial where the calculation goes on behind it.
    fn exclamation(&mut self) {
        let goes_on = self.next_visible(1).is_some_and(|c| "+-*/^=)×·÷\\≈".contains(c));
        let kind = if goes_on && !self.spaced && self.after_operand() { Kind::Factorial } else { Kind::Break };
        self.push(kind, 1);
    }

    fn superscript(&mut self) {
        let digits = self.chars[self.at..].iter().map_while(|&c| superscript(c)).take(6);
        let digits: Vec<i64> = digits.collect();
        let value = digits.iter().fold(0, |value, digit| value * 10 + digit);
        self.push(Kind::Operator('^'), 0);
        self.push(Kind::Number(BigRational::from(BigInt::from(value)), 0), digits.len());
    }

    fn command(&mut self) {
        let name: String = self.chars[self.at + 1..].iter().take_while(|c| c.is_ascii_alphabetic()).collect();
        let width = 1 + name.len();
        match name.as_str() {
            "" => match self.peek(1) {
                Some('\\') => self.line_break(2),
                Some('%') => self.push(Kind::Percent, 2),
                Some('{') => self.push(Kind::Open, 2),
                Some('}') => self.push(Kind::Close, 2),
                _ => self.blank(2),
            },
            "times" | "cdot" | "ast" | "bullet" => self.push(Kind::Operator('*'), width),
            "div" => self.push(Kind::Operator('/'), width),
            "frac" | "dfrac" | "tfrac" | "cfrac" => self.fraction(width),
            // A root of another degree is rare.
            "sqrt" if self.peek(width) == Some('[') => self.push(Kind::Variable, width),
            "sqrt" => self.push(Kind::Root, width),
            "approx" | "simeq" | "cong" => self.push(Kind::Approximate, width),
            "bmod" | "mod" => self.push(Kind::Modulo, width),
            "left" | "right" | "big" | "Big" | "bigl" | "bigr" | "Bigl" | "Bigr" | "quad" | "qquad"
            | "displaystyle" | "boxed" | "fbox" | "mathbf" | "bf" | "rm" | "begin" | "end" => self.blank(width),
            "text" | "mathrm" | "textbf" | "mbox" | "operatorname" | "textit" => self.text(width),
            "le" | "leq" | "ge" | "geq" | "ne" | "neq" | "lt" | "gt" | "to" | "rightarrow" | "Rightarrow"
            | "implies" | "therefore" | "because" | "equiv" => self.push(Kind::Break, width),
            "dots" | "ldots" | "cdots" => self.dots(width),
            _ => self.push(Kind::Variable, width),
        }
    }

    /// 26.666… is cut off where it ends; 1 + 2 + … leaves terms out.
    fn dots(&mut self, width: usize) {
        let is_cut_off = !self.spaced
            && matches!(self.tokens.last().map(|token| &token.kind), Some(Kind::Number(_, decimals)) if *decimals > 0);
        if is_cut_off { self.at += width } else { self.push(Kind::Variable, width) }
    }

    /// `\frac12` is `\frac{1}{2}`.
    fn fraction(&mut self, width: usize) {
        self.push(Kind::Fraction, width);
        for _ in 0..2 {
            let Some(digit) = self.peek(0).and_then(|c| c.to_digit(10)) else { break };
            self.push(Kind::Open, 0);
            self.push(Kind::Number(BigRational::from(BigInt::from(digit)), 0), 1);
            self.push(Kind::Close, 0);
        }
    }

    /// `\text{ dollars}` is a word; what is in it calculates nothing.
    fn text(&mut self, width: usize) {
        self.at += width;
        if self.peek(0) != Some('{') {
            self.blank(0);
            return;
        }
        let length = self.chars[self.at..].iter().take_while(|&&c| c != '}').count();
        let text: String = self.chars[self.at + 1..self.at + length].iter().collect();
        let text = text.trim().to_lowercase();
        if text.is_empty() {
            self.blank(length + 1);
            return;
        }
        self.spaced = true;
        let calculates = text.split_whitespace().any(|word| CALCULATING.contains(&word));
        self.push(Kind::Word(Word { text, is_doubtful: false, calculates }), length + 1);
    }

    fn word(&mut self) {
        let length = self.chars[self.at..].iter().take_while(|&&c| is_letter(c)).count();
        let text: String = self.chars[self.at..self.at + length].iter().flat_map(|c| c.to_lowercase()).collect();
        let (before, behind) = (self.previous(), self.peek(length));
        let is_western = text.chars().all(|c| c.is_ascii_alphabetic() || ('\u{370}'..='\u{3ff}').contains(&c));
        let follows = self.next_visible(length);
        let number_follows = follows.is_some_and(|c| c.is_ascii_digit() || c == '(');
        // Latin and Cyrillic.
        if matches!(text.as_str(), "x" | "х") && self.after_number() && number_follows {
            self.push(Kind::Operator('*'), 1);
        } else if text == "mod" && self.after_number() {
            self.push(Kind::Modulo, length);
        } else if is_western
            && (length == 1 || behind.is_some_and(|c| c.is_ascii_digit() || matches!(c, '(' | '_' | '^')))
        {
            self.push(Kind::Variable, length);
        } else {
            let is_attached = before.is_some_and(|c| c.is_ascii_digit());
            let is_doubtful = is_western && is_attached && !UNITS.contains(&text.as_str());
            let calculates = CALCULATING.contains(&text.as_str());
            self.push(Kind::Word(Word { text, is_doubtful, calculates }), length);
        }
    }
}

/// Letters, and the marks of scripts that write vowels as marks.
fn is_letter(c: char) -> bool {
    c.is_alphabetic()
        || !c.is_ascii() && !c.is_numeric() && unicode_normalization::char::is_combining_mark(c)
        || c == '\u{200d}'
}

fn superscript(c: char) -> Option<i64> {
    "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|digit| digit == c).and_then(|digit| i64::try_from(digit).ok())
}

/// `½` as numerator and denominator.
fn vulgar(c: char) -> Option<(i64, i64)> {
    Some(match c {
        '½' => (1, 2),
        '⅓' => (1, 3),
        '⅔' => (2, 3),
        '¼' => (1, 4),
        '¾' => (3, 4),
        '⅕' => (1, 5),
        '⅖' => (2, 5),
        '⅗' => (3, 5),
        '⅘' => (4, 5),
        '⅙' => (1, 6),
        '⅚' => (5, 6),
        '⅛' => (1, 8),
        '⅜' => (3, 8),
        '⅝' => (5, 8),
        '⅞' => (7, 8),
        _ => return None,
    })
}
