//! Whether a model answered correctly.

use super::answer::{Statement, answer, leading_number, statement};
use super::boxed::boxed;
use super::equal::{clean, equal_by, is_readable};
use super::marker::announced;
use super::numeral::Convention;

/// Whether the answer that an output commits to equals `gold`.
///
/// The answer is the one that `response` states: its last box, else what follows its last answer marker, else its last
/// formula or number. Where the response states none (it is missing, empty, or only points to the reasoning) it is what
/// `trace` states in a box or behind a marker; a bare number in the middle of reasoning is not an answer. Where the two
/// disagree the response counts, because that is what the model told its reader. Equality is [`equal`](super::equal),
/// numbers being read in the convention of the output's own words.
///
/// ```
/// use glotrace_text::math::correct;
/// assert!(correct("18", None, Some(r"The answer is \boxed{18}")));
/// assert!(correct("18", Some(r"so \boxed{18}"), Some("See above.")));
/// assert!(!correct("18", Some(r"so \boxed{18}"), Some(r"\boxed{17}")));
/// ```
pub fn correct(gold: &str, trace: Option<&str>, response: Option<&str>) -> bool {
    correct_by(gold, trace, response, None)
}

/// [`correct`] with numbers read in the convention of `lang`, an ISO 639-1 code.
///
/// It settles what a bare `\boxed{9.464}` means: 9464 in German, nine and a half in English.
pub fn correct_in(gold: &str, trace: Option<&str>, response: Option<&str>, lang: &str) -> bool {
    correct_by(gold, trace, response, Some(lang))
}

fn correct_by(gold: &str, trace: Option<&str>, response: Option<&str>, lang: Option<&str>) -> bool {
    let (trace, response) = (trace.unwrap_or_default(), response.unwrap_or_default());
    let convention = || match lang {
        Some(lang) => Convention::of_language(lang),
        None => match Convention::of_text(response) {
            Convention::Unknown => Convention::of_text(trace),
            known => known,
        },
    };
    if let Some((how, content)) = statement(response, lang) {
        return states(gold, how, content, convention());
    }
    if let Some(content) = boxed(trace).filter(|content| !content.is_empty()) {
        return states(gold, Statement::Boxed, content, convention());
    }
    announced(trace).is_some_and(|content| states(gold, Statement::Announced, content, convention()))
}

fn states(gold: &str, how: Statement, content: &str, convention: Convention) -> bool {
    if equal_by(gold, content, convention) {
        return true;
    }
    // A sentence around the answer: the number that it starts with, unless it calculates; else its last formula or
    // number.
    if how == Statement::Announced && !is_readable(content, convention) {
        let content = clean(content);
        let inner = if content.contains('=') { None } else { leading_number(content, convention) };
        let inner = inner.or_else(|| answer(content).filter(|inner| *inner != content));
        return inner.is_some_and(|inner| equal_by(gold, inner, convention));
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_counts_before_the_trace() {
        assert!(correct("827", Some(r"\boxed{1654}"), Some(r"$\boxed{827}$")));
        assert!(!correct("761", Some(r"\boxed{761}"), Some(r"$\boxed{758}$")));
    }

    #[test]
    fn a_response_without_an_answer_leaves_it_to_the_trace() {
        assert!(correct("11", Some(r"\boxed{111} … \boxed{11}"), Some("Véase el razonamiento anterior.")));
        assert!(correct("11", Some(r"\boxed{11}"), None));
        assert!(!correct("11", Some("we have 11 boxes"), Some("See above.")));
        assert!(!correct("11", None, None));
    }

    #[test]
    fn the_words_around_decide_the_convention() {
        assert!(correct("78649", None, Some("Por tanto gana 78.649 dólares al día.")));
        assert!(!correct("4,891", None, Some("The answer is 4.891.")));
        assert!(correct("78649", Some("Also verdient sie täglich viel."), Some(r"\boxed{78.649}")));
        assert!(correct_in("78649", None, Some(r"\boxed{78.649}"), "es"));
    }

    #[test]
    fn a_sentence_behind_the_marker_is_searched() {
        assert!(correct("5", None, Some("The answer is that she has 5 apples.")));
        assert!(correct("6008", None, Some("したがって答えは6008です。")));
        assert!(correct("34506", None, Some("Antwort: 34506 Ich habe es 2-mal überprüft.")));
        assert!(correct("15", None, Some("The answer is 3 a box times 5 boxes = 15 pencils.")));
    }
}
