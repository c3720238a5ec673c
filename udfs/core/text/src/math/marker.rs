//! "The answer is …" in many languages: where a text says that its answer follows.

use std::sync::LazyLock;

use regex::Regex;

/// The noun that announces an answer, in twelve languages and a few neighbours, and `####`, which GSM8K uses. That a
/// noun starts a word is checked outside: a word boundary for all scripts would keep the search off its fast path.
const NOUNS: &str = r"(?ix)
    answers? | (?:end)?antwort | (?:end)?ergebnis | lösung
  | respuestas? | resposta | resultado | réponses? | résultat | risposta
  | ответ | jibu | jawaban
  | సమాధానం | జవాబు | উত্তর(?:টি)? | คำตอบ | उत्तर
  | 答え | 解答 | 回答 | 答案 | 答 | 정답 | 답변 | 답
  | \#{4}";

static NOUN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(NOUNS).ok());

/// Words between the noun and its verb or colon, and between the verb and the answer.
const ADVERBS: [&str; 32] = [
    "final",
    "finale",
    "endgültige",
    "therefore",
    "thus",
    "hence",
    "then",
    "here",
    "simply",
    "indeed",
    "also",
    "daher",
    "somit",
    "donc",
    "alors",
    "por tanto",
    "por lo tanto",
    "entonces",
    "to the question",
    "to this question",
    "to the problem",
    "to this problem",
    "to your question",
    "la mwisho",
    "สุดท้าย",
    "최종",
    "approximately",
    "about",
    "exactly",
    "equal to",
    "итак",
    "значит",
];

/// The verb of the sentence, or what stands for it.
const VERBS: [&str; 44] = [
    "is",
    "was",
    "are",
    "equals",
    "would be",
    "will be",
    "must be",
    "should be",
    "ist",
    "lautet",
    "beträgt",
    "wäre",
    "es",
    "será",
    "é",
    "est",
    "sera",
    "ni",
    "равен",
    "равна",
    "равно",
    "это",
    "составляет",
    "হল",
    "হলো",
    "হচ্ছে",
    "হয়",
    "adalah",
    "は",
    "が",
    "是",
    "为",
    "為",
    "即",
    "은",
    "는",
    "이",
    "คือ",
    "เท่ากับ",
    "ได้แก่",
    "=",
    ":",
    "：",
    "—",
];

/// What follows the lead-in at the start of `tail`: adverbs, a verb or colon, adverbs. `None` where there is neither verb
/// nor colon.
fn after_lead(tail: &str) -> Option<&str> {
    let rest = adverbs(decoration(tail));
    let verb = VERBS.iter().find_map(|verb| after_word(rest, verb))?;
    let rest = decoration(verb).trim_start_matches([':', '：', '=']);
    Some(adverbs(decoration(rest)))
}

fn adverbs(mut rest: &str) -> &str {
    while let Some(after) = ADVERBS.iter().find_map(|word| after_word(rest, word)) {
        rest = decoration(after).trim_start_matches(',');
        rest = decoration(rest);
    }
    rest
}

/// Skips blanks, Markdown emphasis, and the vowel signs that Indic nouns may end in.
fn decoration(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '#' | '\u{9BE}'..='\u{9CC}'))
}

/// What follows `word` at the start of `text`, in any case; a word of an alphabet must end there.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut chars = text.chars();
    for expected in word.chars() {
        let c = chars.next()?;
        if c != expected && !c.to_lowercase().eq(std::iter::once(expected)) {
            return None;
        }
    }
    let rest = chars.as_str();
    let alphabet = word.chars().next_back().is_some_and(|c| c.is_alphabetic() && (c as u32) < 0x0530);
    (!alphabet || !rest.starts_with(char::is_alphabetic)).then_some(rest)
}

/// What the last answer marker of `text` announces: the rest of its sentence, or the next line where its own line ends
/// with it. `None` where no marker announces anything.
pub(crate) fn announced(text: &str) -> Option<&str> {
    let nouns: Vec<_> = NOUN.as_ref()?.find_iter(text).collect();
    let starts_word = |start: usize, noun: &str| {
        let alphabet = noun.starts_with(|c: char| (c as u32) < 0x0530);
        !alphabet || !text[..start].ends_with(char::is_alphabetic)
    };
    let mut nouns = nouns.into_iter().rev().filter(|noun| starts_word(noun.start(), noun.as_str()));
    nouns.find_map(|noun| announced_at(text, noun.end()))
}

fn announced_at(text: &str, end: usize) -> Option<&str> {
    let tail = &text[end..];
    let hashes = text[..end].ends_with("####");
    let content = if hashes {
        tail
    } else if let Some(content) = after_lead(tail) {
        content
    } else {
        // Languages without the verb: సమాధానం 12.
        let direct = tail.trim_start_matches([' ', '\u{A0}', '*', '_']);
        let starts = direct.chars().next().is_some_and(|c| {
            super::fold::digit(c).is_some() || matches!(c, '$' | '\\' | '-' | '−' | '¥' | '€' | '£' | '₹')
        });
        // A heading: the answer is on the next line.
        let heading = tail.trim_start_matches(['*', '_', ' ']).starts_with('\n') && line_is_heading(text, end);
        if !starts && !heading {
            return None;
        }
        direct
    };
    let sentence =
        sentence(content.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '>' | '#')));
    let sentence = sentence.trim().trim_end_matches(['*', '_', ' ']).trim_end_matches(['!', '?']);
    (sentence.chars().any(char::is_alphanumeric)).then_some(sentence)
}

/// Whether the line before `end` holds nothing but the marker and Markdown.
fn line_is_heading(text: &str, end: usize) -> bool {
    let line = text[..end].rsplit('\n').next().unwrap_or_default();
    line.trim_start().starts_with(['*', '#'])
}

/// At most `bytes` bytes of `text`, whole characters.
fn head(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The first sentence of `text`. Mathematics between delimiters is not cut, a decimal point does not end a sentence,
/// and neither does the point of an abbreviation in front of the number.
fn sentence(text: &str) -> &str {
    for (open, close) in [("$$", "$$"), (r"\[", r"\]"), (r"\(", r"\)")] {
        if let Some(inner) = text.strip_prefix(open)
            && let Some(end) = head(inner, 4_000).find(close)
        {
            return &text[open.len()..open.len() + end];
        }
    }
    let mut dollars = 0;
    let mut braces = 0usize;
    let mut number = false;
    let mut word = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let next = chars.peek().map(|&(_, next)| next);
        let inside = braces > 0 || (dollars == 1 && text[i..].contains('$'));
        match c {
            '\\' => {
                chars.next();
                continue;
            }
            '\n' if braces == 0 => return &text[..i],
            '$' => dollars = 1 - dollars,
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            '。' | '！' | '？' | '।' | '॥' if !inside => return &text[..i],
            '.' | '!' | '?' if !inside => {
                let ends = next.is_none_or(|n| n.is_whitespace() || matches!(n, '*' | '"' | '”' | ')'));
                if ends && (number || word > 3 || next.is_none()) {
                    return &text[..i];
                }
            }
            _ => {}
        }
        number |= super::fold::digit(c).is_some() || c == '\\';
        word = if c.is_alphabetic() { word + 1 } else { 0 };
        // An announced answer is short.
        if i > 2_000 {
            return &text[..i];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_languages_announce_their_answers() {
        for (text, expected) in [
            ("So the final answer is 336.", "336"),
            ("The answer is $472$. I hope it is correct.", "$472$"),
            ("Answer: 482. I checked this in 3 ways.", "482"),
            ("**Final Answer:** 12", "12"),
            ("**Final Answer**\n\n12 apples", "12 apples"),
            ("The answer is therefore 5!", "5"),
            ("Antwort: 534", "534"),
            ("Die Antwort lautet 3,5 Euro.", "3,5 Euro"),
            ("La respuesta es 12.", "12"),
            ("Respuesta final:823", "823"),
            ("La réponse finale est donc 594.", "594"),
            ("Réponse : $59", "$59"),
            ("Окончательный ответ: 272", "272"),
            ("Jibu la mwisho: 446", "446"),
            ("Hivyo jibu ni 7.", "7"),
            ("సమాధానం ౧౨౭౬౮.", "౧౨౭౬౮"),
            ("తుది సమాధానం: 740", "740"),
            ("চূড়ান্ত উত্তর:113", "113"),
            ("ดังนั้นคำตอบสุดท้ายคือ 4263", "4263"),
            ("したがって答えは6008です。", "6008です"),
            ("最終的な答え：209", "209"),
            ("综上所述，最终答案是5220。", "5220"),
            ("答：一万", "一万"),
            ("따라서 최종 답은 318입니다.", "318입니다"),
            ("정답: 5", "5"),
            ("so 7 it is. #### 3409", "3409"),
        ] {
            assert_eq!(announced(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn the_word_alone_announces_nothing() {
        for text in ["See the answer above.", "I am not sure about this answer", "Answer:", "The answer: \n\n", "#### "]
        {
            assert_eq!(announced(text), None, "{text}");
        }
    }
}
