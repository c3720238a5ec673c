//! A long text without its repetitions, where that provably changes nothing.
//!
//! Of a text in Latin letters lingua keeps the set of trigrams, and spends half of its time on
//! words that it has seen before. A trace of some kilobytes says most of its words many times, so
//! each is passed on once. That is only done where lingua's rules, which count words and letters,
//! decide alike for both texts; see [`Tally::is_latin`].

use std::borrow::Cow;
use std::collections::HashSet;

/// Texts below this length in bytes repeat too little.
const SHORT: usize = 1_000;

/// A text for which lingua gives the same answer as for `text`.
pub(super) fn condense(text: &str) -> Cow<'_, str> {
    // With a third of the bytes not ASCII, plain words hardly ever dominate: not worth the search.
    if text.len() < SHORT || 3 * text.bytes().filter(|byte| !byte.is_ascii()).count() > text.len() {
        return Cow::Borrowed(text);
    }
    // lingua lowers the whole text first, and Σ is lowered by what surrounds it.
    let lower = text.to_lowercase();
    let (mut all, mut distinct) = (Tally::default(), Tally::default());
    let mut seen = HashSet::new();
    let mut condensed = String::with_capacity(lower.len() / 2);
    for word in lower.split(separates).filter(|word| !word.is_empty()) {
        all.add(word);
        if seen.insert(word) {
            distinct.add(word);
            condensed.push_str(word);
            condensed.push(' ');
        }
    }
    if all.is_latin() && distinct.is_latin() { Cow::Owned(condensed) } else { Cow::Borrowed(text) }
}

/// Whether no word of lingua's contains `c`: certain for these characters, left open for others.
fn separates(c: char) -> bool {
    match c {
        '\0'..='\u{7f}' => !c.is_ascii_alphabetic(),
        // Latin-1's signs without its three letters, punctuation, arrows and mathematical
        // operators.
        'ª' | 'µ' | 'º' => false,
        '\u{80}'..='\u{bf}' | '×' | '÷' | '\u{2010}'..='\u{206f}' | '\u{2190}'..='\u{23ff}' => true,
        _ => false,
    }
}

/// What lingua's rules count, bounded from the side that is safe.
#[derive(Default)]
struct Tally {
    /// Words of ASCII letters, which no rule takes for a sign of anything but the Latin alphabet.
    plain: usize,
    /// Words of Latin letters, some with diacritics, any of which may point to a language.
    accented: usize,
    /// Letters with diacritics.
    diacritics: usize,
    /// Characters of all other words. Each may be a word of its own and point to any language.
    foreign: usize,
    /// Letters of plain and accented words.
    letters: usize,
}

impl Tally {
    fn add(&mut self, word: &str) {
        if word.is_ascii() {
            self.plain += 1;
            self.letters += word.len();
            return;
        }
        let characters = word.chars().count();
        let diacritics = word.chars().filter(|c| matches!(c, '\u{c0}'..='\u{24f}')).count();
        if word.chars().filter(char::is_ascii).count() + diacritics == characters {
            self.accented += 1;
            self.diacritics += diacritics;
            self.letters += characters;
        } else {
            self.foreign += characters;
        }
    }

    /// Whether lingua's rules are certain to leave the choice among all Latin candidates to the
    /// trigrams.
    ///
    /// Plain words point to no language. Where they are the majority, no language wins by its
    /// characters; more Latin letters than foreign ones make Latin the alphabet; and candidates are
    /// only narrowed down by marked letters that number half of the words. From 120 letters on,
    /// trigrams are all that is compared, and those are a set.
    fn is_latin(&self) -> bool {
        self.plain > self.accented + self.foreign
            && 2 * (self.diacritics + self.foreign) < self.plain + self.accented
            && self.letters >= 120
    }
}

#[cfg(test)]
mod tests {
    use super::condense;

    #[test]
    fn a_repeated_word_is_passed_on_once() {
        let text = "Wait, is it Über-long? No \\frac{1}{2} × 3, señor, ".repeat(20)
            + "but other words are needed to reach a hundred and twenty letters altogether without saying any of them again \
               because only distinct ones count for this purpose";
        let condensed = condense(&text);
        assert!(condensed.starts_with("wait is it über long no frac señor but other words"), "{condensed}");
        assert_eq!(condensed.matches("wait").count(), 1);
    }

    #[test]
    fn short_texts_and_other_scripts_stay_as_they_are() {
        for text in ["a a a a".to_owned(), "তাহলে আমরা পাই ".repeat(50), "所以我们得到 ok ".repeat(60), "so ".repeat(500)]
        {
            assert_eq!(condense(&text), text);
        }
    }
}
