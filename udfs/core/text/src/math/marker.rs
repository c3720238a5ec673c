//! "The answer is …" in many languages: where a text says that its answer follows.

use std::sync::LazyLock;

use regex::Regex;

/// The noun that announces an answer, in twelve languages and a few neighbours, and `####`, which GSM8K uses.
const NOUNS: &str = r"(?ix)
    \b(?:final\s+)?answers? | \bend(?:antwort|ergebnis) | \bantwort | \bergebnis | \blösung
  | \brespuestas?(?:\s+final)? | \bresposta(?:\s+final)? | \bresultado(?:\s+final)?
  | \bréponses?(?:\s+finale)? | \brésultat(?:\s+final)? | \brisposta
  | \bответ | \bjibu(?:\s+la\s+mwisho)? | \bjawaban
  | సమాధానం | జవాబు | উত্তর(?:টি)? | คำตอบ(?:สุดท้าย)? | उत्तर
  | 答え | 解答 | 回答 | 答案 | 答 | 정답 | 답변 | 답
  | \#{4}";

/// What stands between the noun and the answer: a colon, or the verb of the sentence and its adverbs.
const LEADS: &str = r"(?ix)
    ^ [\s*_\p{M}]*
    (?: (?:final|finale|endgültige|therefore|thus|hence|then|here|simply|also|daher|somit|donc|alors|por\s+tanto|entonces
        |to\s+(?:the|this|your)\s+(?:question|problem)|la\s+mwisho|สุดท้าย|최종)
        [\s*_]* )*
    (?: [:：=]
      | (?: is|was|are|equals|would\s+be|will\s+be|must\s+be|should\s+be|ist|lautet|beträgt|es|será|é|est|sera
          | ni|равен|равна|равно|это|составляет|হল|হলো|হচ্ছে|adalah ) \b
      | は | が | 是 | 为 | 為 | 은 | 는 | 이 | คือ | เท่ากับ | — | – )
    [\s*_:：]*
    (?: (?:therefore|thus|hence|simply|then|also|daher|donc|alors|por\s+tanto|entonces|approximately|about|exactly)
        \b [\s*_:：,]* )*";

static NOUN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(NOUNS).ok());
static LEAD: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(LEADS).ok());

/// What the last answer marker of `text` announces: the rest of its sentence, or the next line where its own line ends
/// with it. `None` where no marker announces anything.
pub(crate) fn announced(text: &str) -> Option<&str> {
    let ends: Vec<usize> = NOUN.as_ref()?.find_iter(text).map(|found| found.end()).collect();
    ends.into_iter().rev().find_map(|end| announced_at(text, end))
}

fn announced_at(text: &str, end: usize) -> Option<&str> {
    let tail = &text[end..];
    let hashes = text[..end].ends_with("####");
    let content = if hashes {
        tail
    } else if let Some(lead) = LEAD.as_ref()?.find(head(tail, 200)) {
        &tail[lead.end()..]
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
    let sentence = sentence(content.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '_' | '>' | '#')));
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
        for text in ["See the answer above.", "I am not sure about this answer", "Answer:", "The answer: \n\n", "#### "] {
            assert_eq!(announced(text), None, "{text}");
        }
    }
}
