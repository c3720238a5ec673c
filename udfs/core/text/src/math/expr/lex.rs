//! Characters to tokens: LaTeX commands, plain operators, numbers of every script, words.

use num_bigint::BigInt;
use num_rational::BigRational;

use crate::math::chinese;
use crate::math::fold::fold;
use crate::math::numeral::{Convention, scan};

use super::value::Relation;

/// Texts longer than this are prose, not an answer.
const MAX_LENGTH: usize = 20_000;
/// And so are texts with more words than this.
const MAX_WORDS: u32 = 60;
/// How deep `\frac{\frac{…` and the like may nest.
const MAX_DEPTH: u32 = 40;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Number(BigRational),
    /// ½ and its kind, which add to a whole number before them.
    Vulgar(BigRational),
    /// A variable or one of the constants π, e, i: one letter, or a Greek one, perhaps with a subscript.
    Letter(String),
    /// A unit, a label, anything in prose.
    Word(String),
    /// Two or three letters that may be variables next to each other (`xy`) or a short word (`men`).
    Letters(String),
    Function(String),
    Frac,
    Sqrt,
    Binomial,
    Plus,
    Minus,
    PlusMinus,
    MinusPlus,
    Times,
    Over,
    Power,
    Under,
    Factorial,
    Percent,
    Degree,
    /// `(` `[` and their like: the character says which. `{` is LaTeX's invisible group, `s` a set brace,
    /// `f` floor, `c` ceiling.
    Open(char),
    Close(char),
    Bar,
    Comma,
    /// "and" or "or" between items.
    And,
    Relation(Relation),
    Union,
    Intersection,
    Difference,
    Infinity,
    EmptySet,
    Reals,
    MatrixBegin,
    MatrixEnd,
    Column,
    Row,
}

/// A token and whether a blank stands before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub spaced: bool,
}

/// Cuts `text` into tokens; `None` where something in it has no meaning in mathematics.
pub(crate) fn tokens(text: &str, convention: Convention) -> Option<Vec<Token>> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let chars: Vec<char> = text.chars().map(fold).collect();
    let mut lexer = Lexer { tokens: Vec::new(), weak: Vec::new(), convention, brackets: 0, words: 0, spaced: false };
    lexer.run(&chars, 0)?;
    lexer.settle_weak();
    Some(lexer.tokens)
}

struct Lexer {
    tokens: Vec<Token>,
    /// Positions of single Chinese numerals, which are numbers only where there is no other number (一 is "a" or "one").
    weak: Vec<(usize, BigRational)>,
    convention: Convention,
    brackets: u32,
    words: u32,
    spaced: bool,
}

impl Lexer {
    fn push(&mut self, kind: Kind) {
        self.words += u32::from(matches!(kind, Kind::Word(_) | Kind::Letters(_)));
        let spaced = std::mem::take(&mut self.spaced);
        self.tokens.push(Token { kind, spaced });
    }

    fn settle_weak(&mut self) {
        if let [(at, value)] = self.weak.as_slice()
            && !self.tokens.iter().any(|t| matches!(t.kind, Kind::Number(_)))
        {
            self.tokens[*at].kind = Kind::Number(value.clone());
        }
    }

    fn run(&mut self, text: &[char], depth: u32) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut i = 0;
        while i < text.len() {
            i = self.step(text, i, depth)?;
            if self.words > MAX_WORDS {
                return None;
            }
        }
        Some(())
    }

    /// Reads what starts at `i`; gives the position after it.
    fn step(&mut self, text: &[char], i: usize, depth: u32) -> Option<usize> {
        let c = text[i];
        let next = text.get(i + 1).copied();
        if c.is_whitespace() || c == '~' {
            self.spaced = true;
            return Some(i + 1);
        }
        if c.is_ascii_digit() || (c == '.' && next.is_some_and(|n| n.is_ascii_digit())) {
            return self.number(text, i);
        }
        let kind = match c {
            '\\' => return self.command(text, i, depth),
            'a'..='z' | 'A'..='Z' => return self.word(text, i),
            '+' => Kind::Plus,
            '-' if next == Some('>') => return None,
            '-' => Kind::Minus,
            '±' => Kind::PlusMinus,
            '∓' => Kind::MinusPlus,
            '*' if next == Some('*') => {
                self.push(Kind::Power);
                return self.argument(text, i + 2, depth, false);
            }
            '*' | '×' | '·' | '⋅' | '∙' | '•' | '✕' => Kind::Times,
            '/' | '÷' | ':' => Kind::Over,
            '^' => {
                if let Some(after) = degree_sign(text, i + 1) {
                    self.push(Kind::Degree);
                    return Some(after);
                }
                self.push(Kind::Power);
                return self.argument(text, i + 1, depth, false);
            }
            '_' => {
                self.push(Kind::Under);
                return self.argument(text, i + 1, depth, true);
            }
            '(' | '[' => {
                self.brackets += 1;
                Kind::Open(c)
            }
            ')' | ']' => {
                self.brackets = self.brackets.saturating_sub(1);
                Kind::Close(c)
            }
            '{' => Kind::Open('{'),
            '}' => Kind::Close('{'),
            '|' | '∣' => Kind::Bar,
            ',' | ';' => Kind::Comma,
            '=' if next == Some('=') => {
                self.push(Kind::Relation(Relation::Equal));
                return Some(i + 2);
            }
            '=' | '≈' | '≃' | '≅' => Kind::Relation(Relation::Equal),
            '<' | '>' => {
                let (strict, loose) = if c == '<' {
                    (Relation::Less, Relation::LessEqual)
                } else {
                    (Relation::Greater, Relation::GreaterEqual)
                };
                if next == Some('=') {
                    self.push(Kind::Relation(loose));
                    return Some(i + 2);
                }
                Kind::Relation(strict)
            }
            '≤' | '⩽' | '≦' => Kind::Relation(Relation::LessEqual),
            '≥' | '⩾' | '≧' => Kind::Relation(Relation::GreaterEqual),
            '≠' => Kind::Relation(Relation::NotEqual),
            '∈' => Kind::Relation(Relation::Element),
            '!' if next == Some('=') => {
                self.push(Kind::Relation(Relation::NotEqual));
                return Some(i + 2);
            }
            '!' => Kind::Factorial,
            '%' => Kind::Percent,
            '°' | 'º' | '˚' => Kind::Degree,
            '∪' => Kind::Union,
            '∩' => Kind::Intersection,
            '∞' => Kind::Infinity,
            '∅' => Kind::EmptySet,
            'ℝ' => Kind::Reals,
            '√' => {
                self.push(Kind::Sqrt);
                return self.argument(text, i + 1, depth, false);
            }
            '&' => Kind::Column,
            'π' | 'Π' => Kind::Letter("pi".into()),
            '\u{391}'..='\u{3C9}' => Kind::Letter(c.to_string()),
            '²' | '³' | '¹' | '⁰' | '⁴'..='⁹' => return self.superscript(text, i),
            '¼'..='¾' | '⅐'..='⅞' => Kind::Vulgar(vulgar(c)?),
            '"' | '\'' | '`' | '\u{200B}'..='\u{200F}' | '\u{FEFF}' | '。' | '।' | '「' | '」' | '“' | '”' => {
                return Some(i + 1);
            }
            // Currency is ignored, and so is a point that is no decimal mark: it ends an abbreviation.
            '$' | '€' | '£' | '¥' | '₹' | '₽' | '₩' | '฿' | '¢' | '₺' | '₫' | '₱' | '৳' | '₦' | '₪' | '\u{A0}'
            | '.' => {
                return Some(i + 1);
            }
            _ if !c.is_ascii() => return self.foreign(text, i),
            _ => return None,
        };
        self.push(kind);
        Some(i + 1)
    }

    fn number(&mut self, text: &[char], i: usize) -> Option<usize> {
        // Inside brackets a comma separates unless it groups: (0,5) is a pair.
        let convention = match self.convention {
            Convention::Unknown if self.brackets > 0 => Convention::Comma,
            convention => convention,
        };
        let numeral = scan(text, i, convention)?;
        let (value, end) = scaled(text, numeral.exact()?, numeral.end, convention, 0)?;
        // 7.25\mathrm{e}5
        if let Some((exponent, after)) = upright_exponent(text, end) {
            let ten = BigInt::from(10).pow(exponent.unsigned_abs());
            let scale = if exponent < 0 { BigRational::new(1.into(), ten) } else { BigRational::from(ten) };
            self.push(Kind::Number(value * scale));
            return Some(after);
        }
        self.push(Kind::Number(value));
        Some(end)
    }

    fn superscript(&mut self, text: &[char], mut i: usize) -> Option<usize> {
        let mut value = 0i64;
        while let Some(digit) = text.get(i).and_then(|c| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|s| s == *c)) {
            value = value.checked_mul(10)?.checked_add(i64::try_from(digit).ok()?)?;
            i += 1;
        }
        self.push(Kind::Power);
        self.push(Kind::Number(BigRational::from(BigInt::from(value))));
        Some(i)
    }

    /// The argument of a command or operator. Without braces LaTeX takes one character; a power in plain text takes
    /// the whole number (`10^14`).
    fn argument(&mut self, text: &[char], i: usize, depth: u32, one: bool) -> Option<usize> {
        let mut i = i;
        while text.get(i).is_some_and(|c| c.is_whitespace()) {
            i += 1;
        }
        let c = *text.get(i)?;
        if c == '{' {
            let end = matching_brace(text, i)?;
            self.push(Kind::Open('{'));
            self.nested(&text[i + 1..end], depth)?;
            self.push(Kind::Close('{'));
            return Some(end + 1);
        }
        if one && c.is_ascii_alphanumeric() {
            self.push(Kind::Open('{'));
            self.nested(&text[i..=i], depth)?;
            self.push(Kind::Close('{'));
            return Some(i + 1);
        }
        Some(i)
    }

    fn nested(&mut self, text: &[char], depth: u32) -> Option<()> {
        let brackets = std::mem::take(&mut self.brackets);
        self.run(text, depth + 1)?;
        self.brackets = brackets;
        Some(())
    }

    fn word(&mut self, text: &[char], i: usize) -> Option<usize> {
        // Latin letters with accents belong to the word, so that "dólares" is one.
        let mut end = i;
        while text.get(end).is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '\u{C0}'..='\u{24F}' | '\u{301}')) {
            end += 1;
        }
        let word: String = text[i..end].iter().collect();
        self.named(word, false);
        Some(end)
    }

    fn named(&mut self, word: String, text: bool) {
        let lower = word.to_lowercase();
        let kind = match lower.as_str() {
            "sqrt" => Kind::Sqrt,
            "pi" => Kind::Letter("pi".into()),
            "inf" | "infinity" | "infty" | "oo" => Kind::Infinity,
            "and" | "or" | "und" | "oder" | "y" | "o" | "et" | "ou" | "и" | "или" | "na" | "au"
                if text || word.chars().count() > 1 =>
            {
                Kind::And
            }
            "percent" | "percentage" | "pct" | "prozent" => Kind::Percent,
            "degrees" | "degree" | "deg" => Kind::Degree,
            "cup" | "union" => Kind::Union,
            _ if is_function(&lower) => Kind::Function(lower),
            // An upright single letter is a unit, but for the constants.
            _ if word.chars().count() == 1 && (!text || matches!(word.as_str(), "e" | "i")) => Kind::Letter(word),
            _ if !text && word.len() <= 3 && word.is_ascii() && !is_unit(&word) => Kind::Letters(word),
            _ => Kind::Word(word),
        };
        self.push(kind);
    }

    /// A stretch of a script that mathematics does not use: a word, or a number in Chinese characters.
    fn foreign(&mut self, text: &[char], i: usize) -> Option<usize> {
        let c = text[i];
        if matches!(c, '负' | '負') && text.get(i + 1).is_some_and(|&n| chinese::is_numeral(n) || n.is_ascii_digit())
        {
            self.push(Kind::Minus);
            return Some(i + 1);
        }
        if matches!(c, '和' | '或' | '与') {
            self.push(Kind::And);
            return Some(i + 1);
        }
        if chinese::is_numeral(c)
            && let Some((value, end)) = chinese::scan(text, i)
        {
            // One numeral within a word (一样) is part of the word; a longer one is a number.
            if end - i > 1 {
                self.push(Kind::Number(value));
            } else {
                self.weak.push((self.tokens.len(), value));
                self.push(Kind::Word(c.to_string()));
            }
            return Some(end);
        }
        let mut end = i;
        while let Some(&c) = text.get(end) {
            let mark = c.is_ascii() || c.is_whitespace() || "√±×÷≤≥≠∞∪∩∈π∅°·。，、；：！？।".contains(c);
            // A number may follow a word without a blank in Chinese and Japanese.
            if mark || (end > i && chinese::is_numeral(c)) {
                break;
            }
            end += 1;
        }
        if end == i {
            return Some(i + 1);
        }
        let word: String = text[i..end].iter().collect();
        self.named(word, true);
        Some(end)
    }

    fn command(&mut self, text: &[char], i: usize, depth: u32) -> Option<usize> {
        let name_end = i + 1 + text[i + 1..].iter().take_while(|c| c.is_ascii_alphabetic()).count();
        if name_end == i + 1 {
            let kind = match text.get(i + 1)? {
                '{' => Kind::Open('s'),
                '}' => Kind::Close('s'),
                '|' => Kind::Bar,
                '%' => Kind::Percent,
                '\\' => Kind::Row,
                _ => {
                    // Spacing (\, \! \; \: and the escaped blank), math delimiters, escaped currency.
                    self.spaced = true;
                    return Some(i + 2);
                }
            };
            self.push(kind);
            return Some(i + 2);
        }
        let name: String = text[i + 1..name_end].iter().collect();
        let kind = match name.as_str() {
            "frac" | "dfrac" | "tfrac" | "cfrac" | "binom" | "dbinom" | "tbinom" => {
                self.push(if name.ends_with("frac") { Kind::Frac } else { Kind::Binomial });
                let middle = self.argument(text, name_end, depth, true)?;
                return self.argument(text, middle, depth, true);
            }
            "sqrt" => {
                self.push(Kind::Sqrt);
                let mut at = name_end + text[name_end..].iter().take_while(|c| c.is_whitespace()).count();
                if text.get(at) == Some(&'[') {
                    let end = at + text[at..].iter().position(|&c| c == ']')?;
                    self.push(Kind::Open('['));
                    self.nested(&text[at + 1..end], depth)?;
                    self.push(Kind::Close(']'));
                    at = end + 1;
                }
                return self.argument(text, at, depth, true);
            }
            "text" | "textbf" | "textit" | "textrm" | "textnormal" | "mbox" | "hbox" | "mathrm" | "mathsf"
            | "mathtt" | "operatorname" | "textsf" => return self.upright(text, name_end, depth),
            "mathbf" | "mathit" | "boldsymbol" | "bm" | "boxed" | "fbox" | "mathcal" | "overline" | "underline"
            | "bold" | "displaystyle" | "textstyle" | "left" | "right" | "big" | "Big" | "bigg" | "Bigg" | "bigl"
            | "bigr" | "Bigl" | "Bigr" | "mleft" | "mright" | "quad" | "qquad" | "limits" | "thinspace" | "hspace"
            | "phantom" | "nobreak" | "enspace" | "space" => {
                self.spaced = name.ends_with("quad") || name.ends_with("space") || self.spaced;
                // `\left.` opens nothing.
                if matches!(name.as_str(), "left" | "right") && text.get(name_end) == Some(&'.') {
                    return Some(name_end + 1);
                }
                return Some(name_end);
            }
            "mathbb" => {
                let at = self.skip_group(text, name_end);
                if text[name_end..at].contains(&'R') {
                    self.push(Kind::Reals);
                    return Some(at);
                }
                return None;
            }
            "begin" | "end" => {
                let at = self.skip_group(text, name_end);
                let name: String = text[name_end..at].iter().filter(|c| c.is_ascii_alphabetic()).collect();
                if name.ends_with("matrix") || name == "array" {
                    let begins = text[i + 1] == 'b';
                    self.push(if begins { Kind::MatrixBegin } else { Kind::MatrixEnd });
                    // The column format of an array.
                    return Some(if begins && name == "array" { self.skip_group(text, at) } else { at });
                }
                return None;
            }
            "pi" => Kind::Letter("pi".into()),
            "infty" | "infin" => Kind::Infinity,
            "cdot" | "times" | "ast" => Kind::Times,
            "div" => Kind::Over,
            "pm" => Kind::PlusMinus,
            "mp" => Kind::MinusPlus,
            "cup" | "bigcup" => Kind::Union,
            "cap" | "bigcap" => Kind::Intersection,
            "setminus" | "backslash" => Kind::Difference,
            "in" => Kind::Relation(Relation::Element),
            "le" | "leq" | "leqslant" => Kind::Relation(Relation::LessEqual),
            "ge" | "geq" | "geqslant" => Kind::Relation(Relation::GreaterEqual),
            "lt" => Kind::Relation(Relation::Less),
            "gt" => Kind::Relation(Relation::Greater),
            "ne" | "neq" => Kind::Relation(Relation::NotEqual),
            "eq" | "approx" | "equiv" | "simeq" => Kind::Relation(Relation::Equal),
            "emptyset" | "varnothing" => Kind::EmptySet,
            "circ" | "degree" => Kind::Degree,
            "percent" => Kind::Percent,
            "lvert" | "rvert" | "vert" | "mid" => Kind::Bar,
            "lfloor" => Kind::Open('f'),
            "rfloor" => Kind::Close('f'),
            "lceil" => Kind::Open('c'),
            "rceil" => Kind::Close('c'),
            "langle" => Kind::Open('<'),
            "rangle" => Kind::Close('>'),
            "lbrace" => Kind::Open('s'),
            "rbrace" => Kind::Close('s'),
            "lbrack" => Kind::Open('['),
            "rbrack" => Kind::Close(']'),
            "lparen" => Kind::Open('('),
            "rparen" => Kind::Close(')'),
            "land" | "lor" | "wedge" | "vee" => Kind::And,
            "euro" | "pounds" | "yen" | "textdollar" => return Some(name_end),
            "ldots" | "dots" | "cdots" | "to" | "rightarrow" | "implies" | "sum" | "int" | "prod" | "lim" => {
                return None;
            }
            _ if is_function(&name) => Kind::Function(name),
            // Greek letters and the rest are symbols by their name.
            _ => Kind::Letter(name),
        };
        if matches!(kind, Kind::Open('(' | '[')) {
            self.brackets += 1;
        }
        self.push(kind);
        Some(name_end)
    }

    /// `\text{…}` and its kind: prose, in which numbers are still numbers.
    fn upright(&mut self, text: &[char], i: usize, depth: u32) -> Option<usize> {
        let mut at = i;
        while text.get(at).is_some_and(|c| c.is_whitespace() || *c == '*') {
            at += 1;
        }
        if text.get(at) != Some(&'{') {
            return Some(i);
        }
        let end = matching_brace(text, at)?;
        let inner = &text[at + 1..end];
        self.spaced = true;
        if inner.iter().all(|c| c.is_ascii_alphabetic()) {
            let word: String = inner.iter().collect();
            if !word.is_empty() {
                self.named(word, true);
            }
        } else {
            self.nested(inner, depth)?;
        }
        Some(end + 1)
    }

    fn skip_group(&self, text: &[char], i: usize) -> usize {
        match text.get(i) {
            Some('{') => matching_brace(text, i).map_or(i, |end| end + 1),
            _ => i,
        }
    }
}

/// Abbreviated units of two or three letters; longer words need no list, and one letter is decided by its place.
fn is_unit(word: &str) -> bool {
    matches!(
        word,
        "km" | "cm"
            | "mm"
            | "dm"
            | "nm"
            | "kg"
            | "mg"
            | "lb"
            | "lbs"
            | "oz"
            | "ml"
            | "mL"
            | "cl"
            | "dl"
            | "ft"
            | "mi"
            | "yd"
            | "in"
            | "hr"
            | "hrs"
            | "min"
            | "sec"
            | "ms"
            | "mph"
            | "kmh"
            | "kph"
            | "Hz"
            | "kHz"
            | "kW"
            | "kJ"
            | "Pa"
            | "USD"
            | "EUR"
            | "CNY"
            | "JPY"
            | "RUB"
            | "INR"
            | "BDT"
            | "THB"
            | "KES"
            | "TSh"
            | "Tsh"
            | "Rs"
            | "US"
            | "rad"
            | "mol"
            | "pts"
            | "sq"
            | "cu"
            | "am"
            | "pm"
            | "AM"
            | "PM"
    )
}

fn is_function(name: &str) -> bool {
    matches!(
        name,
        "sin"
            | "cos"
            | "tan"
            | "cot"
            | "sec"
            | "csc"
            | "arcsin"
            | "arccos"
            | "arctan"
            | "asin"
            | "acos"
            | "atan"
            | "sinh"
            | "cosh"
            | "tanh"
            | "ln"
            | "log"
            | "lg"
            | "exp"
            | "abs"
            | "floor"
            | "ceil"
            | "gcd"
            | "lcm"
            | "max"
            | "min"
    )
}

/// The position after a degree sign written as a power, `\circ` or `{\circ}`.
fn degree_sign(text: &[char], i: usize) -> Option<usize> {
    let mut at = i + text[i..].iter().take_while(|c| c.is_whitespace()).count();
    let braced = text.get(at) == Some(&'{');
    at += usize::from(braced);
    at += text[at.min(text.len())..].iter().take_while(|c| c.is_whitespace()).count();
    for sign in ["\\circ", "\\degree", "∘", "°"] {
        let sign: Vec<char> = sign.chars().collect();
        if text[at.min(text.len())..].starts_with(&sign) {
            let end = at + sign.len();
            return match (braced, text.get(end)) {
                (false, _) => Some(end),
                (true, Some('}')) => Some(end + 1),
                _ => None,
            };
        }
    }
    None
}

/// `\mathrm{e}5` or `\text{e}-5` after a number: the exponent and the position after it.
fn upright_exponent(text: &[char], i: usize) -> Option<(i32, usize)> {
    if text.get(i) != Some(&'\\') {
        return None;
    }
    let rest: String = text[i..].iter().take(14).collect();
    let body = ["\\mathrm{", "\\text{", "\\rm{"].into_iter().find_map(|prefix| rest.strip_prefix(prefix))?;
    let body = body.strip_prefix(['e', 'E'])?.strip_prefix('}')?;
    let mut at = i + rest.chars().count() - body.chars().count();
    let negative = text.get(at) == Some(&'-');
    at += usize::from(negative || text.get(at) == Some(&'+'));
    let end = at + text[at.min(text.len())..].iter().take_while(|c| c.is_ascii_digit()).count();
    let exponent: i32 =
        text[at.min(text.len())..end].iter().collect::<String>().parse().ok().filter(|e| *e <= 10_000)?;
    Some((if negative { -exponent } else { exponent }, end))
}

/// Takes in the East Asian units behind a number: 3万5千 is 35,000.
fn scaled(
    text: &[char],
    value: BigRational,
    end: usize,
    convention: Convention,
    depth: u32,
) -> Option<(BigRational, usize)> {
    let Some(power) = text.get(end).and_then(|&c| match c {
        '千' => Some(3),
        '百' => Some(2),
        c => chinese::section_unit(c),
    }) else {
        return Some((value, end));
    };
    let value = value * BigRational::from(BigInt::from(10).pow(power));
    let from = end + 1;
    if depth < 4 && text.get(from).is_some_and(char::is_ascii_digit) {
        let numeral = scan(text, from, convention)?;
        let (rest, end) = scaled(text, numeral.exact()?, numeral.end, convention, depth + 1)?;
        return Some((value + rest, end));
    }
    // 3千万: a unit of a unit.
    if power < 4 && depth < 4 { scaled(text, value, from, convention, depth + 1) } else { Some((value, from)) }
}

fn vulgar(c: char) -> Option<BigRational> {
    let (above, below) = match c {
        '¼' => (1, 4),
        '½' => (1, 2),
        '¾' => (3, 4),
        '⅐' => (1, 7),
        '⅑' => (1, 9),
        '⅒' => (1, 10),
        '⅓' => (1, 3),
        '⅔' => (2, 3),
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
    };
    Some(BigRational::new(above.into(), below.into()))
}

/// The position of the brace that closes the one at `open`; `\` escapes.
fn matching_brace(text: &[char], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut i = open;
    while i < text.len() {
        match text[i] {
            '\\' => i += 1,
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
        i += 1;
    }
    None
}
