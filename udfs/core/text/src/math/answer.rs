//! The final answer of a text, as text.

use std::sync::LazyLock;

use regex::Regex;

use super::boxed::{boxed, unclosed_box};
use super::chinese;
use super::convention_of;
use super::equal::clean;
use super::fold::{digit, fold};
use super::last_number::{cluster, last_in};
use super::marker::announced;
use super::numeral::{Convention, scan};

/// The answer that `text` commits to: its last box; else what follows its last answer marker ("the answer is",
/// "Antwort:", 答案 …, in twelve languages); else its last formula or number. `None` where it states none.
///
/// A box that was opened and never closed is no answer, nor is anything after it. A sentence that tells of checking
/// ("I checked this 3 times") is passed over where another one holds a number. Delimiters, emphasis and the full stop
/// are taken off; what remains is as the text has it.
///
/// ```
/// use glotrace_text::math::answer;
/// assert_eq!(answer(r"so \boxed{3}"), Some("3"));
/// assert_eq!(answer("Die Antwort ist **3,5**."), Some("3,5"));
/// assert_eq!(answer("She pays $775 in total."), Some("775"));
/// assert_eq!(answer("See above."), None);
/// ```
pub fn answer(text: &str) -> Option<&str> {
    statement(text, None).map(|(_, content)| clean(content)).filter(|content| !content.is_empty())
}

/// How a text states its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statement {
    Boxed,
    Announced,
    /// The last formula or number: the weakest sign.
    Last,
}

/// The answer with the way in which it is stated.
pub(crate) fn statement<'a>(text: &'a str, lang: Option<&str>) -> Option<(Statement, &'a str)> {
    if let Some(content) = boxed(text).filter(|content| !content.is_empty()) {
        return Some((Statement::Boxed, content));
    }
    let text = &text[..unclosed_box(text).unwrap_or(text.len())];
    if let Some(content) = announced(text) {
        return Some((Statement::Announced, content));
    }
    last_expression(text, convention_of(lang, text)).map(|content| (Statement::Last, content))
}

/// What a text says of checking its answer, by the stem of the verb.
static CHECKING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?ix)\b(?:double-?)?check | \bverif | \bconfirm | überprüf | \bgeprüft | nachgerechnet | kontrolliert
        | comprob | \brevis | vérifi | contrôl | провер | 確認 | 検算 | 確かめ | 检查 | 检验 | 验证 | 核对 | 验算 | 檢查 | 驗證
        | 확인 | 검산 | 검토 | 검증 | ตรวจ | kagua | angali | thibitish | hakiki | যাচাই | পরীক্ষা | তনিষ্ঠ | తనిఖీ | సరిచూ | ధృవీక | పరిశీలి",
    )
    .ok()
});

/// The last formula between delimiters if the last number is in it, else the last number.
fn last_expression(text: &str, convention: Convention) -> Option<&str> {
    let mut within = text;
    // A few sentences of checking at most; more than that is not about checking.
    for _ in 0..3 {
        let Some(shorter) = without_checking(within) else { break };
        if !has_number(shorter) {
            break;
        }
        within = shorter;
    }
    let number = last_number_span(within, convention);
    if let Some((from, to)) = last_formula(within)
        && number.is_none_or(|(start, end)| start >= from && end <= to)
    {
        let formula = &within[from..to];
        if formula.chars().any(char::is_alphanumeric) {
            return Some(right_hand_side(formula));
        }
    }
    number.map(|(start, end)| &within[start..end])
}

fn has_number(text: &str) -> bool {
    text.contains(|c| digit(c).is_some()) || chinese_span(text).is_some()
}

/// The text before its last sentence with a number, if that sentence is about checking.
fn without_checking(text: &str) -> Option<&str> {
    let (_, end) = cluster(text)?;
    let start = text[..end]
        .char_indices()
        .rev()
        .take(600)
        .find(|&(i, c)| {
            matches!(c, '\n' | '。' | '！' | '？' | '।')
                || (matches!(c, '.' | '!' | '?') && text[i + 1..].starts_with(char::is_whitespace))
        })
        .map_or(0, |(i, c)| i + c.len_utf8());
    let close = text[end..].find(['\n', '。', '।']).map_or(text.len(), |i| end + i);
    let close = close.min(text[end..].find(". ").map_or(text.len(), |i| end + i));
    let found = CHECKING.as_ref()?.find(&text[start..close])?;
    // Thai has no full stop: there the blank before the clause is where it starts.
    let thai = found.as_str().starts_with('ต');
    if thai {
        return text[..start + found.start()].rfind(char::is_whitespace).map(|blank| &text[..blank]);
    }
    (start > 0).then(|| &text[..start])
}

/// Byte range of the last number, with what belongs to it: a sign, the numerator of a fraction, the base of a power.
fn last_number_span(text: &str, convention: Convention) -> Option<(usize, usize)> {
    let arabic = cluster(text).and_then(|(from, to)| {
        let chars: Vec<char> = text[from..to].chars().map(fold).collect();
        let found = last_in(&chars, convention)?;
        let bytes = |count: usize| text[from..to].chars().take(count).map(char::len_utf8).sum::<usize>();
        Some((extended(text, from + bytes(found.start)), from + bytes(found.value.end)))
    });
    let Some((start, end)) = arabic else { return chinese_span(text) };
    // 3万: the unit next to the digits belongs to them. A number in characters counts where it comes later.
    let unit = text[end..].chars().next().filter(|&c| chinese::section_unit(c).is_some());
    if let Some(unit) = unit {
        return Some((start, end + unit.len_utf8()));
    }
    match chinese_span(&text[end..]) {
        Some((from, to)) => Some((end + from, end + to)),
        None => Some((start, end)),
    }
}

/// The number at the very start of `text`, with its sign and a fraction bar behind it.
pub(crate) fn leading_number(text: &str, convention: Convention) -> Option<&str> {
    let chars: Vec<char> = text.chars().take(400).map(fold).collect();
    let sign = usize::from(chars.first() == Some(&'-'));
    let mut end = scan(&chars, sign, convention)?.end;
    if chars.get(end) == Some(&'/')
        && let Some(below) = scan(&chars, end + 1, convention)
    {
        end = below.end;
    }
    Some(&text[..text.chars().take(end).map(char::len_utf8).sum::<usize>()])
}

/// Moves the start of a number over the numerator or the base before it: `1/5`, `10^5`, `1.2 × 10^5`.
fn extended(text: &str, start: usize) -> usize {
    static BEFORE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r"(?:(?:^|[^\d/.,])(-?(?:\d+ )?\d+/)|(?:^|[^\d.,])(-?(?:\d+(?:[.,]\d+)?\s?[×x*·⋅]\s?)?\d+(?:\^|\*\*)))$",
        )
        .ok()
    });
    let mut from = start.saturating_sub(60);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let found = BEFORE.as_ref().and_then(|regex| regex.captures(&text[from..start]));
    found.and_then(|groups| groups.get(1).or(groups.get(2))).map_or(start, |group| from + group.start())
}

/// Byte range of the last number in Chinese characters, near the end of the text; a single character counts only behind
/// a verb or a colon.
fn chinese_span(text: &str) -> Option<(usize, usize)> {
    let mut end = text.len();
    let mut near = end.saturating_sub(2_000);
    while !text.is_char_boundary(near) {
        near += 1;
    }
    // A few runs from the end: further back lies no answer.
    for _ in 0..8 {
        let (last, c) = text.get(near..end)?.char_indices().rfind(|&(_, c)| chinese::is_numeral(c))?;
        let last = near + last;
        let stop = last + c.len_utf8();
        let run = text[..stop].char_indices().rev().take_while(|&(_, c)| chinese::is_numeral(c)).count();
        let start = text[..stop].char_indices().rev().nth(run - 1).map_or(0, |(i, _)| i);
        let before = text[..start].chars().next_back();
        if run > 1 || before.is_some_and(|c| matches!(c, '是' | '为' | '為' | 'は' | '：' | ':' | '共')) {
            let chars: Vec<char> = text[start..].chars().take(100).collect();
            if let Some((_, length)) = chinese::scan(&chars, 0) {
                return Some((start, start + chars[..length].iter().map(|c| c.len_utf8()).sum::<usize>()));
            }
        }
        end = start;
    }
    None
}

/// Byte range of the last formula between `$…$`, `\(…\)` or `\[…\]`, near the end of the text.
fn last_formula(text: &str) -> Option<(usize, usize)> {
    let mut from = text.len().saturating_sub(4_000);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let bytes = text.as_bytes();
    let mut best: Option<(usize, usize)> = None;
    let mut open: Option<(usize, &str)> = None;
    let mut i = from;
    while i < bytes.len() {
        let rest = &bytes[i..];
        let (token, width) = match rest {
            [b'\\', b'(', ..] => (r"\)", 2),
            [b'\\', b'[', ..] => (r"\]", 2),
            [b'\\', b')', ..] | [b'\\', b']', ..] => ("close", 2),
            [b'\\', ..] => ("", 2),
            [b'$', b'$', ..] => ("$$", 2),
            [b'$', ..] => ("$", 1),
            // Inline mathematics stays on its line.
            [b'\n', ..] => {
                if open.is_some_and(|(_, close)| close == "$") {
                    open = None;
                }
                ("", 1)
            }
            _ => ("", 1),
        };
        match (open, token) {
            (_, "") => {}
            (Some((start, close)), _) if rest.starts_with(close.as_bytes()) => {
                best = Some((start, i));
                open = None;
            }
            (None, "close") => {}
            (None, close) => open = Some((i + width, close)),
            _ => {}
        }
        i += width;
    }
    best
}

/// What stands behind the last equals sign outside of braces.
fn right_hand_side(formula: &str) -> &str {
    let mut depth = 0i32;
    let mut cut = 0;
    for (i, c) in formula.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            '=' if depth == 0 && !formula[..i].ends_with(['<', '>', '!', '\\']) => cut = i + 1,
            _ => {}
        }
    }
    // `x = 1, y = 2` is one answer.
    let sides = &formula[..cut];
    if formula[cut..].trim().is_empty() || sides.contains([',', ';']) { formula } else { &formula[cut..] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_beats_a_marker_and_a_marker_beats_a_number() {
        assert_eq!(answer(r"The answer is 4. \boxed{5} and 6"), Some("5"));
        assert_eq!(answer("The answer is 4. I used 6 steps."), Some("4"));
        assert_eq!(answer("First 4, then 6 apples"), Some("6"));
    }

    #[test]
    fn the_last_formula_is_taken_whole() {
        assert_eq!(answer(r"so we get $\frac{3}{5}$."), Some(r"\frac{3}{5}"));
        assert_eq!(answer("$72 + 72 = 144$"), Some("144"));
        assert_eq!(answer("She pays $5 for one and $7 for the other."), Some("7"));
        assert_eq!(answer("that is 1/5 of it"), Some("1/5"));
        assert_eq!(answer("about 1.2 × 10^5 people"), Some("1.2 × 10^5"));
    }

    #[test]
    fn a_sentence_about_checking_is_not_the_answer() {
        assert_eq!(answer("El total es 478. Lo comprobé 3 veces."), Some("478"));
        assert_eq!(answer("Le total est 888. Je l'ai vérifié 3 fois."), Some("888"));
        assert_eq!(answer("合計は478です。3回確認しました。"), Some("478"));
        assert_eq!(answer("ผลรวมคือ 225 ฉันตรวจสอบแล้ว 3 ครั้ง"), Some("225"));
    }

    #[test]
    fn what_is_cut_off_is_no_answer() {
        assert_eq!(answer(r"\boxed{757"), None);
        assert_eq!(answer(r"\boxed{}"), None);
        assert_eq!(answer(r"$\boxed{\frac{497}{1"), None);
        assert_eq!(answer(""), None);
    }

    #[test]
    fn numbers_in_characters_are_found() {
        assert_eq!(answer("答案是一百四十。"), Some("一百四十"));
        assert_eq!(answer("所以她每天赚三百五十美元。"), Some("三百五十"));
        assert_eq!(answer("她把的一半给了弟弟。"), None);
    }
}
