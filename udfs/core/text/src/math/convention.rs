//! Which number convention a language has, and which language's convention a text shows.

use super::numeral::Convention;

impl Convention {
    /// The convention of an ISO 639-1 code (`de`, also `de-AT`).
    ///
    /// A language that is not listed groups with commas, as most of the world does.
    pub(crate) fn of_language(code: &str) -> Self {
        match code.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "de" | "es" | "pt" | "it" | "nl" | "id" | "tr" | "da" | "el" | "ro" | "vi" | "hr" | "sl" | "ca" | "gl" => {
                Self::Dot
            }
            "fr" | "ru" | "uk" | "be" | "bg" | "pl" | "cs" | "sk" | "sv" | "nb" | "no" | "fi" | "hu" | "kk" => {
                Self::Blank
            }
            _ => Self::Comma,
        }
    }

    /// The convention that the end of a text shows: its script, and for Latin letters its frequent words.
    ///
    /// Only the last 2,000 bytes are read: the answer is there, and a trace may quote another language before it.
    pub(crate) fn of_text(text: &str) -> Self {
        let mut from = text.len().saturating_sub(2_000);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let text = &text[from..];
        let (mut cyrillic, mut latin, mut other) = (0usize, 0usize, 0usize);
        let mut votes = Votes::default();
        let mut word = String::new();
        let mut command = false;
        for c in text.chars().chain(" ".chars()) {
            // LaTeX commands are in no language.
            if c == '\\' {
                votes.count(&word);
                word.clear();
                command = true;
                continue;
            }
            if command {
                command = c.is_ascii_alphabetic();
                if command {
                    continue;
                }
            }
            if c.is_alphabetic() {
                match c {
                    '\u{400}'..='\u{52F}' => cyrillic += 1,
                    'a'..='z' | 'A'..='Z' | '\u{C0}'..='\u{24F}' => latin += 1,
                    // Greek letters are mathematics more often than Greek.
                    '\u{370}'..='\u{3FF}' | 'º' | 'ª' | 'µ' => {}
                    // One such letter is a syllable or a word: it weighs as much as a short Latin word.
                    _ => other += 3,
                }
                word.extend(c.to_lowercase());
                votes.letter(c);
            } else if c == '€' {
                votes.euro += 1;
            } else if !word.is_empty() {
                votes.count(&word);
                word.clear();
            }
        }
        if other > latin && other > cyrillic {
            Self::Comma
        } else if cyrillic > latin {
            Self::Blank
        } else {
            votes.winner()
        }
    }
}

/// Evidence for one language or another in Latin script.
#[derive(Default)]
struct Votes {
    german: usize,
    spanish: usize,
    french: usize,
    comma: usize,
    euro: usize,
}

impl Votes {
    fn letter(&mut self, c: char) {
        match c {
            'ß' | 'ä' | 'ö' | 'ü' | 'Ä' | 'Ö' | 'Ü' => self.german += 1,
            'ñ' | 'í' | 'ó' | 'ú' | 'á' => self.spanish += 1,
            'ç' | 'œ' | 'è' | 'ê' | 'à' | 'â' | 'î' | 'ô' | 'û' | 'ë' | 'É' => self.french += 1,
            _ => {}
        }
    }

    fn count(&mut self, word: &str) {
        match word {
            "der" | "die" | "das" | "und" | "ist" | "sind" | "es" | "also" | "antwort" | "insgesamt" | "beträgt"
            | "lautet" | "bleiben" | "verdient" | "ein" | "eine" | "sie" | "wir" | "ergibt" | "endgültige"
            | "ergebnis" | "täglich" | "lösung" | "stück" | "daher" | "mit" | "von" | "für" | "euro" | "dollar"
            | "prozent" | "pro" | "tausend" | "summe" | "gesamt" | "siehe" | "oben" => self.german += 1,
            _ => {}
        }
        match word {
            "el" | "la" | "los" | "las" | "de" | "del" | "que" | "es" | "son" | "total" | "quedan" | "gana" | "por"
            | "tanto" | "respuesta" | "final" | "al" | "día" | "dólares" | "una" | "un" | "con" | "para" | "y"
            | "entonces" | "resultado" | "hay" | "pesos" | "euros" | "se" => self.spanish += 1,
            _ => {}
        }
        match word {
            "le" | "la" | "les" | "de" | "des" | "du" | "est" | "et" | "un" | "une" | "total" | "il" | "elle"
            | "reste" | "donc" | "par" | "jour" | "réponse" | "gagne" | "au" | "pour" | "finale" | "sont" | "nous"
            | "avec" | "dans" | "œufs" | "dollars" | "voir" | "raisonnement" => self.french += 1,
            _ => {}
        }
        match word {
            // English and Swahili
            "the" | "is" | "of" | "and" | "to" | "so" | "she" | "he" | "answer" | "total" | "dollars" | "final"
            | "are" | "in" | "per" | "every" | "day" | "each" | "we" | "therefore" | "has" | "have" | "that"
            | "this" | "a" | "it" | "for" | "with" | "values" | "left" | "result" | "share" | "pays" | "jumla"
            | "ni" | "jibu" | "kwa" | "na" | "ya" | "wa" | "mayai" | "hivyo" | "anapata" | "kila" | "siku"
            | "yaliyobaki" | "shilingi" | "mwisho" | "dola" => self.comma += 1,
            "euro" | "euros" => self.euro += 1,
            _ => {}
        }
    }

    fn winner(&self) -> Convention {
        let most = self.german.max(self.spanish).max(self.french);
        if self.comma > most || (self.comma == most && most > 0) {
            Convention::Comma
        } else if most == 0 {
            // A price in euros and nothing else: most who write it group with points.
            if self.euro > 0 { Convention::Dot } else { Convention::Unknown }
        } else if self.french > self.german.max(self.spanish) {
            Convention::Blank
        } else {
            Convention::Dot
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_shows_its_convention() {
        for (text, expected) in [
            ("Es bleiben 96,75 Eier übrig.", Convention::Dot),
            ("Por tanto gana 36,75 dólares al día.", Convention::Dot),
            ("Quedan 37,5 huevos.", Convention::Dot),
            ("El total es 478.", Convention::Dot),
            ("Le total est 680 880.", Convention::Blank),
            ("Il reste 2 520 566 œufs.", Convention::Blank),
            ("Всего 46,5.", Convention::Blank),
            ("The total is 33.125.", Convention::Comma),
            ("Jumla ni 8,404,160.", Convention::Comma),
            ("卵は28.5個残ります。", Convention::Comma),
            (r"\boxed{9.464}", Convention::Unknown),
            (r"\boxed{796.637\text{ euros}}", Convention::Dot),
        ] {
            assert_eq!(Convention::of_text(text), expected, "{text}");
        }
    }
}
